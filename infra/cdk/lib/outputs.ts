import { CfnOutput, type Stack } from 'aws-cdk-lib';

import type { EmailApprovals } from './email-approvals.js';
import { keyList } from './keys.js';
import type { Member } from './member.js';

/** Adds the outputs, under the same names as in the SAM template. */
export function addOutputs(stack: Stack, approvals: EmailApprovals): void {
  const { notifier, callback, events, emailEvents, sweepQueue, policy } = approvals;
  const output = (name: string, description: string, value: string) =>
    new CfnOutput(stack, name, { description, value });
  output(
    'NextSteps',
    'Next steps',
    [
      `Run the doctor to check the deployment: aws lambda invoke --function-name ${notifier.function.functionName}`,
      `--cli-binary-format raw-in-base64-out --cli-read-timeout 310 --payload '{"doctor":{}}' report.json && cat report.json`,
      '- then start a pipeline with a manual approval.',
    ].join(' '),
  );
  output('CallbackUrl', 'The URL that links point to, without /approval', approvals.callbackUrl);
  output('ApiEndpoint', "The API's own endpoint, which a domain of your own can be put before", approvals.api.url);
  output(
    'NotifierFunctionName',
    'The function that takes events, and commands by direct invocation',
    notifier.function.functionName,
  );
  output('CallbackFunctionName', 'The function that answers links', callback.function.functionName);
  output(
    'LedgerTableName',
    'The table of who was asked and who decided what. It is kept when the stack is deleted.',
    approvals.table.tableName,
  );
  if (policy.kind === 'parameter') {
    output('PolicyParameterName', 'The SSM parameter that says who may decide what', policy.name);
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
    approvals.configurationSet,
  );
  output('RuleName', 'The EventBridge rule that sends approval events to the notifier', events.ruleName);
  output(
    'NotifierDeadLetterQueueUrl',
    'The queue of events that the notifier failed on, each the requestPayload of a message',
    notifier.deadLetterQueue.queueUrl,
  );
  output(
    'RuleDeadLetterQueueUrl',
    'The queue of events that did not reach the notifier, or the bus that events are forwarded to',
    events.deadLetterQueue.queueUrl,
  );
  output(
    'EmailDeadLetterQueueUrl',
    'The queue of events about emails that were not taken in',
    emailEvents.deadLetterQueue.queueUrl,
  );
  output(
    'SweepDeadLetterQueueUrl',
    'The queue of parts of the sweep that the notifier failed on',
    sweepQueue.deadLetterQueue.queueUrl,
  );
  if (events.memberBus) {
    output(
      'MemberBusArn',
      'The bus for the approval events of member accounts, which is the parameter HubBusArn of their stacks',
      events.memberBus.eventBusArn,
    );
  }
  if (events.topic) {
    output(
      'NotificationTopicArn',
      "The NotificationArn for approval actions. The service role of the pipeline needs sns:Publish on it.",
      events.topic.topicArn,
    );
  }
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
    value: member.roles.reading.roleArn,
  });
  new CfnOutput(stack, 'DecidingRoleArn', {
    condition: member.isHomeRegion,
    description: 'The role that Countersign puts the results of approvals with',
    value: member.roles.deciding.roleArn,
  });
}
