import { aws_events as events, aws_iam as iam, aws_sqs as sqs, Duration, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { acknowledge } from './acknowledge.js';
import { allowSendingBy } from './dead-letters.js';
import type { Settings } from './settings.js';

interface EmailEventsProps {
  readonly settings: Settings;
  /** The name of the SES configuration set whose events these are. */
  readonly configurationSet: string;
}

/**
 * The events about emails: what became of each that SES took. They come through a queue, because an email has several,
 * and emails are sent many at a time. SES sends them to the default bus, or infra/ses forwards them to it.
 *
 * The events hold addresses and subjects, so neither queue keeps them for long.
 */
export class EmailEvents extends Construct {
  /** The queue that the notifier takes them from. */
  readonly queue: sqs.Queue;
  /** Those that EventBridge could not put into the queue, and those that the notifier was handed twenty times in vain. */
  readonly deadLetterQueue: sqs.Queue;

  constructor(scope: Construct, id: string, { settings, configurationSet }: EmailEventsProps) {
    super(scope, id);
    this.deadLetterQueue = new sqs.Queue(this, 'DeadLetterQueue', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(4),
    });
    acknowledge(this.deadLetterQueue, 'AwsSolutions-SQS3', 'It is itself a dead-letter queue, of a queue and a rule.');
    this.queue = new sqs.Queue(this, 'Queue', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(1),
      visibilityTimeout: Duration.minutes(30), // Six times the notifier's timeout, as Lambda advises.
      // Lambda may have to put back what it received while the notifier is busy: for most of the day.
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: 20 },
    });
    const rule = new events.Rule(this, 'Rule', {
      ruleName: `${settings.deploymentName}-emails`,
      description: 'Sends what became of each email to the queue of the notifier',
      eventPattern: {
        account: [Stack.of(this).account],
        source: ['aws.ses'],
        detailType: [
          'Email Sent',
          'Email Rejected',
          'Email Bounced',
          'Email Complaint Received',
          'Email Delivered',
          'Email Delivery Delayed',
        ],
        detail: { mail: { tags: { 'ses:configuration-set': [configurationSet] } } },
      },
      targets: [this.target()],
    });
    // Without a denial for the dead-letter queue. SQS itself moves messages there, AWS does not say whether a policy
    // applies to that, and the notifier reads nothing from there.
    allowSendingBy(rule, 'AllowEmailRule', this.queue, this.deadLetterQueue);
    denySendingExceptBy(rule, this.queue);
  }

  /** The queue as the rule's target. SqsQueue would let the rule do more with it than sqs:SendMessage. */
  private target(): events.IRuleTarget {
    return {
      bind: () => ({
        arn: this.queue.queueArn,
        deadLetterConfig: { arn: this.deadLetterQueue.queueArn },
        retryPolicy: { maximumEventAgeInSeconds: Duration.hours(6).toSeconds(), maximumRetryAttempts: 185 },
      }),
    };
  }
}

/**
 * The notifier believes what comes out of this queue, so only the rule writes into it, and only AWS makes events whose
 * source begins with `aws.`. The condition also holds without `aws:SourceArn`, which no person's request has. So nobody
 * who may only send messages or events can make up what became of an email. Nor can the dead-letter queue be redriven
 * into this one.
 */
function denySendingExceptBy(rule: events.Rule, queue: sqs.Queue): void {
  queue.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'DenySendingExceptByEmailRule',
      effect: iam.Effect.DENY,
      principals: [new iam.StarPrincipal()],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { ArnNotEquals: { 'aws:SourceArn': rule.ruleArn } },
    }),
  );
}
