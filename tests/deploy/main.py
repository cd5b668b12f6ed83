"""Deploys the real functions with the real SAM CLI, the real CDK and as a release into MiniStack, and checks the deployments.

`tests/deploy/run` installs and builds what this needs, and passes it in SAM_CLI, BUILT_BY_SAM, BUILT_BY_CDK, DIST,
CARGO_TARGET_DIR, AWS_CLI, SANDBOX and ARCHITECTURE. Arguments: `sam`, `cdk`, `release`; all by default. With `--only WORDS`, it
runs only the checks whose names contain the words, or that are in the file of this name.
"""

import argparse
import hashlib
import os
import pathlib
import signal
import sys
import tempfile

import attacks
import cdk
import cloud
import commands
import dead_letters
import documented
import emails
import guard
import history
import landing
import members
import permissions
import policy
import release
import rotation
import rule
import sam
import sandbox
import senders
import sources
import stack_sets
import story
import sweep
from checks import Checks, equal
from deployment import POLICY_PARAMETER, SENDER, Deployment

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOYERS = {"sam": sam.Sam, "cdk": cdk.Cdk, "release": release.Release}
# The last check of the story reads the logs of everything before it. The checks of `members`, `senders`, `rotation` and
# `sources` deploy again.
CHECKS = [
    *policy.CHECKS,
    *sweep.CHECKS,
    *history.CHECKS,
    *emails.CHECKS,
    *story.CHECKS,
    *permissions.CHECKS,
    *rule.CHECKS,
    *dead_letters.CHECKS,
    *commands.CHECKS,
    *attacks.CHECKS,
    *members.CHECKS,
    *senders.CHECKS,
    *rotation.CHECKS,
    *sources.CHECKS,
]
# A release's template makes what SAM's does (tests/infra), so its deployment only has to work.
OF_RELEASE = [*documented.CHECKS, *stack_sets.CHECKS, *story.CHECKS]


def nothing(_):
    return {}


def check_deployer(make, chosen_checks, checks, directory, prepare):
    """Deploys into a new cloud with one tool, runs the checks, and deletes the deployment. `prepare` makes what has to be
    there before, and gives the parameters that name it."""
    with (
        cloud.started(directory) as aws,
        sandbox.started(os.environ["SANDBOX"], aws) as codepipeline,
        guard.started(aws, codepipeline) as guarded,
    ):
        aws.client("sesv2").create_email_identity(EmailIdentity=SENDER)
        policy.create(aws)
        deployer, given = make(ROOT, os.environ["ARCHITECTURE"], aws), prepare(aws)
        if given:
            deployer.start_with(given)

        def it_deploys():
            return Deployment(aws, guarded, codepipeline, ROOT / "tests/fixtures", deployer, given)

        def it_deletes_everything_but_the_ledger_the_keys_and_the_policy():
            keys, table = deployment.request_keys + deployment.vote_keys, deployment.outputs["LedgerTableName"]
            deployer.delete()
            client = aws.client("cloudformation")
            stacks = [each["StackName"] for each in client.describe_stacks()["Stacks"]]
            equal(deployer.stack in stacks, False, f"{deployer.stack} is in {stacks}")
            for key in keys:
                state = aws.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
                equal(state, "Enabled", f"the state of {key}")
            equal(aws.client("dynamodb").describe_table(TableName=table)["Table"]["TableStatus"], "ACTIVE", "the table")
            parameter = aws.client("ssm").get_parameter(Name=POLICY_PARAMETER)["Parameter"]
            equal(parameter["Value"], policy.FIRST, "the policy")

        deployment = checks.run(deployer.name, it_deploys)
        if deployment:
            for check in chosen_checks:
                checks.run(deployer.name, check, deployment)
            checks.run(deployer.name, it_deletes_everything_but_the_ledger_the_keys_and_the_policy)


def both_build_the_same_bytes():
    for function in ("notifier", "callback"):
        by_sam, by_cdk = (
            hashlib.sha256(path.read_bytes()).hexdigest() for path in (sam.built(function), cdk.built(function))
        )
        equal(by_sam, by_cdk, f"the SHA-256 of the {function} as SAM and as the CDK builds it")


def chosen(checks, words):
    """The checks that are called after these words, or are in the file of this name."""
    return [check for check in checks if words in check.__name__.replace("_", " ") or words == check.__module__]


def deployments(name):
    """The deployments that are made with one tool, each in a cloud of its own: its checks, and what has to be there before."""
    if name == "release":
        return [(OF_RELEASE, nothing)]
    return [(CHECKS, nothing), (landing.CHECKS, landing.prepare)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="sam|cdk|release")
    parser.add_argument("--only", metavar="WORDS", default="")
    arguments = parser.parse_args()
    names = arguments.names or [*DEPLOYERS]
    # So that the programs it has started are stopped on SIGTERM too.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    checks = Checks()
    made = [(name, one) for name in names for one in deployments(name)]
    if not any(chosen(all_checks, arguments.only) for _, (all_checks, _) in made):
        parser.error(f"no check has {arguments.only!r} in its name")
    try:
        if {"sam", "cdk"} <= set(names):
            checks.run("SAM, CDK", both_build_the_same_bytes)
        for name, (all_checks, prepare) in made:
            if found := chosen(all_checks, arguments.only):
                with tempfile.TemporaryDirectory(prefix="countersign-") as directory:
                    check_deployer(DEPLOYERS[name], found, checks, pathlib.Path(directory), prepare)
    finally:
        print(checks.closing_line(), flush=True)
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
