"""Deploys a release with the AWS CLI alone, by the commands of docs/install.md as they are printed there."""

import os
import pathlib
import re
import shutil
import sys
import time

import printed
from deployment import PARAMETERS
from processes import run

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "infra/release"))
import expand  # noqa: E402
from programs import FUNCTIONS, binary, pack, packed_name  # noqa: E402

# The programs that the commands may use.
PROGRAMS = ("sha256sum",)


def version():
    return re.search(r'(?ms)^\[workspace\.package\]\nversion = "([^"]+)"', (ROOT / "Cargo.toml").read_text())[1]


class Release:
    """A release in a folder, and somebody who has it, and a machine with the AWS CLI and without Rust, Node.js or Python.

    It holds the functions for this machine's processor alone, from $BUILT_FOR_RELEASE.
    """

    name = "release"
    stack = "countersign"
    member_stack = "countersign-member"

    def __init__(self, root, architecture, cloud):
        self.cloud = cloud
        self.architecture = architecture
        self.folder = cloud.scratch / "release"
        self.folder.mkdir()
        binaries = pathlib.Path(os.environ["BUILT_FOR_RELEASE"])
        for function in FUNCTIONS:
            pack(function, binary(binaries, architecture, function), self.folder / packed_name(function, architecture))
        run(
            [sys.executable, "-B", ROOT / "infra/release/expand.py", version(), self.folder],
            cloud.environment(),
            self.folder,
        )
        names = " ".join(sorted(path.name for path in self.folder.iterdir()))
        self.shell(f"sha256sum {names} >SHA256SUMS")
        self.started = False

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
        """Deploys, or updates the stack, with other values for some parameters of the template."""
        if not self.started:
            self.start()
        # What the commands have set and the other deployments have not.
        parameters = PARAMETERS | {"Approvers": "", "Architecture": self.architecture} | parameters
        self.cloud_formation(tags, parameters)

    def start(self):
        """Runs the commands. They are for arm64, so the last one has to say if this machine is another."""
        began = time.monotonic()
        self.shell(printed.block("the quick start").rstrip("\n") + f" Architecture={self.architecture}\n")
        self.started = True
        print(f"the quick start took {time.monotonic() - began:.1f} s", flush=True)

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
