import { aws_sqs as sqs, Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { acknowledge } from './acknowledge.js';

/** A queue for what could not be delivered, kept for 14 days, the longest that there is. */
export function deadLetterQueue(scope: Construct): sqs.Queue {
  const queue = new sqs.Queue(scope, 'DeadLetterQueue', {
    encryption: sqs.QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  acknowledge(queue, 'AwsSolutions-SQS3', 'It is a dead-letter queue itself, of a function or of a rule.');
  return queue;
}
