import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { App, aws_lambda as lambda, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';

import { propsFromContext } from '../lib/context.js';
import { EmailApprovals } from '../lib/email-approvals.js';
import type { EmailApprovalsProps } from '../lib/settings.js';

const NEEDED = { approvers: ['ada@example.com', 'Ben <ben@example.com>'], sender: 'approvals@mail.example.com' };
// Any directory will do as code: what is in it is not looked at.
const code = () => ({
  notifierCode: lambda.Code.fromAsset(import.meta.dirname),
  callbackCode: lambda.Code.fromAsset(import.meta.dirname),
});
const ENVIRONMENT = { account: '123456789012', region: 'eu-west-1' };

function template(props: Partial<EmailApprovalsProps> = {}): Template {
  const stack = new Stack(new App(), 'Countersign', { env: ENVIRONMENT });
  new EmailApprovals(stack, 'EmailApprovals', { ...NEEDED, ...code(), ...props });
  return Template.fromStack(stack);
}

interface Statement {
  Action: string | string[];
  Resource: unknown;
  Effect: string;
  Condition?: unknown;
}

/** Every action of a role with what it may be done to: the logical id of a resource, or an ARN, sorted. */
function rights(of: Template, role: string): Record<string, string[]> {
  const policies = Object.values(of.findResources('AWS::IAM::Policy')) as {
    Properties: { Roles: { Ref: string }[]; PolicyDocument: { Statement: Statement[] } };
  }[];
  const found: Record<string, string[]> = {};
  const list = <T>(one: T | T[]): T[] => (Array.isArray(one) ? one : [one]);
  for (const { Properties } of policies.filter((one) => one.Properties.Roles.some(({ Ref }) => Ref.includes(role)))) {
    for (const statement of Properties.PolicyDocument.Statement) {
      assert.equal(statement.Effect, 'Allow');
      for (const action of list(statement.Action)) {
        found[action] = [...(found[action] ?? []), ...list(statement.Resource).map(readable)].sort();
      }
    }
  }
  return Object.fromEntries(Object.entries(found).sort());
}

function readable(resource: unknown): string {
  if (typeof resource === 'string') return resource;
  const { 'Fn::GetAtt': attribute, 'Fn::Join': joined } = resource as {
    'Fn::GetAtt'?: string[];
    'Fn::Join'?: [string, (string | { Ref: string })[]];
  };
  const name = (logicalId: string) => logicalId.replace(/^EmailApprovals/, '').replace(/[0-9A-F]{8}$/, '');
  const part = (one: string | { Ref: string }) => {
    if (typeof one === 'string') return one;
    return one.Ref === 'AWS::Partition' ? 'aws' : `{${name(one.Ref)}}`;
  };
  if (attribute) return name(attribute[0] ?? '');
  if (joined) return joined[1].map(part).join(joined[0]);
  throw new Error(`unreadable: ${JSON.stringify(resource)}`);
}

const PIPELINES = 'arn:aws:codepipeline:eu-west-1:123456789012:*';
const IDENTITIES = ['approvals@mail.example.com', 'mail.example.com'].map(
  (one) => `arn:aws:ses:eu-west-1:123456789012:identity/${one}`,
);

test('the notifier may do exactly what it does', () => {
  assert.deepEqual(rights(template(), 'NotifierRole'), {
    'codepipeline:GetPipeline': [PIPELINES],
    'codepipeline:GetPipelineExecution': [PIPELINES],
    'codepipeline:GetPipelineState': [PIPELINES],
    'codepipeline:ListActionExecutions': [PIPELINES],
    'codepipeline:ListPipelines': ['*'],
    'dynamodb:DescribeTable': ['LedgerTable'],
    'dynamodb:GetItem': ['LedgerTable'],
    'dynamodb:PutItem': ['LedgerTable'],
    'dynamodb:Query': ['LedgerTable'],
    'dynamodb:UpdateItem': ['LedgerTable'],
    'kms:Sign': ['SigningKey'],
    'logs:CreateLogStream': ['NotifierLogGroup'],
    'logs:PutLogEvents': ['NotifierLogGroup'],
    'ses:GetIdentityVerificationAttributes': ['*'],
    'ses:GetSendQuota': ['*'],
    'ses:SendRawEmail': IDENTITIES,
    'sqs:SendMessage': ['NotifierDeadLetterQueue'],
    'ssm:GetParameter': ['arn:aws:ssm:eu-west-1:123456789012:parameter{PolicyParameter}'],
    'xray:PutTelemetryRecords': ['*'],
    'xray:PutTraceSegments': ['*'],
  });
});

test('the callback may do exactly what it does', () => {
  assert.deepEqual(rights(template(), 'CallbackRole'), {
    'codepipeline:GetPipelineExecution': [PIPELINES],
    'codepipeline:ListActionExecutions': [PIPELINES],
    'codepipeline:PutApprovalResult': [`${PIPELINES}/*/*`],
    'dynamodb:GetItem': ['LedgerTable'],
    'dynamodb:UpdateItem': ['LedgerTable'],
    'kms:GetPublicKey': ['SigningKey'],
    'logs:CreateLogStream': ['CallbackLogGroup'],
    'logs:PutLogEvents': ['CallbackLogGroup'],
    'xray:PutTelemetryRecords': ['*'],
    'xray:PutTraceSegments': ['*'],
  });
});

test('the notifier sends as the sender and as nobody else', () => {
  template().hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Action: 'ses:SendRawEmail',
          Condition: { StringEquals: { 'ses:FromAddress': 'approvals@mail.example.com' } },
        }),
      ]),
    },
  });
});

test('what may be sent with follows from identity, configuration set and sandbox', () => {
  const sends = (props: Partial<EmailApprovalsProps>) =>
    rights(template(props), 'NotifierRole')['ses:SendRawEmail']?.map((arn) => arn.split(':').at(-1));
  assert.deepEqual(sends({ senderIdentity: 'example.com' }), ['identity/example.com']);
  assert.deepEqual(sends({ senderIdentity: 'example.com', configurationSet: 'plain' }), [
    'configuration-set/plain',
    'identity/example.com',
  ]);
  assert.deepEqual(sends({ senderIdentity: 'example.com', sesSandbox: true }), ['identity/*', 'identity/example.com']);
});

test('only the notifier knows where the callback is, and every setting has its place', () => {
  const found = template({ senderName: '', replyTo: 'answers@example.com', logLevel: 'debug' });
  found.hasResourceProperties('AWS::Lambda::Function', {
    FunctionName: 'countersign-notifier',
    Environment: {
      Variables: {
        COUNTERSIGN_CALLBACK_URL: Match.objectLike({ 'Fn::GetAtt': Match.anyValue() }),
        COUNTERSIGN_CONFIGURATION_SET: Match.absent(),
        COUNTERSIGN_DEPLOYMENT: 'countersign',
        COUNTERSIGN_LOG_LEVEL: 'debug',
        COUNTERSIGN_PIPELINE_REGION: Match.absent(),
        COUNTERSIGN_POLICY: { Ref: Match.stringLikeRegexp('PolicyParameter') },
        COUNTERSIGN_REPLY_TO: 'answers@example.com',
        COUNTERSIGN_SENDER: 'approvals@mail.example.com',
        COUNTERSIGN_SIGNING_KEY: Match.anyValue(),
        COUNTERSIGN_TABLE: Match.anyValue(),
      },
    },
  });
  found.hasResourceProperties('AWS::Lambda::Function', {
    FunctionName: 'countersign-callback',
    Environment: {
      Variables: Match.objectEquals({
        COUNTERSIGN_DEPLOYMENT: 'countersign',
        COUNTERSIGN_LOG_LEVEL: 'debug',
        COUNTERSIGN_SIGNING_KEYS: Match.anyValue(),
        COUNTERSIGN_TABLE: Match.anyValue(),
      }),
    },
  });
});

test('the first policy is made of approvers and quorum, in a parameter of its own', () => {
  template({ quorum: 2, deploymentName: 'releases' }).hasResource('AWS::SSM::Parameter', {
    DeletionPolicy: 'Delete',
    UpdateReplacePolicy: 'Retain',
    Properties: Match.objectEquals({
      Name: '/releases/policy',
      Type: 'String',
      Tier: 'Intelligent-Tiering',
      Description: 'Who may approve or reject what by Countersign. It is read for each approval.',
      Value: [
        '# Who may decide, and how many must. README, "Policy", tells all keys. Check a new text before you save it:',
        '#   cargo run -p sandbox -- policy check FILE',
        '[default]',
        'approvers = ["ada@example.com", "Ben <ben@example.com>"]',
        'quorum = 2',
      ].join('\n'),
    }),
  });
});

test('the sweep comes every hour', () => {
  template().hasResourceProperties('AWS::Events::Rule', {
    Name: 'countersign-sweep',
    EventBusName: Match.absent(),
    ScheduleExpression: 'rate(1 hour)',
    Targets: [Match.objectLike({ Input: '{"sweep":{}}' })],
  });
});

test('one region of pipelines is told to the notifier, all of them are not', () => {
  const told = (pipelineRegion: string) => {
    const functions = Object.values(template({ pipelineRegion }).findResources('AWS::Lambda::Function'));
    return functions.map(({ Properties }) => Properties.Environment.Variables.COUNTERSIGN_PIPELINE_REGION);
  };
  assert.deepEqual(told('us-east-1').filter(Boolean), ['us-east-1']);
  assert.deepEqual(told('*').filter(Boolean), []);
});

test('a prop that is undefined leaves the default', () => {
  const props = { deploymentName: undefined, quorum: undefined } as unknown as EmailApprovalsProps;
  template(props).hasResourceProperties('AWS::Lambda::Function', { FunctionName: 'countersign-notifier' });
});

test('the routes are the link, the decision, and everything else', () => {
  const routes = Object.values(template().findResources('AWS::ApiGatewayV2::Route'));
  assert.deepEqual(routes.map(({ Properties }) => Properties.RouteKey).sort(), [
    '$default',
    'GET /approval',
    'POST /approval',
  ]);
});

test('the topic is there when it is wanted', () => {
  template().resourceCountIs('AWS::SNS::Topic', 0);
  template({ notificationTopic: true }).hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'lambda' });
});

test('without code, cargo-lambda builds each package for the architecture, into the same function', () => {
  const build = (context: Record<string, unknown>, props: Partial<EmailApprovalsProps> = {}) => {
    const stack = new Stack(new App({ context }), 'Countersign', { env: ENVIRONMENT });
    new EmailApprovals(stack, 'EmailApprovals', { ...NEEDED, ...props });
    const functions = Template.fromStack(stack).findResources('AWS::Lambda::Function');
    return Object.values(functions).map(({ Properties: { Code: _, ...rest } }) => rest);
  };
  // With no stack to bundle for, nothing is built, and the assets are the packages as they are. cargo-lambda need not
  // be installed for that, but the construct asks for it.
  const path = process.env['PATH'];
  process.env['PATH'] = `${import.meta.dirname}/cargo-lambda:${path}`;
  try {
    assert.deepEqual(build({ 'aws:cdk:bundling-stacks': [] }), build({}, code()));
  } finally {
    process.env['PATH'] = path;
  }
});

const VALUES = JSON.parse(readFileSync(new URL('../../../tests/infra/values.json', import.meta.url), 'utf8')) as Record<
  string,
  { good: string[]; bad: string[] }
>;
// Typed in CDK, so that the compiler or the service refuses them.
const TYPED = ['AlarmTopicArn', 'EventBusName', 'LogRetentionDays', 'SigningKeyArn', 'FormerSigningKeyArns'];

test('context takes and refuses what the parameters of the SAM template do', () => {
  for (const [parameter, { good, bad }] of Object.entries(VALUES).filter(([name]) => !TYPED.includes(name))) {
    const key = parameter.charAt(0).toLowerCase() + parameter.slice(1);
    const synthesize = (value: string) => () => {
      const context = { approvers: 'ada@example.com,ben@example.com', sender: 'approvals@example.com', [key]: value };
      const stack = new Stack(new App({ context }), 'Countersign', { env: ENVIRONMENT });
      new EmailApprovals(stack, 'EmailApprovals', { ...propsFromContext(stack), ...code() });
    };
    for (const value of good) assert.doesNotThrow(synthesize(value), `${key}=${value}`);
    for (const value of bad) assert.throws(synthesize(value), new RegExp(key), `${key}=${value}`);
  }
});

test('a quorum that nobody can reach is refused', () => {
  assert.throws(() => template({ quorum: 3 }), /quorum is 3, but must be at most the number of approvers, 2/);
});

test('an app that is told nothing says what it needs', () => {
  assert.throws(
    () => propsFromContext(new Stack(new App(), 'Countersign')),
    /"approvers" is missing; pass it as -c approvers='Ada/,
  );
});
