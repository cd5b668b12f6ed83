import { type App, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';

import { EmailApprovals, Member } from '../lib/index.js';
import { memberPropsFromContext, propsFromContext } from './context.js';
import { ContextReader } from './context-reader.js';
import { addMemberOutputs, addOutputs } from './outputs.js';

/**
 * Adds the stack that the app's context describes, and checks it with cdk-nag: a deployment of Countersign, or with
 * `-c stack=member` what that needs in another account.
 */
export function addStack(app: App): void {
  const kind = new ContextReader<'stack'>(app).oneOf('stack', 'hub', 'member');
  if (kind === 'member') addMember(app);
  else addDeployment(app);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
}

function addDeployment(app: App): void {
  const stack = new Stack(app, 'Countersign', {
    description: 'Countersign - approve or reject AWS CodePipeline manual approvals from a mailbox',
  });
  addOutputs(stack, new EmailApprovals(stack, 'EmailApprovals', propsFromContext(stack)));
}

function addMember(app: App): void {
  const stack = new Stack(app, 'CountersignMember', {
    description: 'Countersign - what a deployment needs in another account whose pipelines it serves',
  });
  addMemberOutputs(stack, new Member(stack, 'Member', memberPropsFromContext(stack)));
}
