import { ArnFormat, aws_iam as iam, type aws_lambda as lambda, Stack } from 'aws-cdk-lib';

import type { Settings } from './settings.js';

/** Where Lambda unpacks `ca-bundle.pem` of the layer. */
const CA_BUNDLE = '/opt/ca-bundle.pem';

/** What Lambda itself needs for a function in a VPC, like its own policy AWSLambdaVPCAccessExecutionRole. */
const NETWORK_INTERFACES = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

/** The options of a function that say where it runs and whom it trusts. */
export function networkOptions(settings: Settings): lambda.FunctionOptions {
  const { vpc, vpcSubnets, securityGroups, caBundleLayer } = settings;
  return {
    ...(vpc && { vpc, vpcSubnets, securityGroups }),
    ...(caBundleLayer && { layers: [caBundleLayer] }),
  };
}

/**
 * The settings that the functions' HTTP clients read. Lambda's own Runtime API is plain HTTP, which `HTTPS_PROXY` is not
 * about.
 */
export function networkSettings({ httpsProxy, noProxy, caBundleLayer }: Settings): Record<string, string> {
  return {
    ...(httpsProxy && { HTTPS_PROXY: httpsProxy }),
    ...(noProxy.length > 0 && { NO_PROXY: noProxy.join(',') }),
    ...(caBundleLayer && { SSL_CERT_FILE: CA_BUNDLE }),
  };
}

/**
 * Lets Lambda connect a function to the VPC, and denies the same to the function's code: only then is
 * `lambda:SourceFunctionArn` there.
 */
export function allowNetworkInterfaces(role: iam.Role, functionName: string, { vpc }: Settings): void {
  if (vpc === undefined) return;
  const resources = ['*'];
  role.addToPolicy(
    new iam.PolicyStatement({ sid: 'ManageNetworkInterfaces', actions: NETWORK_INTERFACES, resources }),
  );
  // A reference to the function would be circular.
  const functionArn = Stack.of(role).formatArn({
    service: 'lambda',
    resource: 'function',
    resourceName: functionName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: 'DenyNetworkInterfacesToCode',
      effect: iam.Effect.DENY,
      actions: [...NETWORK_INTERFACES, 'ec2:DetachNetworkInterface'],
      resources,
      conditions: { ArnEquals: { 'lambda:SourceFunctionArn': functionArn } },
    }),
  );
}
