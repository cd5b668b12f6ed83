import { Token } from 'aws-cdk-lib';

import { between, fail, matches } from './checks.js';
import { KeyUse, MOST_KEYS } from './keys.js';
import type { MemberSettings } from './member-settings.js';
import type { Settings } from './settings.js';

const REGION = '[a-z]{2,4}(-[a-z]+)+-[0-9]';

const BUS_ARN = `arn:[a-z-]+:events:${REGION}:[0-9]{12}:event-bus/[A-Za-z0-9._/-]{1,256}`;

/** The name of an SES identity: an address or a domain. */
const IDENTITY = '([^<>,@\\s"/*]+@)?[a-z0-9.-]+\\.[a-z0-9-]+';

const ADDRESS = '[^<>,@\\s"]+@[^<>,@\\s"]+\\.[^<>,@\\s"]+';

/** SES compares domains without case, but IAM compares the ARN of the identity with it. */
const SENDER = '[^<>,@\\s"]+@[^<>,@\\s"A-Z]+\\.[^<>,@\\s"A-Z]+';

const MOST_CHARACTERS_OF_REGIONS = 512;
const MOST_CHARACTERS_OF_NO_PROXY = 256;
const MOST_MEMBER_ACCOUNTS = 100;
const MOST_CHARACTERS_OF_PATH = 128;

const DOMAIN_LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';

/** What Lambda lets the queue of events about emails take of the notifier. */
const CONCURRENCY_OF_EMAIL_EVENTS = 2;

/**
 * Throws if a setting of a deployment in this account breaks a constraint that the SAM template puts on its parameter,
 * or one that a template cannot state.
 */
export function validate(settings: Settings, account: string): void {
  validateKeys('requestKeys', settings.requestKeys);
  validateKeys('voteKeys', settings.voteKeys);
  for (const origin of settings.origins) {
    matches(
      'origins',
      origin,
      'https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?',
      'https origins in lower case, without a path or a slash at the end',
    );
  }
  matches(
    'sender',
    settings.sender,
    SENDER,
    'one address such as approvals@example.com, its domain in lower case, without a name; that goes into senderName',
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
    IDENTITY,
    'a verified identity such as example.com or approvals@example.com',
  );
  matches(
    'senderIdentity',
    settings.senderIdentityArn,
    `arn:[a-z-]+:ses:[a-z0-9-]+:[0-9]{12}:identity/${IDENTITY}`,
    'the ARN of an identity, such as arn:aws:ses:eu-west-1:123456789012:identity/example.com',
  );
  matches('replyTo', settings.replyTo, ADDRESS, 'one address such as releases@example.com, without a name');
  matches(
    'configurationSet',
    settings.configurationSet,
    '[A-Za-z0-9_-]{1,64}',
    'the name of a configuration set (letters, digits, "_" and "-")',
  );
  matches('sesRegion', settings.sesRegion, REGION, 'a region such as eu-central-1');
  if (settings.sesRegion !== undefined && settings.configurationSet === undefined) {
    fail(
      'sesRegion',
      settings.sesRegion,
      'left out, unless configurationSet names a set in that region, as infra/ses/template.yaml makes one',
    );
  }
  validateDeploymentName(settings.deploymentName);
  for (const region of settings.pipelineRegions) {
    matches('pipelineRegions', region, REGION, 'regions such as eu-central-1');
  }
  if (settings.pipelineRegions.join(',').length > MOST_CHARACTERS_OF_REGIONS) {
    fail('pipelineRegions', settings.pipelineRegions, `at most ${MOST_CHARACTERS_OF_REGIONS} characters`);
  }
  validateMemberAccounts(settings, account);
  validateOrganization(settings.organizationId);
  validateRolePrefix('memberRolePrefix', settings.memberRolePrefix);
  validatePipelineNamePrefix(settings.pipelineNamePrefix);
  validateRolePath(settings.rolePath);
  matches('forwardBus', settings.forwardBusArn, BUS_ARN, 'the ARN of an event bus');
  between('throttle.rateLimit', settings.throttle.rateLimit, 1, 10_000);
  between('throttle.burstLimit', settings.throttle.burstLimit, 1, 5_000);
  between('approvalTimeout, in days,', settings.approvalTimeout.toDays({ integral: false }), 1, 60);
  between('recordRetention, in days,', settings.recordRetention.toDays({ integral: false }), 30, 3_653);
  if (settings.okActions && settings.alarmTopic === undefined) {
    fail('okActions', settings.okActions, 'false, unless alarmTopic says where to');
  }
  between('sweepConcurrency', settings.sweepConcurrency, 2, 1_000);
  between('sweepPace', settings.sweepPace, 1, 20);
  validateNotifierConcurrency(settings);
  validateDomain(settings);
  validateNetwork(settings);
}

/** Throws if a setting breaks a constraint that infra/member/template.yaml puts on its parameter. */
export function validateMember(settings: MemberSettings): void {
  matches(
    'hubBusArn',
    settings.hubBusArn,
    BUS_ARN,
    'the ARN of an event bus, such as arn:aws:events:eu-west-1:123456789012:event-bus/countersign-members',
  );
  matches('homeRegion', settings.homeRegion, REGION, 'a region such as eu-central-1');
  validateDeploymentName(settings.deploymentName);
  validateRolePrefix('rolePrefix', settings.rolePrefix);
  validatePipelineNamePrefix(settings.pipelineNamePrefix);
  validateRolePath(settings.rolePath);
  validateOrganization(settings.organizationId);
}

function validateDeploymentName(name: string): void {
  matches(
    'deploymentName',
    name,
    '(?!aws|ssm)[a-z]([a-z0-9-]{0,38}[a-z0-9])?',
    [
      '1 to 40 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen. Systems',
      'Manager reserves names that start with "aws" or "ssm"',
    ].join(' '),
  );
}

function validateRolePrefix(name: string, prefix: string): void {
  // IAM allows 64 characters, with "-decide".
  matches(name, prefix, '[A-Za-z0-9_+=,.@-]{1,57}', 'at most 57 letters, digits and characters from "_+=,.@-"');
}

function validatePipelineNamePrefix(prefix: string): void {
  matches(
    'pipelineNamePrefix',
    prefix,
    '[A-Za-z0-9.@_-]{0,80}',
    'the beginning of a pipeline\'s name (letters, digits, ".", "@", "_" and "-"), at most 80 characters',
  );
}

function validateRolePath(path: string): void {
  const expected = 'a path such as /delivery/, which begins and ends with a slash, or / alone';
  matches('rolePath', path, '/([A-Za-z0-9_+=,.@-]+/)*', expected);
  if (path.length > MOST_CHARACTERS_OF_PATH) fail('rolePath', path, `at most ${MOST_CHARACTERS_OF_PATH} characters`);
}

function validateOrganization(id: string | undefined): void {
  matches('organizationId', id, 'o-[a-z0-9]{10,32}', 'the id of an organization, such as o-a1b2c3d4e5');
}

function validateMemberAccounts(settings: Settings, account: string): void {
  const { memberAccounts, memberAccountsParameter, organizationId, serveOwnAccount } = settings;
  matches(
    'memberAccountsParameter',
    memberAccountsParameter?.parameterName,
    '(/[A-Za-z0-9_.-]+)+',
    'a name with a leading slash, such as /countersign/member-accounts',
  );
  if (memberAccountsParameter !== undefined && memberAccounts.length > 0) {
    fail('memberAccounts', memberAccounts, 'left out, because memberAccountsParameter names the list');
  }
  if (memberAccountsParameter !== undefined && organizationId === undefined) {
    fail(
      'memberAccountsParameter',
      memberAccountsParameter.parameterName,
      'left out, unless organizationId says whose accounts may send events: the stack does not read the list',
    );
  }
  for (const member of memberAccounts) {
    matches('memberAccounts', member, '[0-9]{12}', 'account ids of 12 digits');
  }
  if (memberAccounts.length > MOST_MEMBER_ACCOUNTS) {
    fail('memberAccounts', memberAccounts, `at most ${MOST_MEMBER_ACCOUNTS} accounts`);
  }
  const served = [...(serveOwnAccount ? [account] : []), ...memberAccounts];
  if (new Set(served).size < served.length) {
    fail('memberAccounts', memberAccounts, 'other accounts than this one, each named once');
  }
  if (served.length === 0 && memberAccountsParameter === undefined) {
    fail(
      'serveOwnAccount',
      serveOwnAccount,
      'true, unless memberAccounts or memberAccountsParameter names the accounts that are served',
    );
  }
}

function validateNotifierConcurrency({ notifierConcurrency, sweepConcurrency }: Settings): void {
  if (notifierConcurrency === 0) return;
  if ([notifierConcurrency, sweepConcurrency].some(Token.isUnresolved)) return;
  const taken = sweepConcurrency + CONCURRENCY_OF_EMAIL_EVENTS;
  if (!Number.isInteger(notifierConcurrency) || notifierConcurrency <= taken || notifierConcurrency > 1_000) {
    fail(
      'notifierConcurrency',
      notifierConcurrency,
      `0, or a number from ${taken + 1} to 1000: the sweep and events about emails take ${taken} of it`,
    );
  }
}

function validateDomain({ domain }: Settings): void {
  matches(
    'domain.domainName',
    domain?.domainName,
    `(?=.{1,253}$)${DOMAIN_LABEL}(\\.${DOMAIN_LABEL})+`,
    'a domain such as approve.example.com, in lower case and without a wildcard',
  );
  matches('domain.hostedZone', domain?.hostedZone?.hostedZoneId, '[A-Z0-9]{1,32}', 'a hosted zone by its id');
}

function validateNetwork({ vpc, vpcSubnets, securityGroups, httpsProxy, noProxy }: Settings): void {
  for (const [name, value] of Object.entries({ vpcSubnets, securityGroups })) {
    if (value !== undefined && vpc === undefined) throw new Error(`${name} is given, but vpc is missing`);
  }
  matches(
    'httpsProxy',
    httpsProxy,
    '(?=.{1,262}$)http://[a-z0-9]([a-z0-9.-]*[a-z0-9])?:[0-9]{1,5}',
    'host and port in lower case, such as http://proxy.example.com:3128',
  );
  for (const host of noProxy) {
    matches('noProxy', host, '[a-z0-9.:/-]+', 'hosts, domains, addresses or networks in lower case');
  }
  if (noProxy.join(',').length > MOST_CHARACTERS_OF_NO_PROXY) {
    fail('noProxy', noProxy, `at most ${MOST_CHARACTERS_OF_NO_PROXY} characters`);
  }
  if (noProxy.length > 0 && httpsProxy === undefined) fail('noProxy', noProxy, 'left out, unless httpsProxy is given');
}

function validateKeys(name: string, uses: readonly KeyUse[]): void {
  if (uses.length > MOST_KEYS || uses.filter((use) => use === KeyUse.SIGNS).length !== 1) {
    fail(name, uses, `at most ${MOST_KEYS} words, exactly one of them signs`);
  }
}
