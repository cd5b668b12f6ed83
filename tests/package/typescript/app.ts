import { App, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { EmailApprovals, Policy } from 'countersign-cdk';

const app = new App();
const policy = Policy.approvers(['ada@example.com', 'Ben <ben@example.com>']);
new EmailApprovals(new Stack(app, 'Countersign'), 'EmailApprovals', { policy, sender: 'approvals@mail.example.com' });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
app.synth();
