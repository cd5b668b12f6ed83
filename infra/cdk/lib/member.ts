import {
  Arn,
  ArnFormat,
  Aws,
  aws_events as events,
  type aws_iam as iam,
  type aws_sqs as sqs,
  CfnCondition,
  Duration,
  Fn,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { allowSendingBy, deadLetterQueue } from './dead-letters.js';
import { approvalPattern } from './events.js';
import { forwardTo } from './forwarding.js';
import {
  addMemberRoles,
  approvalRuleName,
  functionRoleName,
  memberDeadLettersName,
} from './member-roles.js';
import { type MemberProps, memberWithDefaults } from './member-settings.js';
import { validateMember } from './validate.js';

/**
 * What a deployment of Countersign, the hub, needs in another account whose pipelines it serves: in each region, a rule
 * that forwards approval events to it, and in one of them the two roles that it assumes. Deploy the hub first, with the
 * account among its `memberAccounts`, since EventBridge checks that its bus takes events from here.
 *
 *     new Member(this, 'Member', {
 *       hubBusArn: 'arn:aws:events:eu-west-1:123456789012:event-bus/countersign-members',
 *       homeRegion: 'eu-west-1',
 *     });
 */
export class Member extends Construct {
  /** The name of the rule that forwards approval events. */
  readonly ruleName: string;
  /** The events that EventBridge could not forward. */
  readonly deadLetterQueue: sqs.IQueue;
  /** The role with which the hub's functions read pipelines. It only exists in the home region. */
  readonly readingRole: iam.IRole;
  /** The role with which the hub's callback puts results. It only exists in the home region. */
  readonly decidingRole: iam.IRole;
  /** Whether the stack is deployed in the home region. */
  readonly isHomeRegion: CfnCondition;

  constructor(scope: Construct, id: string, props: MemberProps) {
    super(scope, id);
    const settings = memberWithDefaults(props);
    validateMember(settings);
    this.ruleName = approvalRuleName(settings.deploymentName);
    const queue = deadLetterQueue(this, { queueName: memberDeadLettersName(settings.deploymentName) });
    const rule = new events.Rule(this, 'Rule', {
      ruleName: this.ruleName,
      description: 'Forwards the start and the end of manual approvals in CodePipeline to Countersign',
      eventPattern: approvalPattern(settings),
      targets: [
        forwardTo(this, {
          busArn: settings.hubBusArn,
          ruleName: this.ruleName,
          roleName: `${settings.deploymentName}-forward`,
          roles: settings,
          description: `Forwards approval events to Countersign (${settings.deploymentName})`,
          maxEventAge: Duration.hours(6),
          deadLetterQueue: queue,
        }),
      ],
    });
    allowSendingBy(rule, 'AllowApprovalRule', queue);
    this.deadLetterQueue = queue;

    const hub = Arn.split(settings.hubBusArn, ArnFormat.SLASH_RESOURCE_NAME);
    const [account, region] = [hub.account ?? '', hub.region ?? ''];
    const { reading, deciding } = addMemberRoles(this, settings.rolePrefix, {
      account,
      notifierRole: functionRoleName(settings.deploymentName, 'notifier', region),
      callbackRole: functionRoleName(settings.deploymentName, 'callback', region),
      deploymentName: settings.deploymentName,
      testEvents: settings.testEvents,
      pipelineNamePrefix: settings.pipelineNamePrefix,
      roles: settings,
      organizationId: settings.organizationId,
    });
    this.isHomeRegion = new CfnCondition(this, 'IsHomeRegion', {
      expression: Fn.conditionEquals(settings.homeRegion, Aws.REGION),
    });
    for (const role of [reading, deciding]) {
      (role.node.defaultChild as iam.CfnRole).cfnOptions.condition = this.isHomeRegion;
    }
    this.readingRole = reading;
    this.decidingRole = deciding;
  }
}
