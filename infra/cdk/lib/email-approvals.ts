import type { aws_dynamodb as dynamodb } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { addAlarms } from './alarms.js';
import { CallbackApi } from './api.js';
import { Callback } from './callback.js';
import { configurationSet } from './configuration-set.js';
import { EmailEvents } from './email-events.js';
import { ApprovalEvents } from './events.js';
import { role } from './function.js';
import { requestKeys, type SigningKeys, voteKeys } from './keys.js';
import { ledger } from './ledger.js';
import { Notifier } from './notifier.js';
import { policyLocation, type PolicyLocation } from './policy.js';
import { type EmailApprovalsProps, withDefaults } from './settings.js';
import { addSweep } from './sweep.js';
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
  /** The function that takes events and sends emails. */
  readonly notifier: Notifier;
  /** The function that answers links and passes decisions to CodePipeline. */
  readonly callback: Callback;
  /** The HTTP API in front of the callback. */
  readonly api: CallbackApi;
  /** The URL that links point to, without `/approval`. */
  readonly callbackUrl: string;
  /** The rule and the topic that approvals arrive through. */
  readonly events: ApprovalEvents;

  constructor(scope: Construct, id: string, props: EmailApprovalsProps) {
    super(scope, id);
    const settings = withDefaults(props);
    validate(settings);

    const notifierRole = role(this, 'NotifierRole', `Role of the Countersign notifier (${settings.deploymentName})`);
    const callbackRole = role(this, 'CallbackRole', `Role of the Countersign callback (${settings.deploymentName})`);
    this.requestKeys = requestKeys(this, settings.deploymentName, settings.requestKeys, notifierRole);
    this.voteKeys = voteKeys(this, settings.deploymentName, settings.voteKeys, callbackRole);
    this.table = ledger(this, [callbackRole, notifierRole]);
    this.policy = policyLocation(this, settings);
    this.configurationSet = configurationSet(this, settings);
    this.emailEvents = new EmailEvents(this, 'EmailEvents', { settings, configurationSet: this.configurationSet });
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
      requestKeys: request,
      voteKeys: vote,
      decidingRole: callbackRole,
      callbackUrl: this.callbackUrl,
    });
    // An update reaches the callback first, so that it accepts a link of a new version before one is made.
    this.notifier.function.node.addDependency(this.callback.function);
    this.events = new ApprovalEvents(this, 'Events', { settings, notifier: this.notifier.function });
    addSweep(this, settings, this.notifier.function);
    addAlarms(this, settings, {
      notifier: this.notifier.function,
      notifierDeadLetters: this.notifier.deadLetterQueue,
      ruleDeadLetters: this.events.deadLetterQueue,
      emailDeadLetters: this.emailEvents.deadLetterQueue,
      apiId: this.api.apiId,
    });
  }
}
