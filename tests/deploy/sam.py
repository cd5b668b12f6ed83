"""Deploys with the AWS SAM CLI: first by the commands of docs/install.md as they are printed there, then what `sam build`
has made of `infra/sam` before.
"""

import json
import os
import pathlib
import shutil

import printed
from cargo import BUILD
from checks import equal
from deployment import PARAMETERS
from processes import converse, run

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
        self.started = False

    def environment(self):
        return self.cloud.environment() | {"SAM_CLI_TELEMETRY": "0"}

    def sam(self, *arguments):
        return run([os.environ["SAM_CLI"], *arguments], self.environment(), self.directory)

    def deploy(self, tags=(), **parameters):
        """Deploys, or updates the stack, with other values for some parameters of the template."""
        parameters = PARAMETERS | {"Architecture": self.architecture} | parameters
        if not self.started:
            self.start(parameters)
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

    def start_with(self, _given):
        """Makes ready for a first deployment with other parameters than the commands have, some of which cannot change."""
        self.started = True

    def start(self, parameters):
        """Runs the commands, and answers what `--guided` asks. They build for arm64, unless this machine is another."""
        programs = self.cloud.scratch / "sam"
        programs.mkdir()
        (programs / "sam").symlink_to(os.environ["SAM_CLI"])
        environment = self.environment() | BUILD
        environment["PATH"] = f"{programs}:{environment['PATH']}"
        commands = printed.block("SAM").replace(
            "sam build\n", f"sam build --parameter-overrides Architecture={self.architecture}\n"
        )
        answers = {
            r"\s*Parameter (\w+) \[.*\]: ": lambda question: parameters.get(question[1], ""),
            r"\s*\w+ has no authentication. Is this okay\? \[y/N\]: ": "y",
            # That file is one of the sources.
            r"\s*Save arguments to configuration file \[Y/n\]: ": "n",
            r"\s*Deploy this changeset\? \[y/N\]: ": "y",
            # Whatever else it asks has a default, which may be what this machine is set to, or a choice.
            r"\s*(Stack Name|AWS Region|Confirm changes|Allow SAM CLI IAM|Disable rollback).* \[.*\]: ": "",
        }
        bash = [shutil.which("bash"), "-euo", "pipefail", "-c", commands]
        converse(bash, environment, self.directory.parents[1], answers)
        self.started = True

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
