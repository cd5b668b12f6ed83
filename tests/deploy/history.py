"""The command `history`: who was asked, told and heard about the approvals of a pipeline."""

import sandbox
import story
from checks import equal
from deployment import APPROVERS


def history(deployment, **options):
    """The approvals, and where those before them begin."""
    command = {"history": {"pipeline": sandbox.PIPELINE, **options}}
    (answer,) = deployment.invoke(deployment.notifier, command)["results"]
    equal((answer["result"], answer["pipeline"]), ("history", sandbox.PIPELINE), "what came of the command")
    return answer["approvals"], answer.get("next")


def message_ids(approval):
    """What SES called the emails about an approval, by what each was about and whom it was to."""
    return {
        (mail["about"], person["address"]): mail["messageId"]
        for person in approval["people"]
        for mail in person["mails"]
        if mail["state"] == "sent"
    }


def history_tells_the_newest_approval_first_and_what_ses_called_each_email(deployment):
    decided, alice, _ = story.ask(deployment)
    deployment.press(alice.approve, "For the record")
    deployment.invoke(deployment.notifier, sandbox.event(decided, deployment.fixtures, "SUCCEEDED"))
    waiting, *_ = story.ask(deployment)

    (newest, before), _ = history(deployment, limit=2)
    equal((newest["execution"], before["execution"]), (waiting.execution, decided.execution), "executions")
    for approval in (newest, before):
        equal(approval["approval"], f"{sandbox.PIPELINE}/{sandbox.STAGE}/{sandbox.ACTION}", "the approval")
        equal((approval["route"], approval["quorum"]), ("default", 1), "what the policy said")
        people = [(person["address"], person["role"]) for person in approval["people"]]
        equal(sorted(people), [(address, "approver") for address in APPROVERS], "people")

    requests = sent(deployment.requests(waiting.execution), "request")
    equal(message_ids(newest), requests, "emails about the approval that waits")
    equal((newest["votes"], newest.get("outcome")), ([], None), "votes and outcome of the approval that waits")

    requests = sent(deployment.requests(decided.execution), "request")
    outcomes = sent(deployment.outcomes(decided.execution), "outcome")
    equal(message_ids(before), requests | outcomes, "emails about the approval that was decided")
    (vote,) = before["votes"]
    equal(
        (vote["approver"], vote["decision"], vote["comment"]),
        ("alice@example.com", "Approved", "For the record"),
        "the vote",
    )
    equal(before["outcome"]["ending"].lower(), "approved", "how it ended")


def history_goes_on_where_it_ended(deployment):
    story.ask(deployment)
    (newest, before), _ = history(deployment, limit=2)
    (first,), place = history(deployment, limit=1)
    (further,), _ = history(deployment, limit=1, before=place)
    equal((first["key"], further["key"]), (newest["key"], before["key"]), "the newest approval and the one before it")


def sent(mails, about):
    return {(about, address): mail["MessageId"] for address, theirs in mails.items() for mail in theirs}


CHECKS = [
    history_tells_the_newest_approval_first_and_what_ses_called_each_email,
    history_goes_on_where_it_ended,
]
