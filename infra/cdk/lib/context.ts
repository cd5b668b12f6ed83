import { aws_events as events, aws_kms as kms, aws_lambda as lambda, aws_sns as sns } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { EmailApprovalsProps, LogLevel } from './settings.js';

/** The context keys that the app reads: the SAM template's parameters, with a lower-case first letter, and two more. */
type Key =
  | 'alarmTopicArn'
  | 'approvers'
  | 'architecture'
  | 'configurationSet'
  | 'deploymentName'
  | 'eventBusName'
  | 'formerSigningKeyArns'
  | 'logLevel'
  | 'logRetentionDays'
  | 'notificationTopic'
  | 'pipelineRegion'
  | 'quorum'
  | 'replyTo'
  | 'sender'
  | 'senderIdentity'
  | 'senderName'
  | 'sesSandbox'
  | 'signingKeyArn'
  | 'throttleBurst'
  | 'throttleRate'
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

  return {
    approvers: required('approvers', 'Ada <ada@example.com>, ben@example.com')
      .split(',')
      .map((approver) => approver.trim()),
    sender: required('sender', 'approvals@example.com'),
    // An empty name is a value of its own: no name instead of the default.
    senderName: text('senderName'),
    senderIdentity: optional('senderIdentity', String),
    replyTo: optional('replyTo', String),
    configurationSet: optional('configurationSet', String),
    sesSandbox: flag('sesSandbox'),
    quorum: number('quorum'),
    deploymentName: optional('deploymentName', String),
    eventBus: optional('eventBusName', (name) =>
      name === 'default' ? undefined : events.EventBus.fromEventBusName(scope, 'EventBus', name),
    ),
    pipelineRegion: optional('pipelineRegion', String),
    notificationTopic: flag('notificationTopic'),
    alarmTopic: optional('alarmTopicArn', (arn) => sns.Topic.fromTopicArn(scope, 'AlarmTopic', arn)),
    logRetention: number('logRetentionDays'),
    logLevel: oneOf<LogLevel>('logLevel', 'error', 'warn', 'info', 'debug', 'trace'),
    throttleRate: number('throttleRate'),
    throttleBurst: number('throttleBurst'),
    architecture: oneOf('architecture', 'arm64', 'x86_64') === 'x86_64' ? lambda.Architecture.X86_64 : undefined,
    signingKey: optional('signingKeyArn', (arn) => kms.Key.fromKeyArn(scope, 'GivenSigningKey', arn)),
    formerSigningKeys: optional('formerSigningKeyArns', (arns) =>
      arns.split(',').map((arn, index) => kms.Key.fromKeyArn(scope, `FormerSigningKey${index + 1}`, arn.trim())),
    ),
    notifierCode: optional('notifierZip', (path) => lambda.Code.fromAsset(path)),
    callbackCode: optional('callbackZip', (path) => lambda.Code.fromAsset(path)),
  };
}
