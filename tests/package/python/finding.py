"""An app in which cdk-nag has something to find, so that a test can tell its silence from its absence."""

from aws_cdk import App, Stack, Validations
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks

app = App()
s3.Bucket(Stack(app, "Finding"), "Bucket")
Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
