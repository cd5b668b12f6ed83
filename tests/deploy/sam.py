"""Deploys with the AWS SAM CLI as the README describes, but with functions that are built already."""

import json
import os

from deployment import PARAMETERS
from processes import run

STACK = "countersign"
CODE = "CodeUri: ../../functions/{function}\n"


class Sam:
    """The SAM CLI, with the template in `infra/sam`."""

    name = "SAM"
    stack = STACK

    def __init__(self, root, zips, architecture, cloud):
        self.root = root
        self.zips = zips
        self.architecture = architecture
        self.cloud = cloud
        self.directory = cloud.scratch / "sam"

    def sam(self, *arguments):
        environment = self.cloud.environment() | {"SAM_CLI_TELEMETRY": "0"}
        return run([os.environ["SAM_CLI"], *arguments], environment, self.directory)

    def deploy(self, tags=(), **parameters):
        """Deploys, or updates the stack, with other values for some parameters of the template."""
        template = (self.root / "infra/sam/template.yaml").read_text()
        for function in ("notifier", "callback"):
            line = CODE.format(function=function)
            assert template.count(line) == 1, f"expected one line {line!r} in infra/sam/template.yaml"
            template = template.replace(line, f"CodeUri: {self.zips[function]}\n")
        # The copy is in another directory.
        template = template.replace("../../", f"{self.root}/")
        self.directory.mkdir(exist_ok=True)
        (self.directory / "template.yaml").write_text(template)
        parameters = PARAMETERS | {"Architecture": self.architecture} | parameters
        (self.directory / "parameters.yaml").write_text(json.dumps(parameters))  # JSON is YAML.
        self.sam(
            "deploy",
            "--template-file",
            "template.yaml",
            "--stack-name",
            STACK,
            "--resolve-s3",
            "--capabilities",
            "CAPABILITY_IAM",
            "--no-confirm-changeset",
            "--no-progressbar",
            "--parameter-overrides",
            "file://parameters.yaml",
            *(["--tags", *tags] if tags else []),
        )

    def delete(self):
        self.sam("delete", "--stack-name", STACK, "--region", self.cloud.environment()["AWS_REGION"], "--no-prompts")
