"""The hourly sweep, which makes up for lost events, and the emails about the outcome."""

import json

import botocore.exceptions

import commands
import dead_letters
import proxy
import sandbox
import story
from checks import equal, until
from cloud import REGION
from probe import call, probe


# A part of no account.
POISON = json.dumps({"part": {"account": "nobody's", "region": REGION, "id": {}, "open": []}})


def queue_url(deployment):
    return deployment.environment(deployment.notifier)["COUNTERSIGN_SWEEP_QUEUE"]


def queue_arn(deployment):
    names = ["QueueArn"]
    found = deployment.cloud.client("sqs").get_queue_attributes(QueueUrl=queue_url(deployment), AttributeNames=names)
    return found["Attributes"]["QueueArn"]


def rule_and_target(deployment):
    events = deployment.cloud.client("events")
    name = deployment.outputs["RuleName"].replace("-approvals", "-sweep")
    (target,) = events.list_targets_by_rule(Rule=name)["Targets"]
    return events.describe_rule(Name=name), target


def sweep(deployment):
    """Sweeps by command, in one invocation. Returns the result."""
    (swept,) = deployment.invoke(deployment.notifier, {"sweep": {}})["results"]
    equal(swept["result"], "swept", "the result of the sweep")
    return swept


def begin_round(deployment):
    """Invokes the target of the rule with its input, as happens every hour. Returns the result."""
    _, target = rule_and_target(deployment)
    (begun,) = deployment.invoke(target["Arn"], json.loads(target["Input"]))["results"]
    equal(begun["result"], "round", "the result of the round")
    return begun


def wait_for_parts(deployment):
    """Waits until no part of a round is left in the queue, or in the notifier."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    sqs, url = deployment.cloud.client("sqs"), queue_url(deployment)

    def done():
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return [found[name] for name in names] == ["0", "0"]

    until("the parts of the round are done", done, 120)


def the_hourly_rule_invokes_the_notifier_with_a_round(deployment):
    rule, target = rule_and_target(deployment)
    equal(
        (rule["ScheduleExpression"], rule["State"], rule["EventBusName"]),
        ("rate(1 hour)", "ENABLED", "default"),
        "the schedule",
    )
    equal(target["Arn"], deployment.configuration(deployment.notifier)["FunctionArn"], "the rule's target")
    equal(json.loads(target["Input"]), {"round": {}}, "the target's input")


def the_queue_of_the_sweep_hands_over_one_part_at_a_time(deployment):
    mapping = deployment.mapping(queue_arn(deployment))
    found = (mapping["BatchSize"], mapping["FunctionResponseTypes"], mapping["ScalingConfig"])
    equal(found, (1, ["ReportBatchItemFailures"], {"MaximumConcurrency": 10}), "the mapping")
    names = ["FifoQueue", "VisibilityTimeout", "RedrivePolicy"]
    sqs = deployment.cloud.client("sqs")
    found = sqs.get_queue_attributes(QueueUrl=queue_url(deployment), AttributeNames=names)["Attributes"]
    equal((found["FifoQueue"], found["VisibilityTimeout"]), ("true", "1800"), "the queue")
    redrive, dead_letters = json.loads(found["RedrivePolicy"]), deployment.outputs["SweepDeadLetterQueueUrl"]
    equal(redrive["deadLetterTargetArn"].rsplit(":", 1)[1], dead_letters.rsplit("/", 1)[1], "the queue of dead letters")
    equal(int(redrive["maxReceiveCount"]), 5, "how often a part is tried")


def nobody_but_the_notifier_puts_a_part_into_the_queue_of_the_sweep(deployment):
    """Even the operator, who may do everything else, cannot hold back the sweep of an account with parts of rounds."""
    part = {"MessageBody": POISON, "MessageGroupId": "poison", "MessageDeduplicationId": "poison"}
    try:
        deployment.cloud.client("sqs").send_message(QueueUrl=queue_url(deployment), **part)
    except botocore.exceptions.ClientError as refused:
        equal(refused.response["Error"]["Code"], "AccessDenied", "the answer to a message of the operator's")
    else:
        raise AssertionError("the operator put a message into the queue of the sweep")


def a_sweep_requests_an_approval_once_when_its_event_was_lost(deployment):
    pending = deployment.codepipeline.stop_at_approval()
    equal(sweep(deployment)["asked"], 2, "emails of the first sweep")
    alice, _ = deployment.expect_requests(pending.execution)
    equal(sweep(deployment)["asked"], 0, "emails of the second sweep")
    deployment.invoke(deployment.notifier, sandbox.event(pending, deployment.fixtures))
    deployment.expect_requests(pending.execution)
    equal(deployment.press(alice.approve, "Requested by the sweep").status, 200, "the answer to the button")
    equal(deployment.codepipeline.decided(pending)[0], "Succeeded", "the approval after the button")


def a_round_reaches_the_notifier_through_the_queue(deployment):
    pending = deployment.codepipeline.stop_at_approval()
    for _ in range(2):
        begun = begin_round(deployment)
        # The second one begins, because the first has said that it is done.
        equal((begun["places"], begun["running"]), (1, 0), "sweeps that begin, and that are under way")
        wait_for_parts(deployment)
        deployment.expect_requests(pending.execution)


def a_part_that_keeps_failing_becomes_a_dead_letter_and_stops_no_other(deployment):
    queue, url = dead_letters.Queue(deployment, "SweepDeadLetterQueueUrl"), queue_url(deployment)
    equal(queue.visible(), 0, "dead letters at the start")
    pending = deployment.codepipeline.stop_at_approval()
    poison = {"MessageBody": POISON, "MessageGroupId": "poison", "MessageDeduplicationId": "poison"}
    with dead_letters.impatient(deployment, url), probe(deployment, deployment.notifier) as make_calls:
        equal(make_calls(call("sqs", "send_message", QueueUrl=url, **poison)), ["done"], "sending a part")
        begin_round(deployment)
        until("the part is a dead letter", lambda: queue.visible() == 1, 60)
        wait_for_parts(deployment)
    deployment.expect_requests(pending.execution)
    message = queue.receive()
    equal(message["Body"], POISON, "the dead letter")
    queue.delete(message)


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
    deciding = deployment.member_role("decide")
    with commands.added_statement(deployment, deciding, "Deny", "codepipeline:PutApprovalResult"):
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
    the_hourly_rule_invokes_the_notifier_with_a_round,
    the_queue_of_the_sweep_hands_over_one_part_at_a_time,
    nobody_but_the_notifier_puts_a_part_into_the_queue_of_the_sweep,
    a_round_reaches_the_notifier_through_the_queue,
    a_part_that_keeps_failing_becomes_a_dead_letter_and_stops_no_other,
    a_sweep_requests_an_approval_once_when_its_event_was_lost,
    each_approver_gets_one_outcome_email,
    a_sweep_sends_the_outcome_once_when_its_event_was_lost,
    a_sweep_finishes_a_vote_whose_visit_was_interrupted,
]
