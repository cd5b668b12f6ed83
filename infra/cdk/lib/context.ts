import { aws_events as events, aws_kms as kms, aws_lambda as lambda, aws_sns as sns } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { EmailApprovalsProps, LogLevel } from './settings.js';

/** The context that the app reads: the parameters of the SAM template, each with a small first letter, and two more. */
const KEYS = [
  'alarmTopicArn',
  'approvers',
  'architecture',
  'configurationSet',
  'deploymentName',
  'eventBusName',
  'formerSigningKeyArns',
  'logLevel',
  'logRetentionDays',
  'notificationTopic',
  'pipelineRegion',
  'quorum',
  'replyTo',
  'sender',
  'senderIdentity',
  'senderName',
  'sesSandbox',
  'signingKeyArn',
  'throttleBurst',
  'throttleRate',
  // Zips with a `bootstrap` that were built already. Without them cargo-lambda builds.
  'callbackZip',
  'notifierZip',
] as const;

/** Reads the construct's props from the context of `scope` (`-c key=value`, or `context` in cdk.json). */
export function propsFromContext(scope: Construct): EmailApprovalsProps {
  const text = (key: (typeof KEYS)[number]): string | undefined => {
    const value: unknown = scope.node.tryGetContext(key);
    return value === undefined ? undefined : String(value);
  };
  /** Context that is empty counts as left out, as empty parameters do in the SAM template. */
  const given = <T>(key: (typeof KEYS)[number], read: (value: string) => T): T | undefined => {
    const value = text(key);
    return value === undefined || value === '' ? undefined : read(value);
  };
  const required = (key: 'approvers' | 'sender', example: string): string => {
    const value = text(key);
    if (value === undefined || value === '') throw new Error(`the context "${key}" is missing: -c ${key}='${example}'`);
    return value;
  };
  const one = <T extends string>(key: (typeof KEYS)[number], ...allowed: readonly T[]): T | undefined =>
    given(key, (value) => {
      const found = allowed.find((name) => name === value);
      if (found === undefined) throw new Error(`the context "${key}" must be one of: ${allowed.join(', ')}`);
      return found;
    });
  const number = (key: (typeof KEYS)[number]): number | undefined =>
    given(key, (value) => {
      if (!/^[0-9]+$/.test(value)) throw new Error(`the context "${key}" must be a number`);
      return Number(value);
    });

  const architecture = one('architecture', 'arm64', 'x86_64');
  return {
    approvers: required('approvers', 'Ada <ada@example.com>, ben@example.com')
      .split(',')
      .map((one) => one.trim()),
    sender: required('sender', 'approvals@example.com'),
    // The one whose empty value means something: no name, instead of the default.
    senderName: text('senderName'),
    senderIdentity: given('senderIdentity', String),
    replyTo: given('replyTo', String),
    configurationSet: given('configurationSet', String),
    sesSandbox: flag(one('sesSandbox', 'true', 'false')),
    quorum: number('quorum'),
    deploymentName: given('deploymentName', String),
    eventBus: given('eventBusName', (name) =>
      name === 'default' ? undefined : events.EventBus.fromEventBusName(scope, 'EventBus', name),
    ),
    pipelineRegion: given('pipelineRegion', String),
    notificationTopic: flag(one('notificationTopic', 'true', 'false')),
    alarmTopic: given('alarmTopicArn', (arn) => sns.Topic.fromTopicArn(scope, 'AlarmTopic', arn)),
    logRetention: number('logRetentionDays'),
    logLevel: one<LogLevel>('logLevel', 'error', 'warn', 'info', 'debug', 'trace'),
    throttleRate: number('throttleRate'),
    throttleBurst: number('throttleBurst'),
    architecture: architecture === 'x86_64' ? lambda.Architecture.X86_64 : undefined,
    signingKey: given('signingKeyArn', (arn) => kms.Key.fromKeyArn(scope, 'GivenSigningKey', arn)),
    formerSigningKeys: given('formerSigningKeyArns', (arns) =>
      arns.split(',').map((arn, index) => kms.Key.fromKeyArn(scope, `FormerSigningKey${index + 1}`, arn.trim())),
    ),
    notifierCode: given('notifierZip', (path) => lambda.Code.fromAsset(path)),
    callbackCode: given('callbackZip', (path) => lambda.Code.fromAsset(path)),
  };
}

function flag(value: 'true' | 'false' | undefined): boolean | undefined {
  return value === undefined ? undefined : value === 'true';
}
