import { aws_events as events, aws_iam as iam, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Settings } from './settings.js';
import { onlyEvents, TEST_SOURCE, TEST_TYPE } from './test-events.js';

/** The bus that every account and region has. */
export const DEFAULT_BUS = 'default';

/** The name of the bus that the approval events of this account and region arrive on. */
export function eventBusName({ eventBus }: Settings): string {
  return eventBus?.eventBusName ?? DEFAULT_BUS;
}

/** The ARN of the bus that members forward their approval events to: where there is none for them, that of the hub's own. */
export function memberBusArn(scope: Construct, settings: Settings): string {
  const resourceName = takesMembersEvents(settings) ? memberBusName(settings) : eventBusName(settings);
  return Stack.of(scope).formatArn({ service: 'events', resource: 'event-bus', resourceName });
}

function takesMembersEvents({ memberAccounts, organizationId }: Settings): boolean {
  return memberAccounts.length > 0 || organizationId !== undefined;
}

function memberBusName({ deploymentName }: Settings): string {
  return `${deploymentName}-members`;
}

/**
 * The bus that member accounts forward their approval events to, if any account may. It is not the default bus, whose
 * events other rules of this account may believe. The notifier believes none: it asks CodePipeline, in the accounts
 * that it serves.
 */
export function memberBus(scope: Construct, settings: Settings): events.EventBus | undefined {
  const { memberAccounts, organizationId, testEvents } = settings;
  if (!takesMembersEvents(settings)) return undefined;
  const bus = new events.EventBus(scope, 'MemberBus', {
    eventBusName: memberBusName(settings),
    description: 'Takes approval events from the member accounts of Countersign',
  });
  // A reference to the bus would be one to itself.
  const arn = memberBusArn(scope, settings);
  const statements = [
    // From its other regions.
    ...allow('OwnAccount', [new iam.AccountRootPrincipal()], arn, testEvents),
    ...(organizationId
      ? allow('Organization', [new iam.StarPrincipal()], arn, testEvents, { 'aws:PrincipalOrgID': organizationId })
      : []),
    ...(memberAccounts.length > 0
      ? allow('MemberAccounts', memberAccounts.map((account) => new iam.ArnPrincipal(account)), arn, testEvents)
      : []),
  ];
  // EventBus.addToResourcePolicy adds a resource for each statement.
  (bus.node.defaultChild as events.CfnEventBus).policy = new iam.PolicyDocument({ statements });
  return bus;
}

/**
 * Lets accounts forward approval events. Only AWS makes events whose source begins with `aws.`. So what comes here was
 * forwarded by a rule, and nobody in another account can make it up, let alone speak for the callback, whose events
 * have the source `countersign`. The doctor's test events are its own: the notifier only notes that they arrived, and only
 * those that it expects.
 */
function allow(
  whom: string,
  principals: iam.IPrincipal[],
  bus: string,
  testEvents: boolean,
  more: Record<string, string> = {},
): iam.PolicyStatement[] {
  const statement = (sid: string, source: string, detailType: string) =>
    new iam.PolicyStatement({
      sid,
      principals,
      actions: ['events:PutEvents'],
      resources: [bus],
      conditions: onlyEvents(source, detailType, more),
    });
  return [
    statement(`Allow${whom}`, 'aws.codepipeline', 'CodePipeline Action Execution State Change'),
    ...(testEvents ? [statement(`AllowTestsOf${whom}`, TEST_SOURCE, TEST_TYPE)] : []),
  ];
}
