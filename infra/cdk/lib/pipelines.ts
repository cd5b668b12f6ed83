import { type aws_iam as iam, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { acknowledge } from './acknowledge.js';
import type { Settings } from './settings.js';

/** The ARN of all pipelines of this account in the region that is served. */
export function allPipelines(scope: Construct, settings: Settings): string {
  return pipelineArn(scope, settings, '*');
}

/** The ARN of all actions of those pipelines, in the form that `PutApprovalResult` takes. */
export function allActions(scope: Construct, settings: Settings): string {
  return pipelineArn(scope, settings, '*/*/*');
}

/** Accepts the cdk-nag finding that a role is not limited to certain pipelines. */
export function acknowledgePipelines(role: iam.Role, settings: Settings, ...names: readonly ('*' | '*/*/*')[]): void {
  for (const name of names) {
    const region = settings.pipelineRegion ?? Stack.of(role).region;
    acknowledge(
      role,
      `AwsSolutions-IAM5[Resource::${findingArn(role, 'codepipeline', region, name)}]`,
      'The pipelines that have manual approvals are not known when the stack is deployed.',
    );
  }
}

/** An ARN of this account as in a finding of cdk-nag, with `<AWS::Region>` for what is only known on deployment. */
export function findingArn(scope: Construct, service: string, region: string, resource: string): string {
  const stack = Stack.of(scope);
  const known = (text: string, name: string) => (text.startsWith('${Token') ? `<AWS::${name}>` : text);
  return `arn:<AWS::Partition>:${service}:${known(region, 'Region')}:${known(stack.account, 'AccountId')}:${resource}`;
}

function pipelineArn(scope: Construct, settings: Settings, name: string): string {
  const region = settings.pipelineRegion ? { region: settings.pipelineRegion } : {};
  return Stack.of(scope).formatArn({ service: 'codepipeline', resource: name, ...region });
}
