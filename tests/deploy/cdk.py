"""Deploys with the AWS CDK as the README describes, but with functions that are built already."""

from cloud import ACCOUNT, REGION
from deployment import PARAMETERS
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
        self.bootstrapped = False

    def cdk(self, *arguments):
        environment = self.cloud.environment() | {
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "true",
            "CI": "true",
        }
        output = ["--output", self.cloud.scratch / "cdk.out", "--no-notices"]
        return run(["npx", "--no-install", "cdk", *arguments, *output], environment, self.directory)

    def context(self, **parameters):
        """The context for the template's parameters, some of which have other values than usual."""
        parameters = PARAMETERS | {"Architecture": self.architecture} | parameters
        # What empties a parameter of the template is left out here.
        given = {name: value for name, value in parameters.items() if value and (name, value) != ("Quorum", "1")}
        context = {name[0].lower() + name[1:]: value for name, value in given.items()}
        if text := context.pop("policyText", None):
            context["policyFile"] = self.cloud.scratch / "deployed-policy.toml"
            context["policyFile"].write_text(text)
        context |= {f"{function}Zip": path for function, path in self.zips.items()}
        return [argument for name, value in context.items() for argument in ("--context", f"{name}={value}")]

    def deploy(self, tags=(), **parameters):
        """Deploys, or updates the stack, with other values for some parameters of the template."""
        if not self.bootstrapped:
            self.cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}", *self.context())
            self.bootstrapped = True
        with_tags = [argument for tag in tags for argument in ("--tags", tag)]
        self.cdk("deploy", STACK, "--require-approval", "never", *with_tags, *self.context(**parameters))

    def delete(self):
        self.cdk("destroy", STACK, "--force", *self.context())
