"""Attacks by people with some rights in AWS: whoever can send events, write the ledger or change a setting approves
nothing, and mails nobody a lie.

MiniStack lets the operator do what the deployed policies deny in AWS, so the attackers here are stronger than they are
there. What they try is followed by what CodePipeline holds, what was mailed, and what the approvers can still do.
"""

import base64
import hashlib
import hmac
import json
import re
import time
import uuid

import commands
import ledger
import policy
import proxy
import sandbox
import story
import sweep
from checks import equal, until

OTHER_ACCOUNT = "999999999999"
MALLORY = "mallory@example.com"
LURE = {"customData": "Sign in at https://evil.example first", "externalEntityLink": "https://evil.example/"}


def strict(deployment):
    """Makes both approvers necessary for what is asked until the end of the block. Otherwise one is enough.

    The policy has another version each time, so what is asked anew is another request, even within the same second.
    """
    return policy.edited(deployment, policy.BOTH)


def request_of_both(deployment):
    """Asks both approvers under the strict policy. Returns the approval, and their links."""
    with strict(deployment):
        return story.request(deployment)


def vote(deployment, link, **headers):
    """Sends the form of an Approve link without opening its page."""
    return deployment.visit(link, "POST", [("comment", ""), ("decision", "Approved")], headers)


def expect_waiting(deployment, pending):
    """Checks that CodePipeline waits, and that nobody was told otherwise."""
    equal(deployment.codepipeline.decided(pending)[0], "InProgress", "the approval")
    equal(any(deployment.outcomes(pending.execution).values()), False, "outcome emails")


def expect_both_can_approve(deployment, pending, alice, bob):
    """Checks that it takes both to approve, that they still can, and that both are told so."""
    equal(vote(deployment, alice.approve).status, 200, "the answer to the first button")
    expect_waiting(deployment, pending)
    equal(vote(deployment, bob.approve).status, 200, "the answer to the second button")
    summary = "Approved through Countersign by alice@example.com, bob@example.com."
    equal(deployment.codepipeline.decided(pending), ("Succeeded", summary), "the approval after both buttons")
    deployment.invoke(deployment.notifier, sandbox.event(pending, deployment.fixtures, "SUCCEEDED"))
    deployment.expect_outcomes(pending.execution)
    for (mail,) in deployment.outcomes(pending.execution).values():
        assert mail["BodyText"].startswith(f"{sandbox.PIPELINE} was approved"), mail["BodyText"]


def expect_asked_anew(deployment, pending, old):
    """Checks that both were asked again and that a link of the first time decides nothing. Returns the new links."""
    mails = deployment.requests(pending.execution)
    equal([len(received) for received in mails.values()], [2, 2], "request emails to each approver")
    equal(deployment.visit(old.approve).status, 410, "a link of the first time")
    equal(vote(deployment, old.approve).status, 410, "its button")
    expect_waiting(deployment, pending)
    return [deployment.links(received[1]) for received in mails.values()]


def expect_nothing_mailed_with(deployment, text):
    found = [mail for mail in deployment.cloud.mails() if text in json.dumps(mail)]
    equal(found, [], f"emails with {text}")


def expect_unserved(deployment, pending):
    """Sends the event of an approval with another account in it, under which a route might be laxer."""
    event = sandbox.event(pending, deployment.fixtures)
    event["resources"] = [arn.replace(event["account"], OTHER_ACCOUNT) for arn in event["resources"]]
    event["account"] = OTHER_ACCOUNT
    (answer,) = deployment.invoke(deployment.notifier, event)["results"]
    unserved = {"result": "ignored", "why": "an event of an account or region that is not served"}
    equal(answer, unserved, "the answer to an event of another account")


def an_event_that_names_another_account_asks_nobody(deployment):
    pending = deployment.codepipeline.stop_at_approval()
    expect_unserved(deployment, pending)
    equal(any(deployment.requests(pending.execution).values()), False, "request emails")
    equal(ledger.Ledger(deployment).requests(pending), [], "requests")


def an_event_that_names_another_account_makes_no_second_request(deployment):
    pending, alice, bob = request_of_both(deployment)
    expect_unserved(deployment, pending)
    deployment.expect_requests(pending.execution)
    equal(len(ledger.Ledger(deployment).requests(pending)), 1, "requests")
    expect_both_can_approve(deployment, pending, alice, bob)


def an_event_or_a_notice_about_nothing_mails_nobody(deployment):
    pending = deployment.codepipeline.stop_at_approval()
    event = sandbox.event(pending, deployment.fixtures) | {"additionalAttributes": LURE}
    event["detail"]["pipeline"] = "no-such-pipeline"
    notice = sandbox.notice(pending, deployment.fixtures, pipelineName="no-such-pipeline", **LURE)
    for made_up in (event, sandbox.published(notice, deployment.fixtures)):
        (answer,) = deployment.invoke(deployment.notifier, made_up)["results"]
        equal(answer["result"], "over", "the answer about a pipeline that does not exist")
    notice = sandbox.notice(pending, deployment.fixtures, token=str(uuid.uuid4()), **LURE)
    answer, failed = deployment.attempt(deployment.notifier, sandbox.published(notice, deployment.fixtures))
    assert failed, answer
    equal(any(deployment.requests(pending.execution).values()), False, "request emails")
    expect_nothing_mailed_with(deployment, "evil.example")


def a_notice_with_a_real_token_adds_no_text_no_link_and_no_deadline(deployment):
    pending = deployment.codepipeline.stop_at_approval()
    notice = sandbox.notice(pending, deployment.fixtures, expires="2020-01-01T00:00Z", **LURE)
    deployment.invoke(deployment.notifier, sandbox.published(notice, deployment.fixtures))
    alice, _ = deployment.expect_requests(pending.execution)
    configured = deployment.codepipeline.configuration()
    for (mail,) in deployment.requests(pending.execution).values():
        for text in (configured["CustomData"], configured["ExternalEntityLink"], "within 7 days"):
            assert text in mail["BodyText"], f"expected {text!r} in {mail['BodyText']!r}"
    expect_nothing_mailed_with(deployment, "evil.example")
    equal(vote(deployment, alice.approve).status, 200, "the answer to the button")
    equal(deployment.codepipeline.decided(pending)[0], "Succeeded", "the approval after the button")


def inserted_votes_count_for_nobody(deployment):
    table = ledger.Ledger(deployment)
    decided, alice, bob = request_of_both(deployment)
    expect_both_can_approve(deployment, decided, alice, bob)
    copied = ledger.votes(table.request(decided))
    equal(sorted(copied), ["alice@example.com", "bob@example.com"], "the voters of the first approval")

    pending, alice, bob = request_of_both(deployment)
    item = table.request(pending)
    about = {"approval": item["pk"]["S"], "request": item["digest"]["S"]}
    made_up = {voter: ledger.altered(one, **about) for voter, one in copied.items()}
    unsealed = {voter: {"object": one["object"]} for voter, one in made_up.items()}
    with proxy.reachable_callback(deployment):
        for inserted in (copied, made_up, unsealed):
            votes = {"M": {voter: {"M": one} for voter, one in inserted.items()}}
            table.update(item, votes=votes, verdict={"S": "Approved"})
            equal(sweep.sweep(deployment)["finished"], 0, "what the sweep finished")
            expect_waiting(deployment, pending)
    expect_both_can_approve(deployment, pending, alice, bob)


def alter_terms(deployment, pending):
    """Adds an approver to what was asked, and makes one approval enough."""
    table = ledger.Ledger(deployment)
    item = table.request(pending)
    equal(item["digest"]["S"], ledger.digest(item), "the digest of what is sealed")
    terms = ledger.sealed(item)["terms"]
    equal(terms["quorum"], 2, "the quorum of the strict policy")
    lax = {"approvers": terms["approvers"] | {MALLORY: {"address": MALLORY}}, "quorum": 1}
    forged = ledger.altered(item, terms=terms | lax)
    table.update(item, object=forged["object"], digest={"S": ledger.digest(forged)})


def altered_terms_bind_nobody_and_the_sweep_asks_anew(deployment):
    pending, old, _ = request_of_both(deployment)
    alter_terms(deployment, pending)
    with strict(deployment):
        sweep.sweep(deployment)
    alice, bob = expect_asked_anew(deployment, pending, old)
    expect_nothing_mailed_with(deployment, MALLORY)
    expect_both_can_approve(deployment, pending, alice, bob)


def a_button_under_altered_terms_decides_nothing_and_has_both_asked_anew(deployment):
    pending, old, _ = request_of_both(deployment)
    alter_terms(deployment, pending)

    def asked_anew():
        return all(len(received) == 2 for received in deployment.requests(pending.execution).values())

    with strict(deployment):
        equal(vote(deployment, old.approve).status, 503, "the answer to the button")
        expect_waiting(deployment, pending)
        until("the callback's event has both asked anew", asked_anew)
    alice, bob = expect_asked_anew(deployment, pending, old)
    expect_nothing_mailed_with(deployment, MALLORY)
    expect_both_can_approve(deployment, pending, alice, bob)


def a_lax_request_and_its_votes_are_worth_nothing_in_a_strict_ones_place(deployment):
    table = ledger.Ledger(deployment)
    lax, alice, _ = story.request(deployment)
    deployment.press(alice.approve, "One is enough")
    equal(deployment.codepipeline.decided(lax)[0], "Succeeded", "the lax approval")
    decided = table.request(lax)
    pending, old, _ = request_of_both(deployment)
    names = ("object", "seal", "digest", "revision", "votes", "verdict")
    table.update(table.request(pending), **{name: decided[name] for name in names})
    with strict(deployment):
        sweep.sweep(deployment)
    alice, bob = expect_asked_anew(deployment, pending, old)
    expect_both_can_approve(deployment, pending, alice, bob)


def a_false_outcome_is_told_to_nobody_and_closes_no_link(deployment):
    table = ledger.Ledger(deployment)
    pending, alice, bob = request_of_both(deployment)
    item = table.request(pending)

    def insert(ending):
        outcome = {"ending": {"S": ending}, "at": {"N": str(int(time.time()))}, "by": {"S": "user/bob"}}
        table.update(item, outcome={"M": outcome}, verdict={"S": ending})

    insert("Rejected")
    equal(deployment.visit(bob.approve).status, 200, "a link")
    answer, failed = deployment.attempt(deployment.notifier, sandbox.event(pending, deployment.fixtures, "FAILED"))
    assert failed, answer
    with proxy.reachable_callback(deployment):
        sweep.sweep(deployment)
    expect_waiting(deployment, pending)
    insert("Approved")
    expect_both_can_approve(deployment, pending, alice, bob)


def links_that_were_made_for_another_host_are_refused(deployment):
    with deployment.changed(deployment.notifier, COUNTERSIGN_CALLBACK_URL="https://elsewhere.example"):
        pending = deployment.codepipeline.stop_at_approval()
        deployment.invoke(deployment.notifier, sandbox.event(pending, deployment.fixtures))
    (mail,) = deployment.requests(pending.execution)["alice@example.com"]
    query, _ = re.findall(r"^https://elsewhere\.example/approval(\?t=\S+)", mail["BodyText"], re.MULTILINE)
    link = f"{deployment.url}/approval{query}"
    equal((deployment.visit(link).status, vote(deployment, link).status), (400, 400), "another host's link, used here")
    expect_waiting(deployment, pending)
    deployment.invoke(deployment.notifier, {"resend": sandbox.PLACE})
    good = deployment.links(deployment.requests(pending.execution)["alice@example.com"][1])
    equal(vote(deployment, good.approve).status, 200, "the answer to a button of our own")
    equal(deployment.codepipeline.decided(pending)[0], "Succeeded", "the approval after the button")


def a_form_from_another_site_or_of_another_type_does_not_count(deployment):
    pending, alice, _ = story.request(deployment)
    for status, headers in (
        (403, {"Sec-Fetch-Site": "cross-site"}),
        (403, {"Sec-Fetch-Site": "same-site"}),
        (415, {"Content-Type": "text/plain"}),
    ):
        equal(vote(deployment, alice.approve, **headers).status, status, f"a form with {headers}")
        expect_waiting(deployment, pending)
    equal(vote(deployment, alice.approve, **{"Sec-Fetch-Site": "same-origin"}).status, 200, "a form of our page")
    equal(deployment.codepipeline.decided(pending)[0], "Succeeded", "the approval after the form")


def encoded(part):
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def nothing_else_that_is_signed_passes_for_a_link(deployment):
    pending, alice, bob = request_of_both(deployment)
    equal(vote(deployment, bob.approve).status, 200, "the answer to Bob's button")
    kms, key = deployment.cloud.client("kms"), deployment.request_keys[0]
    public = kms.get_public_key(KeyId=key)["PublicKey"][-32:]
    prefix, token = alice.approve.split("?t=")
    _, claims, signature = token.split(".")

    def signing_input(**changes):
        header = json.dumps(ledger.header(token) | changes, separators=(",", ":"))
        return f"{encoded(header.encode())}.{claims}"

    def by_kms(text):
        answer = kms.sign(KeyId=key, Message=text.encode(), MessageType="RAW", SigningAlgorithm="ED25519_SHA_512")
        return f"{text}.{encoded(answer['Signature'])}"

    def by_hmac(text):
        return f"{text}.{encoded(hmac.digest(public, text.encode(), hashlib.sha256))}"

    item = ledger.Ledger(deployment).request(pending)
    forged = {
        "no algorithm": f"{signing_input(alg='none')}.",
        "no algorithm, but a signature": f"{signing_input(alg='none')}.{signature}",
        "a secret that is public": by_hmac(signing_input(alg="HS256")),
        "the seal of the request": item["seal"]["S"],
        "the seal of a vote": ledger.votes(item)["bob@example.com"]["seal"]["S"],
    }
    # The claims of a link under the types of other statements. Only an administrator could have them signed.
    with commands.unguarded(deployment, key):
        for typ in ("request+jwt", "vote+jwt", "finish+jwt", "JWT"):
            forged[typ] = by_kms(signing_input(typ=typ))
        equal(by_kms(signing_input()), token, "the link, signed as the notifier does")
    for what, other in forged.items():
        link = f"{prefix}?t={other}"
        equal((deployment.visit(link).status, vote(deployment, link).status), (400, 400), what)
        expect_waiting(deployment, pending)
    equal(vote(deployment, alice.approve).status, 200, "the answer to Alice's button")
    equal(deployment.codepipeline.decided(pending)[0], "Succeeded", "the approval after both buttons")


CHECKS = [
    an_event_that_names_another_account_asks_nobody,
    an_event_that_names_another_account_makes_no_second_request,
    an_event_or_a_notice_about_nothing_mails_nobody,
    a_notice_with_a_real_token_adds_no_text_no_link_and_no_deadline,
    inserted_votes_count_for_nobody,
    altered_terms_bind_nobody_and_the_sweep_asks_anew,
    a_button_under_altered_terms_decides_nothing_and_has_both_asked_anew,
    a_lax_request_and_its_votes_are_worth_nothing_in_a_strict_ones_place,
    a_false_outcome_is_told_to_nobody_and_closes_no_link,
    links_that_were_made_for_another_host_are_refused,
    a_form_from_another_site_or_of_another_type_does_not_count,
    nothing_else_that_is_signed_passes_for_a_link,
]
