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
  if ('parameterName' in source) return parameter(scope, source.parameterName);
  const text = readPolicy(source.file);
  return parameter(scope, policyParameter(scope, settings.deploymentName, text).parameterName);
}

/**
 * The parameter of a policy that is deployed from a file. The file is authoritative: whenever it or a tag of the stack
 * changes, CloudFormation writes it over whatever is in the parameter.
 *
 * It is not named `/NAME/policy`, because that is where version 0.1 kept a policy that people edited; under another
 * name, an update leaves that one where it is.
 *
 * It is kept when the stack is deleted. Only the deployment that makes it, if it fails, deletes it again, because the
 * next attempt needs its name.
 */
function policyParameter(scope: Construct, deploymentName: string, text: string): ssm.StringParameter {
  const parameter = new ssm.StringParameter(scope, 'PolicyParameter', {
    parameterName: `/${deploymentName}/policy-file`,
    description: 'Who may approve or reject what by Countersign. Deployments overwrite it.',
    tier: ssm.ParameterTier.INTELLIGENT_TIERING, // Standard, which is free, up to 4 KB; then advanced, up to 8 KB.
    stringValue: text,
  });
  parameter.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
  return parameter;
}

function parameter(scope: Construct, name: string): PolicyLocation {
  const arn = Stack.of(scope).formatArn({ service: 'ssm', resource: `parameter${name}` });
  return { kind: 'parameter', name, arn };
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
