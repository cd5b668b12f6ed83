/** An app in which cdk-nag has something to find, so that a test can tell its silence from its absence. */
import { App, aws_s3 as s3, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';

const app = new App();
new s3.Bucket(new Stack(app, 'Finding'), 'Bucket');
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
app.synth();
