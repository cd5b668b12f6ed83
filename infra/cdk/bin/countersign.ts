/**
 * An app with one stack that is one deployment of Countersign. It is told everything by context:
 *
 *     npx cdk deploy -c approvers='Ada <ada@example.com>, ben@example.com' -c sender=approvals@example.com
 */
import { App, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';

import { EmailApprovals } from '../lib/email-approvals.js';
import { propsFromContext } from '../lib/context.js';
import { addOutputs } from '../lib/outputs.js';

const app = new App();
const stack = new Stack(app, 'Countersign', {
  description: 'Countersign - approve or reject AWS CodePipeline manual approvals from a mailbox',
});
addOutputs(stack, new EmailApprovals(stack, 'EmailApprovals', propsFromContext(stack)));
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
