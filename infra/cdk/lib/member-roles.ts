import { aws_iam as iam, Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { acknowledge, findingArn } from './acknowledge.js';
import { type RoleOptions, roleProps, withPath } from './roles.js';
import type { Settings } from './settings.js';
import { onlyEvents, TEST_SOURCE, TEST_TYPE } from './test-events.js';

/** The deployment that may assume the two roles of an account. */
export interface Hub {
  /** Its account. */
  readonly account: string;
  /** The names of the functions' roles. */
  readonly notifierRole: string;
  readonly callbackRole: string;
  readonly deploymentName: string;
  readonly testEvents: boolean;
  /** How the names of the pipelines begin that it serves. */
  readonly pipelineNamePrefix: string;
  /** What its roles and those of the account have in common, and what the account's have. */
  readonly roles: RoleOptions;
  /** The organization that its account must also belong to. */
  readonly organizationId?: string | undefined;
}

/** What the doctor looks at of an account that is served, besides what the member template makes in each of its regions. */
export interface OwnEvents {
  /** The ARNs of the rule and of its bus, unless that is the default bus. */
  readonly bus: { readonly ruleArn: string; readonly busArn: string } | undefined;
  /** The ARN of its dead-letter queue. */
  readonly queue: string;
}

/** The two roles of an account that is served. */
export interface MemberRoles {
  /** With which both functions read. */
  readonly reading: iam.Role;
  /** With which the callback puts results, each in an approver's name. */
  readonly deciding: iam.Role;
}

/** The name of the rule that takes approval events of an account and region. */
export function approvalRuleName(deploymentName: string): string {
  return `${deploymentName}-approvals`;
}

/** The name of a member's queue of events that could not be forwarded. */
export function memberDeadLettersName(deploymentName: string): string {
  return `${deploymentName}-approvals-dead-letters`;
}

/** The name of a function's role. It is fixed, because the roles in other accounts trust it by name. */
export function functionRoleName(deploymentName: string, binary: 'notifier' | 'callback', region: string): string {
  return `${deploymentName}-${binary}-${region}`;
}

/**
 * Adds the two roles that the functions assume to reach the pipelines of this account.
 *
 * Both trust the hub's account, on condition of the caller's role. If they named that role as their principal, IAM
 * would resolve its ARN to the id of that very role. A hub that is deleted and deployed again has roles with the same
 * names and other ids, so no account that is served would trust them.
 */
export function addMemberRoles(scope: Construct, prefix: string, hub: Hub, own?: OwnEvents): MemberRoles {
  const stack = Stack.of(scope);
  const ruleName = approvalRuleName(hub.deploymentName);
  const rule = stack.formatArn({ service: 'events', region: '*', resource: 'rule', resourceName: ruleName });
  const everyPipeline = `${hub.pipelineNamePrefix}*`;
  const queueName = memberDeadLettersName(hub.deploymentName);
  const queue = stack.formatArn({ service: 'sqs', region: '*', resource: queueName });
  const reading = new iam.Role(scope, 'ReadingRole', {
    ...roleProps(hub.roles),
    roleName: `${prefix}-read`,
    description: `Lets Countersign (${hub.deploymentName}) read pipelines`,
    maxSessionDuration: Duration.hours(1), // The longest that a role assumed from another lasts.
    assumedBy: trusted(scope, hub, [hub.notifierRole, hub.callbackRole]),
    inlinePolicies: {
      read: policy(
        allow(
          'ReadPipelines',
          [
            'codepipeline:GetPipeline',
            'codepipeline:GetPipelineExecution',
            'codepipeline:GetPipelineState',
            'codepipeline:ListActionExecutions',
            'codepipeline:ListPipelineExecutions',
          ],
          pipelines(scope, everyPipeline),
        ),
        // For the sweep. The action takes no resource.
        allow('ListPipelines', ['codepipeline:ListPipelines'], '*'),
        // For the doctor, which checks that events arrive, from each region.
        allow('CheckRule', ['events:DescribeRule', 'events:ListTargetsByRule'], rule, ...(own?.bus ? [own.bus.ruleArn] : [])),
        allow(
          'CheckRuleDeadLetters',
          ['sqs:GetQueueAttributes', 'sqs:GetQueueUrl'],
          queue,
          ...(own ? [own.queue] : []),
        ),
        // For the doctor: events of its own, which only show that they arrive.
        ...(hub.testEvents
          ? [
              new iam.PolicyStatement({
                sid: 'PutTestEvents',
                actions: ['events:PutEvents'],
                resources: [
                  stack.formatArn({ service: 'events', region: '*', resource: 'event-bus', resourceName: 'default' }),
                  ...(own?.bus ? [own.bus.busArn] : []),
                ],
                conditions: onlyEvents(TEST_SOURCE, TEST_TYPE),
              }),
            ]
          : []),
      ),
    },
  });
  acknowledgePipelines(reading, everyPipeline);
  acknowledge(reading, 'AwsSolutions-IAM5[Resource::*]', 'ListPipelines takes no resource.');
  for (const [service, resource] of [
    ['events', `rule/${ruleName}`],
    ['events', 'event-bus/default'],
    ['sqs', queueName],
  ] as const) {
    acknowledge(
      reading,
      `AwsSolutions-IAM5[Resource::${findingArn(reading, service, '*', resource)}]`,
      'The account has one of this name in each region with pipelines.',
    );
  }

  // The callback assumes it once per decision, in the approver's name: without a source identity, which CloudTrail
  // records, nobody can. A session policy then leaves a session the one action that is decided.
  const callback = trusted(scope, hub, [hub.callbackRole]).withConditions({
    StringLike: { 'sts:SourceIdentity': '*' },
  });
  const deciding = new iam.Role(scope, 'DecidingRole', {
    ...roleProps(hub.roles),
    roleName: `${prefix}-decide`,
    description: `Lets the callback of Countersign (${hub.deploymentName}) approve and reject in the name of approvers`,
    maxSessionDuration: Duration.hours(1),
    assumedBy: callback,
    inlinePolicies: {
      // The resource is PIPELINE/STAGE/ACTION.
      decide: policy(allow('PutApprovalResults', ['codepipeline:PutApprovalResult'], pipelines(scope, `${everyPipeline}/*/*`))),
    },
  });
  deciding.assumeRolePolicy?.addStatements(
    new iam.PolicyStatement({ actions: ['sts:SetSourceIdentity'], principals: [callback] }),
  );
  acknowledgePipelines(deciding, `${everyPipeline}/*/*`);
  return { reading, deciding };
}

/** Allows a function to assume the reading role of each account that is served. */
export function allowAssumingReadingRoles(role: iam.Role, settings: Settings): void {
  allowAssuming(role, settings, 'AssumeReadingRoles', 'read', ['sts:AssumeRole']);
}

/** Allows the callback to assume the deciding role of each account that is served, with a source identity. */
export function allowAssumingDecidingRoles(role: iam.Role, settings: Settings): void {
  allowAssuming(role, settings, 'AssumeDecidingRoles', 'decide', ['sts:AssumeRole', 'sts:SetSourceIdentity']);
}

/** The ARNs of both roles in all accounts, without the ends of the names. */
export function memberRolesArn(scope: Construct, settings: Settings): string {
  return iamArn(scope, '*', 'role', withPath(settings, settings.memberRolePrefix));
}

function allowAssuming(role: iam.Role, settings: Settings, sid: string, kind: 'read' | 'decide', actions: string[]) {
  const servesOthers = settings.memberAccounts.length > 0 || settings.memberAccountsParameter !== undefined;
  const account = servesOthers ? '*' : Stack.of(role).account;
  const name = withPath(settings, `${settings.memberRolePrefix}-${kind}`);
  role.addToPolicy(new iam.PolicyStatement({ sid, actions, resources: [iamArn(role, account, 'role', name)] }));
  if (account === '*') {
    acknowledge(
      role,
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:iam::*:role/${name}]`,
      'Each account that is served has a role of this name, which says what functions it trusts.',
    );
  }
}

/** These roles of the hub, for whose sessions AWS compares the role's ARN; some other evaluators, the session's. */
function trusted(scope: Construct, hub: Hub, roles: readonly string[]): iam.PrincipalBase {
  const arns = roles.flatMap((name) => [
    iamArn(scope, hub.account, 'role', withPath(hub.roles, name)),
    iamArn(scope, hub.account, 'assumed-role', `${name}/*`),
  ]);
  return new iam.AccountPrincipal(hub.account).withConditions({
    ArnLike: { 'aws:PrincipalArn': arns },
    ...(hub.organizationId && { StringEquals: { 'aws:PrincipalOrgID': hub.organizationId } }),
  });
}

function iamArn(scope: Construct, account: string, resource: 'role' | 'assumed-role', resourceName: string): string {
  const service = resource === 'role' ? 'iam' : 'sts';
  return Stack.of(scope).formatArn({ service, region: '', account, resource, resourceName });
}

/** The ARN of pipelines of this account, or of their actions. */
function pipelines(scope: Construct, resource: string): string {
  return Stack.of(scope).formatArn({ service: 'codepipeline', region: '*', resource });
}

function policy(...statements: iam.PolicyStatement[]): iam.PolicyDocument {
  return new iam.PolicyDocument({ statements });
}

function allow(sid: string, actions: string[], ...resources: string[]): iam.PolicyStatement {
  return new iam.PolicyStatement({ sid, actions, resources });
}

function acknowledgePipelines(role: iam.Role, resource: string): void {
  acknowledge(
    role,
    `AwsSolutions-IAM5[Resource::${findingArn(role, 'codepipeline', '*', resource)}]`,
    'The pipelines that have manual approvals are not known when the stack is deployed.',
  );
}
