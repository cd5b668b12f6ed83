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
import { allowSendingBy, deadLetterQueue } from './dead-letters.js';
import { forwardTo } from './forwarding.js';
import { DEFAULT_BUS, eventBusName, memberBus } from './member-bus.js';
import { approvalRuleName } from './member-roles.js';
import type { Settings } from './settings.js';
import { TEST_SOURCE, TEST_TYPE } from './test-events.js';

/** What the rules for approval events take. */
interface Taken {
  readonly testEvents: boolean;
  readonly pipelineNamePrefix: string;
}

/**
 * The start and the end of manual approvals in pipelines whose names begin so, and the doctor's test events, where they are
 * enabled.
 */
export function approvalPattern({ testEvents, pipelineNamePrefix }: Taken): events.EventPattern {
  return {
    source: ['aws.codepipeline', ...(testEvents ? [TEST_SOURCE] : [])],
    detailType: ['CodePipeline Action Execution State Change', ...(testEvents ? [TEST_TYPE] : [])],
    detail: {
      type: { owner: ['AWS'], provider: ['Manual'], category: ['Approval'] },
      state: ['STARTED', 'SUCCEEDED', 'FAILED', 'ABANDONED', 'CANCELED'],
      ...(pipelineNamePrefix && { pipeline: events.Match.prefix(pipelineNamePrefix) }),
    },
  };
}

/** The detail types of the events for others. */
export const NEWS = ['Approval Requested', 'Vote Recorded', 'Approval Ended', 'Email Undelivered'];

interface ApprovalEventsProps {
  readonly settings: Settings;
  readonly notifier: lambda.IFunction;
}

/** The event rules that approvals and votes arrive through, one that forwards events, and an optional topic and bus. */
export class ApprovalEvents extends Construct {
  readonly ruleName: string;
  /** The ARNs of the rule and of its bus, unless that is the default bus. */
  readonly ownBus: { readonly ruleArn: string; readonly busArn: string } | undefined;
  /** The events that EventBridge could not deliver to the notifier or forward, unchanged. */
  readonly deadLetterQueue: sqs.Queue;
  /** The topic for approval actions with a `NotificationArn`, and for notification rules. */
  readonly topic: sns.Topic | undefined;
  /** The bus that member accounts forward their approval events to. */
  readonly memberBus: events.EventBus | undefined;

  constructor(scope: Construct, id: string, props: ApprovalEventsProps) {
    super(scope, id);
    const { settings, notifier } = props;
    this.ruleName = approvalRuleName(settings.deploymentName);
    const bus = eventBusName(settings);
    const arn = (resource: string, resourceName: string) =>
      Stack.of(this).formatArn({ service: 'events', resource, resourceName });
    this.ownBus =
      bus === DEFAULT_BUS
        ? undefined
        : { ruleArn: arn('rule', `${bus}/${this.ruleName}`), busArn: arn('event-bus', bus) };
    this.deadLetterQueue = deadLetterQueue(this);
    new events.Rule(this, 'Rule', {
      ruleName: this.ruleName,
      description: 'Sends the start and the end of manual approvals in CodePipeline to the notifier',
      ...(settings.eventBus && { eventBus: settings.eventBus }),
      eventPattern: approvalPattern(settings),
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
    this.memberBus = memberBus(this, settings);
    if (this.memberBus) {
      new events.Rule(this, 'MemberRule', {
        ruleName: `${settings.deploymentName}-members`,
        description: 'Sends the start and the end of manual approvals in member accounts to the notifier',
        eventBus: this.memberBus,
        eventPattern: approvalPattern(settings),
        targets: [this.target(notifier)],
      });
    }
    if (settings.forwardBusArn) this.forward(settings, settings.forwardBusArn);
    this.topic = settings.notificationTopic ? this.notificationTopic(settings, notifier) : undefined;
  }

  /** Forwards the events for others, of both functions. Nobody in another account can put one with this account in it. */
  private forward(settings: Settings, busArn: string): void {
    const { deploymentName } = settings;
    const ruleName = `${deploymentName}-forward`;
    const rule = new events.Rule(this, 'ForwardRule', {
      ruleName,
      description: 'Forwards the events of Countersign to another bus',
      eventPattern: {
        account: [Stack.of(this).account],
        source: ['countersign'],
        detailType: NEWS,
        detail: { deployment: [deploymentName] },
      },
      targets: [
        forwardTo(this, {
          busArn,
          ruleName,
          roleName: ruleName,
          roles: settings,
          description: `Forwards events of Countersign (${deploymentName})`,
          maxEventAge: Duration.hours(24),
          deadLetterQueue: this.deadLetterQueue,
        }),
      ],
    });
    allowSendingBy(rule, 'AllowForwardRule', this.deadLetterQueue);
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
