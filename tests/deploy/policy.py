"""The policy: the parameter that the deployment makes, and what an administrator writes into it afterwards."""

import contextlib
import re

import sandbox
import story
from checks import equal
from commands import diagnosis, names_only
from front import found_by_name
from deployment import APPROVERS

FIRST = f"""# Who may decide, and how many must. README, "Policy", tells all keys. Check a new text before you save it:
#   cargo run -p sandbox -- policy check FILE
[default]
approvers = ["{'", "'.join(APPROVERS)}"]
quorum = 1"""
BOTH = """[default]
approvers = ["alice@example.com", "bob@example.com"]
quorum = 2
"""
WRONG = """[default]
approvers = ["alice@example.com", 7]
"""
WHERE = re.compile(r"\bline 2, column \d+")


def name(deployment):
    return deployment.outputs["PolicyParameterName"]


def parameter(deployment):
    return deployment.cloud.client("ssm").get_parameter(Name=name(deployment))["Parameter"]


def save(deployment, text):
    """What an administrator does with a policy in a file."""
    file = deployment.cloud.scratch / "policy.toml"
    file.write_text(text)
    put = ["ssm", "put-parameter", "--name", name(deployment), "--type", "String", "--overwrite"]
    deployment.cloud.cli(*put, "--value", f"file://{file}")


@contextlib.contextmanager
def edited(deployment, text):
    """With another policy for a while."""
    before = parameter(deployment)["Value"]
    save(deployment, text)
    try:
        yield
    finally:
        save(deployment, before)


def the_parameter_holds_the_policy_that_the_deployment_was_told(deployment):
    found = parameter(deployment)
    equal((found["Name"], found["Type"], found["Value"]), ("/countersign/policy", "String", FIRST), "the parameter")
    environment = deployment.environment(deployment.notifier)
    equal(environment["COUNTERSIGN_POLICY"], found["Name"], "the policy that the notifier is told")


def what_an_administrator_saves_holds_for_the_next_approval_without_a_deployment(deployment):
    with edited(deployment, BOTH):
        waiting, alice, bob = story.ask(deployment)
    page = deployment.press(alice.approve, "The first of two")
    equal(page.status, 200, "the answer to the first button")
    equal(deployment.codepipeline.decided(waiting)[0], "InProgress", "the approval after one of two votes")
    page = deployment.press(bob.approve, "The second of two")
    equal(page.status, 200, "the answer to the second button")
    equal(deployment.codepipeline.decided(waiting)[0], "Succeeded", "the approval after both votes")


def a_wrong_policy_fails_the_event_which_sends_its_emails_after_the_repair(deployment):
    waiting = deployment.codepipeline.stop_at_approval()
    event = sandbox.event(waiting, deployment.fixtures)
    with edited(deployment, WRONG):
        answer, failed = deployment.attempt(deployment.notifier, event)
        assert failed, answer
        assert WHERE.search(answer["errorMessage"]), f"the error says where: {answer}"
        assert "alice" not in answer["errorMessage"], f"the error names nobody: {answer}"
        equal(any(deployment.requests(waiting.execution).values()), False, "emails with a wrong policy")
        with found_by_name(deployment):
            ailing = diagnosis(deployment)
        names_only(ailing, "policy")
        assert WHERE.search(ailing["policy"]["found"]), f"the doctor says where: {ailing}"
    deployment.invoke(deployment.notifier, event)
    deployment.asked(waiting.execution)


CHECKS = [
    the_parameter_holds_the_policy_that_the_deployment_was_told,
    what_an_administrator_saves_holds_for_the_next_approval_without_a_deployment,
    a_wrong_policy_fails_the_event_which_sends_its_emails_after_the_repair,
]
