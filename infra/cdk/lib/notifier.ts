import {
  aws_dynamodb as dynamodb,
  aws_iam as iam,
  aws_lambda as lambda,
  aws_sqs as sqs,
  Duration,
  Stack,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { accountSettings, allowReadingAccounts } from './accounts.js';
import { acknowledge, findingArn } from './acknowledge.js';
import { deadLetterQueue } from './dead-letters.js';
import { NEWS } from './events.js';
import { rustFunction } from './function.js';
import { arns, keyList, type SigningKeys } from './keys.js';
import { eventBusName, memberBusArn } from './member-bus.js';
import { allowAssumingReadingRoles, memberRolesArn } from './member-roles.js';
import type { PolicyLocation } from './policy.js';
import { allIdentities, configurationSetArn, sendingArns, sesRegion } from './sender.js';
import type { Settings } from './settings.js';

interface NotifierProps {
  readonly settings: Settings;
  readonly role: iam.Role;
  readonly table: dynamodb.ITable;
  readonly policy: PolicyLocation;
  /** The name of the SES configuration set that every email is sent with. */
  readonly configurationSet: string;
  /** The queue of events about emails. */
  readonly emailQueue: sqs.IQueue;
  /** The queue of the parts of the sweep's rounds. */
  readonly sweepQueue: sqs.IQueue;
  readonly requestKeys: SigningKeys;
  readonly voteKeys: SigningKeys;
  /** The role that alone signs votes, which the doctor checks. */
  readonly callbackRole: iam.IRole;
  readonly callbackUrl: string;
}

/** The notifier, which takes events and sends emails. */
export class Notifier extends Construct {
  readonly function: lambda.Function;
  /** The events that the notifier failed on three times, each in Lambda's envelope with the error. */
  readonly deadLetterQueue: sqs.Queue;

  constructor(scope: Construct, id: string, props: NotifierProps) {
    super(scope, id);
    const { settings, role, table, policy, configurationSet, emailQueue, sweepQueue, requestKeys, voteKeys } = props;
    this.deadLetterQueue = deadLetterQueue(this);

    const allow = (sid: string, actions: string[], resources: string[], conditions?: iam.Conditions) =>
      role.addToPolicy(new iam.PolicyStatement({ sid, actions, resources, ...(conditions && { conditions }) }));
    allow(
      'AccessLedger',
      ['dynamodb:DescribeTable', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      [table.tableArn],
    );
    if (policy.kind === 'parameter') allow('ReadPolicy', ['ssm:GetParameter'], [policy.parameter.parameterArn]);
    allowReadingAccounts(role, settings);
    allow('SignRequests', ['kms:Sign'], arns(requestKeys.trusted));
    allow('VerifyRequests', ['kms:GetPublicKey'], arns(requestKeys.all));
    allow('VerifyVotes', ['kms:GetPublicKey'], arns(voteKeys.all));
    // For the doctor, which checks that nobody else may sign or write.
    allow('CheckRequestKeys', ['kms:GetKeyPolicy'], arns(requestKeys.all));
    allow('CheckVoteKeys', ['kms:GetKeyPolicy'], arns(voteKeys.all));
    allow('CheckLedger', ['dynamodb:GetResourcePolicy'], [table.tableArn]);
    allow('SendEmails', ['ses:SendRawEmail'], sendingArns(this, settings, configurationSet), {
      StringEquals: { 'ses:FromAddress': settings.sender },
    });
    allowAssumingReadingRoles(role, settings);
    // For the doctor, which checks whether SES will send, and that nothing rewrites links.
    allow('CheckSendingAccount', ['ses:GetAccount'], ['*']); // The action takes no resource.
    allow('CheckSenderIdentity', ['ses:GetEmailIdentity'], [allIdentities(this, settings)]);
    allow(
      'CheckConfigurationSet',
      ['ses:GetConfigurationSet', 'ses:GetConfigurationSetEventDestinations'],
      [configurationSetArn(this, settings, configurationSet)],
    );
    allow(
      'PutEvents',
      ['events:PutEvents'],
      [Stack.of(this).formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' })],
      {
        'ForAllValues:StringEquals': { 'events:source': 'countersign' }, // The key has a list of values.
        StringEquals: { 'events:detail-type': NEWS },
      },
    );
    allow('SendDeadLetters', ['sqs:SendMessage'], [this.deadLetterQueue.queueArn]);
    allow(
      'ReceiveEmailEvents',
      ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
      [emailQueue.queueArn],
    );
    allow('SendSweeps', ['sqs:SendMessage'], [sweepQueue.queueArn]);
    allow(
      'ReceiveSweeps',
      ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
      [sweepQueue.queueArn],
    );
    acknowledge(
      role,
      `AwsSolutions-IAM5[Resource::${findingArn(this, 'ses', sesRegion(this, settings), 'identity/*')}]`,
      [
        'SES may have verified the sender, its domain, or any parent domain, which the doctor finds out. In its',
        "sandbox, SES also checks the recipients' identities on sending. The condition on the From address still applies.",
      ].join(' '),
    );

    this.function = rustFunction(this, settings, {
      binary: 'notifier',
      code: settings.notifierCode,
      role,
      description: 'Emails approvers about manual approvals in CodePipeline',
      timeout: Duration.minutes(5), // A sweep may have many emails to send, perhaps at a rate of only one per second.
      ...(settings.notifierConcurrency !== 0 && { reservedConcurrentExecutions: settings.notifierConcurrency }),
      retryAttempts: 2,
      maxEventAge: Duration.hours(6),
      // SqsDestination would grant the role more than sqs:SendMessage.
      onFailure: { bind: () => ({ destination: this.deadLetterQueue.queueArn }) },
      environment: {
        COUNTERSIGN_DEPLOYMENT: settings.deploymentName,
        ...accountSettings(role, settings),
        COUNTERSIGN_CALLBACK_URL: props.callbackUrl,
        COUNTERSIGN_REQUEST_KEYS: keyList(requestKeys),
        COUNTERSIGN_VOTE_KEYS: keyList(voteKeys),
        COUNTERSIGN_MEMBER_ROLES: memberRolesArn(this, settings),
        COUNTERSIGN_MEMBER_BUS: memberBusArn(this, settings),
        COUNTERSIGN_EVENT_BUS: eventBusName(settings),
        COUNTERSIGN_CALLBACK_ROLE: props.callbackRole.roleArn,
        COUNTERSIGN_TABLE: table.tableName,
        COUNTERSIGN_SENDER: settings.senderName ? `${settings.senderName} <${settings.sender}>` : settings.sender,
        ...(settings.replyTo && { COUNTERSIGN_REPLY_TO: settings.replyTo }),
        COUNTERSIGN_CONFIGURATION_SET: configurationSet,
        ...(settings.senderIdentityArn && { COUNTERSIGN_SENDER_IDENTITY_ARN: settings.senderIdentityArn }),
        COUNTERSIGN_EMAIL_QUEUE: emailQueue.queueArn,
        COUNTERSIGN_SWEEP_QUEUE: sweepQueue.queueUrl,
        COUNTERSIGN_SWEEP_PACE: String(settings.sweepPace),
        ...(settings.sesRegion && { COUNTERSIGN_SES_REGION: settings.sesRegion }),
        ...(policy.kind === 'parameter'
          ? { COUNTERSIGN_POLICY: policy.parameter.parameterName }
          : { COUNTERSIGN_POLICY_TEXT: policy.text }),
        ...(settings.pipelineRegions.length > 0 && {
          COUNTERSIGN_PIPELINE_REGIONS: settings.pipelineRegions.join(','),
        }),
        ...(settings.pipelineNamePrefix && { COUNTERSIGN_PIPELINE_PREFIX: settings.pipelineNamePrefix }),
        COUNTERSIGN_APPROVAL_TIMEOUT_DAYS: String(settings.approvalTimeout.toDays()),
        COUNTERSIGN_RECORD_RETENTION_DAYS: String(settings.recordRetention.toDays()),
        COUNTERSIGN_LOG_LEVEL: settings.logLevel,
      },
    });
    // SqsEventSource would grant the role more than it needs.
    new lambda.EventSourceMapping(this, 'EmailEventSource', {
      target: this.function,
      eventSourceArn: emailQueue.queueArn,
      batchSize: 10,
      reportBatchItemFailures: true,
      maxConcurrency: 2, // The least that Lambda takes. Asking for approvals comes first.
    });
    new lambda.EventSourceMapping(this, 'SweepEventSource', {
      target: this.function,
      eventSourceArn: sweepQueue.queueArn,
      batchSize: 1, // A part may take all of the notifier's time.
      reportBatchItemFailures: true,
      maxConcurrency: settings.sweepConcurrency,
    });
  }
}
