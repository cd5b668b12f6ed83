/**
 * What users do with the construct after they have made it. Two stacks show what the grants come to, and `results.json`
 * beside them what metrics, alarms and errors say.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  App,
  aws_cloudwatch as cloudwatch,
  aws_cloudwatch_actions as actions,
  aws_ec2 as ec2,
  aws_iam as iam,
  aws_kms as kms,
  aws_lambda as lambda,
  aws_sns as sns,
  aws_ssm as ssm,
  Duration,
  Stack,
} from 'aws-cdk-lib';
import { EmailApprovals, type EmailApprovalsProps, KeyUse, Policy } from 'countersign-cdk';

const app = new App();
const sender = 'approvals@example.com';
const people = Policy.approvers(['ada@example.com']);

function role(stack: Stack, id: string): iam.Role {
  return new iam.Role(stack, id, { roleName: id, assumedBy: new iam.AccountPrincipal('210987654321') });
}

// Grants on a deployment of which the stack owns the policy's parameter, and on one that refers to another's.
const owning = new Stack(app, 'Owning');
const approvals = new EmailApprovals(owning, 'EmailApprovals', { policy: Policy.file('policy.toml'), sender });
approvals.grantOperate(role(owning, 'Operator'));
approvals.grantEditPolicy(role(owning, 'Editor'));
approvals.grantReadLedger(role(owning, 'Auditor'));
const pager = new sns.Topic(owning, 'Pager', { topicName: 'pager' });
approvals.alarms.forgeries.addAlarmAction(new actions.SnsAction(pager));

// With keys of its own, which the stack makes.
const keyed = new Stack(app, 'Keyed');
new EmailApprovals(keyed, 'EmailApprovals', {
  policy: people,
  sender,
  tableKey: new kms.Key(keyed, 'TableKey'),
  logKey: new kms.Key(keyed, 'LogKey'),
}).grantReadLedger(role(keyed, 'Auditor'));

const referring = new Stack(app, 'Referring');
const parameter = ssm.StringParameter.fromStringParameterAttributes(referring, 'Policy', {
  parameterName: '/releases/who-decides',
  forceDynamicReference: true,
});
new EmailApprovals(referring, 'EmailApprovals', { policy: Policy.parameter(parameter), sender }).grantEditPolicy(
  role(referring, 'Editor'),
);

const metrics: Record<string, cloudwatch.Metric> = {
  metric: approvals.metric('Requested', { period: Duration.hours(1), statistic: 'Maximum' }),
  metricRequested: approvals.metricRequested(),
  metricSent: approvals.metricSent(),
  metricSendFailures: approvals.metricSendFailures(),
  metricUndelivered: approvals.metricUndelivered(),
  metricVotes: approvals.metricVotes(),
  metricDecisions: approvals.metricDecisions('Rejected'),
  metricRefusals: approvals.metricRefusals('expired', { label: 'Expired' }),
  metricTimeToDecision: approvals.metricTimeToDecision(),
  metricForged: approvals.metricForged(),
  metricOlderLinks: approvals.metricOlderLinks(),
  metricThrottled: approvals.metricThrottled(),
  metricPipelinesLeft: approvals.metricPipelinesLeft(),
  metricUnservedEvents: approvals.metricUnservedEvents(),
};

/** The message of the error that something ends with. */
function failure(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
}

function withProps(props: Partial<EmailApprovalsProps>): EmailApprovals {
  const stack = new Stack(new App({ autoSynth: false }), 'Stack');
  return new EmailApprovals(stack, 'EmailApprovals', { policy: people, sender, ...props });
}

const errors = {
  editPolicy: failure(() => withProps({}).grantEditPolicy(role(owning, 'Other'))),
  operate: failure(() => approvals.grantOperate(new iam.AccountPrincipal('210987654321'))),
  readLedger: failure(() => approvals.grantReadLedger(new iam.ServicePrincipal('glue.amazonaws.com'))),
  code: failure(() => withProps({ architecture: lambda.Architecture.custom('riscv64') })),
  rate: failure(() => withProps({ throttle: { rateLimit: 0 } })),
  timeout: failure(() => withProps({ approvalTimeout: Duration.hours(36) })),
  keys: failure(() => withProps({ voteKeys: [KeyUse.SIGNS, KeyUse.SIGNS] })),
  approvers: failure(() => Policy.approvers(['ada'])),
  quorum: failure(() => Policy.approvers(['ada@example.com'], { quorum: 2 })),
  file: failure(() => Policy.file('/dev/null')),
  subnets: failure(() => withProps({ vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED } })),
  proxy: failure(() => withProps({ httpsProxy: 'http://user:secret@proxy.example.com:3128' })),
};

const assembly = app.synth();
const config = (metric: cloudwatch.Metric) => metric.toMetricConfig().metricStat;
const results = {
  errors,
  metrics: Object.fromEntries(Object.entries(metrics).map(([name, metric]) => [name, config(metric)])),
  alarms: Object.fromEntries(
    Object.entries(approvals.alarms).map(([name, alarm]: [string, cloudwatch.Alarm]) => [
      name,
      owning.resolve((alarm.node.defaultChild as cloudwatch.CfnAlarm).alarmName),
    ]),
  ),
};
writeFileSync(join(assembly.directory, 'results.json'), JSON.stringify(results));
