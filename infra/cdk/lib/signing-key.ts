import { aws_iam as iam, aws_kms as kms, CfnDeletionPolicy, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/**
 * The key that signs links. Links are worthless without the API of this stack, so it goes with the stack, after 30 days
 * in which it can be brought back. When an update replaces it, the old one stays: its links are still out.
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
  // Whoever can sign can approve in anybody's name, so no administrator can either, short of changing this policy.
  // AWS gives the role's ARN for its sessions; the session's own form stands here for other evaluators.
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'NobodyButTheNotifierSigns',
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
