import { aws_iam as iam, aws_kms as kms, CfnDeletionPolicy, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/**
 * The key that signs links. They are worthless without the API of this stack, so the key is deleted with the stack, and
 * can be recovered for 30 days. An update that replaces the key keeps the old one, since its links may still be in use.
 */
export function signingKey(scope: Construct, deploymentName: string, notifierRole: iam.Role): kms.Key {
  const key = new kms.Key(scope, 'SigningKey', {
    description: `Signs the links of Countersign (${deploymentName})`,
    alias: deploymentName,
    keySpec: kms.KeySpec.ECC_NIST_EDWARDS25519,
    keyUsage: kms.KeyUsage.SIGN_VERIFY,
    pendingWindow: Duration.days(30),
    removalPolicy: RemovalPolicy.DESTROY,
  });
  (key.node.defaultChild as kms.CfnKey).cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
  // Who can sign can approve in any name, so even administrators are denied it, unless they change this policy.
  // For a session of the role, AWS compares the role's ARN; some other policy evaluators compare the session's.
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'DenySigningExceptByNotifier',
      effect: iam.Effect.DENY,
      principals: [new iam.AnyPrincipal()],
      actions: ['kms:Sign'],
      resources: ['*'], // In a key policy: this key.
      conditions: {
        ArnNotLike: {
          'aws:PrincipalArn': [
            notifierRole.roleArn,
            Stack.of(scope).formatArn({
              service: 'sts',
              region: '',
              resource: 'assumed-role',
              resourceName: `${notifierRole.roleName}/*`,
            }),
          ],
        },
      },
    }),
  );
  return key;
}
