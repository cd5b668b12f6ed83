"""Rotation of the keys, by the parameters of the template."""

import json

import access
import commands
import ledger
import permissions
import proxy
import story
import sweep
from checks import equal
from cloud import ACCOUNT

# The first key of each kind has signed until now.
TRUSTED = "signs,trusted,none,none"
SIGNS = "trusted,signs,none,none"
# As in an emergency.
THIRD = "none,none,signs,none"


def rotate(deployment, request_keys, vote_keys):
    # The tag, because MiniStack's change sets overlook what differs only in the branch that a condition takes.
    tag = f"keys={request_keys}:{vote_keys}".replace(",", ".")
    deployment.deploy(tags=[tag], RequestKeys=request_keys, VoteKeys=vote_keys)


def links_work_during_and_after_each_step(deployment):
    (request_key,), (vote_key,) = deployment.request_keys, deployment.vote_keys
    pending, alice, bob = story.request(deployment)
    rotate(deployment, TRUSTED, TRUSTED)
    equal((deployment.request_keys[0], deployment.vote_keys[0]), (request_key, vote_key), "the keys that sign")
    equal(deployment.visit(alice.approve).status, 200, "a link of the first key when the second is trusted")
    rotate(deployment, SIGNS, SIGNS)
    equal((deployment.request_keys[1], deployment.vote_keys[1]), (request_key, vote_key), "the keys that are trusted")
    equal(deployment.visit(bob.reject).status, 200, "a link of the first key when the second signs")
    equal(deployment.press(alice.approve, "An old link").status, 200, "the answer to the button")
    equal(deployment.codepipeline.decided(pending)[0], "Succeeded", "the approval after the button")
    pending, alice, _ = story.request(deployment)
    equal(deployment.press(alice.approve, "A link of the second key").status, 200, "the answer to the button")
    equal(deployment.codepipeline.decided(pending)[0], "Succeeded", "the approval after the button")


def a_new_key_is_as_guarded_as_the_old_one(deployment):
    kms = deployment.cloud.client("kms")
    for keys, signer in ((deployment.request_keys, deployment.notifier), (deployment.vote_keys, deployment.callback)):
        equal(len(keys), 2, "keys")
        policies = [json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]) for key in keys]
        equal(policies[0], policies[1], f"the policy of {keys[0]}")
        role = deployment.role(signer)
        for principal, expected in ((role, False), (f"{role}x", True), (f"arn:aws:iam::{ACCOUNT}:root", True)):
            found = access.refuses(policies[0], access.Request(principal, "kms:Sign", keys[0]))
            equal(found, expected, f"signing with {keys[0]} by {principal} is refused")
    permissions.nobody_else_can_sign_even_with_every_permission(deployment)


def the_doctor_reports_a_key_of_several_that_others_may_sign_with(deployment):
    with proxy.reachable_callback(deployment):
        commands.expect_unsound(commands.diagnose(deployment))
        for keys, name in ((deployment.request_keys, "request key"), (deployment.vote_keys, "vote key")):
            equal(len(keys), 2, "keys")
            with commands.unguarded(deployment, keys[1]):
                commands.expect_unsound(commands.diagnose(deployment), name)


def let_requests_age(deployment):
    """Has every request say that it was asked an hour ago, now that none of their keys is trusted.

    The seal of an unknown key on a request of the last minutes is no forgery yet: a function may be yet to learn of it.
    """
    table = ledger.Ledger(deployment)
    for item in table.all_requests():
        table.update(item, object=ledger.altered(item, asked=ledger.sealed(item)["asked"] - 3600)["object"])


def what_waits_is_asked_anew_when_its_key_goes(deployment):
    former = deployment.request_keys
    pending, old, _ = story.request(deployment)
    rotate(deployment, THIRD, SIGNS)
    equal([key for key in deployment.request_keys if key in former], [], "the former keys that are trusted")
    equal(deployment.visit(old.approve).status, 400, "a link of a key that is not trusted")
    let_requests_age(deployment)
    sweep.sweep(deployment)
    mails = deployment.requests(pending.execution)["alice@example.com"]
    equal(len(mails), 2, "request emails to Alice")
    equal(deployment.press(deployment.links(mails[1]).approve, "").status, 200, "the answer to the new button")
    equal(deployment.codepipeline.decided(pending)[0], "Succeeded", "the approval after the button")
    # The first has left the stack.
    for key in former:
        state = deployment.cloud.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
        equal(state, "Enabled", f"the state of {key}")


CHECKS = [
    links_work_during_and_after_each_step,
    a_new_key_is_as_guarded_as_the_old_one,
    the_doctor_reports_a_key_of_several_that_others_may_sign_with,
    what_waits_is_asked_anew_when_its_key_goes,
]
