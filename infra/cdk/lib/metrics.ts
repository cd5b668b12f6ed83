import { aws_cloudwatch as cloudwatch, Duration } from 'aws-cdk-lib';

/**
 * A metric that the functions write to their logs, in the embedded metric format (`shared/src/metrics.rs`): with the
 * dimension `Deployment`, and at most one more. CloudWatch does not sum over a dimension, so a metric without it has no
 * data where the functions write it with one.
 */
export function metricOf(
  deploymentName: string,
  metricName: string,
  props: cloudwatch.MetricOptions = {},
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: 'Countersign',
    metricName,
    period: Duration.minutes(5),
    statistic: cloudwatch.Stats.SUM,
    ...props,
    dimensionsMap: { Deployment: deploymentName, ...props.dimensionsMap },
  });
}
