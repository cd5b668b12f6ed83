"""Deploys with the AWS CDK as the README describes, but with functions that are built already."""

from cloud import ACCOUNT, REGION
from deployment import APPROVERS, SENDER
from processes import run

STACK = "Countersign"


class Cdk:
    """The CDK CLI, with the app in `infra/cdk`."""

    name = "CDK"
    stack = STACK

    def __init__(self, root, zips, architecture, cloud):
        self.directory = root / "infra/cdk"
        self.zips = zips
        self.architecture = architecture
        self.cloud = cloud

    def cdk(self, *arguments):
        environment = self.cloud.environment() | {
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "true",
            "CI": "true",
        }
        output = ["--output", self.cloud.scratch / "cdk.out", "--no-notices"]
        return run(["npx", "--no-install", "cdk", *arguments, *output], environment, self.directory)

    def context(self, log_level="info"):
        context = {
            "approvers": ", ".join(APPROVERS),
            "sender": SENDER,
            "architecture": self.architecture,
            "notificationTopic": "true",
            "logLevel": log_level,
            "notifierZip": self.zips["notifier"],
            "callbackZip": self.zips["callback"],
        }
        return [argument for name, value in context.items() for argument in ("--context", f"{name}={value}")]

    def deploy(self, log_level="info"):
        self.cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}", *self.context())
        self.cdk("deploy", STACK, "--require-approval", "never", *self.context(log_level))

    def delete(self):
        self.cdk("destroy", STACK, "--force", *self.context())
