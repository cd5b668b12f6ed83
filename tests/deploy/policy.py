"""The policy in a parameter that exists, and an administrator's edits to it."""

import contextlib
import re

import sandbox
import story
from checks import equal
from commands import diagnose, expect_unsound
from deployment import APPROVERS, POLICY_PARAMETER
from proxy import reachable_callback

FIRST = f"""[default]
approvers = ["{'", "'.join(APPROVERS)}"]
"""
BOTH = """[default]
approvers = ["alice@example.com", "bob@example.com"]
quorum = 2
"""
INVALID = """[default]
approvers = ["alice@example.com", 7]
"""
POSITION = re.compile(r"\bline 2, column \d+")


def create(cloud):
    """Creates the parameter, as an administrator does before the deployment."""
    cloud.client("ssm").put_parameter(Name=POLICY_PARAMETER, Type="String", Value=FIRST)


def name(deployment):
    return deployment.outputs["PolicyParameterName"]


def parameter(deployment):
    return deployment.cloud.client("ssm").get_parameter(Name=name(deployment))["Parameter"]


def save(deployment, text):
    """Saves a policy from a file, as an administrator does."""
    file = deployment.cloud.scratch / "policy.toml"
    file.write_text(text)
    put = ["ssm", "put-parameter", "--name", name(deployment), "--type", "String", "--overwrite"]
    deployment.cloud.cli(*put, "--value", f"file://{file}")


@contextlib.contextmanager
def edited(deployment, text):
    """Changes the policy until the end of the block."""
    before = parameter(deployment)["Value"]
    save(deployment, text)
    try:
        yield
    finally:
        save(deployment, before)


def a_deployment_does_not_write_a_parameter_that_exists(deployment):
    found = parameter(deployment)
    expected = (POLICY_PARAMETER, 1, FIRST)
    equal((found["Name"], found["Version"], found["Value"]), expected, "the parameter")
    environment = deployment.environment(deployment.notifier)
    equal(environment["COUNTERSIGN_POLICY"], found["Name"], "the policy parameter in the notifier's environment")
    equal("COUNTERSIGN_POLICY_TEXT" in environment, False, "a second policy in the notifier's environment")


def an_edit_applies_to_the_next_approval_without_a_deployment(deployment):
    with edited(deployment, BOTH):
        pending, alice, bob = story.request(deployment)
    page = deployment.press(alice.approve, "The first of two")
    equal(page.status, 200, "the answer to the first button")
    equal(deployment.codepipeline.decided(pending)[0], "InProgress", "the approval after one of two votes")
    page = deployment.press(bob.approve, "The second of two")
    equal(page.status, 200, "the answer to the second button")
    equal(deployment.codepipeline.decided(pending)[0], "Succeeded", "the approval after both votes")


def with_an_invalid_policy_the_event_fails_and_sends_its_emails_after_the_repair(deployment):
    pending = deployment.codepipeline.stop_at_approval()
    event = sandbox.event(pending, deployment.fixtures)
    with edited(deployment, INVALID):
        answer, failed = deployment.attempt(deployment.notifier, event)
        assert failed, answer
        assert POSITION.search(answer["errorMessage"]), f"expected a line and a column in {answer}"
        assert "alice" not in answer["errorMessage"], f"expected no name in {answer}"
        equal(any(deployment.requests(pending.execution).values()), False, "emails with an invalid policy")
        with reachable_callback(deployment):
            unsound = diagnose(deployment)
        expect_unsound(unsound, "policy")
        assert POSITION.search(unsound["policy"]["found"]), f"expected a line and a column in {unsound}"
    deployment.invoke(deployment.notifier, event)
    deployment.expect_requests(pending.execution)


CHECKS = [
    a_deployment_does_not_write_a_parameter_that_exists,
    an_edit_applies_to_the_next_approval_without_a_deployment,
    with_an_invalid_policy_the_event_fails_and_sends_its_emails_after_the_repair,
]
