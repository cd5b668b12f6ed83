import { aws_events as events, aws_lambda as lambda, aws_sns as sns } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { KEY_USES, type KeyUse } from './keys.js';
import type { EmailApprovalsProps, LogLevel, PolicySource, TlsPolicy } from './settings.js';

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
  | 'logLevel'
  | 'logRetentionDays'
  | 'notificationTopic'
  | 'notifierConcurrency'
  | 'origins'
  | 'pipelineRegion'
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
  | 'sesRegion'
  | 'sesSandbox'
  | 'throttleBurst'
  | 'throttleRate'
  | 'tlsPolicy'
  | 'voteKeys'
  // Zips with a `bootstrap` that is built already. Without them, cargo-lambda builds the functions.
  | 'callbackZip'
  | 'notifierZip';

/** Reads the construct's props from the context of `scope` (`-c key=value`, or `context` in cdk.json). */
export function propsFromContext(scope: Construct): EmailApprovalsProps {
  const text = (key: Key): string | undefined => {
    const value: unknown = scope.node.tryGetContext(key);
    return value === undefined ? undefined : String(value);
  };
  /** Reads a value. An empty one counts as left out, like an empty parameter of the SAM template. */
  const optional = <T>(key: Key, read: (value: string) => T): T | undefined => {
    const value = text(key);
    return value ? read(value) : undefined;
  };
  const required = (key: Key, example: string): string => {
    const value = text(key);
    if (!value) throw new Error(`context "${key}" is missing; pass it as -c ${key}='${example}'`);
    return value;
  };
  const oneOf = <T extends string>(key: Key, ...allowed: readonly T[]): T | undefined =>
    optional(key, (value) => {
      const found = allowed.find((name) => name === value);
      if (!found) throw new Error(`context "${key}" is "${value}"; expected one of ${allowed.join(', ')}`);
      return found;
    });
  const flag = (key: Key): boolean | undefined => {
    const value = oneOf(key, 'true', 'false');
    return value === undefined ? undefined : value === 'true';
  };
  const number = (key: Key): number | undefined =>
    optional(key, (value) => {
      if (!/^[0-9]+$/.test(value)) throw new Error(`context "${key}" is "${value}"; expected a whole number`);
      return Number(value);
    });

  const keyUses = (key: Key): KeyUse[] | undefined =>
    optional(key, (value) =>
      value.split(',').map((word) => {
        const use = KEY_USES.find((known) => known === word.trim());
        if (!use) throw new Error(`context "${key}" is "${value}"; expected words from ${KEY_USES.join(', ')}`);
        return use;
      }),
    );
  /** Reads the policy's one source, and refuses the settings of another one. */
  const policy = (): PolicySource => {
    const source = oneOf('policySource', 'approvers', 'file', 'parameter');
    const refuse = (...keys: Key[]): void => {
      for (const key of keys.filter(text)) {
        throw new Error(`context "${key}" is given, but context "policySource" is "${source}"`);
      }
    };
    switch (source) {
      case 'approvers':
        refuse('policyFile', 'policyParameterName');
        return {
          approvers: required('approvers', 'Ada <ada@example.com>, ben@example.com')
            .split(',')
            .map((approver) => approver.trim()),
          quorum: number('quorum'),
        };
      case 'file':
        refuse('approvers', 'quorum', 'policyParameterName');
        return { file: required('policyFile', 'policy.toml') };
      case 'parameter':
        refuse('approvers', 'quorum', 'policyFile');
        return { parameterName: required('policyParameterName', '/countersign/approval-policy') };
      default:
        throw new Error(
          [
            'context "policySource" is missing; pass it as -c policySource=approvers, file or parameter. When you',
            'update from version 0.1, read "Update from 0.1" in docs/OPERATIONS.md first: the update deletes the',
            'policy parameter of that version',
          ].join(' '),
        );
    }
  };

  return {
    policy: policy(),
    sender: required('sender', 'approvals@example.com'),
    // An empty name is a value of its own: no name instead of the default.
    senderName: text('senderName'),
    senderIdentity: optional('senderIdentity', String),
    senderIdentityArn: optional('senderIdentityArn', String),
    replyTo: optional('replyTo', String),
    tlsPolicy: oneOf<TlsPolicy>('tlsPolicy', 'REQUIRE', 'OPTIONAL'),
    configurationSet: optional('configurationSet', String),
    sesRegion: optional('sesRegion', String),
    sesSandbox: flag('sesSandbox'),
    deploymentName: optional('deploymentName', String),
    origins: optional('origins', (origins) => origins.split(',')),
    eventBus: optional('eventBusName', (name) =>
      name === 'default' ? undefined : events.EventBus.fromEventBusName(scope, 'EventBus', name),
    ),
    pipelineRegion: optional('pipelineRegion', String),
    approvalTimeoutDays: number('approvalTimeoutDays'),
    notificationTopic: flag('notificationTopic'),
    alarmTopic: optional('alarmTopicArn', (arn) => sns.Topic.fromTopicArn(scope, 'AlarmTopic', arn)),
    logRetention: number('logRetentionDays'),
    logLevel: oneOf<LogLevel>('logLevel', 'error', 'warn', 'info', 'debug', 'trace'),
    throttleRate: number('throttleRate'),
    throttleBurst: number('throttleBurst'),
    notifierConcurrency: number('notifierConcurrency'),
    architecture: oneOf('architecture', 'arm64', 'x86_64') === 'x86_64' ? lambda.Architecture.X86_64 : undefined,
    requestKeys: keyUses('requestKeys'),
    voteKeys: keyUses('voteKeys'),
    notifierCode: optional('notifierZip', (path) => lambda.Code.fromAsset(path)),
    callbackCode: optional('callbackZip', (path) => lambda.Code.fromAsset(path)),
  };
}
