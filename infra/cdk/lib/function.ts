import { fileURLToPath } from 'node:url';

import { aws_iam as iam, aws_lambda as lambda, aws_logs as logs, RemovalPolicy } from 'aws-cdk-lib';
import { RustFunction, cargoLambdaVersion } from 'cargo-lambda-cdk';
import type { Construct } from 'constructs';

import { acknowledge } from './acknowledge.js';
import type { Settings } from './settings.js';

/** What is the same for both functions. */
const MEMORY_MIB = 128;

/** A function as its own file tells it. */
export interface FunctionParts extends lambda.FunctionOptions {
  /** The function's package in this repository and, after the deployment's name, its name in AWS. */
  readonly binary: 'notifier' | 'callback';
  /** Built already; cargo-lambda builds it otherwise. */
  readonly code: lambda.Code | undefined;
  readonly role: iam.Role;
}

/** A role that Lambda may assume and that may do nothing yet. */
export function role(scope: Construct, id: string, description: string): iam.Role {
  return new iam.Role(scope, id, { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'), description });
}

/** One of the two functions, with its log group. */
export function rustFunction(scope: Construct, settings: Settings, parts: FunctionParts): lambda.Function {
  const { binary, code, role, ...options } = parts;
  const functionName = `${settings.deploymentName}-${binary}`;
  const logGroup = new logs.LogGroup(scope, 'LogGroup', {
    logGroupName: `/aws/lambda/${functionName}`,
    retention: settings.logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  // Not the managed policy AWSLambdaBasicExecutionRole, which may write to every log group.
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: 'WriteTheLog',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
    }),
  );
  const shared: lambda.FunctionOptions = {
    ...options,
    functionName,
    role,
    memorySize: MEMORY_MIB,
    tracing: lambda.Tracing.ACTIVE, // The construct library adds what tracing needs to the role.
    logGroup,
    loggingFormat: lambda.LoggingFormat.JSON,
    // The functions leave out what logLevel leaves out; Lambda must not drop the lines with metrics as well.
    applicationLogLevelV2: lambda.ApplicationLogLevel.TRACE,
    systemLogLevelV2: lambda.SystemLogLevel.INFO,
  };
  acknowledge(
    role,
    'AwsSolutions-IAM5[Resource::*]',
    'X-Ray, the list of pipelines, and the questions of the doctor to SES, take no resource. tests/infra checks that no other action has it.',
  );
  if (code) {
    return new lambda.Function(scope, 'Function', {
      ...shared,
      code,
      runtime: lambda.Runtime.PROVIDED_AL2023,
      handler: 'bootstrap',
      architecture: settings.architecture,
    });
  }
  if (!cargoLambdaVersion()) {
    throw new Error('cargo-lambda is missing: `pip install cargo-lambda`, or give notifierCode and callbackCode');
  }
  return new RustFunction(scope, 'Function', {
    ...shared,
    // The package, not the workspace: Cargo would unify features with the sandbox's and link sign-in flows.
    manifestPath: fileURLToPath(new URL(`../../../functions/${binary}/Cargo.toml`, import.meta.url)),
    binaryName: binary,
    bundling: { architecture: settings.architecture },
  });
}
