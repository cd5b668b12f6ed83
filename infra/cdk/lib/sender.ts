import { Fn, Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Settings } from './settings.js';

/** The ARNs that SES checks when the notifier sends: the identity's, and the configuration set's. */
export function sendingArns(scope: Construct, settings: Settings, configurationSet: string): string[] {
  return [
    ...(settings.senderIdentityArn ? [settings.senderIdentityArn] : ownIdentityArns(scope, settings)),
    ...(settings.sesSandbox ? [allIdentities(scope, settings)] : []),
    configurationSetArn(scope, settings, configurationSet),
  ];
}

/** The ARN of all identities of this account in the region that SES sends from. */
export function allIdentities(scope: Construct, settings: Settings): string {
  return sesArn(scope, settings, 'identity', '*');
}

/** The ARN of a configuration set in the region that SES sends from. */
export function configurationSetArn(scope: Construct, settings: Settings, name: string): string {
  return sesArn(scope, settings, 'configuration-set', name);
}

/** The region that SES sends from. */
export function sesRegion(scope: Construct, settings: Settings): string {
  return settings.sesRegion ?? Stack.of(scope).region;
}

function ownIdentityArns(scope: Construct, { sender, senderIdentity, ...settings }: Settings): string[] {
  const domain = Token.isUnresolved(sender)
    ? Fn.select(1, Fn.split('@', sender))
    : sender.slice(sender.indexOf('@') + 1);
  return (senderIdentity ? [senderIdentity] : [sender, domain]).map((identity) =>
    sesArn(scope, settings, 'identity', identity),
  );
}

function sesArn(scope: Construct, settings: Pick<Settings, 'sesRegion'>, resource: string, resourceName: string) {
  const region = settings.sesRegion ? { region: settings.sesRegion } : {};
  return Stack.of(scope).formatArn({ service: 'ses', resource, resourceName, ...region });
}
