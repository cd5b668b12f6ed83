"""The hourly sweep, which makes up for lost events, and the emails about the outcome."""

import json

import commands
import proxy
import sandbox
import story
from checks import equal


def rule_and_target(deployment):
    events = deployment.cloud.client("events")
    name = deployment.outputs["RuleName"].replace("-approvals", "-sweep")
    (target,) = events.list_targets_by_rule(Rule=name)["Targets"]
    return events.describe_rule(Name=name), target


def sweep(deployment):
    """Invokes the target of the rule with its input, as happens every hour. Returns the result."""
    _, target = rule_and_target(deployment)
    (swept,) = deployment.invoke(target["Arn"], json.loads(target["Input"]))["results"]
    equal(swept["result"], "swept", "the result of the sweep")
    return swept


def the_hourly_rule_invokes_the_notifier_with_a_sweep(deployment):
    rule, target = rule_and_target(deployment)
    equal(
        (rule["ScheduleExpression"], rule["State"], rule["EventBusName"]),
        ("rate(1 hour)", "ENABLED", "default"),
        "the schedule",
    )
    equal(target["Arn"], deployment.configuration(deployment.notifier)["FunctionArn"], "the rule's target")
    equal(json.loads(target["Input"]), {"sweep": {}}, "the target's input")


def a_sweep_requests_an_approval_once_when_its_event_was_lost(deployment):
    pending = deployment.codepipeline.stop_at_approval()
    equal(sweep(deployment)["asked"], 2, "emails of the first sweep")
    alice, _ = deployment.expect_requests(pending.execution)
    equal(sweep(deployment)["asked"], 0, "emails of the second sweep")
    deployment.invoke(deployment.notifier, sandbox.event(pending, deployment.fixtures))
    deployment.expect_requests(pending.execution)
    equal(deployment.press(alice.approve, "Requested by the sweep").status, 200, "the answer to the button")
    equal(deployment.codepipeline.decided(pending)[0], "Succeeded", "the approval after the button")


def each_approver_gets_one_outcome_email(deployment):
    pending, alice, _ = story.request(deployment)
    deployment.press(alice.approve, "Announced by the event")
    for _ in range(2):
        deployment.invoke(deployment.notifier, sandbox.event(pending, deployment.fixtures, "SUCCEEDED"))
        deployment.expect_outcomes(pending.execution)
    sweep(deployment)
    deployment.expect_outcomes(pending.execution)


def a_sweep_sends_the_outcome_once_when_its_event_was_lost(deployment):
    pending, _, bob = story.request(deployment)
    deployment.press(bob.reject, "Announced by the sweep")
    for _ in range(2):
        sweep(deployment)
        deployment.expect_outcomes(pending.execution)
    deployment.invoke(deployment.notifier, sandbox.event(pending, deployment.fixtures, "FAILED"))
    deployment.expect_outcomes(pending.execution)


def a_sweep_finishes_a_vote_whose_visit_was_interrupted(deployment):
    pending, _, bob = story.request(deployment)
    # The vote is recorded before the result is put.
    with commands.added_statement(deployment, deployment.callback, "Deny", "codepipeline:PutApprovalResult"):
        equal(deployment.press(bob.approve, "Finished by the sweep").status, 500, "the answer to the button")
    equal(deployment.codepipeline.decided(pending)[0], "InProgress", "the approval after the interrupted visit")
    with proxy.reachable_callback(deployment):
        swept = sweep(deployment)
    equal((swept["finished"], swept["told"]), (1, 2), "finished votes and outcome emails")
    status, summary, *_ = deployment.codepipeline.decided(pending)
    equal(status, "Succeeded", "the approval after the sweep")
    assert summary.endswith('by bob@example.com. "Finished by the sweep"'), summary
    deployment.expect_outcomes(pending.execution)


CHECKS = [
    the_hourly_rule_invokes_the_notifier_with_a_sweep,
    a_sweep_requests_an_approval_once_when_its_event_was_lost,
    each_approver_gets_one_outcome_email,
    a_sweep_sends_the_outcome_once_when_its_event_was_lost,
    a_sweep_finishes_a_vote_whose_visit_was_interrupted,
]
