import { Token } from 'aws-cdk-lib';

import type { Settings } from './settings.js';

const ADDRESS = '[^<>,@\\s"]+@[^<>,@\\s"]+\\.[^<>,@\\s"]+';

/** A character of an approver's name, and one of either part of the address. The policy quotes both with `"`. */
const NAME = '[^<>,@"\\\\\\x00-\\x1f\\x7f]';
const WORD = '[^<>,@\\s"\\\\\\x00-\\x1f\\x7f]';

/** Throws if a setting breaks a constraint that the SAM template puts on its parameter. */
export function validate(settings: Settings): void {
  const fail = (name: keyof Settings, value: unknown, expected: string): never => {
    throw new Error(`${name} is ${JSON.stringify(value)}, but must be ${expected}`);
  };
  const matches = (name: keyof Settings, value: string | undefined, pattern: string, expected: string): void => {
    if (value === undefined || Token.isUnresolved(value)) return;
    if (!new RegExp(`^(?:${pattern})$`).test(value)) fail(name, value, expected);
  };
  const between = (name: keyof Settings, value: number, least: number, most: number): void => {
    if (Token.isUnresolved(value)) return;
    if (!Number.isInteger(value) || value < least || value > most) {
      fail(name, value, `a number from ${least} to ${most}`);
    }
  };
  if (settings.approvers.length === 0) fail('approvers', settings.approvers, 'at least one email address');
  for (const approver of settings.approvers) {
    matches(
      'approvers',
      approver,
      `${NAME}*<${WORD}+@${WORD}+>|${WORD}+@${WORD}+`,
      [
        'email addresses, each as ada@example.com or Ada Lovelace <ada@example.com>. A name cannot contain a comma,',
        'double quote, backslash or control character',
      ].join(' '),
    );
  }
  between('quorum', settings.quorum, 1, 255);
  if (!Token.isUnresolved(settings.quorum) && settings.quorum > settings.approvers.length) {
    fail('quorum', settings.quorum, `at most the number of approvers, ${settings.approvers.length}`);
  }
  matches(
    'sender',
    settings.sender,
    ADDRESS,
    'one address such as approvals@example.com, without a name; the name goes into senderName',
  );
  matches(
    'senderName',
    settings.senderName,
    '[^<>,"\\x00-\\x1f\\x7f]{0,200}',
    'one line of at most 200 characters without commas, double quotes and angle brackets',
  );
  matches(
    'senderIdentity',
    settings.senderIdentity,
    '([^<>,@\\s"/*]+@)?[A-Za-z0-9.-]+\\.[A-Za-z0-9-]+',
    'a verified identity such as example.com or approvals@example.com',
  );
  matches('replyTo', settings.replyTo, ADDRESS, 'one address such as releases@example.com, without a name');
  matches(
    'configurationSet',
    settings.configurationSet,
    '[A-Za-z0-9_-]{1,64}',
    'the name of a configuration set (letters, digits, "_" and "-")',
  );
  matches(
    'deploymentName',
    settings.deploymentName,
    '(?!aws|ssm)[a-z]([a-z0-9-]{0,38}[a-z0-9])?',
    [
      '1 to 40 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen. Systems',
      'Manager reserves names that start with "aws" or "ssm"',
    ].join(' '),
  );
  matches(
    'pipelineRegion',
    settings.pipelineRegion,
    '\\*|[a-z]{2}(-[a-z]+)+-[0-9]',
    'a region such as eu-central-1, or "*"',
  );
  between('throttleRate', settings.throttleRate, 1, 10_000);
  between('throttleBurst', settings.throttleBurst, 1, 5_000);
}
