"""Rotation of the keys, by the parameters of the template."""

import json

import access
import permissions
import proxy
import story
import sweep
from checks import equal
from cloud import ACCOUNT

FIRST = "signs,none,none,none"
TRUSTED = "signs,trusted,none,none"
SIGNS = "trusted,signs,none,none"
ALONE = "none,signs,none,none"
# The previous request key leaves the stack.
NEXT = "none,signs,trusted,none"


def rotate(deployment, request_keys, vote_keys):
    # The tag, because MiniStack's change sets overlook what differs only in the branch that a condition takes.
    tag = f"keys={request_keys}:{vote_keys}".replace(",", ".")
    deployment.deploy(tags=[tag], RequestKeys=request_keys, VoteKeys=vote_keys)


def links_work_during_and_after_each_step(deployment):
    rotate(deployment, FIRST, FIRST)
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


def what_waits_is_asked_anew_when_its_key_goes(deployment):
    rotate(deployment, FIRST, SIGNS)
    (former,) = deployment.request_keys
    pending, alice, _ = story.request(deployment)
    rotate(deployment, ALONE, SIGNS)
    equal(former in deployment.request_keys, False, "the former key is trusted")
    status = deployment.visit(alice.approve).status
    assert status in (400, 410), f"a link of a key that is not trusted was answered with {status}"
    with proxy.reachable_callback(deployment):
        sweep.sweep(deployment)
    mails = deployment.requests(pending.execution)["alice@example.com"]
    equal(len(mails), 2, "emails to Alice")
    rotate(deployment, NEXT, SIGNS)
    state = deployment.cloud.client("kms").describe_key(KeyId=former)["KeyMetadata"]["KeyState"]
    equal(state, "Enabled", "the state of the key that left the stack")


CHECKS = [
    links_work_during_and_after_each_step,
    a_new_key_is_as_guarded_as_the_old_one,
    what_waits_is_asked_anew_when_its_key_goes,
]
