import { type aws_events as events, aws_iam as iam, aws_sqs as sqs, Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { acknowledge } from './acknowledge.js';

/** A queue for events that could not be delivered. It keeps them for 14 days, the longest that SQS allows. */
export function deadLetterQueue(scope: Construct, options: Pick<sqs.QueueProps, 'fifo' | 'queueName'> = {}): sqs.Queue {
  const queue = new sqs.Queue(scope, 'DeadLetterQueue', {
    ...options,
    encryption: sqs.QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  acknowledge(queue, 'AwsSolutions-SQS3', 'It is itself a dead-letter queue, of a function, a rule or a queue.');
  return queue;
}

/** Lets a rule send messages to queues. */
export function allowSendingBy(rule: events.Rule, sid: string, ...queues: sqs.Queue[]): void {
  for (const queue of queues) {
    queue.addToResourcePolicy(
      new iam.PolicyStatement({
        sid,
        principals: [new iam.ServicePrincipal('events.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [queue.queueArn],
        conditions: { ArnEquals: { 'aws:SourceArn': rule.ruleArn } },
      }),
    );
  }
}
