"""The main story: an approval is pending, two approvers get an email, and a link decides."""

import base64
import hashlib
import json

import sandbox
from checks import equal, until

HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "geolocation=(), camera=(), microphone=()",
    "x-robots-tag": "noindex, nofollow",
}
COMMENT = "The totals agree: 4 % more, äöü"


def request(deployment):
    """Has the pipeline stop at its approval, and the notifier email the approvers. Returns it, and their links."""
    pending = deployment.codepipeline.stop_at_approval()
    deployment.invoke(deployment.notifier, sandbox.event(pending, deployment.fixtures))
    return pending, *deployment.expect_requests(pending.execution)


def the_button_of_an_approve_link_approves(deployment):
    pending, alice, bob = request(deployment)
    equal(deployment.codepipeline.decided(pending)[0], "InProgress", "the approval before the button")
    page = deployment.press(alice.approve, COMMENT)
    equal(page.status, 200, "the answer to the button")
    assert "approved" in page.body and "äöü" in page.body, page.body
    status, summary = deployment.codepipeline.decided(pending)
    equal(status, "Succeeded", "the approval after the button")
    assert "alice@example.com" in summary and COMMENT in summary, summary
    for link in (alice.reject, bob.approve, bob.reject):
        equal(deployment.visit(link).status, 409, "another link after the decision")
    again = deployment.visit(alice.approve, "POST", [("comment", COMMENT), ("decision", "Approved")])
    equal(again.status, 200, "the same button again")


def the_button_of_a_reject_link_rejects(deployment):
    pending, alice, bob = request(deployment)
    page = deployment.press(bob.reject, "Not on a Friday")
    equal(page.status, 200, "the answer to the button")
    status, summary = deployment.codepipeline.decided(pending)
    equal(status, "Failed", "the approval after the button")
    assert "bob@example.com" in summary and "Not on a Friday" in summary, summary
    equal(deployment.visit(alice.approve).status, 409, "the other approver's link after the decision")


def a_duplicate_event_sends_no_second_email(deployment):
    pending = deployment.codepipeline.stop_at_approval()
    for _ in range(2):
        deployment.invoke(deployment.notifier, sandbox.event(pending, deployment.fixtures))
    deployment.expect_requests(pending.execution)


def opening_a_link_decides_nothing(deployment):
    pending, alice, bob = request(deployment)
    for link in (alice.approve, alice.reject, bob.approve, bob.reject):
        for method in ("HEAD", "GET", "HEAD", "GET"):
            equal(deployment.visit(link, method).status, 200, method)
    equal(deployment.visit(alice.approve, "POST", [("comment", "")]).status, 400, "a form without its button")
    equal(deployment.visit(alice.approve, "POST", [("decision", "Rejected")]).status, 400, "another decision")
    equal(deployment.codepipeline.decided(pending)[0], "InProgress", "the approval")


def every_answer_has_the_security_headers(deployment):
    _, alice, _ = request(deployment)
    url = deployment.url
    answers = [
        (200, "GET", alice.approve),
        (200, "HEAD", alice.approve),
        (400, "GET", f"{url}/approval"),
        (400, "GET", f"{url}/approval?t=x"),
        (400, "HEAD", f"{url}/approval?t=x"),
        (400, "POST", alice.approve),
        (404, "GET", f"{url}/"),
        (404, "GET", f"{url}/favicon.ico"),
        (404, "POST", f"{url}/some/where/else"),
        (404, "HEAD", f"{url}/other"),
        (405, "PUT", alice.approve),
        (405, "DELETE", alice.approve),
        (405, "PATCH", f"{url}/approval"),
    ]
    for status, method, link in answers:
        page = deployment.visit(link, method, [] if method == "POST" else None)
        what = f"{method} {link.split('?')[0]}"
        equal(page.status, status, what)
        for name, value in HEADERS.items():
            equal(page.headers.get(name), value, f"{what}: {name}")
        equal(page.headers.get("allow"), "GET, HEAD, POST" if status == 405 else None, f"{what}: allow")
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-"), policy
        if method == "HEAD":
            equal(page.body, "", what)
        else:
            style = page.body.split("<style>")[1].split("</style>")[0]
            hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
            assert f"'sha256-{hashed}'" in policy, f"{what}: expected 'sha256-{hashed}' in {policy}"


def links_show_a_decision_that_was_made_in_the_console(deployment):
    pending, alice, bob = request(deployment)
    deployment.codepipeline.put(pending.token, "Rejected", "Said no in the console")
    equal(deployment.press(alice.approve, "Too late").status, 409, "a button after the decision")
    deployment.invoke(deployment.notifier, sandbox.event(pending, deployment.fixtures, "FAILED"))
    page = deployment.visit(bob.approve)
    equal(page.status, 409, "a link after the event about the decision")
    assert "Said no in the console" in page.body, page.body
    equal(
        deployment.codepipeline.decided(pending), ("Failed", "Said no in the console"), "the decision in CodePipeline"
    )


def a_notice_to_the_topic_reaches_the_approvers(deployment):
    pending = deployment.codepipeline.stop_at_approval()
    notice = sandbox.notice(pending, deployment.fixtures)
    before = len(deployment.cloud.mails())
    deployment.cloud.client("sns").publish(
        TopicArn=deployment.outputs["NotificationTopicArn"],
        Message=notice,
        Subject="APPROVAL NEEDED: AWS CodePipeline payments-api for action Approve",
    )
    until("each approver has an email", lambda: len(deployment.cloud.mails()) >= before + 2)
    mails = deployment.cloud.mails()[before:]
    equal(sorted(mail["To"] for mail in mails), [["alice@example.com"], ["bob@example.com"]], "recipients")
    page = deployment.press(deployment.links(mails[0]).approve, "By the notice")
    equal(page.status, 200, "the answer to the button")
    equal(deployment.codepipeline.decided(pending)[0], "Succeeded", "the approval after the button")


def no_log_line_contains_a_secret_or_an_address(deployment):
    pending, alice, _ = request(deployment)
    deployment.press(alice.approve, "SECRETCOMMENT")
    deployment.visit(f"{alice.approve}x")
    logs = deployment.cloud.client("logs")
    lines = []
    for function in (deployment.notifier, deployment.callback):
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
        lines += [event["message"] for event in events]
    lines = [line for message in lines for line in message.splitlines()]
    structured = [json.loads(line) for line in lines if line.startswith("{")]
    assert structured, "expected structured log lines"
    for line in lines:
        for secret in ("SECRETCOMMENT", "@example.com", pending.token, "eyJ", "approval?t="):
            assert secret not in line, f"a log line contains {secret!r}: {line}"


CHECKS = [
    the_button_of_an_approve_link_approves,
    the_button_of_a_reject_link_rejects,
    opening_a_link_decides_nothing,
    a_duplicate_event_sends_no_second_email,
    links_show_a_decision_that_was_made_in_the_console,
    a_notice_to_the_topic_reaches_the_approvers,
    every_answer_has_the_security_headers,
    no_log_line_contains_a_secret_or_an_address,
]
