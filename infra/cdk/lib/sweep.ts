import { aws_events as events, aws_events_targets as targets, aws_lambda as lambda, Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Settings } from './settings.js';

/**
 * The sweep, which asks, reminds and tells where an event did not come. Rules with a schedule are for the default bus
 * only. No dead-letter queue: the event says nothing that the next one, an hour later, does not say again. A sweep that
 * reaches the notifier and fails there is in the notifier's own queue.
 */
export function addSweep(scope: Construct, settings: Settings, notifier: lambda.IFunction): void {
  new events.Rule(scope, 'SweepRule', {
    ruleName: `${settings.deploymentName}-sweep`,
    description: 'Has the notifier look after all approvals that wait or have ended',
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
