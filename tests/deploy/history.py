"""The command `history`, which lists the approvals of a pipeline with their emails and votes."""

import sandbox
import story
from checks import equal
from deployment import APPROVERS


def history(deployment, **options):
    """A page of approvals, and the key that the next page starts at."""
    command = {"history": {"pipeline": sandbox.PIPELINE, **options}}
    (answer,) = deployment.invoke(deployment.notifier, command)["results"]
    equal((answer["result"], answer["pipeline"]), ("history", sandbox.PIPELINE), "the result of the command")
    return answer["approvals"], answer.get("next")


def message_ids(approval):
    """The message ids of the emails about an approval, by kind and recipient."""
    return {
        (mail["about"], person["address"]): mail["messageId"]
        for person in approval["people"]
        for mail in person["mails"]
        if mail["state"] == "sent"
    }


def history_lists_the_newest_approval_first_with_the_message_id_of_each_email(deployment):
    decided, alice, _ = story.request(deployment)
    deployment.press(alice.approve, "For the record")
    deployment.invoke(deployment.notifier, sandbox.event(decided, deployment.fixtures, "SUCCEEDED"))
    pending, *_ = story.request(deployment)

    (newest, before), _ = history(deployment, limit=2)
    equal((newest["execution"], before["execution"]), (pending.execution, decided.execution), "executions")
    for approval in (newest, before):
        equal(approval["approval"], f"{sandbox.PIPELINE}/{sandbox.STAGE}/{sandbox.ACTION}", "the approval")
        equal((approval["route"], approval["quorum"]), ("default", 1), "the route and the quorum")
        people = [(person["address"], person["role"]) for person in approval["people"]]
        equal(sorted(people), [(address, "approver") for address in APPROVERS], "people")

    requests = sent_ids(deployment.requests(pending.execution), "request")
    equal(message_ids(newest), requests, "emails about the pending approval")
    equal((newest["votes"], newest.get("outcome")), ([], None), "votes and outcome of the pending approval")

    requests = sent_ids(deployment.requests(decided.execution), "request")
    outcomes = sent_ids(deployment.outcomes(decided.execution), "outcome")
    equal(message_ids(before), requests | outcomes, "emails about the decided approval")
    (vote,) = before["votes"]
    equal(
        (vote["approver"], vote["decision"], vote["comment"]),
        ("alice@example.com", "Approved", "For the record"),
        "the vote",
    )
    equal(before["outcome"]["ending"].lower(), "approved", "the outcome")


def history_continues_after_the_previous_page(deployment):
    story.request(deployment)
    (newest, before), _ = history(deployment, limit=2)
    (first,), next_key = history(deployment, limit=1)
    (second,), _ = history(deployment, limit=1, before=next_key)
    equal((first["key"], second["key"]), (newest["key"], before["key"]), "the newest approval and the one before it")


def sent_ids(mails, about):
    """The message ids of emails that MiniStack has, by kind and recipient."""
    return {(about, address): mail["MessageId"] for address, received in mails.items() for mail in received}


CHECKS = [
    history_lists_the_newest_approval_first_with_the_message_id_of_each_email,
    history_continues_after_the_previous_page,
]
