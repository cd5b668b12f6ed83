import { type aws_dynamodb as dynamodb, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { addAlarms } from './alarms.js';
import { CallbackApi } from './api.js';
import { Callback } from './callback.js';
import { configurationSet } from './configuration-set.js';
import { EmailEvents } from './email-events.js';
import { ApprovalEvents } from './events.js';
import { functionRole } from './function.js';
import { requestKeys, type SigningKeys, voteKeys } from './keys.js';
import { ledger } from './ledger.js';
import { addMemberRoles, type MemberRoles } from './member-roles.js';
import { Notifier } from './notifier.js';
import { policyLocation, type PolicyLocation } from './policy.js';
import { type EmailApprovalsProps, withDefaults } from './settings.js';
import { addSweepRule, SweepQueue } from './sweep.js';
import { validate } from './validate.js';

/**
 * One deployment of Countersign: the notifier that emails approvers about manual approvals of AWS CodePipeline, the
 * callback that answers the links in those emails, and everything that both need.
 *
 *     new EmailApprovals(this, 'EmailApprovals', {
 *       policy: { approvers: ['Ada Lovelace <ada@example.com>', 'ben@example.com'] },
 *       sender: 'approvals@example.com',
 *     });
 */
export class EmailApprovals extends Construct {
  /** The keys that requests and links are signed with. */
  readonly requestKeys: SigningKeys;
  /** The keys that votes are signed with. */
  readonly voteKeys: SigningKeys;
  /** The ledger: who was asked and who decided what. It is kept when the stack is deleted. */
  readonly table: dynamodb.ITable;
  /** Where the policy is: who may decide what. */
  readonly policy: PolicyLocation;
  /** The name of the SES configuration set that every email is sent with. */
  readonly configurationSet: string;
  /** The rule and the queue that events about emails arrive through. */
  readonly emailEvents: EmailEvents;
  /** The queue of the parts of the sweep's rounds. */
  readonly sweepQueue: SweepQueue;
  /** The function that takes events and sends emails. */
  readonly notifier: Notifier;
  /** The function that answers links and passes decisions to CodePipeline. */
  readonly callback: Callback;
  /** The roles that the functions assume to reach the pipelines of this account, if it is served. */
  readonly roles: MemberRoles | undefined;
  /** The HTTP API in front of the callback. */
  readonly api: CallbackApi;
  /** The URL that links point to, without `/approval`. */
  readonly callbackUrl: string;
  /** The rules, the topic and the bus that approvals arrive through. */
  readonly events: ApprovalEvents;

  constructor(scope: Construct, id: string, props: EmailApprovalsProps) {
    super(scope, id);
    const settings = withDefaults(props);
    validate(settings, Stack.of(this).account);

    const notifierRole = functionRole(this, 'NotifierRole', 'notifier', settings);
    const callbackRole = functionRole(this, 'CallbackRole', 'callback', settings);
    this.requestKeys = requestKeys(this, settings.deploymentName, settings.requestKeys, notifierRole);
    this.voteKeys = voteKeys(this, settings.deploymentName, settings.voteKeys, callbackRole);
    this.table = ledger(this, [callbackRole, notifierRole]);
    this.policy = policyLocation(this, settings);
    this.configurationSet = configurationSet(this, settings);
    this.emailEvents = new EmailEvents(this, 'EmailEvents', { settings, configurationSet: this.configurationSet });
    this.sweepQueue = new SweepQueue(this, 'Sweep', notifierRole);
    const { table, requestKeys: request, voteKeys: vote } = this;
    this.callback = new Callback(this, 'Callback', {
      settings,
      role: callbackRole,
      table,
      requestKeys: request,
      voteKeys: vote,
    });
    this.api = new CallbackApi(this, 'Api', { settings, callback: this.callback.function });
    this.callbackUrl = settings.origins[0] ?? this.api.url;
    this.notifier = new Notifier(this, 'Notifier', {
      settings,
      role: notifierRole,
      table,
      policy: this.policy,
      configurationSet: this.configurationSet,
      emailQueue: this.emailEvents.queue,
      sweepQueue: this.sweepQueue.queue,
      requestKeys: request,
      voteKeys: vote,
      callbackRole,
      callbackUrl: this.callbackUrl,
    });
    // An update reaches the callback first, so that it accepts a link of a new version before one is made.
    this.notifier.function.node.addDependency(this.callback.function);
    this.events = new ApprovalEvents(this, 'Events', { settings, notifier: this.notifier.function });
    if (settings.serveOwnAccount) {
      const hub = {
        account: Stack.of(this).account,
        notifierRole: notifierRole.roleName,
        callbackRole: callbackRole.roleName,
        deploymentName: settings.deploymentName,
        testEvents: settings.testEvents,
      };
      const { ownBus: bus, deadLetterQueue } = this.events;
      this.roles = addMemberRoles(this, settings.memberRolePrefix, hub, { bus, queue: deadLetterQueue.queueArn });
    }
    addSweepRule(this, settings, this.notifier.function);
    addAlarms(this, settings, {
      notifier: this.notifier.function,
      notifierDeadLetters: this.notifier.deadLetterQueue,
      ruleDeadLetters: this.events.deadLetterQueue,
      sweepDeadLetters: this.sweepQueue.deadLetterQueue,
      emailDeadLetters: this.emailEvents.deadLetterQueue,
      apiId: this.api.apiId,
    });
  }
}
