import { aws_iam as iam, Stack } from 'aws-cdk-lib';

import type { Settings } from './settings.js';

/** The settings that tell a function which accounts are served. */
export function accountSettings(role: iam.Role, settings: Settings): Record<string, string> {
  return {
    COUNTERSIGN_ACCOUNTS: [
      ...(settings.serveOwnAccount ? [Stack.of(role).account] : []),
      ...settings.memberAccounts,
    ].join(','),
    ...(settings.memberAccountsParameter && {
      COUNTERSIGN_ACCOUNTS_PARAMETER: settings.memberAccountsParameter.parameterName,
    }),
  };
}

/** Lets a function read the rest of the list, if there is a parameter with it. */
export function allowReadingAccounts(role: iam.Role, { memberAccountsParameter }: Settings): void {
  if (memberAccountsParameter === undefined) return;
  const resources = [memberAccountsParameter.parameterArn];
  role.addToPolicy(new iam.PolicyStatement({ sid: 'ReadAccounts', actions: ['ssm:GetParameter'], resources }));
}
