import type { aws_dynamodb as dynamodb, aws_kms as kms, aws_ssm as ssm } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { addAlarms } from './alarms.js';
import { CallbackApi } from './api.js';
import { Callback } from './callback.js';
import { check } from './check.js';
import { ApprovalEvents } from './events.js';
import { role } from './function.js';
import { ledger } from './ledger.js';
import { Notifier } from './notifier.js';
import { policyParameter } from './policy.js';
import { type EmailApprovalsProps, withDefaults } from './settings.js';
import { signingKey } from './signing-key.js';
import { addSweep } from './sweep.js';

/**
 * Lets people approve or reject manual approvals of AWS CodePipeline from their mailbox: the notifier that sends the
 * emails, the callback that answers their links, and what both need.
 *
 *     new EmailApprovals(this, 'EmailApprovals', {
 *       approvers: ['Ada Lovelace <ada@example.com>', 'ben@example.com'],
 *       sender: 'approvals@example.com',
 *     });
 */
export class EmailApprovals extends Construct {
  /** The key that links are signed with. */
  readonly signingKey: kms.IKey;
  /** The ledger: who was asked and who decided what. It stays when the stack goes. */
  readonly table: dynamodb.ITable;
  /** The policy: who may decide what. It is edited there, without a deployment. */
  readonly policy: ssm.IStringParameter;
  /** Events in, emails out. */
  readonly notifier: Notifier;
  /** Links in, pages out, decisions to CodePipeline. */
  readonly callback: Callback;
  /** Where links point at. */
  readonly api: CallbackApi;
  /** Where approvals come from. */
  readonly events: ApprovalEvents;

  constructor(scope: Construct, id: string, props: EmailApprovalsProps) {
    super(scope, id);
    const settings = withDefaults(props);
    check(settings);

    const notifierRole = role(
      this,
      'NotifierRole',
      `What the notifier of Countersign (${settings.deploymentName}) may do`,
    );
    const ownKey = signingKey(this, settings.deploymentName, notifierRole);
    this.signingKey = settings.signingKey ?? ownKey;
    this.table = ledger(this);
    this.policy = policyParameter(this, settings);
    this.callback = new Callback(this, 'Callback', { settings, table: this.table, signingKey: this.signingKey });
    this.api = new CallbackApi(this, 'Api', { settings, callback: this.callback.function });
    this.notifier = new Notifier(this, 'Notifier', {
      settings,
      role: notifierRole,
      table: this.table,
      policy: this.policy,
      signingKey: this.signingKey,
      callbackUrl: this.api.url,
    });
    // An update reaches the callback first, so that it knows a new key before the first link is signed with it.
    this.notifier.function.node.addDependency(this.callback.function);
    this.events = new ApprovalEvents(this, 'Events', { settings, notifier: this.notifier.function });
    addSweep(this, settings, this.notifier.function);
    addAlarms(this, settings, {
      notifier: this.notifier.function,
      notifierDeadLetters: this.notifier.deadLetterQueue,
      ruleDeadLetters: this.events.deadLetterQueue,
      apiId: this.api.apiId,
    });
  }
}
