import {
  aws_events as events,
  aws_events_targets as targets,
  aws_iam as iam,
  type aws_lambda as lambda,
  aws_sqs as sqs,
  Duration,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { deadLetterQueue } from './dead-letters.js';
import { principalArns } from './keys.js';
import type { Settings } from './settings.js';

/**
 * The parts of each round of the sweep, which the notifier sends to itself, so that each account and region gets the
 * notifier's whole time. The queue is FIFO, so that the parts of one account and region follow one another.
 */
export class SweepQueue extends Construct {
  readonly queue: sqs.Queue;
  /** The parts that the notifier failed on five times. */
  readonly deadLetterQueue: sqs.Queue;

  constructor(scope: Construct, id: string, sender: iam.Role) {
    super(scope, id);
    this.deadLetterQueue = deadLetterQueue(this, { fifo: true }); // As the queue whose messages it takes.
    this.queue = new sqs.Queue(this, 'Queue', {
      fifo: true,
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.hours(4), // Later rounds do the same work.
      visibilityTimeout: Duration.minutes(30), // Six times the notifier's timeout, as Lambda advises.
      // As many as AWS recommends: Lambda's own refusals to invoke the notifier count too.
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: 5 },
    });
    this.queue.addToResourcePolicy(
      // Whoever could send parts could have a sweep taken to be under way that is not.
      new iam.PolicyStatement({
        sid: 'DenySendingExceptByNotifier',
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions: ['sqs:SendMessage'],
        resources: [this.queue.queueArn],
        conditions: { ArnNotLike: { 'aws:PrincipalArn': principalArns(sender) } },
      }),
    );
  }
}

/**
 * Adds the rule of the hourly sweep, which makes up for events that were lost. Rules with a schedule only work on the
 * default bus. The rule needs no dead-letter queue, because the same event follows an hour later. A round that fails in
 * the notifier ends up in the notifier's own queue.
 */
export function addSweepRule(scope: Construct, settings: Settings, notifier: lambda.IFunction): void {
  new events.Rule(scope, 'SweepRule', {
    ruleName: `${settings.deploymentName}-sweep`,
    description: 'Has the notifier check all approvals that are waiting or have ended',
    schedule: events.Schedule.rate(Duration.hours(1)),
    targets: [
      new targets.LambdaFunction(notifier, {
        event: events.RuleTargetInput.fromObject({ round: {} }),
        maxEventAge: Duration.minutes(30),
        retryAttempts: 4,
      }),
    ],
  });
}
