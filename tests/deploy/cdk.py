"""Deploys with the AWS CDK: first by the commands of docs/install.md as they are printed there, which have cargo-lambda
build the functions, then with the same as zips that were built before.
"""

import json
import os
import pathlib
import shutil
import zipfile

import printed
from cargo import BUILD
from cloud import ACCOUNT, REGION
from deployment import PARAMETERS
from processes import converse, run

STACK = "Countersign"
# npm keeps what it has downloaded, and knows its registry, in the home of whoever runs the tests.
NPM = {
    "npm_config_cache": os.environ.get("npm_config_cache", str(pathlib.Path.home() / ".npm")),
    "npm_config_userconfig": os.environ.get("npm_config_userconfig", str(pathlib.Path.home() / ".npmrc")),
}
QUIET = {"CDK_DISABLE_CLI_TELEMETRY": "true", "CDK_DISABLE_VERSION_CHECK": "true"}


def built(function, output=None):
    """The path of a function that the CDK has bundled into its output, by default that of `tests/deploy/run`."""
    output = output or pathlib.Path(os.environ["BUILT_BY_CDK"])
    template = json.loads((output / f"{STACK}.template.json").read_text())
    functions = [one["Properties"] for one in template["Resources"].values() if one["Type"] == "AWS::Lambda::Function"]
    (key,) = [one["Code"]["S3Key"] for one in functions if one["FunctionName"].endswith(f"-{function}")]
    return output / f"asset.{key.removesuffix('.zip')}" / "bootstrap"


class Cdk:
    """The CDK CLI, with the app in `infra/cdk`."""

    name = "CDK"
    stack = STACK
    member_stack = "CountersignMember"

    def __init__(self, root, architecture, cloud):
        self.directory = root / "infra/cdk"
        self.output = cloud.scratch / "cdk.out"
        self.zips = {}
        self.architecture = architecture
        self.cloud = cloud
        self.started = False

    def cdk(self, *arguments, account=ACCOUNT, region=REGION):
        environment = self.cloud.environment(account, region) | QUIET | BUILD | {"CI": "true"}
        return run(
            ["npx", "--no-install", "cdk", *arguments, "--output", self.output, "--no-notices"],
            environment,
            self.directory,
        )

    def context(self, **parameters):
        """The context for the template's parameters, some of which have other values than usual."""
        parameters = PARAMETERS | {"Architecture": self.architecture} | parameters
        # What empties a parameter of the template is left out here.
        given = {name: value for name, value in parameters.items() if value and (name, value) != ("Quorum", "1")}
        context = {name[0].lower() + name[1:]: value for name, value in given.items()}
        if text := context.pop("policyText", None):
            context["policyFile"] = self.cloud.scratch / "deployed-policy.toml"
            context["policyFile"].write_text(text)
        context |= self.zips
        return [argument for name, value in context.items() for argument in ("--context", f"{name}={value}")]

    def deploy(self, tags=(), **parameters):
        """Deploys, or updates the stack, with other values for some parameters of the template."""
        if not self.started:
            self.start()
        with_tags = [argument for tag in tags for argument in ("--tags", tag)]
        self.cdk("deploy", STACK, "--require-approval", "never", *with_tags, *self.context(**parameters))

    def start_with(self, given):
        """Makes ready for a first deployment with other parameters than the commands have, some of which cannot change."""
        self.zips = {f"{function}Zip": self.zip(function, None) for function in ("notifier", "callback")}
        self.cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}", *self.context(**given))
        self.started = True

    def start(self):
        """Runs the commands. They are for arm64, so the last one has to say if this machine is another."""
        commands = printed.block("the CDK").replace("ACCOUNT", ACCOUNT).replace("REGION", REGION)
        commands = commands.rstrip("\n") + f" -c architecture={self.architecture}\n"
        environment = self.cloud.environment() | QUIET | BUILD | NPM | {"CDK_OUTPUT": str(self.output)}
        bash = [shutil.which("bash"), "-euo", "pipefail", "-c", commands]
        converse(bash, environment, self.directory.parents[1], {r".*\(y/n\)\W*": "y"})
        # So that nobody has to install the same again.
        shutil.copy(self.directory / "package-lock.json", self.directory / "node_modules/.installed-lock.json")
        self.zips = {f"{function}Zip": self.zip(function, self.output) for function in ("notifier", "callback")}
        self.started = True

    def deploy_member(self, account, region, parameters):
        """Deploys what a member account needs, with the construct for it."""
        given = {"stack": "member"} | {name[0].lower() + name[1:]: value for name, value in parameters.items()}
        context = [argument for name, value in given.items() for argument in ("--context", f"{name}={value}")]
        place = {"account": account, "region": region}
        self.cdk("bootstrap", f"aws://{account}/{region}", *context, **place)
        self.cdk("deploy", self.member_stack, "--require-approval", "never", *context, **place)

    def zip(self, function, output):
        """Zips a function that cargo-lambda has built, as somebody does who builds elsewhere than they deploy."""
        path = self.cloud.scratch / f"{function}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(built(function, output), "bootstrap")
        return path

    def delete(self):
        self.cdk("destroy", STACK, "--force", *self.context())
