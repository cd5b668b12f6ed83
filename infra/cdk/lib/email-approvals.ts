import type { aws_dynamodb as dynamodb, aws_kms as kms, aws_ssm as ssm } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { addAlarms } from './alarms.js';
import { CallbackApi } from './api.js';
import { Callback } from './callback.js';
import { ApprovalEvents } from './events.js';
import { role } from './function.js';
import { ledger } from './ledger.js';
import { Notifier } from './notifier.js';
import { policyParameter } from './policy.js';
import { type EmailApprovalsProps, withDefaults } from './settings.js';
import { signingKey } from './signing-key.js';
import { addSweep } from './sweep.js';
import { validate } from './validate.js';

/**
 * One deployment of Countersign: the notifier that emails approvers about manual approvals of AWS CodePipeline, the
 * callback that answers the links in those emails, and everything that both need.
 *
 *     new EmailApprovals(this, 'EmailApprovals', {
 *       approvers: ['Ada Lovelace <ada@example.com>', 'ben@example.com'],
 *       sender: 'approvals@example.com',
 *     });
 */
export class EmailApprovals extends Construct {
  /** The key that links are signed with. */
  readonly signingKey: kms.IKey;
  /** The ledger: who was asked and who decided what. It is kept when the stack is deleted. */
  readonly table: dynamodb.ITable;
  /** The parameter with the policy: who may decide what. Editing it takes no deployment. */
  readonly policy: ssm.IStringParameter;
  /** The function that takes events and sends emails. */
  readonly notifier: Notifier;
  /** The function that answers links and passes decisions to CodePipeline. */
  readonly callback: Callback;
  /** The HTTP API that links point to. */
  readonly api: CallbackApi;
  /** The rule and the topic that approvals arrive through. */
  readonly events: ApprovalEvents;

  constructor(scope: Construct, id: string, props: EmailApprovalsProps) {
    super(scope, id);
    const settings = withDefaults(props);
    validate(settings);

    const notifierRole = role(this, 'NotifierRole', `Role of the Countersign notifier (${settings.deploymentName})`);
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
    // An update must reach the callback first, so that it accepts a new key before any link is signed with it.
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
