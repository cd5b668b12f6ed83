"""Deploys with the AWS SAM CLI as docs/install.md describes: what `sam build` has made of `infra/sam`."""

import json
import os
import pathlib

from checks import equal
from deployment import PARAMETERS
from processes import run

STACK = "countersign"


def built(function):
    """The path of a function that `sam build` has built."""
    return pathlib.Path(os.environ["BUILT_BY_SAM"], f"{function.capitalize()}Function", "bootstrap")


class Sam:
    """The SAM CLI, in `infra/sam` with its `samconfig.toml`. `tests/deploy/run` has built into $BUILT_BY_SAM."""

    name = "SAM"
    stack = STACK
    member_stack = "countersign-member"

    def __init__(self, root, architecture, cloud):
        self.directory = root / "infra/sam"
        self.architecture = architecture
        self.cloud = cloud

    def sam(self, *arguments):
        environment = self.cloud.environment() | {"SAM_CLI_TELEMETRY": "0"}
        return run([os.environ["SAM_CLI"], *arguments], environment, self.directory)

    def deploy(self, tags=(), **parameters):
        """Deploys, or updates the stack, with other values for some parameters of the template."""
        parameters = PARAMETERS | {"Architecture": self.architecture} | parameters
        file = self.cloud.scratch / "parameters.yaml"
        file.write_text(json.dumps(parameters))  # JSON is YAML.
        self.sam(
            "deploy",
            "--template-file",
            f"{os.environ['BUILT_BY_SAM']}/template.yaml",
            "--config-file",
            self.directory / "samconfig.toml",
            "--no-confirm-changeset",
            "--no-progressbar",
            "--parameter-overrides",
            f"file://{file}",
            *(["--tags", *tags] if tags else []),
        )

    def deploy_member(self, account, region, parameters):
        """Deploys the template of a member account as it is, as a stack set does."""
        template = self.directory.parent / "member/template.yaml"
        overrides = [f"{name}={value}" for name, value in parameters.items()]
        command = ["cloudformation", "deploy", "--stack-name", self.member_stack, "--template-file", template]
        command += ["--capabilities", "CAPABILITY_NAMED_IAM", "--parameter-overrides", *overrides]
        self.cloud.cli(*command, account=account, region=region)
        client = self.cloud.client("cloudformation", region=region, account=account)
        deployed = client.get_template(StackName=self.member_stack)["TemplateBody"]
        equal(deployed, template.read_text(), "the template that is deployed")

    def delete(self):
        self.sam("delete", "--stack-name", STACK, "--region", self.cloud.environment()["AWS_REGION"], "--no-prompts")
