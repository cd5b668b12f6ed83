import { type App, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';

import { propsFromContext } from './context.js';
import { EmailApprovals } from './email-approvals.js';
import { addOutputs } from './outputs.js';

/** Adds a stack with one deployment of Countersign, as the app's context describes it, and checks it with cdk-nag. */
export function addDeployment(app: App): void {
  const stack = new Stack(app, 'Countersign', {
    description: 'Countersign - approve or reject AWS CodePipeline manual approvals from a mailbox',
  });
  addOutputs(stack, new EmailApprovals(stack, 'EmailApprovals', propsFromContext(stack)));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
}
