import {
  aws_cloudwatch as cloudwatch,
  aws_cloudwatch_actions as actions,
  aws_lambda as lambda,
  aws_sqs as sqs,
  Duration,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Settings } from './settings.js';

interface AlarmSources {
  readonly notifier: lambda.IFunction;
  readonly notifierDeadLetters: sqs.IQueue;
  readonly ruleDeadLetters: sqs.IQueue;
  readonly sweepDeadLetters: sqs.IQueue;
  readonly emailDeadLetters: sqs.IQueue;
  readonly apiId: string;
}

/** Adds the alarms. Each means that an approver was not asked or got no answer, except for the last two. */
export function addAlarms(scope: Construct, settings: Settings, sources: AlarmSources): void {
  const alarm = (id: string, name: string, alarmDescription: string, metric: cloudwatch.MetricProps): void => {
    const alarm = new cloudwatch.Alarm(scope, id, {
      alarmName: `${settings.deploymentName}-${name}`,
      alarmDescription,
      metric: new cloudwatch.Metric({ period: Duration.minutes(5), ...metric }),
      evaluationPeriods: 1,
      threshold: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    if (settings.alarmTopic) alarm.addAlarmAction(new actions.SnsAction(settings.alarmTopic));
  };
  const visibleMessages = (queue: sqs.IQueue): cloudwatch.MetricProps => ({
    namespace: 'AWS/SQS',
    metricName: 'ApproximateNumberOfMessagesVisible',
    dimensionsMap: { QueueName: queue.queueName },
    statistic: 'Maximum',
  });
  const ownMetric = (metricName: string): cloudwatch.MetricProps => ({
    namespace: 'Countersign',
    metricName,
    dimensionsMap: { Deployment: settings.deploymentName },
    statistic: 'Sum',
  });
  alarm(
    'NotifierErrorsAlarm',
    'notifier-errors',
    "The notifier failed. Lambda retries twice. See the notifier's log for the cause.",
    {
      namespace: 'AWS/Lambda',
      metricName: 'Errors',
      dimensionsMap: { FunctionName: sources.notifier.functionName },
      statistic: 'Sum',
    },
  );
  alarm(
    'NotifierDeadLettersAlarm',
    'notifier-dead-letters',
    'The notifier failed on an event three times. Fix the cause, then invoke the notifier with the event again.',
    visibleMessages(sources.notifierDeadLetters),
  );
  alarm(
    'RuleDeadLettersAlarm',
    'rule-dead-letters',
    [
      'An event did not reach the notifier, or the bus that events are forwarded to. Fix the cause, then invoke the',
      'notifier with the event, or put it on that bus.',
    ].join(' '),
    visibleMessages(sources.ruleDeadLetters),
  );
  alarm(
    'SweepDeadLettersAlarm',
    'sweep-dead-letters',
    [
      'The notifier failed five times to sweep an account and region, where nothing makes up for lost events until a',
      "later round succeeds. See the notifier's log for the cause.",
    ].join(' '),
    visibleMessages(sources.sweepDeadLetters),
  );
  alarm(
    'CallbackErrorsAlarm',
    'callback-errors',
    "A link was answered with a 5xx error. See the callback's log for the cause.",
    { namespace: 'AWS/ApiGateway', metricName: '5xx', dimensionsMap: { ApiId: sources.apiId }, statistic: 'Sum' },
  );
  alarm(
    'SendFailuresAlarm',
    'send-failures',
    "An email to an approver was not sent. See the notifier's log for the error from Amazon SES.",
    ownMetric('SendFailures'),
  );
  alarm(
    'UndeliveredAlarm',
    'undelivered',
    'An email to an approver was refused by their mail server or suppressed by Amazon SES. See the command history.',
    ownMetric('Undelivered'),
  );
  alarm(
    'UnservedEventsAlarm',
    'unserved-events',
    'An event came from an account that is not served, and was ignored. List the account, or delete its member stack.',
    ownMetric('UnservedEvents'),
  );
  alarm(
    'EmailDeadLettersAlarm',
    'email-dead-letters',
    [
      "An event about an email was not taken in, so history may not say what became of that email. See the notifier's",
      'log for the cause.',
    ].join(' '),
    visibleMessages(sources.emailDeadLetters),
  );
  alarm(
    'ForgeriesAlarm',
    'forgeries',
    [
      'Something in the ledger was not written by Countersign, and was ignored. See the logs for what it was, and',
      'CloudTrail for who can write the table.',
    ].join(' '),
    ownMetric('Forged'),
  );
}
