import { ArnFormat, aws_iam as iam, type aws_lambda as lambda, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { acknowledge } from './acknowledge.js';
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
 * Lets Lambda connect functions to the VPC, and denies the same to their code: only then is `lambda:SourceFunctionArn`
 * there. It is a policy of its own, on which the functions depend, so that they leave a VPC before Lambda loses the right
 * to remove their interfaces.
 */
export function networkPolicy(
  scope: Construct,
  { vpc, deploymentName }: Settings,
  roles: iam.IRole[],
): iam.Policy | undefined {
  if (vpc === undefined) return undefined;
  const resources = ['*'];
  // References to the functions would be circular.
  const functions = (['callback', 'notifier'] as const).map((binary) =>
    Stack.of(scope).formatArn({
      service: 'lambda',
      resource: 'function',
      resourceName: `${deploymentName}-${binary}`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    }),
  );
  const policy = new iam.Policy(scope, 'NetworkPolicy', {
    roles,
    statements: [
      new iam.PolicyStatement({ sid: 'ManageNetworkInterfaces', actions: NETWORK_INTERFACES, resources }),
      new iam.PolicyStatement({
        sid: 'DenyNetworkInterfacesToCode',
        effect: iam.Effect.DENY,
        actions: [...NETWORK_INTERFACES, 'ec2:DetachNetworkInterface'],
        resources,
        conditions: { ArnEquals: { 'lambda:SourceFunctionArn': functions } },
      }),
    ],
  });
  acknowledge(
    policy,
    'AwsSolutions-IAM5[Resource::*]',
    'Lambda needs these actions on all resources, as its own policy for functions in a VPC has them.',
  );
  return policy;
}
