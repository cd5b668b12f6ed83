import {
  type aws_events as events,
  aws_lambda as lambda,
  aws_logs as logs,
  type aws_sns as sns,
} from 'aws-cdk-lib';

import type { KeyUse } from './keys.js';
import type { TestEvents } from './test-events.js';

/**
 * Where the policy is, which says who may decide what. There is exactly one source, and nothing falls back from one to
 * another.
 */
export type PolicySource =
  | {
      /**
       * The people who may decide, each as `ada@example.com` or `Ada Lovelace <ada@example.com>`, with at most 1,024
       * characters in all. Together with `quorum` they are the whole policy, a setting of the notifier.
       */
      readonly approvers: readonly string[];
      /**
       * How many of the approvers must approve. A single rejection always rejects.
       * @default 1
       */
      readonly quorum?: number;
    }
  | {
      /** The policy file to deploy, into an SSM parameter that the stack owns and overwrites. */
      readonly file: string;
    }
  | {
      /** The name of an SSM parameter with the policy. It must already exist, and the stack never writes it. */
      readonly parameterName: string;
    };

/** How much the functions log. No level logs tokens, links, addresses or comments. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** Whether emails need an encrypted connection to the recipient's mail server. */
export type TlsPolicy = 'REQUIRE' | 'OPTIONAL';

/** The settings of a deployment. The defaults are those of the SAM template's parameters. */
export interface EmailApprovalsProps {
  /** Where the policy is, which says who may decide what. */
  readonly policy: PolicySource;
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
   * The SES identity to send with, an address or a domain. Set it when SES has verified a parent domain.
   * @default - the sender's address or its domain, whichever SES has verified
   */
  readonly senderIdentity?: string;
  /**
   * The ARN of an SES identity of another account to send with, in the region that SES sends from. Its owner must
   * authorize this account to send.
   * @default - an identity of this account
   */
  readonly senderIdentityArn?: string;
  /**
   * The address that replies to the emails go to.
   * @default - the sender
   */
  readonly replyTo?: string;
  /**
   * How the stack's own configuration set delivers to a mail server that offers no TLS: not at all, or in plain text.
   * @default 'REQUIRE'
   */
  readonly tlsPolicy?: TlsPolicy;
  /**
   * An SES configuration set to send with that already exists. It must not track opens or clicks, because that rewrites
   * links, and must send its events to EventBridge.
   * @default - the stack makes one
   */
  readonly configurationSet?: string;
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
  readonly origins?: readonly string[];
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
  readonly pipelineRegions?: readonly string[];
  /**
   * How many days CodePipeline waits for an answer where an approval action does not say. It is a quota of the account:
   * change this where AWS has raised that.
   * @default 7
   */
  readonly approvalTimeoutDays?: number;
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
  readonly memberAccounts?: readonly string[];
  /**
   * The name of an SSM parameter with those accounts, instead of `memberAccounts`: their ids, separated by commas or line
   * breaks. It must already exist, and `organizationId` must say who may send events.
   * @default - none
   */
  readonly memberAccountsParameter?: string;
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
   * The ARN of the event bus, of this or another account or region, that Countersign's own events are forwarded to: who
   * is asked, votes, ends, and emails that did not arrive. It must not be the default bus of this account and region,
   * where they are already. See docs/events.md.
   * @default - they are not forwarded
   */
  readonly forwardBusArn?: string;
  /**
   * Whether the doctor may put test events on the event buses of accounts that are served, where their rules forward them
   * as they forward approval events. It must be the same in the hub's stack and in those of members.
   * @default 'disabled'
   */
  readonly testEvents?: TestEvents;
  /**
   * The topic that alarms are sent to.
   * @default - alarms only show in CloudWatch
   */
  readonly alarmTopic?: sns.ITopic;
  /**
   * How long logs are kept.
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;
  /**
   * How much the functions log.
   * @default 'info'
   */
  readonly logLevel?: LogLevel;
  /**
   * How many requests per second the API answers. Above that, API Gateway answers 429.
   * @default 20
   */
  readonly throttleRate?: number;
  /**
   * How many requests the API answers at once. Mail scanners open all links of an email together.
   * @default 40
   */
  readonly throttleBurst?: number;
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
   * What each of up to four keys does that requests and links are signed with. Exactly one signs; others are trusted
   * besides it, or do not exist. Rotate in steps: `['signs', 'trusted']`, `['trusted', 'signs']`, `['none', 'signs']`.
   * See "Rotate a key" in docs/operations.md.
   * @default ['signs']
   */
  readonly requestKeys?: readonly KeyUse[];
  /**
   * What each of up to four keys does that votes are signed with, as in `requestKeys`. But keep every key trusted,
   * because the votes of a key that is not no longer count. See "Rotate a key" in docs/operations.md.
   * @default ['signs']
   */
  readonly voteKeys?: readonly KeyUse[];
  /**
   * The notifier's code, if it is built already.
   * @default - cargo-lambda builds it from this repository
   */
  readonly notifierCode?: lambda.Code;
  /**
   * The callback's code, if it is built already.
   * @default - cargo-lambda builds it from this repository
   */
  readonly callbackCode?: lambda.Code;
}

const DEFAULTS = {
  approvalTimeoutDays: 7,
  architecture: lambda.Architecture.ARM_64,
  deploymentName: 'countersign',
  logLevel: 'info',
  logRetention: logs.RetentionDays.THREE_MONTHS,
  memberAccounts: [],
  notificationTopic: false,
  notifierConcurrency: 30,
  origins: [],
  pipelineRegions: [],
  requestKeys: ['signs'],
  senderName: 'Countersign',
  serveOwnAccount: true,
  sesSandbox: false,
  sweepConcurrency: 10,
  sweepPace: 5,
  testEvents: 'disabled',
  throttleBurst: 40,
  throttleRate: 20,
  tlsPolicy: 'REQUIRE',
  voteKeys: ['signs'],
} as const;

/** The props with their defaults filled in. */
export type Settings = EmailApprovalsProps &
  Required<Pick<EmailApprovalsProps, keyof typeof DEFAULTS | 'memberRolePrefix'>>;

/** Fills in the defaults. A prop that is `undefined` counts as left out. */
export function withDefaults(props: EmailApprovalsProps): Settings {
  const given = Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined));
  const settings = { ...DEFAULTS, ...(given as unknown as EmailApprovalsProps) };
  return { ...settings, memberRolePrefix: settings.memberRolePrefix ?? settings.deploymentName };
}
