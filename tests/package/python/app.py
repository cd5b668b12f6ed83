from aws_cdk import App, Stack, Validations
from cdk_nag import AwsSolutionsChecks
from countersign_cdk import EmailApprovals, Policy

app = App()
policy = Policy.approvers(["ada@example.com", "Ben <ben@example.com>"])
EmailApprovals(Stack(app, "Countersign"), "EmailApprovals", policy=policy, sender="approvals@mail.example.com")
Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
