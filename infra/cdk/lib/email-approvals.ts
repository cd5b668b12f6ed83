import {
  aws_cloudwatch as cloudwatch,
  type aws_dynamodb as dynamodb,
  type aws_events as events,
  aws_iam as iam,
  type aws_kms as kms,
  type aws_lambda as lambda,
  type aws_sns as sns,
  type aws_sqs as sqs,
  type aws_ssm as ssm,
  Stack,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { addAlarms, type ApprovalAlarms } from './alarms.js';
import { CallbackApi } from './api.js';
import { Callback } from './callback.js';
import { configurationSet } from './configuration-set.js';
import { addDashboard } from './dashboard.js';
import { EmailEvents } from './email-events.js';
import { allowLogsToUseKey, grantReadingWith, tableKeyPolicy } from './encryption.js';
import { ApprovalEvents } from './events.js';
import { functionRole } from './function.js';
import { requestKeys, voteKeys } from './keys.js';
import { ledger } from './ledger.js';
import { addMemberRoles } from './member-roles.js';
import { metricOf } from './metrics.js';
import { networkPolicy } from './network.js';
import { Notifier } from './notifier.js';
import { type EmailApprovalsProps, withDefaults } from './settings.js';
import { addSweepRule, SweepQueue } from './sweep.js';
import { validate } from './validate.js';

/**
 * One deployment of Countersign: the notifier that emails approvers about manual approvals of AWS CodePipeline, the
 * callback that answers the links in those emails, and everything that both need.
 *
 * @example
 * new EmailApprovals(this, 'EmailApprovals', {
 *   policy: Policy.approvers(['Ada Lovelace <ada@example.com>', 'ben@example.com']),
 *   sender: 'approvals@example.com',
 * });
 */
export class EmailApprovals extends Construct {
  /** The URL that links point to, without `/approval`. */
  readonly callbackUrl: string;
  /** The API's own endpoint, which a domain of your own can be put before. `domain` turns it off. */
  readonly apiEndpoint?: string;
  /** Where the record of `domain` must point, unless the stack makes it. */
  readonly domainTarget?: string;
  /** The id of the hosted zone of `domainTarget`, for an alias record in Route 53. */
  readonly domainTargetHostedZoneId?: string;
  /** The function that takes events and sends emails. Commands are invocations of it. */
  readonly notifier: lambda.IFunction;
  /** The function that answers links and passes decisions to CodePipeline. */
  readonly callback: lambda.IFunction;
  /** The notifier's role. */
  readonly notifierRole: iam.IRole;
  /** The callback's role. */
  readonly callbackRole: iam.IRole;
  /** The ledger: who was asked and who decided what. It is kept when the stack is deleted. */
  readonly table: dynamodb.ITable;
  /** The keys that requests and links are signed with. The first signs, and all are trusted. */
  readonly requestKeys: kms.IKey[];
  /** The keys that votes are signed with. The first signs, and all are trusted. */
  readonly voteKeys: kms.IKey[];
  /** The SSM parameter with the policy, unless that is a list of approvers. */
  readonly policyParameter?: ssm.IParameter;
  /** The name of the SES configuration set that every email is sent with. */
  readonly configurationSetName: string;
  /** The name of the rule that sends approval events to the notifier. */
  readonly ruleName: string;
  /** The events that the notifier failed on, each the `requestPayload` of a message. */
  readonly notifierDeadLetterQueue: sqs.IQueue;
  /** The events that did not reach the notifier, or the bus that events are forwarded to. */
  readonly ruleDeadLetterQueue: sqs.IQueue;
  /** The events about emails that were not taken in. */
  readonly emailDeadLetterQueue: sqs.IQueue;
  /** The parts of the sweep that the notifier failed on. */
  readonly sweepDeadLetterQueue: sqs.IQueue;
  /** The bus that member accounts forward their approval events to, if any account may. */
  readonly memberBus?: events.IEventBus;
  /** The topic for approval actions with a `NotificationArn`, with `notificationTopic`. */
  readonly notificationTopic?: sns.ITopic;
  /** The role with which the functions read pipelines of this account, if it is served. */
  readonly readingRole?: iam.IRole;
  /** The role with which the callback puts results in this account, if it is served. */
  readonly decidingRole?: iam.IRole;
  /** The alarms. Those are sent to `alarmTopic`, if there is one; add further actions here. */
  readonly alarms: ApprovalAlarms;
  /** The dashboard, with `dashboard`. */
  readonly dashboard?: cloudwatch.Dashboard;

  private readonly deploymentName: string;
  private readonly tableKey: kms.IKey | undefined;

  constructor(scope: Construct, id: string, props: EmailApprovalsProps) {
    super(scope, id);
    const settings = withDefaults(this, props);
    validate(settings, Stack.of(this).account);
    this.deploymentName = settings.deploymentName;
    this.tableKey = settings.tableKey;

    const notifierRole = functionRole(this, 'NotifierRole', 'notifier', settings);
    const callbackRole = functionRole(this, 'CallbackRole', 'callback', settings);
    const request = requestKeys(this, settings.deploymentName, settings.requestKeys, notifierRole);
    const vote = voteKeys(this, settings.deploymentName, settings.voteKeys, callbackRole);
    const table = ledger(this, settings, [callbackRole, notifierRole]);
    const roles = [notifierRole, callbackRole];
    const keyPolicy = tableKeyPolicy(this, settings, roles);
    if (keyPolicy) table.node.addDependency(keyPolicy);
    const network = networkPolicy(this, settings, roles);
    allowLogsToUseKey(this, settings);
    const policy = settings.policy._locate(this);
    this.configurationSetName = configurationSet(this, settings);
    const emailEvents = new EmailEvents(this, 'EmailEvents', { settings, configurationSet: this.configurationSetName });
    const sweepQueue = new SweepQueue(this, 'Sweep', notifierRole);
    const callback = new Callback(this, 'Callback', {
      settings,
      role: callbackRole,
      table,
      requestKeys: request,
      voteKeys: vote,
    });
    const api = new CallbackApi(this, 'Api', { settings, callback: callback.function });
    this.callbackUrl = settings.origins[0] ?? api.url;
    const notifier = new Notifier(this, 'Notifier', {
      settings,
      role: notifierRole,
      table,
      policy,
      configurationSet: this.configurationSetName,
      emailQueue: emailEvents.queue,
      sweepQueue: sweepQueue.queue,
      requestKeys: request,
      voteKeys: vote,
      callbackRole,
      callbackUrl: this.callbackUrl,
    });
    if (network) callback.function.node.addDependency(network);
    // An update reaches the callback first, so that it accepts a link of a new version before one is made.
    notifier.function.node.addDependency(callback.function);
    const approvalEvents = new ApprovalEvents(this, 'Events', { settings, notifier: notifier.function });
    if (settings.serveOwnAccount) {
      const hub = {
        account: Stack.of(this).account,
        notifierRole: notifierRole.roleName,
        callbackRole: callbackRole.roleName,
        deploymentName: settings.deploymentName,
        testEvents: settings.testEvents,
        pipelineNamePrefix: settings.pipelineNamePrefix,
        roles: settings,
      };
      const { ownBus: bus, deadLetterQueue } = approvalEvents;
      const own = { bus, queue: deadLetterQueue.queueArn };
      const { reading, deciding } = addMemberRoles(this, settings.memberRolePrefix, hub, own);
      this.readingRole = reading;
      this.decidingRole = deciding;
    }
    addSweepRule(this, settings, notifier.function);
    this.alarms = addAlarms(this, settings, {
      notifier: notifier.function,
      notifierDeadLetters: notifier.deadLetterQueue,
      ruleDeadLetters: approvalEvents.deadLetterQueue,
      sweepDeadLetters: sweepQueue.deadLetterQueue,
      emailDeadLetters: emailEvents.deadLetterQueue,
      apiId: api.apiId,
    });

    if (settings.dashboard) {
      const { alarms } = this;
      const sources = { alarms, notifier: notifier.function, callback: callback.function, apiId: api.apiId };
      this.dashboard = addDashboard(this, settings, sources);
    }

    if (!settings.domain) this.apiEndpoint = api.url;
    if (api.domain && !settings.domain?.hostedZone) {
      this.domainTarget = api.domain.regionalDomainName;
      this.domainTargetHostedZoneId = api.domain.regionalHostedZoneId;
    }
    this.notifier = notifier.function;
    this.callback = callback.function;
    this.notifierRole = notifierRole;
    this.callbackRole = callbackRole;
    this.table = table;
    this.requestKeys = request.trusted;
    this.voteKeys = vote.trusted;
    if (policy.kind === 'parameter') this.policyParameter = policy.parameter;
    this.ruleName = approvalEvents.ruleName;
    this.notifierDeadLetterQueue = notifier.deadLetterQueue;
    this.ruleDeadLetterQueue = approvalEvents.deadLetterQueue;
    this.emailDeadLetterQueue = emailEvents.deadLetterQueue;
    this.sweepDeadLetterQueue = sweepQueue.deadLetterQueue;
    if (approvalEvents.memberBus) this.memberBus = approvalEvents.memberBus;
    if (approvalEvents.topic) this.notificationTopic = approvalEvents.topic;
  }

  /**
   * Lets a principal of this account operate the deployment: invoke the notifier with its commands, such as `doctor`
   * and `resend`, and with failed events. That includes reading who was asked and how they voted. See docs/operations.md.
   *
   * @param grantee whom to allow
   */
  grantOperate(grantee: iam.IGrantable): iam.Grant {
    // Lambda's grantInvoke would allow every version and alias besides, of which there are none.
    return this.grant('grantOperate', grantee, ['lambda:InvokeFunction'], this.notifier.functionArn);
  }

  /**
   * Lets a principal of this account read and write the SSM parameter with the policy, and so say who may decide what.
   * A policy that is deployed from a file is written over by the next deployment that changes the file.
   *
   * It throws if the policy is a list of approvers, which only a deployment changes.
   *
   * @param grantee whom to allow
   */
  grantEditPolicy(grantee: iam.IGrantable): iam.Grant {
    if (!this.policyParameter) {
      throw new Error(
        [
          'grantEditPolicy: the policy is a list of approvers in the notifier\'s settings, so there is no parameter to',
          'edit; use Policy.parameter or Policy.file',
        ].join(' '),
      );
    }
    const actions = ['ssm:GetParameter', 'ssm:PutParameter'];
    return this.grant('grantEditPolicy', grantee, actions, this.policyParameter.parameterArn);
  }

  /**
   * Lets a principal of this account read the ledger's table: who was asked and who decided what, with addresses and
   * comments. Writing stays denied to everybody but the two functions.
   *
   * @param grantee whom to allow
   */
  grantReadLedger(grantee: iam.IGrantable): iam.Grant {
    // The table's policy only denies writing. Its key, unless `tableKey` is another, is the AWS managed key aws/dynamodb,
    // whose policy lets every principal of the account use it through DynamoDB ("Authorizing use of the AWS managed key"
    // in the DynamoDB Developer Guide). Table.grantReadData would also allow reading a stream, of which there is none.
    const actions = [
      'dynamodb:BatchGetItem',
      'dynamodb:DescribeTable',
      'dynamodb:GetItem',
      'dynamodb:PartiQLSelect',
      'dynamodb:Query',
      'dynamodb:Scan',
    ];
    const grant = this.grant('grantReadLedger', grantee, actions, this.table.tableArn);
    return this.tableKey ? grant.combine(grantReadingWith(this.tableKey, this, grantee)) : grant;
  }

  /**
   * A metric of this deployment. By default, it is the sum over five minutes.
   *
   * @param metricName the name, as in docs/operations.md
   * @param props other properties of the metric; `dimensionsMap` adds to the dimension `Deployment`
   */
  metric(metricName: string, props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return metricOf(this.deploymentName, metricName, props);
  }

  /**
   * Approvals that approvers were asked about.
   *
   * @param props other properties of the metric
   */
  metricRequested(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('Requested', props);
  }

  /**
   * Emails that SES took.
   *
   * @param props other properties of the metric
   */
  metricSent(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('Sent', props);
  }

  /**
   * Emails that were not sent.
   *
   * @param props other properties of the metric
   */
  metricSendFailures(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('SendFailures', props);
  }

  /**
   * Emails that SES took and that did not arrive: bounced, suppressed or rejected.
   *
   * @param props other properties of the metric
   */
  metricUndelivered(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('Undelivered', props);
  }

  /**
   * Votes that were recorded.
   *
   * @param props other properties of the metric
   */
  metricVotes(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('Votes', props);
  }

  /**
   * Approvals that were decided through links, one way or the other.
   *
   * @param decision `Approved` or `Rejected`
   * @param props other properties of the metric
   */
  metricDecisions(decision: string, props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('Decisions', { ...props, dimensionsMap: { Decision: decision, ...props?.dimensionsMap } });
  }

  /**
   * Requests to the callback that were refused for one reason.
   *
   * @param reason the reason, as in the callback's log
   * @param props other properties of the metric
   */
  metricRefusals(reason: string, props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('Refusals', { ...props, dimensionsMap: { Reason: reason, ...props?.dimensionsMap } });
  }

  /**
   * Seconds from the request to the decision. By default, it is the average over five minutes.
   *
   * @param props other properties of the metric
   */
  metricTimeToDecision(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('TimeToDecision', { statistic: cloudwatch.Stats.AVERAGE, ...props });
  }

  /**
   * Things in the ledger that no function of this deployment wrote there. They count as absent.
   *
   * @param props other properties of the metric
   */
  metricForged(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('Forged', props);
  }

  /**
   * Uses of links whose approval was asked for again since.
   *
   * @param props other properties of the metric
   */
  metricOlderLinks(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('OlderLinks', props);
  }

  /**
   * Approvals that a sweep did not look at because CodePipeline throttled.
   *
   * @param props other properties of the metric
   */
  metricThrottled(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('Throttled', props);
  }

  /**
   * Pipelines that a sweep did not look at, because there are too many or CodePipeline throttles.
   *
   * @param props other properties of the metric
   */
  metricPipelinesLeft(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('PipelinesLeft', props);
  }

  /**
   * Events of accounts that are not served, or about a pipeline that is not where they say.
   *
   * @param props other properties of the metric
   */
  metricUnservedEvents(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('UnservedEvents', props);
  }

  /** Allows something by the grantee's own policy. Nothing here has a policy that could allow it to anybody else. */
  private grant(method: string, grantee: iam.IGrantable, actions: string[], resource: string): iam.Grant {
    const grant = iam.Grant.addToPrincipal({ grantee, actions, resourceArns: [resource] });
    if (!grant.success) {
      throw new Error(
        [
          `${method}: ${grantee.grantPrincipal} has no policy that could allow it; give a role, a user or a group of`,
          'this account',
        ].join(' '),
      );
    }
    return grant;
  }
}
