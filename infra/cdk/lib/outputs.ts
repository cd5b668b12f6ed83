import { CfnOutput, type Stack } from 'aws-cdk-lib';

import type { EmailApprovals } from './email-approvals.js';

/** Outputs that tell what to do next, under the names that the SAM template gives them. */
export function addOutputs(stack: Stack, approvals: EmailApprovals): void {
  const { notifier, callback, events } = approvals;
  const output = (name: string, description: string, value: string) =>
    new CfnOutput(stack, name, { description, value });
  output(
    'NextSteps',
    'What to do next',
    [
      `Ask the doctor whether everything is sound: aws lambda invoke --function-name ${notifier.function.functionName}`,
      `--cli-binary-format raw-in-base64-out --payload '{"doctor":{}}' report.json && cat report.json`,
      '- then start a pipeline with a manual approval.',
    ].join(' '),
  );
  output('CallbackUrl', 'Where links point at, without /approval', approvals.api.url);
  output('NotifierFunctionName', 'Takes events, and commands by direct invocation', notifier.function.functionName);
  output('CallbackFunctionName', 'Answers the links', callback.function.functionName);
  output(
    'LedgerTableName',
    'Who was asked and who decided what. It stays when the stack is deleted.',
    approvals.table.tableName,
  );
  output(
    'PolicyParameterName',
    'The SSM parameter that says who may decide what. Edit it; no deployment is needed.',
    approvals.policy.parameterName,
  );
  output('SigningKeyArn', 'The KMS key that links are signed with', approvals.signingKey.keyArn);
  output('RuleName', 'The EventBridge rule that hands approvals to the notifier', events.ruleName);
  output(
    'NotifierDeadLetterQueueUrl',
    'Events that the notifier failed on, each as requestPayload of a message',
    notifier.deadLetterQueue.queueUrl,
  );
  output('RuleDeadLetterQueueUrl', 'Events that never reached the notifier', events.deadLetterQueue.queueUrl);
  if (events.topic) {
    output(
      'NotificationTopicArn',
      "The NotificationArn for approval actions. The pipeline's service role needs sns:Publish on it.",
      events.topic.topicArn,
    );
  }
}
