import { aws_ssm as ssm, CfnDeletionPolicy, RemovalPolicy } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Settings } from './settings.js';

/**
 * The policy. What stands here is the first one; whoever administers it edits the parameter and deploys nothing.
 *
 * CloudFormation writes it again, over what was edited, whenever a property here is another than before. So only
 * `approvers` and `quorum` may make one so, and no new version of this construct: not even the comment may change.
 */
export function policyParameter(scope: Construct, settings: Settings): ssm.StringParameter {
  const parameter = new ssm.StringParameter(scope, 'PolicyParameter', {
    parameterName: `/${settings.deploymentName}/policy`,
    description: 'Who may approve or reject what by Countersign. It is read for each approval.',
    tier: ssm.ParameterTier.INTELLIGENT_TIERING, // Standard, for nothing, up to 4 KB; advanced, up to 8 KB.
    stringValue: firstPolicy(settings),
  });
  parameter.applyRemovalPolicy(RemovalPolicy.DESTROY);
  // Under another name the first policy begins again; the edited one is not lost.
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
