import {
  aws_events as events,
  aws_events_targets as targets,
  aws_iam as iam,
  aws_lambda as lambda,
  aws_sns as sns,
  aws_sns_subscriptions as subscriptions,
  aws_sqs as sqs,
  Duration,
  Stack,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { acknowledge } from './acknowledge.js';
import { deadLetterQueue } from './dead-letters.js';
import type { Settings } from './settings.js';

interface ApprovalEventsProps {
  readonly settings: Settings;
  readonly notifier: lambda.IFunction;
}

/** The event rules and the optional topic that approvals and votes arrive through. */
export class ApprovalEvents extends Construct {
  readonly ruleName: string;
  /** The events that EventBridge could not deliver to the notifier, unchanged. */
  readonly deadLetterQueue: sqs.Queue;
  /** The topic for approval actions with a `NotificationArn`, and for notification rules. */
  readonly topic: sns.Topic | undefined;

  constructor(scope: Construct, id: string, props: ApprovalEventsProps) {
    super(scope, id);
    const { settings, notifier } = props;
    this.ruleName = `${settings.deploymentName}-approvals`;
    this.deadLetterQueue = deadLetterQueue(this);
    new events.Rule(this, 'Rule', {
      ruleName: this.ruleName,
      description: 'Sends the start and the end of manual approvals in CodePipeline to the notifier',
      ...(settings.eventBus && { eventBus: settings.eventBus }),
      eventPattern: {
        source: ['aws.codepipeline'],
        detailType: ['CodePipeline Action Execution State Change'],
        detail: {
          type: { owner: ['AWS'], provider: ['Manual'], category: ['Approval'] },
          state: ['STARTED', 'SUCCEEDED', 'FAILED', 'ABANDONED', 'CANCELED'],
        },
      },
      targets: [this.target(notifier)],
    });
    // The callback's own events: about a vote, for which the notifier sends a receipt to the voter, and about a request
    // that is missing, for which it asks again. The callback puts them on the default bus, whatever bus CodePipeline's
    // events arrive on.
    new events.Rule(this, 'VoteRule', {
      ruleName: `${settings.deploymentName}-votes`,
      description: 'Has the notifier confirm each vote to its voter, and ask again for a request that is missing',
      eventPattern: {
        account: [Stack.of(this).account],
        source: ['countersign'],
        detailType: ['Vote Recorded', 'Request Missing'],
        detail: { deployment: [settings.deploymentName] },
      },
      targets: [this.target(notifier)],
    });
    this.topic = settings.notificationTopic ? this.notificationTopic(settings, notifier) : undefined;
  }

  private target(notifier: lambda.IFunction): targets.LambdaFunction {
    return new targets.LambdaFunction(notifier, {
      deadLetterQueue: this.deadLetterQueue,
      maxEventAge: Duration.hours(6),
      retryAttempts: 185,
    });
  }

  private notificationTopic(settings: Settings, notifier: lambda.IFunction): sns.Topic {
    const topic = new sns.Topic(this, 'Topic', {
      displayName: `Approval notices for Countersign (${settings.deploymentName})`,
      enforceSSL: true,
    });
    // An approval action publishes with the service role of its pipeline, but a notification rule as a service.
    topic.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'AllowNotificationRules',
        principals: [new iam.ServicePrincipal('codestar-notifications.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    topic.addSubscription(new subscriptions.LambdaSubscription(notifier));
    acknowledge(
      topic,
      'AwsSolutions-SNS2',
      'Notification rules cannot publish to a topic with the AWS managed key. SNS keeps a notice only until delivery.',
    );
    return topic;
  }
}
