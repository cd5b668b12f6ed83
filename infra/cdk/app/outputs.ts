import { CfnOutput, type aws_kms as kms, type Stack } from 'aws-cdk-lib';

import type { EmailApprovals, Member } from '../lib/index.js';

/** Adds the outputs, under the same names as in the SAM template. */
export function addOutputs(stack: Stack, approvals: EmailApprovals): void {
  const output = (name: string, description: string, value: string) =>
    new CfnOutput(stack, name, { description, value });
  output(
    'NextSteps',
    'Next steps',
    [
      `Run the doctor to check the deployment: aws lambda invoke --function-name ${approvals.notifier.functionName}`,
      `--cli-binary-format raw-in-base64-out --cli-read-timeout 310 --payload '{"doctor":{}}' report.json && cat report.json`,
      '- then start a pipeline with a manual approval.',
    ].join(' '),
  );
  output('CallbackUrl', 'The URL that links point to, without /approval', approvals.callbackUrl);
  if (approvals.apiEndpoint) {
    const endpoint = approvals.apiEndpoint;
    output('ApiEndpoint', "The API's own endpoint, which a domain of your own can be put before", endpoint);
  }
  if (approvals.domainTarget && approvals.domainTargetHostedZoneId) {
    output('DomainTarget', 'Where the record of DomainName must point', approvals.domainTarget);
    const hostedZoneId = approvals.domainTargetHostedZoneId;
    output('DomainTargetHostedZoneId', 'The hosted zone of DomainTarget, for an alias record in Route 53', hostedZoneId);
  }
  output(
    'NotifierFunctionName',
    'The function that takes events, and commands by direct invocation',
    approvals.notifier.functionName,
  );
  output('CallbackFunctionName', 'The function that answers links', approvals.callback.functionName);
  output(
    'LedgerTableName',
    'The table of who was asked and who decided what. It is kept when the stack is deleted.',
    approvals.table.tableName,
  );
  if (approvals.policyParameter) {
    const name = approvals.policyParameter.parameterName;
    output('PolicyParameterName', 'The SSM parameter that says who may decide what', name);
  }
  output(
    'RequestKeyArns',
    'The KMS keys that requests and links are signed with. The first signs, and all are trusted.',
    keyList(approvals.requestKeys),
  );
  output(
    'VoteKeyArns',
    'The KMS keys that votes are signed with. The first signs, and all are trusted.',
    keyList(approvals.voteKeys),
  );
  output(
    'ConfigurationSetName',
    'The SES configuration set that every email is sent with',
    approvals.configurationSetName,
  );
  output('RuleName', 'The EventBridge rule that sends approval events to the notifier', approvals.ruleName);
  output(
    'NotifierDeadLetterQueueUrl',
    'The queue of events that the notifier failed on, each the requestPayload of a message',
    approvals.notifierDeadLetterQueue.queueUrl,
  );
  output(
    'RuleDeadLetterQueueUrl',
    'The queue of events that did not reach the notifier, or the bus that events are forwarded to',
    approvals.ruleDeadLetterQueue.queueUrl,
  );
  output(
    'EmailDeadLetterQueueUrl',
    'The queue of events about emails that were not taken in',
    approvals.emailDeadLetterQueue.queueUrl,
  );
  output(
    'SweepDeadLetterQueueUrl',
    'The queue of parts of the sweep that the notifier failed on',
    approvals.sweepDeadLetterQueue.queueUrl,
  );
  if (approvals.memberBus) {
    output(
      'MemberBusArn',
      'The bus for the approval events of member accounts, which is the parameter HubBusArn of their stacks',
      approvals.memberBus.eventBusArn,
    );
  }
  if (approvals.notificationTopic) {
    output(
      'NotificationTopicArn',
      "The NotificationArn for approval actions. The service role of the pipeline needs sns:Publish on it.",
      approvals.notificationTopic.topicArn,
    );
  }
}

/** The ARNs of keys, as a setting of the functions has them. */
function keyList(keys: kms.IKey[]): string {
  return keys.map((key) => key.keyArn).join(',');
}

/** Adds the outputs of another account's stack, under the same names as in infra/member/template.yaml. */
export function addMemberOutputs(stack: Stack, member: Member): void {
  new CfnOutput(stack, 'RuleName', {
    description: 'The EventBridge rule that forwards approval events to Countersign',
    value: member.ruleName,
  });
  new CfnOutput(stack, 'RuleDeadLetterQueueUrl', {
    description: 'The queue of events that were not forwarded',
    value: member.deadLetterQueue.queueUrl,
  });
  new CfnOutput(stack, 'ReadingRoleArn', {
    condition: member.isHomeRegion,
    description: 'The role that Countersign reads pipelines with',
    value: member.readingRole.roleArn,
  });
  new CfnOutput(stack, 'DecidingRoleArn', {
    condition: member.isHomeRegion,
    description: 'The role that Countersign puts the results of approvals with',
    value: member.decidingRole.roleArn,
  });
}
