"""Deploys the real functions with the real SAM CLI and the real CDK into MiniStack, and tries what stands there.

`tests/deploy/run` installs and builds what this needs, and says where it is:
SAM_CLI, AWS_CLI, SANDBOX, NOTIFIER_ZIP, CALLBACK_ZIP, ARCHITECTURE. Arguments: `sam`, `cdk`; both by default.
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
WAYS = {"sam": sam.Sam, "cdk": cdk.Cdk}
# The story's last check looks through the logs of all that was before it.
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


def try_way(make, checks, directory):
    """Deploys in one way, into a cloud of its own, checks all, and tears down."""
    zips = {"notifier": os.environ["NOTIFIER_ZIP"], "callback": os.environ["CALLBACK_ZIP"]}
    with (
        cloud.started(directory) as aws,
        sandbox.started(os.environ["SANDBOX"], aws) as codepipeline,
        guard.started(aws, codepipeline) as guarded,
    ):
        aws.client("ses").verify_email_identity(EmailAddress=SENDER)
        way = make(ROOT, zips, os.environ["ARCHITECTURE"], aws)

        def it_deploys():
            way.deploy()
            deployment = Deployment(aws, guarded, codepipeline, ROOT / "tests/fixtures", way.stack)
            deployment.go_through_the_guard()
            return deployment

        def another_deployment_leaves_the_policy_as_it_was_edited():
            policy.save(deployment, policy.BOTH)
            way.deploy(log_level="debug")
            equal(deployment.environment(deployment.notifier)["COUNTERSIGN_LOG_LEVEL"], "debug", "the level of the log")
            equal(policy.parameter(deployment)["Value"], policy.BOTH, "the policy")

        def it_is_torn_down():
            way.delete()
            client = aws.client("cloudformation")
            left = [each["StackName"] for each in client.describe_stacks()["Stacks"]]
            equal(way.stack in left, False, f"{way.stack} among the stacks")
            parameters = [each["Name"] for each in aws.client("ssm").describe_parameters()["Parameters"]]
            equal(deployment.outputs["PolicyParameterName"] in parameters, False, "the policy among the parameters")

        deployment = checks.run(way.name, it_deploys)
        if deployment:
            for check in CHECKS:
                checks.run(way.name, check, deployment)
            checks.run(way.name, another_deployment_leaves_the_policy_as_it_was_edited)
            checks.run(way.name, it_is_torn_down)


def main(names):
    # Ended from outside, it stops what it has started all the same.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    checks = Checks()
    try:
        for name in names or WAYS:
            with tempfile.TemporaryDirectory(prefix="countersign-") as directory:
                try_way(WAYS[name], checks, pathlib.Path(directory))
    finally:
        print(checks.closing_line(), flush=True)
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
