import { Token } from 'aws-cdk-lib';

import { between, fail, matches } from './checks.js';

/** A character of an approver's name, and one of either part of the address. The policy quotes both with `"`. */
const NAME = '[^<>,@"\\\\\\x00-\\x1f\\x7f]';
const WORD = '[^<>,@\\s"\\\\\\x00-\\x1f\\x7f]';

/** Lambda allows 4 KB for all settings of a function together, and the policy is one of them. */
const MOST_CHARACTERS_OF_APPROVERS = 1024;

/** Throws if a parameter with the policy cannot have this name. */
export function validatePolicyParameter(name: string): void {
  matches(
    'policyParameterName',
    name,
    '(?!/[a-z0-9-]+/policy$)(/[A-Za-z0-9_.-]+)+',
    [
      'a name with a leading slash, such as /countersign/approval-policy. It cannot be /countersign/policy, nor that',
      'of another deployment: versions before 0.1.0 gave their parameter such a name, and an update from one would',
      'delete the parameter',
    ].join(' '),
  );
}

/** Throws if a policy of approvers breaks a constraint that the SAM template puts on its parameters. */
export function validateApprovers(approvers: string[], quorum: number): void {
  if (approvers.length === 0) fail('approvers', approvers, 'at least one email address');
  for (const approver of approvers) {
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
  if (approvers.join(',').length > MOST_CHARACTERS_OF_APPROVERS) {
    fail('approvers', approvers, `at most ${MOST_CHARACTERS_OF_APPROVERS} characters; more fit into a policy file`);
  }
  between('quorum', quorum, 1, 255);
  if (!Token.isUnresolved(quorum) && quorum > approvers.length) {
    fail('quorum', quorum, `at most the number of approvers, ${approvers.length}`);
  }
}
