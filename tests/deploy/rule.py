"""The EventBridge rule: the events that it matches, and its target."""

import copy
import json

import policy
import story
from checks import equal, until


def matches(deployment, event):
    events = deployment.cloud.client("events")
    pattern = events.describe_rule(Name=deployment.outputs["RuleName"])["EventPattern"]
    return events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"]


def fixtures(deployment):
    """The fixtures that are EventBridge events. The others arrive through SNS."""
    events = {path.stem: json.loads(path.read_text()) for path in sorted(deployment.fixtures.glob("*.json"))}
    return {name: event for name, event in events.items() if "detail-type" in event}


def approval_event(deployment):
    return copy.deepcopy(fixtures(deployment)["eventbridge-action-started"])


def the_rule_matches_the_approval_events_among_the_fixtures_and_no_others(deployment):
    events = fixtures(deployment)
    assert len(events) >= 2, "expected fixtures with and without an approval"
    for name, event in events.items():
        equal(matches(deployment, event), event["detail"]["type"]["category"] == "Approval", name)


def the_rule_matches_every_state_of_an_approval(deployment):
    for state in ("STARTED", "SUCCEEDED", "FAILED", "ABANDONED"):
        event = approval_event(deployment)
        event["detail"]["state"] = state
        equal(matches(deployment, event), True, state)


def the_rule_matches_no_event_that_only_resembles_an_approval(deployment):
    for path, value in [
        (["source"], "com.example"),
        (["detail-type"], "CodePipeline Stage Execution State Change"),
        (["detail-type"], "CodePipeline Pipeline Execution State Change"),
        (["detail", "type", "category"], "Invoke"),
        (["detail", "type", "category"], "Deploy"),
    ]:
        event = approval_event(deployment)
        *parents, last = path
        node = event
        for name in parents:
            node = node[name]
        node[last] = value
        equal(matches(deployment, event), False, f"{'.'.join(path)} = {value}")


def the_rule_sends_its_events_to_the_notifier_or_its_dead_letter_queue(deployment):
    events = deployment.cloud.client("events")
    (target,) = events.list_targets_by_rule(Rule=deployment.outputs["RuleName"])["Targets"]
    equal(target["Arn"], deployment.configuration(deployment.notifier)["FunctionArn"], "the rule's target")
    queue = deployment.outputs["RuleDeadLetterQueueUrl"].rsplit("/", 1)[1]
    equal(target["DeadLetterConfig"]["Arn"].rsplit(":", 1)[1], queue, "the queue for undelivered events")
    policy = json.loads(deployment.lambda_.get_policy(FunctionName=deployment.notifier)["Policy"])
    approvals = deployment.outputs["RuleName"]
    names = [approvals.replace("-approvals", suffix) for suffix in ("-approvals", "-sweep", "-votes")]
    rules = [events.describe_rule(Name=name)["Arn"] for name in names]
    sources = [
        statement["Condition"]["ArnLike"]["AWS:SourceArn"]
        for statement in policy["Statement"]
        if statement["Principal"].get("Service") == "events.amazonaws.com"
    ]
    equal(sorted(sources), sorted(rules), "the rules that may invoke the notifier")


def a_vote_is_an_event_that_reaches_the_notifier(deployment):
    with policy.edited(deployment, policy.BOTH):
        pending, alice, _ = story.request(deployment)
    equal(deployment.press(alice.approve, "The first of two").status, 200, "the answer to the button")
    until("the voter has a receipt", lambda: deployment.receipts(pending.execution)["alice@example.com"])
    (receipt,) = deployment.receipts(pending.execution)["alice@example.com"]
    assert "The first of two" in receipt["BodyText"], receipt["BodyText"]
    equal(deployment.receipts(pending.execution)["bob@example.com"], [], "receipts to the other approver")


CHECKS = [
    the_rule_matches_the_approval_events_among_the_fixtures_and_no_others,
    the_rule_matches_every_state_of_an_approval,
    the_rule_matches_no_event_that_only_resembles_an_approval,
    the_rule_sends_its_events_to_the_notifier_or_its_dead_letter_queue,
    a_vote_is_an_event_that_reaches_the_notifier,
]
