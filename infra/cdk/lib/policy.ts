import { aws_ssm as ssm, CfnDeletionPolicy, RemovalPolicy } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Settings } from './settings.js';

/**
 * The parameter with the policy. This is only the first policy: administrators edit the parameter, without deploying.
 *
 * CloudFormation overwrites their edits whenever a property differs from the one deployed before. So the properties may
 * only depend on the props, and must not change in a new version of this construct, not even the comment in the text.
 */
export function policyParameter(scope: Construct, settings: Settings): ssm.StringParameter {
  const parameter = new ssm.StringParameter(scope, 'PolicyParameter', {
    parameterName: `/${settings.deploymentName}/policy`,
    description: 'Who may approve or reject what by Countersign. It is read for each approval.',
    tier: ssm.ParameterTier.INTELLIGENT_TIERING, // Standard, which is free, up to 4 KB; then advanced, up to 8 KB.
    stringValue: firstPolicy(settings),
  });
  parameter.applyRemovalPolicy(RemovalPolicy.DESTROY);
  // Another name means a new parameter with the first policy. Keep the edited one.
  (parameter.node.defaultChild as ssm.CfnParameter).cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
  return parameter;
}

function firstPolicy({ approvers, quorum }: Settings): string {
  return [
    '# Who may decide, and how many must. README, "Policy", tells all keys. Check a new text before you save it:',
    '#   cargo run -p sandbox -- policy check FILE',
    '[default]',
    `approvers = ["${approvers.join('", "')}"]`,
    `quorum = ${quorum}`,
  ].join('\n');
}
