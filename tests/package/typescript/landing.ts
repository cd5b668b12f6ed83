/**
 * What a landing zone demands, of a hub and of another account: the configuration "landing zone" in test_package.py, and
 * "everything" of members in tests/infra/templates.py.
 */
import {
  App,
  aws_certificatemanager as acm,
  aws_ec2 as ec2,
  aws_events as events,
  aws_iam as iam,
  aws_kms as kms,
  aws_lambda as lambda,
  aws_route53 as route53,
  aws_sns as sns,
  Duration,
  Stack,
  Validations,
} from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { EmailApprovals, Member, Policy } from 'countersign-cdk';

const app = new App();
const organizationId = 'o-a1b2c3d4e5';
const rolePath = '/delivery/approvals/';

const hub = new Stack(app, 'Landing');
const boundary = 'arn:aws:iam::123456789012:policy/landing/boundary';
const certificate = 'arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d-0000-0000-0000-000000000000';
const layer = 'arn:aws:lambda:eu-west-1:210987654321:layer:ca-bundle:3';
const tableKey = 'arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-0000-0000-000000000001';
const logKey = 'arn:aws:kms:eu-west-1:210987654321:key/0a1b2c3d-0000-0000-0000-000000000002';
const forwardBus = 'arn:aws:events:us-east-1:345678901234:event-bus/releases';
new EmailApprovals(hub, 'EmailApprovals', {
  policy: Policy.approvers(['ada@example.com', 'Ben <ben@example.com>']),
  sender: 'approvals@mail.example.com',
  organizationId,
  memberAccounts: ['210987654321'],
  forwardBus: events.EventBus.fromEventBusArn(hub, 'ForwardBus', forwardBus),
  permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyArn(hub, 'Boundary', boundary),
  rolePath,
  domain: {
    domainName: 'approve.example.org',
    certificate: acm.Certificate.fromCertificateArn(hub, 'Certificate', certificate),
    hostedZone: route53.HostedZone.fromHostedZoneId(hub, 'Zone', 'Z0123456789ABCDEFGHIJ'),
  },
  vpc: ec2.Vpc.fromVpcAttributes(hub, 'Vpc', {
    vpcId: 'vpc-0a1b2c3d4e5f60718',
    availabilityZones: ['eu-west-1a', 'eu-west-1b'],
    privateSubnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-1b2c3d4e5f607181a'],
    privateSubnetRouteTableIds: ['rtb-0a1b2c3d4e5f60718', 'rtb-1b2c3d4e5f607181a'],
  }),
  vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
  securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(hub, 'Outbound', 'sg-0a1b2c3d4e5f60718')],
  httpsProxy: 'http://proxy.example.org:3128',
  noProxy: ['dynamodb.eu-west-1.amazonaws.com', 'kms.eu-west-1.amazonaws.com'],
  caBundleLayer: lambda.LayerVersion.fromLayerVersionArn(hub, 'CaBundle', layer),
  tableKey: kms.Key.fromKeyArn(hub, 'TableKey', tableKey),
  logKey: kms.Key.fromKeyArn(hub, 'LogKey', logKey),
  recordRetention: Duration.days(3653),
  deletionProtection: true,
  alarmTopic: sns.Topic.fromTopicArn(hub, 'Alarms', 'arn:aws:sns:eu-west-1:123456789012:alarms'),
  okActions: true,
  dashboard: true,
});

const member = new Stack(app, 'CountersignMember');
new Member(member, 'Member', {
  hubBusArn: 'arn:aws:events:eu-central-1:210987654321:event-bus/central',
  homeRegion: 'eu-west-1',
  deploymentName: 'releases',
  rolePrefix: 'approvals',
  rolePath,
  permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyName(member, 'Boundary', 'landing/boundary'),
  pipelineNamePrefix: 'team-a-',
  organizationId,
  testEvents: true,
});

Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
app.synth();
