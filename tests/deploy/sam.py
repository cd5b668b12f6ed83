"""Deploys with the AWS SAM CLI as the README describes, but with functions that are built already."""

import os

from deployment import APPROVERS, SENDER
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

    def deploy(self, log_level="info"):
        template = (self.root / "infra/sam/template.yaml").read_text()
        for function in ("notifier", "callback"):
            line = CODE.format(function=function)
            assert template.count(line) == 1, f"expected one line {line!r} in infra/sam/template.yaml"
            template = template.replace(line, f"CodeUri: {self.zips[function]}\n")
        # The copy is in another directory.
        template = template.replace("../../", f"{self.root}/")
        self.directory.mkdir(exist_ok=True)
        (self.directory / "template.yaml").write_text(template)
        parameters = {
            "Approvers": ", ".join(APPROVERS),
            "Sender": SENDER,
            "Architecture": self.architecture,
            "NotificationTopic": "true",
            "LogLevel": log_level,
        }
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
            *(f'{name}="{value}"' for name, value in parameters.items()),
        )

    def delete(self):
        self.sam("delete", "--stack-name", STACK, "--region", self.cloud.environment()["AWS_REGION"], "--no-prompts")
