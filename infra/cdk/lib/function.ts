import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { aws_iam as iam, aws_lambda as lambda, aws_logs as logs, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { acknowledge } from './acknowledge.js';
import { logGroupNames } from './encryption.js';
import { functionRoleName } from './member-roles.js';
import { networkOptions, networkSettings } from './network.js';
import { roleProps } from './roles.js';
import type { Settings } from './settings.js';

/** The options in which the two functions differ. */
export interface RustFunctionOptions extends lambda.FunctionOptions {
  /** The package in this repository, which is also the suffix of the function's name in AWS. */
  readonly binary: 'notifier' | 'callback';
  /** The built code, or undefined for that in this package. */
  readonly code: lambda.Code | undefined;
  readonly role: iam.Role;
}

/** The role of a function, without any permissions yet. */
export function functionRole(
  scope: Construct,
  id: string,
  binary: RustFunctionOptions['binary'],
  settings: Settings,
): iam.Role {
  const { deploymentName } = settings;
  return new iam.Role(scope, id, {
    ...roleProps(settings),
    roleName: functionRoleName(deploymentName, binary, Stack.of(scope).region),
    description: `Role of the Countersign ${binary} (${deploymentName})`,
    assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
  });
}

/** One of the two functions, with its log group. */
export function rustFunction(scope: Construct, settings: Settings, options: RustFunctionOptions): lambda.Function {
  const { binary, code, role, environment, ...rest } = options;
  const functionName = `${settings.deploymentName}-${binary}`;
  const logGroup = new logs.LogGroup(scope, 'LogGroup', {
    logGroupName: logGroupNames(settings.deploymentName)[binary],
    retention: settings.logRetention,
    encryptionKey: settings.logKey,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  // The managed policy AWSLambdaBasicExecutionRole would allow writing to every log group.
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: 'WriteLogs',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
    }),
  );
  acknowledge(
    role,
    'AwsSolutions-IAM5[Resource::*]',
    'X-Ray and GetAccount take no resource. tests/infra checks that no other action has *.',
  );
  return new lambda.Function(scope, 'Function', {
    ...rest,
    ...networkOptions(settings),
    environment: { ...environment, ...networkSettings(settings) },
    functionName,
    role,
    code: code ?? packagedCode(binary, settings.architecture),
    runtime: lambda.Runtime.PROVIDED_AL2023,
    handler: 'bootstrap',
    architecture: settings.architecture,
    memorySize: 128,
    tracing: lambda.Tracing.ACTIVE, // The construct library adds the permissions that tracing needs to the role.
    logGroup,
    loggingFormat: lambda.LoggingFormat.JSON,
    // The functions apply logLevel themselves. At any level here, lines with metrics are kept.
    applicationLogLevelV2: lambda.ApplicationLogLevel.TRACE,
    systemLogLevelV2: lambda.SystemLogLevel.INFO,
  });
}

/** The code of a function that is in this package. Its name is the one that a release gives its zip. */
function packagedCode(binary: RustFunctionOptions['binary'], architecture: lambda.Architecture): lambda.Code {
  const name = `countersign-${binary}-${architecture.name}.zip`;
  const path = join(__dirname, '..', 'functions', name);
  if (!existsSync(path)) {
    throw new Error(
      [
        `functions/${name} is not in this build of countersign-cdk. Install a released package, make one with`,
        'infra/cdk/package, or pass notifierCode and callbackCode',
      ].join(' '),
    );
  }
  return lambda.Code.fromAsset(path);
}
