import { aws_dynamodb as dynamodb, aws_iam as iam, aws_kms as kms, aws_lambda as lambda, Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import type { Settings } from './settings.js';
import { role, rustFunction } from './function.js';
import { acknowledgePipelines, allActions, allPipelines } from './pipelines.js';

interface CallbackProps {
  readonly settings: Settings;
  readonly table: dynamodb.ITable;
  readonly signingKey: kms.IKey;
}

/** The callback: links in, pages out, decisions to CodePipeline. */
export class Callback extends Construct {
  readonly function: lambda.Function;

  constructor(scope: Construct, id: string, props: CallbackProps) {
    super(scope, id);
    const { settings, table } = props;
    const callbackRole = role(this, 'Role', `What the callback of Countersign (${settings.deploymentName}) may do`);
    const keys = [props.signingKey, ...settings.formerSigningKeys].map((key) => key.keyArn);

    const allow = (sid: string, actions: string[], resources: string[]) =>
      callbackRole.addToPolicy(new iam.PolicyStatement({ sid, actions, resources }));
    allow('KeepTheLedger', ['dynamodb:GetItem', 'dynamodb:UpdateItem'], [table.tableArn]);
    allow('VerifyLinks', ['kms:GetPublicKey'], keys);
    allow('PutResults', ['codepipeline:PutApprovalResult'], [allActions(this, settings)]);
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
      description: 'Answers the links of approval emails',
      timeout: Duration.seconds(29), // API Gateway gives up after 30 seconds, with an answer that is not ours.
      environment: {
        COUNTERSIGN_DEPLOYMENT: settings.deploymentName,
        COUNTERSIGN_SIGNING_KEYS: keys.join(','),
        COUNTERSIGN_TABLE: table.tableName,
        COUNTERSIGN_LOG_LEVEL: settings.logLevel,
      },
    });
  }
}
