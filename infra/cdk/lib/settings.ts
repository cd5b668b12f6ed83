import {
  ArnFormat,
  type aws_apigatewayv2 as apigatewayv2,
  type aws_ec2 as ec2,
  Duration,
  type aws_events as events,
  type aws_iam as iam,
  type aws_kms as kms,
  aws_lambda as lambda,
  aws_logs as logs,
  aws_ses as ses,
  type aws_sns as sns,
  type aws_ssm as ssm,
  Stack,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { DomainOptions } from './domain.js';
import { KeyUse } from './keys.js';
import type { Policy } from './policy.js';

/** How much the functions log. No level logs tokens, links, addresses or comments. */
export enum LogLevel {
  /** Failures only. */
  ERROR = 'error',
  /** Also what is wrong and was worked around. */
  WARN = 'warn',
  /** Also what was done. */
  INFO = 'info',
  /** Also how it was done. */
  DEBUG = 'debug',
  /** Everything. */
  TRACE = 'trace',
}

/** The settings of a deployment. The defaults are those of the SAM template's parameters. */
export interface EmailApprovalsProps {
  /** Where the policy is, which says who may decide what. */
  readonly policy: Policy;
  /**
   * The From address of the emails, without a name. SES must have verified it, or its domain, in the region that it
   * sends from.
   */
  readonly sender: string;
  /**
   * The display name of the sender; empty for no name.
   * @default 'Countersign'
   */
  readonly senderName?: string;
  /**
   * The SES identity to send with, an address or a domain. Set it when SES has verified a parent domain, or to send with
   * an identity of another account, whose owner must authorize this account to send: `EmailIdentity.fromEmailIdentityArn`
   * with its ARN in the region that SES sends from. For one of this account, use `EmailIdentity.fromEmailIdentityName`.
   * @default - the sender's address or its domain, whichever SES has verified
   */
  readonly senderIdentity?: ses.IEmailIdentity;
  /**
   * The address that replies to the emails go to.
   * @default - the sender
   */
  readonly replyTo?: string;
  /**
   * How the stack's own configuration set delivers to a mail server that offers no TLS: not at all, or in plain text.
   * @default ConfigurationSetTlsPolicy.REQUIRE
   */
  readonly tlsPolicy?: ses.ConfigurationSetTlsPolicy;
  /**
   * An SES configuration set to send with that already exists. It must not track opens or clicks, because that rewrites
   * links, and must send its events to EventBridge.
   * @default - the stack makes one
   */
  readonly configurationSet?: ses.IConfigurationSet;
  /**
   * Another region for SES to send from. It needs a `configurationSet` there, which infra/ses/template.yaml makes.
   * @default - this region
   */
  readonly sesRegion?: string;
  /**
   * Whether this account is in the SES sandbox. There, SES also checks permissions on the recipients' identities, so
   * the notifier may use all identities of the account, but still only the sender as From address.
   * @default false
   */
  readonly sesSandbox?: boolean;
  /**
   * The name of this deployment, unique in account and region. It is part of links and metrics, and of the names of the
   * functions, their roles, the keys' aliases and the stack's SES configuration set.
   * @default 'countersign'
   */
  readonly deploymentName?: string;
  /**
   * Where links work, if you put a domain of your own before the API: origins such as `https://approve.example.com`.
   * New links are made for the first; keep the previous one, or the API's own endpoint, after it until its links have
   * expired.
   * @default - the API's own endpoint
   */
  readonly origins?: string[];
  /**
   * The event bus that CodePipeline's events arrive on.
   * @default - the account's default bus
   */
  readonly eventBus?: events.IEventBus;
  /**
   * The regions that the hourly sweep looks through in each account that is served. Events are taken from any region;
   * `Member` forwards them.
   * @default - this region
   */
  readonly pipelineRegions?: string[];
  /**
   * How the names of the pipelines begin that are served. Rules forward events of no others, and the two roles can neither
   * read nor decide in others. It must be the same in the hub's stack and in those of members.
   * @default - all pipelines
   */
  readonly pipelineNamePrefix?: string;
  /**
   * How long CodePipeline waits for an answer where an approval action does not say, in whole days. It is a quota of the
   * account: change this where AWS has raised that.
   * @default Duration.days(7)
   */
  readonly approvalTimeout?: Duration;
  /**
   * Whether to create an SNS topic for approval actions that publish their own notice (`NotificationArn`), and for
   * notification rules. Most pipelines only need the event rule.
   * @default false
   */
  readonly notificationTopic?: boolean;
  /**
   * Other accounts whose pipelines are served, at most 100. Each needs a stack with a `Member`.
   * @default - none
   */
  readonly memberAccounts?: string[];
  /**
   * An SSM parameter with those accounts, instead of `memberAccounts`: their ids, separated by commas or line breaks.
   * `organizationId` must say who may send events.
   * @default - none
   */
  readonly memberAccountsParameter?: ssm.IParameter;
  /**
   * The organization whose accounts may send events about approvals to this stack. It admits events and nothing more;
   * `memberAccounts` or `memberAccountsParameter` says which accounts are served.
   * @default - only `memberAccounts` may send them
   */
  readonly organizationId?: string;
  /**
   * Whether the pipelines of this account are served too, with two roles that this stack makes.
   * @default true
   */
  readonly serveOwnAccount?: boolean;
  /**
   * How the names of the two roles begin that the functions assume in each account that is served: PREFIX-read and
   * PREFIX-decide. The names of roles are unique in an account, whatever the region. So deployments of one name that
   * serve the same account need different prefixes.
   * @default - the name of this deployment
   */
  readonly memberRolePrefix?: string;
  /**
   * The event bus, of this or another account or region, that Countersign's own events are forwarded to: who is asked,
   * votes, ends, and emails that did not arrive. It must not be the default bus of this account and region, where they
   * are already. See docs/events.md.
   * @default - they are not forwarded
   */
  readonly forwardBus?: events.IEventBus;
  /**
   * Whether the doctor may put test events on the event buses of accounts that are served, where their rules forward them
   * as they forward approval events. It must be the same in the hub's stack and in those of members.
   * @default false
   */
  readonly testEvents?: boolean;
  /**
   * The topic that alarms are sent to.
   * @default - alarms only show in CloudWatch
   */
  readonly alarmTopic?: sns.ITopic;
  /**
   * Whether `alarmTopic` is also told when an alarm is over.
   * @default false
   */
  readonly okActions?: boolean;
  /**
   * Whether to make a CloudWatch dashboard: what was asked and decided, how long that takes, emails that did not arrive,
   * refusals and errors.
   * @default false
   */
  readonly dashboard?: boolean;
  /**
   * How long logs are kept.
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;
  /**
   * How much the functions log.
   * @default LogLevel.INFO
   */
  readonly logLevel?: LogLevel;
  /**
   * How long the ledger keeps what it has of an approval after that has expired, in whole days. A change counts for what is
   * asked from then on.
   * @default Duration.days(365)
   */
  readonly recordRetention?: Duration;
  /**
   * Whether DynamoDB refuses to delete the ledger's table. Turn it on once the stack is there: a first deployment that
   * fails could not delete the table again.
   * @default false
   */
  readonly deletionProtection?: boolean;
  /**
   * How many requests the API answers: per second, and at once. Above that, API Gateway answers 429. Mail scanners open
   * all links of an email together.
   * @default - a rate limit of 20 and a burst limit of 40
   */
  readonly throttle?: apigatewayv2.ThrottleSettings;
  /**
   * How many events the notifier handles at once: what whoever can send events can make it cost. The rest wait. It must
   * be greater than `sweepConcurrency` + 2, because the sweep and events about emails take that much of it. It is taken
   * from what the account has for all functions, of which Lambda leaves 100 to the others; 0 reserves nothing.
   * @default 30
   */
  readonly notifierConcurrency?: number;
  /**
   * How many accounts and regions the hourly sweep looks through at once.
   * @default 10
   */
  readonly sweepConcurrency?: number;
  /**
   * How many calls per second the hourly sweep makes to CodePipeline in each account and region, after a first burst. AWS
   * does not say how many an account may make, and others need some of them.
   * @default 5
   */
  readonly sweepPace?: number;
  /**
   * The processor architecture that the functions are built for.
   * @default Architecture.ARM_64
   */
  readonly architecture?: lambda.Architecture;
  /**
   * The policy that bounds the permissions of every role. It must allow what the roles need.
   * @default - none
   */
  readonly permissionsBoundary?: iam.IManagedPolicy;
  /**
   * The path of every role, such as `/delivery/`. It must be the same in the hub's stack and in those of members. A
   * deployment cannot change it.
   * @default '/'
   */
  readonly rolePath?: string;
  /**
   * A domain of your own for the API. Links are made for it, unless `origins` names others, and the API's own endpoint is
   * turned off, at once.
   * @default - the API's own endpoint
   */
  readonly domain?: DomainOptions;
  /**
   * A VPC for both functions. Its subnets must lead to all services that they call. See docs/operations.md.
   * @default - no VPC
   */
  readonly vpc?: ec2.IVpc;
  /**
   * The subnets of `vpc` that both functions run in. They must be private.
   * @default - the private subnets
   */
  readonly vpcSubnets?: ec2.SubnetSelection;
  /**
   * The security groups of both functions in `vpc`. They must allow HTTPS out, or the way to `httpsProxy`, and nothing in.
   * @default - one for each function, which allows all out and nothing in
   */
  readonly securityGroups?: ec2.ISecurityGroup[];
  /**
   * The proxy through which both functions call AWS, and the notifier the callback, such as `http://proxy.example.com:3128`.
   * It gets no user and no password, because whoever may see a function's settings could read them.
   * @default - none
   */
  readonly httpsProxy?: string;
  /**
   * What the functions call without `httpsProxy`: hosts, or domains with all below them, as they are called and not by their
   * addresses. Name what has an endpoint in the VPC.
   * @default - nothing
   */
  readonly noProxy?: string[];
  /**
   * A layer with the file `ca-bundle.pem` at its top: every certificate authority that the functions then trust, and no
   * others. A proxy that opens TLS needs it. A layer can also bring code into the functions, so give one that only you
   * publish.
   * @default - the functions trust the authorities that SECURITY.md names
   */
  readonly caBundleLayer?: lambda.ILayerVersion;
  /**
   * A key of yours that the ledger's table is encrypted with. If the key is disabled or deleted, the ledger is lost. Its
   * policy must let the account's IAM policies allow its use, as that of a `Key` does.
   * @default - the key of AWS that the account has for DynamoDB
   */
  readonly tableKey?: kms.IKey;
  /**
   * A key of yours that the logs are encrypted with. The policy of a key that is imported must let CloudWatch Logs use it:
   * see docs/operations.md. That of a `Key` is extended.
   * @default - CloudWatch's own encryption
   */
  readonly logKey?: kms.IKey;
  /**
   * What each of up to four keys does that requests and links are signed with. Exactly one signs; others are trusted
   * besides it, or do not exist. Rotate in steps: `[SIGNS, TRUSTED]`, `[TRUSTED, SIGNS]`, `[NONE, SIGNS]`. See "Rotate a
   * key" in docs/operations.md.
   * @default [KeyUse.SIGNS]
   */
  readonly requestKeys?: KeyUse[];
  /**
   * What each of up to four keys does that votes are signed with, as in `requestKeys`. But keep every key trusted,
   * because the votes of a key that is not no longer count. See "Rotate a key" in docs/operations.md.
   * @default [KeyUse.SIGNS]
   */
  readonly voteKeys?: KeyUse[];
  /**
   * The notifier's code: a zip with a `bootstrap` for `provided.al2023`, of this version and architecture.
   * @default - the one in this package
   */
  readonly notifierCode?: lambda.Code;
  /**
   * The callback's code: a zip with a `bootstrap` for `provided.al2023`, of this version and architecture.
   * @default - the one in this package
   */
  readonly callbackCode?: lambda.Code;
}

/** The defaults, in one place. What is not here has none, or one that depends on the others. */
const DEFAULTS = {
  approvalTimeout: Duration.days(7),
  architecture: lambda.Architecture.ARM_64,
  dashboard: false,
  deletionProtection: false,
  deploymentName: 'countersign',
  logLevel: LogLevel.INFO,
  logRetention: logs.RetentionDays.THREE_MONTHS,
  memberAccounts: [] as string[],
  noProxy: [] as string[],
  notificationTopic: false,
  notifierConcurrency: 30,
  okActions: false,
  origins: [] as string[],
  pipelineNamePrefix: '',
  pipelineRegions: [] as string[],
  recordRetention: Duration.days(365),
  requestKeys: [KeyUse.SIGNS],
  rolePath: '/',
  senderName: 'Countersign',
  serveOwnAccount: true,
  sesSandbox: false,
  sweepConcurrency: 10,
  sweepPace: 5,
  testEvents: false,
  tlsPolicy: ses.ConfigurationSetTlsPolicy.REQUIRE,
  voteKeys: [KeyUse.SIGNS],
};
const DEFAULT_THROTTLE = { rateLimit: 20, burstLimit: 40 };

/** The props with their defaults filled in. Of what others own, it has what the construct needs. */
export type Settings = Omit<EmailApprovalsProps, keyof Resolved> &
  Required<Pick<EmailApprovalsProps, Exclude<keyof typeof DEFAULTS, keyof Resolved>>> &
  Resolved;

interface Resolved {
  readonly configurationSet: string | undefined;
  readonly forwardBusArn: string | undefined;
  readonly memberRolePrefix: string;
  readonly permissionsBoundary: iam.IManagedPolicy | undefined;
  /** The name of an identity of this account. */
  readonly senderIdentity: string | undefined;
  /** The ARN of an identity of another account. */
  readonly senderIdentityArn: string | undefined;
  readonly throttle: Required<apigatewayv2.ThrottleSettings>;
}

/** Fills in the defaults. A prop that is `undefined` counts as left out. */
export function withDefaults(scope: Construct, props: EmailApprovalsProps): Settings {
  const settings = { ...DEFAULTS, ...given(props) };
  return {
    ...settings,
    configurationSet: props.configurationSet?.configurationSetName,
    forwardBusArn: props.forwardBus?.eventBusArn,
    memberRolePrefix: props.memberRolePrefix ?? settings.deploymentName,
    permissionsBoundary: props.permissionsBoundary,
    throttle: { ...DEFAULT_THROTTLE, ...given(props.throttle ?? {}) },
    ...identity(scope, props.senderIdentity),
  };
}

function given<T extends object>(props: T): T {
  return Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined)) as T;
}

/**
 * An identity of this account by its name, since SES may send from another region than the stack's; one of another
 * account by its ARN, which the notifier then has to name to SES.
 */
function identity(scope: Construct, given: ses.IEmailIdentity | undefined) {
  if (given === undefined) return { senderIdentity: undefined, senderIdentityArn: undefined };
  const stack = Stack.of(scope);
  const { account } = stack.splitArn(given.emailIdentityArn, ArnFormat.SLASH_RESOURCE_NAME);
  return account === stack.account
    ? { senderIdentity: given.emailIdentityName, senderIdentityArn: undefined }
    : { senderIdentity: undefined, senderIdentityArn: given.emailIdentityArn };
}
