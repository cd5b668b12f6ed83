import {
  Annotations,
  aws_apigatewayv2 as apigatewayv2,
  aws_certificatemanager as acm,
  aws_ec2 as ec2,
  aws_events as events,
  aws_iam as iam,
  aws_kms as kms,
  aws_lambda as lambda,
  aws_route53 as route53,
  aws_ses as ses,
  aws_sns as sns,
  aws_ssm as ssm,
  Duration,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import {
  type DomainOptions,
  type EmailApprovalsProps,
  KeyUse,
  LogLevel,
  type MemberProps,
  Policy,
} from '../lib/index.js';
import { ContextReader } from './context-reader.js';
import { builtCode } from './rust-code.js';

/**
 * The context keys that the app reads: the SAM template's parameters, with a lower-case first letter, and two more. In
 * place of a policy's text, there is the path of its file.
 */
type Key =
  | 'alarmTopicArn'
  | 'approvalTimeoutDays'
  | 'approvers'
  | 'architecture'
  | 'caBundleLayerArn'
  | 'certificateArn'
  | 'configurationSet'
  | 'dashboard'
  | 'deletionProtection'
  | 'deploymentName'
  | 'domainName'
  | 'eventBusName'
  | 'forwardBusArn'
  | 'hostedZoneId'
  | 'httpsProxy'
  | 'logKeyArn'
  | 'logLevel'
  | 'logRetentionDays'
  | 'memberAccounts'
  | 'memberAccountsParameter'
  | 'memberRolePrefix'
  | 'noProxy'
  | 'notificationTopic'
  | 'notifierConcurrency'
  | 'okActions'
  | 'organizationId'
  | 'origins'
  | 'permissionsBoundaryArn'
  | 'pipelineNamePrefix'
  | 'pipelineRegions'
  | 'policyFile'
  | 'policyParameterName'
  | 'policySource'
  | 'quorum'
  | 'recordRetentionDays'
  | 'replyTo'
  | 'requestKeys'
  | 'rolePath'
  | 'securityGroupIds'
  | 'sender'
  | 'senderIdentity'
  | 'senderIdentityArn'
  | 'senderName'
  | 'serveOwnAccount'
  | 'sesRegion'
  | 'sesSandbox'
  | 'subnetIds'
  | 'sweepConcurrency'
  | 'sweepPace'
  | 'tableKeyArn'
  | 'testEvents'
  | 'throttleBurst'
  | 'throttleRate'
  | 'tlsPolicy'
  | 'voteKeys'
  // Zips with a `bootstrap` that is built already. Without them, cargo-lambda builds the functions.
  | 'callbackZip'
  | 'notifierZip';

/** The same for the parameters of infra/member/template.yaml. */
type MemberKey =
  | 'deploymentName'
  | 'homeRegion'
  | 'hubBusArn'
  | 'organizationId'
  | 'permissionsBoundaryName'
  | 'pipelineNamePrefix'
  | 'rolePath'
  | 'rolePrefix'
  | 'testEvents';

/** Reads the props of `EmailApprovals` from the context of `scope`. */
export function propsFromContext(scope: Construct): EmailApprovalsProps {
  const context = new ContextReader<Key>(scope);
  refuseFormerKeys(scope);
  const x86 = context.oneOf('architecture', 'arm64', 'x86_64') === 'x86_64';
  const architecture = x86 ? lambda.Architecture.X86_64 : lambda.Architecture.ARM_64;
  const code = (key: Key, binary: string) => {
    const zip = context.optional(key, (path) => lambda.Code.fromAsset(path));
    return zip ?? builtCode(binary, architecture);
  };
  return {
    policy: policy(scope, context),
    sender: context.required('sender', 'approvals@example.com'),
    // An empty name is a value of its own: no name instead of the default.
    senderName: context.text('senderName'),
    senderIdentity: senderIdentity(scope, context),
    replyTo: context.optional('replyTo', String),
    tlsPolicy: context.oneOf('tlsPolicy', ...Object.values(ses.ConfigurationSetTlsPolicy)),
    configurationSet: context.optional('configurationSet', (name) =>
      ses.ConfigurationSet.fromConfigurationSetName(scope, 'ConfigurationSet', name),
    ),
    sesRegion: context.optional('sesRegion', String),
    sesSandbox: context.flag('sesSandbox'),
    deploymentName: context.optional('deploymentName', String),
    origins: context.list('origins'),
    eventBus: context.optional('eventBusName', (name) =>
      name === 'default' ? undefined : events.EventBus.fromEventBusName(scope, 'EventBus', name),
    ),
    pipelineRegions: context.list('pipelineRegions'),
    pipelineNamePrefix: context.optional('pipelineNamePrefix', String),
    approvalTimeout: days(context.number('approvalTimeoutDays')),
    notificationTopic: context.flag('notificationTopic'),
    memberAccounts: context.list('memberAccounts'),
    memberAccountsParameter: context.optional('memberAccountsParameter', (name) =>
      parameter(scope, 'memberAccountsParameter', name),
    ),
    organizationId: context.optional('organizationId', String),
    serveOwnAccount: context.flag('serveOwnAccount'),
    memberRolePrefix: context.optional('memberRolePrefix', String),
    forwardBus: context.arn('forwardBusArn', 'events', 'event-bus', (arn) =>
      events.EventBus.fromEventBusArn(scope, 'ForwardBus', arn),
    ),
    alarmTopic: context.optional('alarmTopicArn', (arn) => sns.Topic.fromTopicArn(scope, 'AlarmTopic', arn)),
    okActions: context.flag('okActions'),
    dashboard: context.flag('dashboard'),
    logRetention: context.number('logRetentionDays'),
    logLevel: context.oneOf('logLevel', ...Object.values(LogLevel)),
    recordRetention: days(context.number('recordRetentionDays')),
    deletionProtection: context.flag('deletionProtection'),
    throttle: throttle(context),
    notifierConcurrency: context.number('notifierConcurrency'),
    sweepConcurrency: context.number('sweepConcurrency'),
    sweepPace: context.number('sweepPace'),
    testEvents: context.oneOf('testEvents', 'enabled', 'disabled') === 'enabled',
    architecture,
    permissionsBoundary: context.optional('permissionsBoundaryArn', (arn) => permissionsBoundary(scope, arn)),
    rolePath: context.optional('rolePath', String),
    domain: domain(scope, context),
    ...network(scope, context),
    httpsProxy: context.optional('httpsProxy', String),
    noProxy: context.list('noProxy'),
    tableKey: context.arn('tableKeyArn', 'kms', 'key', (arn) => kms.Key.fromKeyArn(scope, 'TableKey', arn)),
    logKey: context.arn('logKeyArn', 'kms', 'key', (arn) => kms.Key.fromKeyArn(scope, 'LogKey', arn)),
    caBundleLayer: context.optional('caBundleLayerArn', (arn) => caBundleLayer(scope, arn)),
    requestKeys: keyUses(context, 'requestKeys'),
    voteKeys: keyUses(context, 'voteKeys'),
    notifierCode: code('notifierZip', 'notifier'),
    callbackCode: code('callbackZip', 'callback'),
  };
}

/** Reads the props of `Member` from the context of `scope`. */
export function memberPropsFromContext(scope: Construct): MemberProps {
  const context = new ContextReader<MemberKey>(scope);
  return {
    hubBusArn: context.required('hubBusArn', 'arn:aws:events:eu-west-1:123456789012:event-bus/countersign-members'),
    homeRegion: context.required('homeRegion', 'eu-west-1'),
    deploymentName: context.optional('deploymentName', String),
    rolePrefix: context.optional('rolePrefix', String),
    rolePath: context.optional('rolePath', String),
    permissionsBoundary: context.optional('permissionsBoundaryName', (name) => boundaryOfAccount(scope, name)),
    pipelineNamePrefix: context.optional('pipelineNamePrefix', String),
    organizationId: context.optional('organizationId', String),
    testEvents: context.oneOf('testEvents', 'enabled', 'disabled') === 'enabled',
  };
}

/** An identity of this account by name, or one of another account by ARN. */
function senderIdentity(scope: Construct, context: ContextReader<Key>): ses.IEmailIdentity | undefined {
  const name = context.text('senderIdentity');
  const identity = context.arn('senderIdentityArn', 'ses', 'identity', (arn) =>
    ses.EmailIdentity.fromEmailIdentityArn(scope, 'SenderIdentity', arn),
  );
  if (name && identity) {
    throw new Error(`context "senderIdentity" is "${name}", but context "senderIdentityArn" names the identity`);
  }
  return name ? ses.EmailIdentity.fromEmailIdentityName(scope, 'SenderIdentity', name) : identity;
}

function permissionsBoundary(scope: Construct, arn: string): iam.IManagedPolicy {
  if (!/^arn:[a-z-]+:iam::([0-9]{12}|aws):policy\/[A-Za-z0-9_+=,.@/-]{1,640}$/.test(arn)) {
    const example = 'arn:aws:iam::123456789012:policy/boundary';
    throw new Error(`context "permissionsBoundaryArn" is "${arn}"; expected the ARN of an IAM policy, such as ${example}`);
  }
  return iam.ManagedPolicy.fromManagedPolicyArn(scope, 'PermissionsBoundary', arn);
}

/** A policy of the account that the stack is deployed into. Each account of a stack set has its own. */
function boundaryOfAccount(scope: Construct, name: string): iam.IManagedPolicy {
  if (!/^([A-Za-z0-9_+=,.@-]+\/)*[A-Za-z0-9_+=,.@-]{1,128}$/.test(name)) {
    throw new Error(`context "permissionsBoundaryName" is "${name}"; expected the name of an IAM policy, such as boundary`);
  }
  return iam.ManagedPolicy.fromManagedPolicyName(scope, 'PermissionsBoundary', name);
}

function domain(scope: Construct, context: ContextReader<Key>): DomainOptions | undefined {
  const domainName = context.text('domainName');
  if (!domainName) {
    context.refuse('"domainName" is missing', 'certificateArn', 'hostedZoneId');
    return undefined;
  }
  const certificate = context.arn('certificateArn', 'acm', 'certificate', (arn) =>
    acm.Certificate.fromCertificateArn(scope, 'Certificate', arn),
  );
  if (!certificate) {
    throw new Error(`context "domainName" is "${domainName}", but context "certificateArn" is missing`);
  }
  const hostedZone = context.optional('hostedZoneId', (id) =>
    route53.HostedZone.fromHostedZoneId(scope, 'HostedZone', id),
  );
  return { domainName, certificate, hostedZone };
}

/** A VPC by the subnets and security groups that the functions use of it. */
function network(
  scope: Construct,
  context: ContextReader<Key>,
): Pick<EmailApprovalsProps, 'vpc' | 'vpcSubnets' | 'securityGroups'> {
  const subnetIds = ids(context, 'subnetIds', 'subnet');
  const securityGroupIds = ids(context, 'securityGroupIds', 'sg');
  if (!subnetIds) {
    context.refuse('"subnetIds" is missing', 'securityGroupIds');
    return {};
  }
  if (!securityGroupIds) {
    throw new Error(`context "subnetIds" is "${subnetIds.join(',')}", but context "securityGroupIds" is missing`);
  }
  return {
    // It stands for the VPC of the subnets. Functions with subnets and security groups need nothing else of it.
    vpc: ec2.Vpc.fromVpcAttributes(scope, 'Vpc', { vpcId: 'vpc', availabilityZones: ['zone'] }),
    vpcSubnets: { subnets: subnetIds.map((id) => subnet(scope, id)) },
    securityGroups: securityGroupIds.map((id) =>
      ec2.SecurityGroup.fromSecurityGroupId(scope, id, id, { mutable: false }),
    ),
  };
}

function subnet(scope: Construct, id: string): ec2.ISubnet {
  const found = ec2.Subnet.fromSubnetId(scope, id, id);
  Annotations.of(found).acknowledgeWarning('@aws-cdk/aws-ec2:noSubnetRouteTableId', 'Nothing reads its route table.');
  return found;
}

/** Ids of EC2, such as `subnet-0a1b2c3d4e5f60718`. */
function ids(context: ContextReader<Key>, key: Key, prefix: string): string[] | undefined {
  const values = context.list(key);
  for (const id of values ?? []) {
    if (!new RegExp(`^${prefix}-([0-9a-f]{8}|[0-9a-f]{17})$`).test(id)) {
      throw new Error(`context "${key}" has "${id}"; expected ids such as ${prefix}-0a1b2c3d4e5f60718`);
    }
  }
  return values;
}

function caBundleLayer(scope: Construct, arn: string): lambda.ILayerVersion {
  if (!/^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+$/.test(arn)) {
    const example = 'arn:aws:lambda:eu-west-1:123456789012:layer:ca-bundle:1';
    throw new Error(`context "caBundleLayerArn" is "${arn}"; expected the ARN of a version of a layer, such as ${example}`);
  }
  return lambda.LayerVersion.fromLayerVersionArn(scope, 'CaBundleLayer', arn);
}

/** A parameter that exists already. Its value is only referred to, so that CloudFormation does not read it. */
function parameter(scope: Construct, key: Key, parameterName: string): ssm.IParameter {
  if (!/^(\/[A-Za-z0-9_.-]+)+$/.test(parameterName)) {
    throw new Error(`context "${key}" is "${parameterName}"; expected a name with a leading slash, such as /a/name`);
  }
  const id = `Parameter of ${key}`;
  return ssm.StringParameter.fromStringParameterAttributes(scope, id, { parameterName, forceDynamicReference: true });
}

function throttle(context: ContextReader<Key>): apigatewayv2.ThrottleSettings {
  return { rateLimit: context.number('throttleRate'), burstLimit: context.number('throttleBurst') };
}

function days(amount: number | undefined): Duration | undefined {
  return amount === undefined ? undefined : Duration.days(amount);
}

/** Refuses a key that has another name and meaning now, since the CDK ignores what nobody reads. */
function refuseFormerKeys(scope: Construct): void {
  if (scope.node.tryGetContext('pipelineRegion') !== undefined) {
    throw new Error('context "pipelineRegion" is now "pipelineRegions", the regions that the sweep looks through');
  }
}

const KEY_USES = Object.values(KeyUse);

function keyUses(context: ContextReader<Key>, key: Key): KeyUse[] | undefined {
  return context.optional(key, (value) =>
    value.split(',').map((word) => {
      const use = KEY_USES.find((known) => known === word.trim());
      if (!use) throw new Error(`context "${key}" is "${value}"; expected words from ${KEY_USES.join(', ')}`);
      return use;
    }),
  );
}

/** Reads the policy's one source, and refuses the settings of another one. */
function policy(scope: Construct, context: ContextReader<Key>): Policy {
  const source = context.oneOf('policySource', 'approvers', 'file', 'parameter');
  const refuse = (...keys: Key[]): void => context.refuse(`"policySource" is "${source}"`, ...keys);
  switch (source) {
    case 'approvers':
      refuse('policyFile', 'policyParameterName');
      return Policy.approvers(
        context
          .required('approvers', 'Ada <ada@example.com>, ben@example.com')
          .split(',')
          .map((approver) => approver.trim()),
        { quorum: context.number('quorum') },
      );
    case 'file':
      refuse('approvers', 'quorum', 'policyParameterName');
      return Policy.file(context.required('policyFile', 'policy.toml'));
    case 'parameter':
      refuse('approvers', 'quorum', 'policyFile');
      return Policy.parameter(
        parameter(
          scope,
          'policyParameterName',
          context.required('policyParameterName', '/countersign/approval-policy'),
        ),
      );
    default:
      throw new Error(
        [
          'context "policySource" is missing; pass it as -c policySource=approvers, file or parameter. When you',
          'update from a version before 0.1.0, read "Update from before 0.1.0" in docs/upgrade.md first: the update',
          'deletes the policy parameter of that version',
        ].join(' '),
      );
  }
}
