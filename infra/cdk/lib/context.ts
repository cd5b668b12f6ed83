import { aws_events as events, aws_lambda as lambda, aws_sns as sns } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { ContextReader } from './context-reader.js';
import { KEY_USES, type KeyUse } from './keys.js';
import type { MemberProps } from './member-settings.js';
import type { EmailApprovalsProps, LogLevel, PolicySource, TlsPolicy } from './settings.js';
import type { TestEvents } from './test-events.js';

/**
 * The context keys that the app reads: the SAM template's parameters, with a lower-case first letter, and two more. In
 * place of a policy's text, there is the path of its file.
 */
type Key =
  | 'alarmTopicArn'
  | 'approvalTimeoutDays'
  | 'approvers'
  | 'architecture'
  | 'configurationSet'
  | 'deploymentName'
  | 'eventBusName'
  | 'forwardBusArn'
  | 'logLevel'
  | 'logRetentionDays'
  | 'memberAccounts'
  | 'memberAccountsParameter'
  | 'memberRolePrefix'
  | 'notificationTopic'
  | 'notifierConcurrency'
  | 'organizationId'
  | 'origins'
  | 'pipelineRegions'
  | 'policyFile'
  | 'policyParameterName'
  | 'policySource'
  | 'quorum'
  | 'replyTo'
  | 'requestKeys'
  | 'sender'
  | 'senderIdentity'
  | 'senderIdentityArn'
  | 'senderName'
  | 'serveOwnAccount'
  | 'sesRegion'
  | 'sesSandbox'
  | 'sweepConcurrency'
  | 'sweepPace'
  | 'testEvents'
  | 'throttleBurst'
  | 'throttleRate'
  | 'tlsPolicy'
  | 'voteKeys'
  // Zips with a `bootstrap` that is built already. Without them, cargo-lambda builds the functions.
  | 'callbackZip'
  | 'notifierZip';

/** The same for the parameters of infra/member/template.yaml. */
type MemberKey = 'deploymentName' | 'homeRegion' | 'hubBusArn' | 'organizationId' | 'rolePrefix' | 'testEvents';

/** Reads the props of `EmailApprovals` from the context of `scope`. */
export function propsFromContext(scope: Construct): EmailApprovalsProps {
  const context = new ContextReader<Key>(scope);
  refuseFormerKeys(scope);
  const architecture = context.oneOf('architecture', 'arm64', 'x86_64');
  return {
    policy: policy(context),
    sender: context.required('sender', 'approvals@example.com'),
    // An empty name is a value of its own: no name instead of the default.
    senderName: context.text('senderName'),
    senderIdentity: context.optional('senderIdentity', String),
    senderIdentityArn: context.optional('senderIdentityArn', String),
    replyTo: context.optional('replyTo', String),
    tlsPolicy: context.oneOf<TlsPolicy>('tlsPolicy', 'REQUIRE', 'OPTIONAL'),
    configurationSet: context.optional('configurationSet', String),
    sesRegion: context.optional('sesRegion', String),
    sesSandbox: context.flag('sesSandbox'),
    deploymentName: context.optional('deploymentName', String),
    origins: context.list('origins'),
    eventBus: context.optional('eventBusName', (name) =>
      name === 'default' ? undefined : events.EventBus.fromEventBusName(scope, 'EventBus', name),
    ),
    pipelineRegions: context.list('pipelineRegions'),
    approvalTimeoutDays: context.number('approvalTimeoutDays'),
    notificationTopic: context.flag('notificationTopic'),
    memberAccounts: context.list('memberAccounts'),
    memberAccountsParameter: context.optional('memberAccountsParameter', String),
    organizationId: context.optional('organizationId', String),
    serveOwnAccount: context.flag('serveOwnAccount'),
    memberRolePrefix: context.optional('memberRolePrefix', String),
    forwardBusArn: context.optional('forwardBusArn', String),
    alarmTopic: context.optional('alarmTopicArn', (arn) => sns.Topic.fromTopicArn(scope, 'AlarmTopic', arn)),
    logRetention: context.number('logRetentionDays'),
    logLevel: context.oneOf<LogLevel>('logLevel', 'error', 'warn', 'info', 'debug', 'trace'),
    throttleRate: context.number('throttleRate'),
    throttleBurst: context.number('throttleBurst'),
    notifierConcurrency: context.number('notifierConcurrency'),
    sweepConcurrency: context.number('sweepConcurrency'),
    sweepPace: context.number('sweepPace'),
    testEvents: context.oneOf<TestEvents>('testEvents', 'enabled', 'disabled'),
    architecture: architecture === 'x86_64' ? lambda.Architecture.X86_64 : undefined,
    requestKeys: keyUses(context, 'requestKeys'),
    voteKeys: keyUses(context, 'voteKeys'),
    notifierCode: context.optional('notifierZip', (path) => lambda.Code.fromAsset(path)),
    callbackCode: context.optional('callbackZip', (path) => lambda.Code.fromAsset(path)),
  };
}

/** Reads the props of `Member` from the context of `scope`. */
export function memberPropsFromContext(scope: Construct): MemberProps {
  const context = new ContextReader<MemberKey>(scope);
  return {
    hubBusArn: context.required('hubBusArn', 'arn:aws:events:eu-west-1:123456789012:event-bus/countersign-members'),
    homeRegion: context.required('homeRegion', 'eu-west-1'),
    deploymentName: context.optional('deploymentName', String),
    rolePrefix: context.optional('rolePrefix', String),
    organizationId: context.optional('organizationId', String),
    testEvents: context.oneOf<TestEvents>('testEvents', 'enabled', 'disabled'),
  };
}

/** Refuses a key that has another name and meaning now, since the CDK ignores what nobody reads. */
function refuseFormerKeys(scope: Construct): void {
  if (scope.node.tryGetContext('pipelineRegion') !== undefined) {
    throw new Error('context "pipelineRegion" is now "pipelineRegions", the regions that the sweep looks through');
  }
}

function keyUses(context: ContextReader<Key>, key: Key): KeyUse[] | undefined {
  return context.optional(key, (value) =>
    value.split(',').map((word) => {
      const use = KEY_USES.find((known) => known === word.trim());
      if (!use) throw new Error(`context "${key}" is "${value}"; expected words from ${KEY_USES.join(', ')}`);
      return use;
    }),
  );
}

/** Reads the policy's one source, and refuses the settings of another one. */
function policy(context: ContextReader<Key>): PolicySource {
  const source = context.oneOf('policySource', 'approvers', 'file', 'parameter');
  const refuse = (...keys: Key[]): void => {
    for (const key of keys.filter((name) => context.text(name))) {
      throw new Error(`context "${key}" is given, but context "policySource" is "${source}"`);
    }
  };
  switch (source) {
    case 'approvers':
      refuse('policyFile', 'policyParameterName');
      return {
        approvers: context
          .required('approvers', 'Ada <ada@example.com>, ben@example.com')
          .split(',')
          .map((approver) => approver.trim()),
        quorum: context.number('quorum'),
      };
    case 'file':
      refuse('approvers', 'quorum', 'policyParameterName');
      return { file: context.required('policyFile', 'policy.toml') };
    case 'parameter':
      refuse('approvers', 'quorum', 'policyFile');
      return { parameterName: context.required('policyParameterName', '/countersign/approval-policy') };
    default:
      throw new Error(
        [
          'context "policySource" is missing; pass it as -c policySource=approvers, file or parameter. When you',
          'update from version 0.1, read "Update from 0.1" in docs/upgrade.md first: the update deletes the',
          'policy parameter of that version',
        ].join(' '),
      );
  }
}
