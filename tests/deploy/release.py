"""Deploys a release with the AWS CLI alone, by the commands of docs/install.md as they are printed there."""

import os
import re
import shutil
import time

import printed
from deployment import PARAMETERS
from processes import run

# The programs that the commands may use.
PROGRAMS = ("sha256sum",)


class Release:
    """The release in $DIST, and somebody who has it, and a machine with the AWS CLI and without Rust, Node.js or Python."""

    name = "release"
    stack = "countersign"
    member_stack = "countersign-member"

    def __init__(self, root, architecture, cloud):
        self.cloud = cloud
        self.architecture = architecture
        self.folder = cloud.scratch / "release"
        shutil.copytree(os.environ["DIST"], self.folder)
        # When the first command was run.
        self.began = None

    def environment(self):
        """An environment whose PATH has the AWS CLI and what the commands name besides, and nothing else."""
        path = self.cloud.scratch / "path"
        if not path.exists():
            path.mkdir()
            (path / "aws").symlink_to(os.environ["AWS_CLI"])
            for program in PROGRAMS:
                (path / program).symlink_to(shutil.which(program))
        return self.cloud.environment() | {"PATH": str(path)}

    def shell(self, commands):
        return run([shutil.which("bash"), "-euo", "pipefail", "-c", commands], self.environment(), self.folder)

    def deploy(self, tags=(), **parameters):
        """Deploys by the commands and with their parameters; later, updates the stack, with other values for some."""
        if not self.began:
            assert not tags and not parameters, f"the commands take no {tags} and {parameters}"
            self.start()
            return
        # What the commands have set and the other deployments have not.
        parameters = PARAMETERS | {"Approvers": "", "Architecture": self.architecture} | parameters
        self.cloud_formation(tags, parameters)

    def start(self):
        """Runs the commands. They are for arm64, so the last one has to say if this machine is another."""
        self.began = time.monotonic()
        self.shell(printed.block("the quick start").rstrip("\n") + f" Architecture={self.architecture}\n")

    def cloud_formation(self, tags, parameters):
        (bucket,) = set(re.findall(r"CodeBucket=(\S+)", printed.block("the quick start")))
        self.cloud.cli(
            *["cloudformation", "deploy", "--stack-name", self.stack, "--s3-bucket", bucket],
            *["--template-file", self.folder / "countersign.yaml", "--capabilities", "CAPABILITY_NAMED_IAM"],
            *["--no-fail-on-empty-changeset", *(["--tags", *tags] if tags else [])],
            *["--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())],
        )

    def deploy_member(self, account, region, parameters):
        """Deploys the template of a member account, as a stack set does."""
        command = ["cloudformation", "deploy", "--stack-name", self.member_stack]
        command += ["--template-file", self.folder / "countersign-member.yaml"]
        command += ["--capabilities", "CAPABILITY_NAMED_IAM", "--parameter-overrides"]
        command += [f"{name}={value}" for name, value in parameters.items()]
        self.cloud.cli(*command, account=account, region=region)

    def delete(self):
        self.cloud.cli("cloudformation", "delete-stack", "--stack-name", self.stack)
        self.cloud.cli("cloudformation", "wait", "stack-delete-complete", "--stack-name", self.stack)
