import {
  type aws_events as events,
  type aws_kms as kms,
  aws_lambda as lambda,
  aws_logs as logs,
  type aws_sns as sns,
} from 'aws-cdk-lib';

/** How much the functions log. No level logs tokens, links, addresses or comments. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** What a deployment is told. The defaults are those of the SAM template's parameters. */
export interface EmailApprovalsProps {
  /**
   * Who may decide, each `ada@example.com` or `Ada Lovelace <ada@example.com>`. With `quorum` it makes the first policy,
   * an SSM parameter that may be edited afterwards. To change either here later overwrites what was edited.
   */
  readonly approvers: readonly string[];
  /** The address that the emails are from, without a name. SES must have verified it, or its domain, in this region. */
  readonly sender: string;
  /**
   * The name beside that address; empty for none.
   * @default 'Countersign'
   */
  readonly senderName?: string;
  /**
   * The SES identity to send with, an address or a domain. Set it when SES has verified a parent domain.
   * @default - the sender's address or its own domain, whichever SES has verified
   */
  readonly senderIdentity?: string;
  /**
   * Where answers to the emails go.
   * @default - to the sender
   */
  readonly replyTo?: string;
  /**
   * The SES configuration set to send with. It must not track clicks, which rewrites links.
   * @default - none
   */
  readonly configurationSet?: string;
  /**
   * Whether this account is in the SES sandbox. There SES asks for the right to use the recipients' identities too, so
   * the notifier is allowed all identities of the account, still only with the sender as From address.
   * @default false
   */
  readonly sesSandbox?: boolean;
  /**
   * How many of the approvers must approve, in the first policy. One rejection always rejects.
   * @default 1
   */
  readonly quorum?: number;
  /**
   * The name of this deployment, unique in account and region. It is in links and metrics, and in the names of the
   * functions and of the policy's parameter.
   * @default 'countersign'
   */
  readonly deploymentName?: string;
  /**
   * The event bus that CodePipeline's events arrive on.
   * @default - the account's default bus
   */
  readonly eventBus?: events.IEventBus;
  /**
   * The region whose pipelines may be read and answered, or `*` for all regions of this account, when rules there send
   * their events to `eventBus`.
   * @default - this region
   */
  readonly pipelineRegion?: string;
  /**
   * Whether to create an SNS topic for approval actions that publish their notice (`NotificationArn`), and for
   * notification rules. The event rule alone serves most pipelines.
   * @default false
   */
  readonly notificationTopic?: boolean;
  /**
   * The topic that alarms go to.
   * @default - alarms are only shown in CloudWatch
   */
  readonly alarmTopic?: sns.ITopic;
  /**
   * For how long logs are kept.
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;
  /**
   * How much the functions log.
   * @default 'info'
   */
  readonly logLevel?: LogLevel;
  /**
   * How many requests a second the API answers; beyond that API Gateway answers 429.
   * @default 20
   */
  readonly throttleRate?: number;
  /**
   * How many requests the API answers at once. Mail scanners open all links of an email together.
   * @default 40
   */
  readonly throttleBurst?: number;
  /**
   * The processor that the functions are built for.
   * @default Architecture.ARM_64
   */
  readonly architecture?: lambda.Architecture;
  /**
   * Another key to sign links with (`ECC_NIST_EDWARDS25519`, `SIGN_VERIFY`). When it changes, put the one before into
   * `formerSigningKeys`.
   * @default - a key of this construct
   */
  readonly signingKey?: kms.IKey;
  /**
   * Keys whose links are still accepted. A link lives 60 days at the most, and so long a key has to stay here.
   * @default - none
   */
  readonly formerSigningKeys?: readonly kms.IKey[];
  /**
   * The notifier's code, when it was built already.
   * @default - cargo-lambda builds it from this repository
   */
  readonly notifierCode?: lambda.Code;
  /**
   * The callback's code, when it was built already.
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
