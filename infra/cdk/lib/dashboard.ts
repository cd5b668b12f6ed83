import { aws_cloudwatch as cloudwatch, type aws_lambda as lambda, Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { ApprovalAlarms } from './alarms.js';
import { metricOf } from './metrics.js';
import type { Settings } from './settings.js';

interface DashboardSources {
  readonly alarms: ApprovalAlarms;
  readonly notifier: lambda.IFunction;
  readonly callback: lambda.IFunction;
  readonly apiId: string;
}

/** Three widgets in a row of the 24 columns of a dashboard. */
const SIZE = { width: 8, height: 6 };

/** Approvals are few: a curve of five minutes would only have gaps. What goes wrong is seen to the hour. */
const DAY = { period: Duration.days(1) };
const HOUR = { period: Duration.hours(1) };

/**
 * The dashboard of a deployment: what was asked and decided, how long that takes, emails that did not arrive, refusals and
 * errors. Dashboards have no region, so the name has.
 */
export function addDashboard(scope: Construct, settings: Settings, sources: DashboardSources): cloudwatch.Dashboard {
  const { deploymentName } = settings;
  const own = (metricName: string, label: string, props: cloudwatch.MetricOptions = {}) =>
    metricOf(deploymentName, metricName, { ...DAY, label, ...props });
  const decisions = (decision: string, color: string) =>
    own('Decisions', decision.toLowerCase(), { dimensionsMap: { Decision: decision }, color });
  const graph = (title: string, left: cloudwatch.IMetric[], label: string) =>
    new cloudwatch.GraphWidget({ ...SIZE, title, left, leftYAxis: { min: 0, label, showUnits: false } });
  const hoursToDecide = (statistic: string, label: string) =>
    new cloudwatch.MathExpression({
      ...DAY,
      label,
      expression: `${statistic} / 3600`,
      usingMetrics: { [statistic]: own('TimeToDecision', label, { statistic }) },
    });
  const errors = (what: lambda.IFunction, label: string) =>
    new cloudwatch.Metric({
      ...HOUR,
      namespace: 'AWS/Lambda',
      metricName: 'Errors',
      dimensionsMap: { FunctionName: what.functionName },
      statistic: cloudwatch.Stats.SUM,
      label,
    });
  return new cloudwatch.Dashboard(scope, 'Dashboard', {
    dashboardName: `${deploymentName}-${Stack.of(scope).region}`,
    defaultInterval: Duration.days(28),
    widgets: [
      [
        new cloudwatch.AlarmStatusWidget({
          title: 'Alarms',
          width: 24,
          height: 3,
          alarms: Object.values<cloudwatch.Alarm>({ ...sources.alarms }),
        }),
      ],
      [
        graph(
          'Asked and decided',
          [
            own('Requested', 'asked', { color: cloudwatch.Color.BLUE }),
            decisions('Approved', cloudwatch.Color.GREEN),
            decisions('Rejected', cloudwatch.Color.RED),
          ],
          'approvals a day',
        ),
        graph('From request to decision', [hoursToDecide('p50', 'median'), hoursToDecide('p90', '90 %')], 'hours'),
        graph(
          'Emails',
          [
            own('Sent', 'sent'),
            own('SendFailures', 'not sent', { color: cloudwatch.Color.RED }),
            own('Undelivered', 'did not arrive', { color: cloudwatch.Color.ORANGE }),
          ],
          'emails a day',
        ),
      ],
      [
        graph(
          'Refused requests, by reason',
          [
            // What is refused, and why, is not known beforehand.
            new cloudwatch.SearchExpression({
              ...DAY,
              expression: `SEARCH('{Countersign,Deployment,Reason} MetricName="Refusals" Deployment="${deploymentName}"', 'Sum', 86400)`,
              label: '',
            }),
          ],
          'requests a day',
        ),
        graph(
          'Errors',
          [
            errors(sources.notifier, 'notifier'),
            errors(sources.callback, 'callback'),
            new cloudwatch.Metric({
              ...HOUR,
              namespace: 'AWS/ApiGateway',
              metricName: '5xx',
              dimensionsMap: { ApiId: sources.apiId },
              statistic: cloudwatch.Stats.SUM,
              label: '5xx answers',
            }),
          ],
          'errors an hour',
        ),
        graph(
          'What somebody should look at',
          [
            own('Forged', 'forged', HOUR),
            own('UnservedEvents', 'not served', HOUR),
            own('Throttled', 'throttled', HOUR),
            own('PipelinesLeft', 'pipelines left', HOUR),
          ],
          'an hour',
        ),
      ],
    ],
  });
}
