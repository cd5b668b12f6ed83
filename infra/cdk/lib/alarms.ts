import {
  aws_cloudwatch as cloudwatch,
  aws_cloudwatch_actions as actions,
  aws_lambda as lambda,
  aws_sqs as sqs,
  Duration,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Settings } from './settings.js';

interface Watched {
  readonly notifier: lambda.IFunction;
  readonly notifierDeadLetters: sqs.IQueue;
  readonly ruleDeadLetters: sqs.IQueue;
  readonly apiId: string;
}

/** The alarms. Each is about somebody who was not asked or not answered. */
export function addAlarms(scope: Construct, settings: Settings, watched: Watched): void {
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
  const waiting = (queue: sqs.IQueue): cloudwatch.MetricProps => ({
    namespace: 'AWS/SQS',
    metricName: 'ApproximateNumberOfMessagesVisible',
    dimensionsMap: { QueueName: queue.queueName },
    statistic: 'Maximum',
  });
  alarm(
    'NotifierErrorsAlarm',
    'notifier-errors',
    "The notifier failed. Lambda tries twice more; the notifier's log says why.",
    {
      namespace: 'AWS/Lambda',
      metricName: 'Errors',
      dimensionsMap: { FunctionName: watched.notifier.functionName },
      statistic: 'Sum',
    },
  );
  alarm(
    'NotifierDeadLettersAlarm',
    'notifier-dead-letters',
    'Events that the notifier gave up on are waiting. Mend the cause, then hand them to it again.',
    waiting(watched.notifierDeadLetters),
  );
  alarm(
    'RuleDeadLettersAlarm',
    'rule-dead-letters',
    'Events that never reached the notifier are waiting. Mend the cause, then hand them to it.',
    waiting(watched.ruleDeadLetters),
  );
  alarm(
    'CallbackErrorsAlarm',
    'callback-errors',
    "Somebody who followed a link got an answer in the 500s. The callback's log says why.",
    { namespace: 'AWS/ApiGateway', metricName: '5xx', dimensionsMap: { ApiId: watched.apiId }, statistic: 'Sum' },
  );
  alarm(
    'SendFailuresAlarm',
    'send-failures',
    "An email to an approver was not sent. The notifier's log has the error of Amazon SES.",
    {
      namespace: 'Countersign',
      metricName: 'SendFailures',
      dimensionsMap: { Deployment: settings.deploymentName },
      statistic: 'Sum',
    },
  );
}
