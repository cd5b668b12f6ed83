import { ArnFormat, aws_iam as iam, type aws_kms as kms, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Settings } from './settings.js';

/** What DynamoDB needs of whoever reads an encrypted table. */
const READING = ['kms:Decrypt', 'kms:DescribeKey'];

/** What DynamoDB needs of its callers, but for `kms:CreateGrant`, which whoever makes the table needs. */
const WRITING = [
  ...READING,
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

/**
 * Lets the functions have DynamoDB use the key of the ledger's table, if that is one of the user's. It is a policy of its
 * own, on which the table depends, so that they may use a key before the table has it, and until it has another.
 */
export function tableKeyPolicy(scope: Construct, { tableKey }: Settings, roles: iam.IRole[]): iam.Policy | undefined {
  if (tableKey === undefined) return undefined;
  return new iam.Policy(scope, 'TableKeyPolicy', {
    roles,
    statements: [
      new iam.PolicyStatement({
        sid: 'UseTableKey',
        actions: WRITING,
        resources: [tableKey.keyArn],
        conditions: viaDynamoDb(scope),
      }),
    ],
  });
}

/** Lets a principal have DynamoDB decrypt what it reads of the ledger's table. */
export function grantReadingWith(tableKey: kms.IKey, scope: Construct, grantee: iam.IGrantable): iam.Grant {
  return iam.Grant.addToPrincipal({
    grantee,
    actions: READING,
    resourceArns: [tableKey.keyArn],
    conditions: viaDynamoDb(scope),
  });
}

function viaDynamoDb(scope: Construct): Record<string, Record<string, string>> {
  // The domain of AWS depends on the partition.
  return { StringLike: { 'kms:ViaService': `dynamodb.${Stack.of(scope).region}.*` } };
}

/** The names of the log groups of a deployment. */
export function logGroupNames(deploymentName: string) {
  return {
    notifier: `/aws/lambda/${deploymentName}-notifier`,
    callback: `/aws/lambda/${deploymentName}-callback`,
    // One resource policy covers all log groups under this prefix. Elsewhere it grows with each, up to a limit.
    api: `/aws/vendedlogs/apis/${deploymentName}`,
  };
}

/**
 * Lets CloudWatch Logs use the key of the logs, for them alone. It does nothing for a key that is imported, since its
 * policy cannot be changed here.
 */
export function allowLogsToUseKey(scope: Construct, { logKey, deploymentName }: Settings): void {
  if (logKey === undefined) return;
  const stack = Stack.of(scope);
  const groups = Object.values(logGroupNames(deploymentName)).map((resourceName) =>
    stack.formatArn({
      service: 'logs',
      resource: 'log-group',
      resourceName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    }),
  );
  logKey.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'AllowLogs',
      principals: [new iam.ServicePrincipal(`logs.${stack.region}.amazonaws.com`)],
      actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
      resources: ['*'], // In a key policy: this key.
      conditions: { ArnEquals: { 'kms:EncryptionContext:aws:logs:arn': groups } },
    }),
  );
}
