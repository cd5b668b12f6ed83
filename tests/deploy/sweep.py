"""The hourly sweep: what an event did not bring, it makes good. And the emails that tell how an approval ended."""

import json

import front
import sandbox
import story
from checks import equal


def rule_and_target(deployment):
    events = deployment.cloud.client("events")
    name = deployment.outputs["RuleName"].replace("-approvals", "-sweep")
    (target,) = events.list_targets_by_rule(Rule=name)["Targets"]
    return events.describe_rule(Name=name), target


def sweep(deployment):
    """What the rule does every hour: its target gets its input. Gives what came of it."""
    _, target = rule_and_target(deployment)
    (swept,) = deployment.invoke(target["Arn"], json.loads(target["Input"]))["results"]
    equal(swept["result"], "swept", "what came of the sweep")
    return swept


def the_hourly_rule_hands_a_sweep_to_the_notifier(deployment):
    rule, target = rule_and_target(deployment)
    equal(
        (rule["ScheduleExpression"], rule["State"], rule["EventBusName"]),
        ("rate(1 hour)", "ENABLED", "default"),
        "when it sweeps",
    )
    equal(target["Arn"], deployment.configuration(deployment.notifier)["FunctionArn"], "the rule's target")
    equal(json.loads(target["Input"]), {"sweep": {}}, "what the target gets")


def a_sweep_asks_once_for_an_approval_whose_event_never_came(deployment):
    waiting = deployment.codepipeline.stop_at_approval()
    equal(sweep(deployment)["asked"], 2, "emails that the first sweep sends")
    alice, _ = deployment.asked(waiting.execution)
    equal(sweep(deployment)["asked"], 0, "emails that the second sweep sends")
    deployment.invoke(deployment.notifier, sandbox.event(waiting, deployment.fixtures))
    deployment.asked(waiting.execution)
    equal(deployment.press(alice.approve, "Asked by the sweep").status, 200, "the answer to the button")
    equal(deployment.codepipeline.decided(waiting)[0], "Succeeded", "the approval after the button")


def everybody_who_was_asked_is_told_once_how_it_ended(deployment):
    waiting, alice, _ = story.ask(deployment)
    deployment.press(alice.approve, "Told by the event")
    for _ in range(2):
        deployment.invoke(deployment.notifier, sandbox.event(waiting, deployment.fixtures, "SUCCEEDED"))
        deployment.told(waiting.execution)
    sweep(deployment)
    deployment.told(waiting.execution)


def a_sweep_tells_once_how_it_ended_when_that_event_never_came(deployment):
    waiting, _, bob = story.ask(deployment)
    deployment.press(bob.reject, "Told by the sweep")
    for _ in range(2):
        sweep(deployment)
        deployment.told(waiting.execution)
    deployment.invoke(deployment.notifier, sandbox.event(waiting, deployment.fixtures, "FAILED"))
    deployment.told(waiting.execution)


def a_sweep_has_a_vote_carried_out_whose_visit_died(deployment):
    waiting, _, _ = story.ask(deployment)
    vote(deployment, waiting, "bob@example.com", "Approved", "Carried out by the sweep")
    with front.found_by_name(deployment):
        swept = sweep(deployment)
    equal((swept["finished"], swept["told"]), (1, 2), "votes that it has carried out, and emails that tell it")
    status, summary, *_ = deployment.codepipeline.decided(waiting)
    equal(status, "Succeeded", "the approval after the sweep")
    assert summary.endswith("by bob@example.com. Carried out by the sweep"), summary
    deployment.told(waiting.execution)


def vote(deployment, waiting, approver, decision, comment):
    """What a visit leaves behind that dies when its vote has been recorded."""
    table = deployment.cloud.client("dynamodb")
    name = deployment.outputs["LedgerTableName"]
    requests = table.scan(
        TableName=name,
        FilterExpression="sk = :request AND approval.execution = :execution",
        ExpressionAttributeValues={":request": {"S": "REQUEST"}, ":execution": {"S": waiting.execution}},
    )["Items"]
    (request,) = requests
    fields = {"approver": approver, "decision": decision, "comment": comment, "link": "of a visit that died"}
    table.update_item(
        TableName=name,
        Key={"pk": request["pk"], "sk": request["sk"]},
        UpdateExpression="SET votes.#approver = :vote, revision = revision + :one",
        ExpressionAttributeNames={"#approver": approver},
        ExpressionAttributeValues={
            ":vote": {"M": {name: {"S": text} for name, text in fields.items()} | {"at": request["asked"]}},
            ":one": {"N": "1"},
        },
    )


CHECKS = [
    the_hourly_rule_hands_a_sweep_to_the_notifier,
    a_sweep_asks_once_for_an_approval_whose_event_never_came,
    everybody_who_was_asked_is_told_once_how_it_ended,
    a_sweep_tells_once_how_it_ended_when_that_event_never_came,
    a_sweep_has_a_vote_carried_out_whose_visit_died,
]
