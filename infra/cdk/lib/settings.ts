import {
  type aws_events as events,
  type aws_kms as kms,
  aws_lambda as lambda,
  aws_logs as logs,
  type aws_sns as sns,
} from 'aws-cdk-lib';

/** How much the functions log. No level logs tokens, links, addresses or comments. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** The settings of a deployment. The defaults are those of the SAM template's parameters. */
export interface EmailApprovalsProps {
  /**
   * The people who may decide, each as `ada@example.com` or `Ada Lovelace <ada@example.com>`. Together with `quorum`
   * they make up the first policy, an SSM parameter that you can edit afterwards. Changing either of the two later
   * overwrites those edits.
   */
  readonly approvers: readonly string[];
  /** The From address of the emails, without a name. SES must have verified it, or its domain, in this region. */
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
   * The address that replies to the emails go to.
   * @default - the sender
   */
  readonly replyTo?: string;
  /**
   * The SES configuration set to send with. It must not track clicks, because that rewrites links.
   * @default - none
   */
  readonly configurationSet?: string;
  /**
   * Whether this account is in the SES sandbox. There, SES also checks permissions on the recipients' identities, so
   * the notifier may use all identities of the account, but still only the sender as From address.
   * @default false
   */
  readonly sesSandbox?: boolean;
  /**
   * How many of the approvers must approve, in the first policy. A single rejection always rejects.
   * @default 1
   */
  readonly quorum?: number;
  /**
   * The name of this deployment, unique in account and region. It is part of links and metrics, and of the names of the
   * functions and the policy parameter.
   * @default 'countersign'
   */
  readonly deploymentName?: string;
  /**
   * The event bus that CodePipeline's events arrive on.
   * @default - the account's default bus
   */
  readonly eventBus?: events.IEventBus;
  /**
   * The region whose pipelines Countersign serves, or `*` for all regions of this account, provided that rules there
   * forward their events to `eventBus`.
   * @default - this region
   */
  readonly pipelineRegion?: string;
  /**
   * Whether to create an SNS topic for approval actions that publish their own notice (`NotificationArn`), and for
   * notification rules. Most pipelines only need the event rule.
   * @default false
   */
  readonly notificationTopic?: boolean;
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
   * The processor architecture that the functions are built for.
   * @default Architecture.ARM_64
   */
  readonly architecture?: lambda.Architecture;
  /**
   * A KMS key of your own to sign links with (`ECC_NIST_EDWARDS25519`, `SIGN_VERIFY`). When you change it, add the
   * previous one to `formerSigningKeys`.
   * @default - a key that this construct creates
   */
  readonly signingKey?: kms.IKey;
  /**
   * Keys whose links are still accepted. A link is valid for at most 60 days, so keep a key here for that long.
   * @default - none
   */
  readonly formerSigningKeys?: readonly kms.IKey[];
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
  architecture: lambda.Architecture.ARM_64,
  deploymentName: 'countersign',
  formerSigningKeys: [],
  logLevel: 'info',
  logRetention: logs.RetentionDays.THREE_MONTHS,
  notificationTopic: false,
  quorum: 1,
  senderName: 'Countersign',
  sesSandbox: false,
  throttleBurst: 40,
  throttleRate: 20,
} as const;

/** The props with their defaults filled in. */
export type Settings = EmailApprovalsProps & Required<Pick<EmailApprovalsProps, keyof typeof DEFAULTS>>;

/** Fills in the defaults. A prop that is `undefined` counts as left out. */
export function withDefaults(props: EmailApprovalsProps): Settings {
  const given = Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined));
  return { ...DEFAULTS, ...(given as unknown as EmailApprovalsProps) };
}
