"""Deploys the real functions with the real SAM CLI and the real CDK into MiniStack, and checks the deployments.

`tests/deploy/run` installs and builds what this needs, and passes it in SAM_CLI, AWS_CLI, SANDBOX, NOTIFIER_ZIP,
CALLBACK_ZIP and ARCHITECTURE. Arguments: `sam`, `cdk`; both by default.
"""

import os
import pathlib
import signal
import sys
import tempfile

import cdk
import cloud
import commands
import dead_letters
import guard
import history
import permissions
import policy
import rule
import sam
import sandbox
import story
import sweep
from checks import Checks, equal
from deployment import SENDER, Deployment

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOYERS = {"sam": sam.Sam, "cdk": cdk.Cdk}
# The last check of the story reads the logs of everything before it.
CHECKS = [
    *policy.CHECKS,
    *sweep.CHECKS,
    *history.CHECKS,
    *story.CHECKS,
    *permissions.CHECKS,
    *rule.CHECKS,
    *dead_letters.CHECKS,
    *commands.CHECKS,
]


def check_deployer(make, checks, directory):
    """Deploys into a new cloud with one tool, runs all checks, and deletes the deployment."""
    zips = {"notifier": os.environ["NOTIFIER_ZIP"], "callback": os.environ["CALLBACK_ZIP"]}
    with (
        cloud.started(directory) as aws,
        sandbox.started(os.environ["SANDBOX"], aws) as codepipeline,
        guard.started(aws, codepipeline) as guarded,
    ):
        aws.client("ses").verify_email_identity(EmailAddress=SENDER)
        deployer = make(ROOT, zips, os.environ["ARCHITECTURE"], aws)

        def it_deploys():
            deployer.deploy()
            deployment = Deployment(aws, guarded, codepipeline, ROOT / "tests/fixtures", deployer.stack)
            deployment.route_through_guard()
            return deployment

        def a_second_deployment_keeps_the_edited_policy():
            policy.save(deployment, policy.BOTH)
            deployer.deploy(log_level="debug")
            equal(deployment.environment(deployment.notifier)["COUNTERSIGN_LOG_LEVEL"], "debug", "the log level")
            equal(policy.parameter(deployment)["Value"], policy.BOTH, "the policy")

        def it_deletes_everything():
            deployer.delete()
            client = aws.client("cloudformation")
            stacks = [each["StackName"] for each in client.describe_stacks()["Stacks"]]
            equal(deployer.stack in stacks, False, f"{deployer.stack} is in {stacks}")
            parameters = [each["Name"] for each in aws.client("ssm").describe_parameters()["Parameters"]]
            name = deployment.outputs["PolicyParameterName"]
            equal(name in parameters, False, f"{name} is in {parameters}")

        deployment = checks.run(deployer.name, it_deploys)
        if deployment:
            for check in CHECKS:
                checks.run(deployer.name, check, deployment)
            checks.run(deployer.name, a_second_deployment_keeps_the_edited_policy)
            checks.run(deployer.name, it_deletes_everything)


def main(names):
    # So that the programs it has started are stopped on SIGTERM too.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    checks = Checks()
    try:
        for name in names or DEPLOYERS:
            with tempfile.TemporaryDirectory(prefix="countersign-") as directory:
                check_deployer(DEPLOYERS[name], checks, pathlib.Path(directory))
    finally:
        print(checks.closing_line(), flush=True)
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
