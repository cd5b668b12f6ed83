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

/** Where approvals come from: the rule on the event bus and, if wanted, a topic. */
export class ApprovalEvents extends Construct {
  readonly ruleName: string;
  /** Events that EventBridge could not hand to the notifier, as they are. */
  readonly deadLetterQueue: sqs.Queue;
  /** For approval actions with a `NotificationArn`, and for notification rules. */
  readonly topic: sns.Topic | undefined;

  constructor(scope: Construct, id: string, props: ApprovalEventsProps) {
    super(scope, id);
    const { settings, notifier } = props;
    this.ruleName = `${settings.deploymentName}-approvals`;
    this.deadLetterQueue = deadLetterQueue(this);
    new events.Rule(this, 'Rule', {
      ruleName: this.ruleName,
      description: 'Manual approvals of CodePipeline, from when they wait to how they end',
      ...(settings.eventBus && { eventBus: settings.eventBus }),
      eventPattern: {
        source: ['aws.codepipeline'],
        detailType: ['CodePipeline Action Execution State Change'],
        detail: {
          type: { owner: ['AWS'], provider: ['Manual'], category: ['Approval'] },
          state: ['STARTED', 'SUCCEEDED', 'FAILED', 'ABANDONED', 'CANCELED'],
        },
      },
      targets: [
        new targets.LambdaFunction(notifier, {
          deadLetterQueue: this.deadLetterQueue,
          maxEventAge: Duration.hours(6),
          retryAttempts: 185,
        }),
      ],
    });
    this.topic = settings.notificationTopic ? this.notificationTopic(settings, notifier) : undefined;
  }

  private notificationTopic(settings: Settings, notifier: lambda.IFunction): sns.Topic {
    const topic = new sns.Topic(this, 'Topic', {
      displayName: `Approval notices for Countersign (${settings.deploymentName})`,
      enforceSSL: true,
    });
    // An approval action publishes with its pipeline's service role, a notification rule as the service.
    topic.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'NotificationRulesOfThisAccount',
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
      'Notification rules cannot publish with the AWS managed key, and SNS keeps a notice only until it is delivered.',
    );
    return topic;
  }
}
