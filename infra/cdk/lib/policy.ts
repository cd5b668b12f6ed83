import { readFileSync } from 'node:fs';

import { aws_ssm as ssm, RemovalPolicy } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { validateApprovers, validatePolicyParameter } from './validate-policy.js';

/** What SSM takes, and the notifier too. */
const MOST_BYTES = 8192;

/** Where the notifier finds the policy: in a parameter, or in its own settings. */
export type PolicyLocation =
  | { readonly kind: 'parameter'; readonly parameter: ssm.IParameter }
  | { readonly kind: 'text'; readonly text: string };

/** What belongs to a list of approvers. */
export interface ApproversOptions {
  /**
   * How many of the approvers must approve. A single rejection always rejects.
   * @default 1
   */
  readonly quorum?: number;
}

/**
 * The policy, which says who may decide what. It has exactly one source, and nothing falls back from one to another. See
 * docs/policy.md.
 */
export class Policy {
  /**
   * A policy with a single route: these people may decide everything. It becomes a setting of the notifier.
   *
   * @param approvers each as `ada@example.com` or `Ada Lovelace <ada@example.com>`, with at most 1,024 characters in all
   * @param options the quorum
   */
  static approvers(approvers: string[], options: ApproversOptions = {}): Policy {
    const quorum = options.quorum ?? 1;
    validateApprovers(approvers, quorum);
    return new Policy(() => ({ kind: 'text', text: policyText(approvers, quorum) }));
  }

  /**
   * A policy file to deploy, into an SSM parameter that the stack owns and overwrites.
   *
   * @param path the path of the file, at most 8 KB of TOML
   */
  static file(path: string): Policy {
    const text = readPolicy(path);
    return new Policy((scope) => ({ kind: 'parameter', parameter: policyParameter(scope, text) }));
  }

  /**
   * An SSM parameter with the policy, which the construct never writes.
   *
   * @param parameter the parameter; if it exists already, import it by `StringParameter.fromStringParameterAttributes` with
   * `forceDynamicReference`, so that CloudFormation does not read its value
   */
  static parameter(parameter: ssm.IParameter): Policy {
    validatePolicyParameter(parameter.parameterName);
    return new Policy(() => ({ kind: 'parameter', parameter }));
  }

  private constructor(private readonly locate: (scope: Construct) => PolicyLocation) {}

  /**
   * Where the notifier finds the policy. The parameter of a policy that is deployed from a file is created in `scope`.
   * @internal
   */
  _locate(scope: Construct): PolicyLocation {
    return this.locate(scope);
  }
}

/**
 * The parameter of a policy that is deployed from a file. The file is authoritative: whenever it or a tag of the stack
 * changes, CloudFormation writes it over whatever is in the parameter.
 *
 * It is kept when the stack is deleted, unless the deployment that makes it fails. So CloudFormation names it: what is
 * kept must not have a name that a later deployment needs. Before 0.1.0 it was `/NAME/policy`, which people edited. An
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
