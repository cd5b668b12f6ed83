import { aws_dynamodb as dynamodb, aws_iam as iam, RemovalPolicy } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { principalArns } from './keys.js';
import type { Settings } from './settings.js';

/**
 * The ledger's table. It is the record of who decided what, so it is kept when the stack is deleted; only the
 * deployment that makes it, if it fails, deletes it again.
 */
export function ledger(scope: Construct, settings: Settings, writers: readonly iam.Role[]): dynamodb.Table {
  return new dynamodb.Table(scope, 'LedgerTable', {
    partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
    sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
    billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: 'ttl',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: settings.deletionProtection,
    ...(settings.tableKey
      ? { encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED, encryptionKey: settings.tableKey }
      : { encryption: dynamodb.TableEncryption.AWS_MANAGED }),
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    resourcePolicy: new iam.PolicyDocument({ statements: [denyWritesExceptBy(writers)] }),
  });
}

/**
 * Only the functions write. What is in the table proves nothing by itself, but whoever writes it can hold back, repeat
 * and delete. Reading, deleting, restoring and changing this policy are not denied.
 */
function denyWritesExceptBy(writers: readonly iam.Role[]): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid: 'DenyWritesExceptByFunctions',
    effect: iam.Effect.DENY,
    principals: [new iam.StarPrincipal()],
    actions: [
      'dynamodb:BatchWriteItem',
      'dynamodb:DeleteItem',
      'dynamodb:PartiQLDelete',
      'dynamodb:PartiQLInsert',
      'dynamodb:PartiQLUpdate',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
    ],
    resources: ['*'], // In a table's policy: this table. Its ARN would refer to itself.
    conditions: {
      ArnNotLike: { 'aws:PrincipalArn': writers.flatMap(principalArns) },
      // DynamoDB itself deletes what has expired.
      Bool: { 'aws:PrincipalIsAWSService': 'false' },
    },
  });
}
