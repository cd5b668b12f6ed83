import { Token } from 'aws-cdk-lib';

import type { Settings } from './settings.js';

const ADDRESS = '[^<>,@\\s"]+@[^<>,@\\s"]+\\.[^<>,@\\s"]+';

/** A character of an approver's name, and one of the two parts of the address. */
const NAME = '[^<>,@"\\\\\\x00-\\x1f\\x7f]';
const WORD = '[^<>,@\\s"\\\\\\x00-\\x1f\\x7f]';

/** Throws when a setting cannot be meant, with the words of the SAM template's constraints. */
export function check(settings: Settings): void {
  const fits = (name: keyof Settings, value: string | undefined, pattern: string, must: string): void => {
    if (value === undefined || Token.isUnresolved(value)) return;
    if (!new RegExp(`^(?:${pattern})$`).test(value)) throw new Error(`${name} must be ${must}`);
  };
  const between = (name: keyof Settings, value: number, least: number, most: number): void => {
    if (Token.isUnresolved(value)) return;
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new Error(`${name} must be a number from ${least} to ${most}`);
    }
  };
  if (settings.approvers.length === 0) throw new Error('approvers must name somebody');
  for (const approver of settings.approvers) {
    fits(
      'approvers',
      approver,
      // The policy holds it between double quotes.
      `${NAME}*<${WORD}+@${WORD}+>|${WORD}+@${WORD}+`,
      [
        'addresses, each as ada@example.com or Ada Lovelace <ada@example.com>. A name holds no comma, no double quote,',
        'no backslash and no control character',
      ].join(' '),
    );
  }
  between('quorum', settings.quorum, 1, Math.min(settings.approvers.length, 255));
  fits(
    'sender',
    settings.sender,
    ADDRESS,
    'one address such as approvals@example.com, without a name. The name is senderName',
  );
  fits(
    'senderName',
    settings.senderName,
    '[^<>,"\\x00-\\x1f\\x7f]{0,200}',
    'one line without commas, quotes and angle brackets',
  );
  fits(
    'senderIdentity',
    settings.senderIdentity,
    '([^<>,@\\s"/*]+@)?[A-Za-z0-9.-]+\\.[A-Za-z0-9-]+',
    'a verified identity such as example.com or approvals@example.com',
  );
  fits('replyTo', settings.replyTo, ADDRESS, 'one address such as releases@example.com, without a name');
  fits(
    'configurationSet',
    settings.configurationSet,
    '[A-Za-z0-9_-]{1,64}',
    'the name of a configuration set (letters, digits, "_" and "-")',
  );
  fits(
    'deploymentName',
    settings.deploymentName,
    '(?!aws|ssm)[a-z]([a-z0-9-]{0,38}[a-z0-9])?',
    [
      '1 to 40 lower-case letters, digits and hyphens, first a letter, last no hyphen. It must not begin with "aws" or',
      '"ssm", which Systems Manager keeps for itself',
    ].join(' '),
  );
  fits(
    'pipelineRegion',
    settings.pipelineRegion,
    '\\*|[a-z]{2}(-[a-z]+)+-[0-9]',
    'a region such as eu-central-1, or "*"',
  );
  between('throttleRate', settings.throttleRate, 1, 10_000);
  between('throttleBurst', settings.throttleBurst, 1, 5_000);
}
