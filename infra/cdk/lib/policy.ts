import { readFileSync } from 'node:fs';

import { aws_ssm as ssm, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { PolicySource, Settings } from './settings.js';

/** What SSM takes, and the notifier too. */
const MOST_BYTES = 8192;

/** Where the notifier finds the policy: in a parameter, or in its own settings. */
export type PolicyLocation =
  | { readonly kind: 'parameter'; readonly name: string; readonly arn: string }
  | { readonly kind: 'text'; readonly text: string };

/** Finds the one source of the policy, and creates the parameter of a policy that is deployed from a file. */
export function policyLocation(scope: Construct, settings: Settings): PolicyLocation {
  const source: PolicySource = settings.policy;
  if ('approvers' in source) return { kind: 'text', text: policyText(source.approvers, source.quorum ?? 1) };
  if ('parameterName' in source) {
    // A name with its leading slash.
    const arn = Stack.of(scope).formatArn({ service: 'ssm', resource: `parameter${source.parameterName}` });
    return { kind: 'parameter', name: source.parameterName, arn };
  }
  const { parameterName: name, parameterArn: arn } = policyParameter(scope, readPolicy(source.file));
  return { kind: 'parameter', name, arn };
}

/**
 * The parameter of a policy that is deployed from a file. The file is authoritative: whenever it or a tag of the stack
 * changes, CloudFormation writes it over whatever is in the parameter.
 *
 * It is kept when the stack is deleted, unless the deployment that makes it fails. So CloudFormation names it: what is
 * kept must not have a name that a later deployment needs. In version 0.1 it was `/NAME/policy`, which people edited. An
 * update replaces that one, and leaves it where it is.
 */
function policyParameter(scope: Construct, text: string): ssm.StringParameter {
  const parameter = new ssm.StringParameter(scope, 'PolicyParameter', {
    simpleName: true, // The name that CloudFormation makes has no slash, which the ARN then adds.
    description: 'Who may approve or reject what by Countersign. Deployments overwrite it.',
    tier: ssm.ParameterTier.INTELLIGENT_TIERING, // Standard, which is free, up to 4 KB; then advanced, up to 8 KB.
    stringValue: text,
  });
  parameter.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
  return parameter;
}

function readPolicy(file: string): string {
  const text = readFileSync(file, 'utf8');
  const bytes = Buffer.byteLength(text);
  if (text.trim() === '') throw new Error(`policy file ${file} is empty`);
  if (bytes > MOST_BYTES) {
    throw new Error(`policy file ${file} has ${bytes} bytes, but must have at most ${MOST_BYTES}`);
  }
  return text;
}

function policyText(approvers: readonly string[], quorum: number): string {
  return ['[default]', `approvers = ["${approvers.join('", "')}"]`, `quorum = ${quorum}`].join('\n');
}
