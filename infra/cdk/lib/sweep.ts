import { aws_events as events, aws_events_targets as targets, aws_lambda as lambda, Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Settings } from './settings.js';

/**
 * Adds the hourly sweep, which makes up for events that were lost. Rules with a schedule only work on the default bus.
 * The rule needs no dead-letter queue, because the same event follows an hour later. A sweep that fails in the notifier
 * ends up in the notifier's own queue.
 */
export function addSweep(scope: Construct, settings: Settings, notifier: lambda.IFunction): void {
  new events.Rule(scope, 'SweepRule', {
    ruleName: `${settings.deploymentName}-sweep`,
    description: 'Has the notifier check all approvals that are waiting or have ended',
    schedule: events.Schedule.rate(Duration.hours(1)),
    targets: [
      new targets.LambdaFunction(notifier, {
        event: events.RuleTargetInput.fromObject({ sweep: {} }),
        maxEventAge: Duration.minutes(30),
        retryAttempts: 4,
      }),
    ],
  });
}
