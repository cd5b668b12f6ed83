import { aws_dynamodb as dynamodb, aws_iam as iam, aws_lambda as lambda, Duration, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { accountSettings, allowReadingAccounts } from './accounts.js';
import { linkOrigins } from './domain.js';
import { rustFunction } from './function.js';
import { arns, keyList, type SigningKeys } from './keys.js';
import { allowAssumingDecidingRoles, allowAssumingReadingRoles, memberRolesArn } from './member-roles.js';
import type { Settings } from './settings.js';

interface CallbackProps {
  readonly settings: Settings;
  readonly role: iam.Role;
  readonly table: dynamodb.ITable;
  readonly requestKeys: SigningKeys;
  readonly voteKeys: SigningKeys;
}

/** The callback, which answers links with pages and passes decisions to CodePipeline. */
export class Callback extends Construct {
  readonly function: lambda.Function;

  constructor(scope: Construct, id: string, props: CallbackProps) {
    super(scope, id);
    const { settings, role, table, requestKeys, voteKeys } = props;
    const origins = linkOrigins(settings);

    const allow = (sid: string, actions: string[], resources: string[], conditions?: iam.Conditions) =>
      role.addToPolicy(new iam.PolicyStatement({ sid, actions, resources, ...(conditions && { conditions }) }));
    allow('AccessLedger', ['dynamodb:GetItem', 'dynamodb:UpdateItem'], [table.tableArn]);
    allowReadingAccounts(role, settings);
    allow('VerifyRequests', ['kms:GetPublicKey'], arns(requestKeys.all));
    allow('VerifyVotes', ['kms:GetPublicKey'], arns(voteKeys.all));
    allow('SignVotes', ['kms:Sign'], arns(voteKeys.trusted));
    allow(
      'PutEvents',
      ['events:PutEvents'],
      [Stack.of(this).formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' })],
      {
        'ForAllValues:StringEquals': { 'events:source': 'countersign' }, // The key has a list of values.
        StringEquals: { 'events:detail-type': ['Vote Recorded', 'Request Missing'] },
      },
    );
    allowAssumingReadingRoles(role, settings);
    allowAssumingDecidingRoles(role, settings);

    this.function = rustFunction(this, settings, {
      binary: 'callback',
      code: settings.callbackCode,
      role,
      description: 'Answers the links in approval emails',
      timeout: Duration.seconds(29), // API Gateway times out after 30 seconds, with an answer of its own.
      environment: {
        COUNTERSIGN_DEPLOYMENT: settings.deploymentName,
        ...accountSettings(role, settings),
        COUNTERSIGN_REQUEST_KEYS: keyList(requestKeys),
        COUNTERSIGN_VOTE_KEYS: keyList(voteKeys),
        COUNTERSIGN_MEMBER_ROLES: memberRolesArn(this, settings),
        ...(settings.pipelineNamePrefix && { COUNTERSIGN_PIPELINE_PREFIX: settings.pipelineNamePrefix }),
        // Without it, links work at whatever domain name API Gateway reports, also at one that somebody maps to the API.
        ...(origins.length > 0 && { COUNTERSIGN_ORIGINS: origins.join(',') }),
        COUNTERSIGN_TABLE: table.tableName,
        COUNTERSIGN_LOG_LEVEL: settings.logLevel,
      },
    });
  }
}
