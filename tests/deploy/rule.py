"""The EventBridge rules: the events that they match, and their targets."""

import copy
import json

import policy
import story
from checks import equal, until
from cloud import ACCOUNT


def rule(deployment, suffix):
    """The name of one of the stack's rules."""
    return deployment.outputs["RuleName"].replace("-approvals", suffix)


def matches(deployment, event, suffix="-approvals"):
    events = deployment.cloud.client("events")
    pattern = events.describe_rule(Name=rule(deployment, suffix))["EventPattern"]
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
        is_approval = event["detail"].get("type", {}).get("category") == "Approval"
        equal(matches(deployment, event), is_approval, name)


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


def the_rule_of_votes_matches_the_events_of_this_deployments_callback_and_no_others(deployment):
    own = {"source": "countersign", "detail": {"deployment": "countersign"}}
    for kind in ("Vote Recorded", "Request Missing"):
        event = approval_event(deployment) | own | {"detail-type": kind}
        equal(matches(deployment, event, "-votes"), True, kind)
        for change in (
            {"source": "com.example"},
            {"account": "999999999999"},
            {"detail-type": "Approval Ended"},
            {"detail": {"deployment": "other"}},
            {"detail": {}},
        ):
            equal(matches(deployment, event | change, "-votes"), False, f"{kind} with {change}")
    equal(matches(deployment, approval_event(deployment), "-votes"), False, "CodePipeline's event")


def the_rule_of_emails_matches_the_events_about_this_deployments_emails_and_no_others(deployment):
    events = {name: event for name, event in fixtures(deployment).items() if event["source"] == "aws.ses"}
    assert len(events) >= 6, "expected a fixture of each type of event"
    for name, event in events.items():
        event["account"] = ACCOUNT
        tags = event["detail"]["mail"]["tags"]
        tags["ses:configuration-set"] = [deployment.outputs["ConfigurationSetName"]]
        equal(matches(deployment, event, "-emails"), True, name)
        for change in ({"source": "com.example"}, {"account": "999999999999"}, {"detail-type": "Email Opened"}):
            equal(matches(deployment, event | change, "-emails"), False, f"{name} with {change}")
        tags["ses:configuration-set"] = ["another"]
        equal(matches(deployment, event, "-emails"), False, f"{name} of another set")
        del tags["ses:configuration-set"]
        equal(matches(deployment, event, "-emails"), False, f"{name} of no set")
    equal(matches(deployment, approval_event(deployment), "-emails"), False, "CodePipeline's event")


def the_rules_send_their_events_to_the_notifier_or_their_dead_letter_queue(deployment):
    events = deployment.cloud.client("events")
    queue = deployment.outputs["RuleDeadLetterQueueUrl"].rsplit("/", 1)[1]
    for suffix in ("-approvals", "-votes"):
        (target,) = events.list_targets_by_rule(Rule=rule(deployment, suffix))["Targets"]
        equal(target["Arn"], deployment.configuration(deployment.notifier)["FunctionArn"], f"the target of {suffix}")
        equal(target["DeadLetterConfig"]["Arn"].rsplit(":", 1)[1], queue, f"the queue for what {suffix} cannot deliver")
    (target,) = events.list_targets_by_rule(Rule=rule(deployment, "-emails"))["Targets"]
    queue = deployment.outputs["EmailDeadLetterQueueUrl"].rsplit("/", 1)[1]
    emails = deployment.environment(deployment.notifier)["COUNTERSIGN_EMAIL_QUEUE"]
    equal(target["Arn"], emails, "the target of -emails")
    equal(target["DeadLetterConfig"]["Arn"].rsplit(":", 1)[1], queue, "the queue for what -emails cannot deliver")
    policy = json.loads(deployment.lambda_.get_policy(FunctionName=deployment.notifier)["Policy"])
    names = [rule(deployment, suffix) for suffix in ("-approvals", "-sweep", "-votes")]
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
    the_rule_of_votes_matches_the_events_of_this_deployments_callback_and_no_others,
    the_rule_of_emails_matches_the_events_about_this_deployments_emails_and_no_others,
    the_rules_send_their_events_to_the_notifier_or_their_dead_letter_queue,
    a_vote_is_an_event_that_reaches_the_notifier,
]
