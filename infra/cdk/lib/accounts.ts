import { aws_iam as iam, Stack } from 'aws-cdk-lib';

import type { Settings } from './settings.js';

/** The settings that tell a function which accounts are served. */
export function accountSettings(role: iam.Role, settings: Settings): Record<string, string> {
  return {
    COUNTERSIGN_ACCOUNTS: [
      ...(settings.serveOwnAccount ? [Stack.of(role).account] : []),
      ...settings.memberAccounts,
    ].join(','),
    ...(settings.memberAccountsParameter && { COUNTERSIGN_ACCOUNTS_PARAMETER: settings.memberAccountsParameter }),
  };
}

/** Lets a function read the rest of the list, if there is a parameter with it. */
export function allowReadingAccounts(role: iam.Role, { memberAccountsParameter }: Settings): void {
  if (memberAccountsParameter === undefined) return;
  // A name with its leading slash.
  const arn = Stack.of(role).formatArn({ service: 'ssm', resource: `parameter${memberAccountsParameter}` });
  role.addToPolicy(new iam.PolicyStatement({ sid: 'ReadAccounts', actions: ['ssm:GetParameter'], resources: [arn] }));
}
