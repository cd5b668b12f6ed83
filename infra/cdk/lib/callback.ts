import { aws_dynamodb as dynamodb, aws_iam as iam, aws_kms as kms, aws_lambda as lambda, Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { role, rustFunction } from './function.js';
import { acknowledgePipelines, allActions, allPipelines } from './pipelines.js';
import type { Settings } from './settings.js';

interface CallbackProps {
  readonly settings: Settings;
  readonly table: dynamodb.ITable;
  readonly signingKey: kms.IKey;
}

/** The callback, which answers links with pages and passes decisions to CodePipeline. */
export class Callback extends Construct {
  readonly function: lambda.Function;

  constructor(scope: Construct, id: string, props: CallbackProps) {
    super(scope, id);
    const { settings, table } = props;
    const callbackRole = role(this, 'Role', `Role of the Countersign callback (${settings.deploymentName})`);
    const keys = [props.signingKey, ...settings.formerSigningKeys].map((key) => key.keyArn);

    const allow = (sid: string, actions: string[], resources: string[]) =>
      callbackRole.addToPolicy(new iam.PolicyStatement({ sid, actions, resources }));
    allow('AccessLedger', ['dynamodb:GetItem', 'dynamodb:UpdateItem'], [table.tableArn]);
    allow('VerifyLinks', ['kms:GetPublicKey'], keys);
    allow('PutApprovalResults', ['codepipeline:PutApprovalResult'], [allActions(this, settings)]);
    allow(
      'ReadPipelines',
      ['codepipeline:GetPipelineExecution', 'codepipeline:ListActionExecutions'],
      [allPipelines(this, settings)],
    );
    acknowledgePipelines(callbackRole, settings, '*', '*/*/*');

    this.function = rustFunction(this, settings, {
      binary: 'callback',
      code: settings.callbackCode,
      role: callbackRole,
      description: 'Answers the links in approval emails',
      timeout: Duration.seconds(29), // API Gateway times out after 30 seconds, with an answer of its own.
      environment: {
        COUNTERSIGN_DEPLOYMENT: settings.deploymentName,
        COUNTERSIGN_SIGNING_KEYS: keys.join(','),
        COUNTERSIGN_TABLE: table.tableName,
        COUNTERSIGN_LOG_LEVEL: settings.logLevel,
      },
    });
  }
}
