import { Stack, Validations } from 'aws-cdk-lib';
import type { Construct, IConstruct } from 'constructs';

/** Accepts a finding of cdk-nag on a construct, with the reason. */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}

/** An ARN of this account as in a finding of cdk-nag, with `<AWS::Region>` for what is only known on deployment. */
export function findingArn(scope: Construct, service: string, region: string, resource: string): string {
  const stack = Stack.of(scope);
  const known = (text: string, name: string) => (text.startsWith('${Token') ? `<AWS::${name}>` : text);
  return `arn:<AWS::Partition>:${service}:${known(region, 'Region')}:${known(stack.account, 'AccountId')}:${resource}`;
}
