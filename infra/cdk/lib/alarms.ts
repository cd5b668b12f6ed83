import {
  aws_cloudwatch as cloudwatch,
  aws_cloudwatch_actions as actions,
  aws_lambda as lambda,
  aws_sqs as sqs,
  Duration,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { metricOf } from './metrics.js';
import type { Settings } from './settings.js';

/** The alarms of a deployment. Each is on the CloudWatch console under the deployment's name and its own. */
export interface ApprovalAlarms {
  /** The notifier failed. */
  readonly notifierErrors: cloudwatch.Alarm;
  /** Events that the notifier gave up on are waiting. */
  readonly notifierDeadLetters: cloudwatch.Alarm;
  /** Events that did not reach the notifier, or the bus that events are forwarded to, are waiting. */
  readonly ruleDeadLetters: cloudwatch.Alarm;
  /** The notifier failed five times to sweep an account and region. */
  readonly sweepDeadLetters: cloudwatch.Alarm;
  /** Somebody who followed a link got a 5xx answer. */
  readonly callbackErrors: cloudwatch.Alarm;
  /** An email was not sent. */
  readonly sendFailures: cloudwatch.Alarm;
  /** An email to an approver did not arrive. */
  readonly undelivered: cloudwatch.Alarm;
  /** An event came from an account that is not served. */
  readonly unservedEvents: cloudwatch.Alarm;
  /** Events about emails were not taken in. */
  readonly emailDeadLetters: cloudwatch.Alarm;
  /** Something in the ledger was not written by Countersign. */
  readonly forgeries: cloudwatch.Alarm;
}

interface AlarmSources {
  readonly notifier: lambda.IFunction;
  readonly notifierDeadLetters: sqs.IQueue;
  readonly ruleDeadLetters: sqs.IQueue;
  readonly sweepDeadLetters: sqs.IQueue;
  readonly emailDeadLetters: sqs.IQueue;
  readonly apiId: string;
}

/** Adds the alarms. Each means that an approver was not asked or got no answer, except for the last two. */
export function addAlarms(scope: Construct, settings: Settings, sources: AlarmSources): ApprovalAlarms {
  const alarm = (id: string, name: string, alarmDescription: string, metric: cloudwatch.Metric) => {
    const alarm = new cloudwatch.Alarm(scope, id, {
      alarmName: `${settings.deploymentName}-${name}`,
      alarmDescription,
      metric,
      evaluationPeriods: 1,
      threshold: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    if (settings.alarmTopic) {
      const tell = new actions.SnsAction(settings.alarmTopic);
      alarm.addAlarmAction(tell);
      if (settings.okActions) alarm.addOkAction(tell);
    }
    return alarm;
  };
  const metric = (props: cloudwatch.MetricProps) => new cloudwatch.Metric({ period: Duration.minutes(5), ...props });
  const visibleMessages = (queue: sqs.IQueue) =>
    metric({
      namespace: 'AWS/SQS',
      metricName: 'ApproximateNumberOfMessagesVisible',
      dimensionsMap: { QueueName: queue.queueName },
      statistic: 'Maximum',
    });
  const ownMetric = (metricName: string) => metricOf(settings.deploymentName, metricName);
  const notifierErrors = alarm(
    'NotifierErrorsAlarm',
    'notifier-errors',
    "The notifier failed. Lambda retries twice. See the notifier's log for the cause.",
    metric({
      namespace: 'AWS/Lambda',
      metricName: 'Errors',
      dimensionsMap: { FunctionName: sources.notifier.functionName },
      statistic: 'Sum',
    }),
  );
  const notifierDeadLetters = alarm(
    'NotifierDeadLettersAlarm',
    'notifier-dead-letters',
    'The notifier failed on an event three times. Fix the cause, then invoke the notifier with the event again.',
    visibleMessages(sources.notifierDeadLetters),
  );
  const ruleDeadLetters = alarm(
    'RuleDeadLettersAlarm',
    'rule-dead-letters',
    [
      'An event did not reach the notifier, or the bus that events are forwarded to. Fix the cause, then invoke the',
      'notifier with the event, or put it on that bus.',
    ].join(' '),
    visibleMessages(sources.ruleDeadLetters),
  );
  const sweepDeadLetters = alarm(
    'SweepDeadLettersAlarm',
    'sweep-dead-letters',
    [
      'The notifier failed five times to sweep an account and region, where nothing makes up for lost events until a',
      "later round succeeds. See the notifier's log for the cause.",
    ].join(' '),
    visibleMessages(sources.sweepDeadLetters),
  );
  const callbackErrors = alarm(
    'CallbackErrorsAlarm',
    'callback-errors',
    "A link was answered with a 5xx error. See the callback's log for the cause.",
    metric({
      namespace: 'AWS/ApiGateway',
      metricName: '5xx',
      dimensionsMap: { ApiId: sources.apiId },
      statistic: 'Sum',
    }),
  );
  const sendFailures = alarm(
    'SendFailuresAlarm',
    'send-failures',
    "An email to an approver was not sent. See the notifier's log for the error from Amazon SES.",
    ownMetric('SendFailures'),
  );
  const undelivered = alarm(
    'UndeliveredAlarm',
    'undelivered',
    'An email to an approver was refused by their mail server or suppressed by Amazon SES. See the command history.',
    ownMetric('Undelivered'),
  );
  const unservedEvents = alarm(
    'UnservedEventsAlarm',
    'unserved-events',
    'An event came from an account that is not served, and was ignored. List the account, or delete its member stack.',
    ownMetric('UnservedEvents'),
  );
  const emailDeadLetters = alarm(
    'EmailDeadLettersAlarm',
    'email-dead-letters',
    [
      "An event about an email was not taken in, so history may not say what became of that email. See the notifier's",
      'log for the cause.',
    ].join(' '),
    visibleMessages(sources.emailDeadLetters),
  );
  const forgeries = alarm(
    'ForgeriesAlarm',
    'forgeries',
    [
      'Something in the ledger was not written by Countersign, and was ignored. See the logs for what it was, and',
      'CloudTrail for who can write the table.',
    ].join(' '),
    ownMetric('Forged'),
  );
  return {
    notifierErrors,
    notifierDeadLetters,
    ruleDeadLetters,
    sweepDeadLetters,
    callbackErrors,
    sendFailures,
    undelivered,
    unservedEvents,
    emailDeadLetters,
    forgeries,
  };
}
