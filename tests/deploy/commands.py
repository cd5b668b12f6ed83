"""The commands by direct invocation `doctor` and `resend`."""

import contextlib
import json

import front
import sandbox
from checks import equal
from deployment import SENDER
from processes import free_port


def diagnosis(deployment):
    """What the doctor says: whether all is sound, and the parts that are not."""
    answer = deployment.invoke(deployment.notifier, {"doctor": {}})
    (handled,) = answer["results"]
    equal(handled["result"], "diagnosed", "what came of the command")
    assert "policy" in [finding["check"] for finding in handled["findings"]], handled
    ailing = {finding["check"]: finding for finding in handled["findings"] if not finding["sound"]}
    for finding in ailing.values():
        assert finding["found"] and finding["remedy"], finding
    equal(handled["sound"], not ailing, "sound")
    return ailing


def names_only(ailing, *expected):
    equal(sorted(ailing), sorted(expected), f"what the doctor names, in {json.dumps(ailing)}")


@contextlib.contextmanager
def another_key(deployment):
    """A key of the right kind that is not the deployment's."""
    kms = deployment.cloud.client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_EDWARDS25519", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    try:
        yield key["Arn"]
    finally:
        kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)


@contextlib.contextmanager
def no_policy(deployment):
    """Somebody has deleted the policy's parameter, for a while."""
    ssm, name = deployment.cloud.client("ssm"), deployment.outputs["PolicyParameterName"]
    text = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    ssm.delete_parameter(Name=name)
    try:
        yield
    finally:
        ssm.put_parameter(Name=name, Type="String", Value=text)


@contextlib.contextmanager
def rights(deployment, function, effect, action, resource="*"):
    """A role has one right more, or one less, for a while."""
    iam = deployment.cloud.client("iam")
    policy = {"RoleName": deployment.role(function).rsplit("/", 1)[1], "PolicyName": "for-a-while"}
    statement = {"Effect": effect, "Action": action, "Resource": resource}
    iam.put_role_policy(**policy, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    try:
        yield
    finally:
        iam.delete_role_policy(**policy)


def the_doctor_finds_a_sound_deployment_sound(deployment):
    with front.found_by_name(deployment):
        names_only(diagnosis(deployment))


def the_doctor_names_a_sender_that_ses_has_not_verified(deployment):
    ses = deployment.cloud.client("ses")
    ses.delete_identity(Identity=SENDER)
    try:
        with front.found_by_name(deployment):
            names_only(diagnosis(deployment), "sender")
    finally:
        ses.verify_email_identity(EmailAddress=SENDER)


def the_doctor_names_a_missing_table(deployment):
    with front.found_by_name(deployment), deployment.changed(deployment.notifier, COUNTERSIGN_TABLE="no-such-table"):
        names_only(diagnosis(deployment), "ledger")


def the_doctor_names_a_policy_that_is_missing_or_another_deployments(deployment):
    with front.found_by_name(deployment):
        with no_policy(deployment):
            ailing = diagnosis(deployment)
            names_only(ailing, "policy")
            assert "ssm:GetParameter: ParameterNotFound" in ailing["policy"]["found"], ailing
        with deployment.changed(deployment.notifier, COUNTERSIGN_POLICY="/somebody-elses/policy"):
            ailing = diagnosis(deployment)
            names_only(ailing, "policy")
            assert "ssm:GetParameter: AccessDenied" in ailing["policy"]["found"], ailing


def the_doctor_names_a_key_that_the_notifier_may_not_sign_with(deployment):
    with (
        front.found_by_name(deployment),
        another_key(deployment) as key,
        deployment.changed(deployment.notifier, COUNTERSIGN_SIGNING_KEY=key),
    ):
        # Without a signature there is no link to ask the callback with.
        names_only(diagnosis(deployment), "signing key", "callback")


def the_doctor_names_a_key_that_the_callback_does_not_know(deployment):
    with (
        front.found_by_name(deployment),
        another_key(deployment) as key,
        rights(deployment, deployment.notifier, "Allow", "kms:Sign", key),
        deployment.changed(deployment.notifier, COUNTERSIGN_SIGNING_KEY=key),
    ):
        ailing = diagnosis(deployment)
        names_only(ailing, "callback")
        assert "COUNTERSIGN_SIGNING_KEYS" in ailing["callback"]["remedy"], ailing


def the_doctor_names_each_read_right_that_is_missing(deployment):
    with front.found_by_name(deployment):
        for operation in ("GetPipeline", "GetPipelineState", "GetPipelineExecution", "ListActionExecutions"):
            with rights(deployment, deployment.notifier, "Deny", f"codepipeline:{operation}"):
                ailing = diagnosis(deployment)
                names_only(ailing, "CodePipeline")
                assert operation in ailing["CodePipeline"]["found"], ailing


def the_doctor_names_a_callback_url_where_nobody_answers_or_somebody_else(deployment):
    elsewhere = f"https://localhost:{deployment.cloud.port}"
    for url in (f"https://localhost:{free_port()}", elsewhere):
        with deployment.changed(deployment.notifier, COUNTERSIGN_CALLBACK_URL=url):
            names_only(diagnosis(deployment), "callback")


def resend_sends_the_emails_of_what_waits_again(deployment):
    waiting = deployment.codepipeline.stop_at_approval()
    deployment.invoke(deployment.notifier, sandbox.event(waiting, deployment.fixtures))
    command = {"pipeline": sandbox.PIPELINE, "stage": sandbox.STAGE, "action": sandbox.ACTION}
    answer = deployment.invoke(deployment.notifier, {"resend": command})
    equal([handled["sent"] for handled in answer["results"]], [2], "emails sent again")
    mails = deployment.requests(waiting.execution)
    equal([len(theirs) for theirs in mails.values()], [2, 2], "emails to each approver")
    alice = deployment.links(next(iter(mails.values()))[1])
    equal(deployment.press(alice.approve, "By the second email").status, 200, "the answer to the button")
    equal(deployment.codepipeline.decided(waiting)[0], "Succeeded", "the approval after the button")


def resend_says_so_when_nothing_waits(deployment):
    waiting = deployment.codepipeline.stop_at_approval()
    deployment.codepipeline.put(waiting.token, "Approved", "By somebody else")
    command = {"pipeline": sandbox.PIPELINE, "stage": sandbox.STAGE, "action": sandbox.ACTION}
    answer, failed = deployment.attempt(deployment.notifier, {"resend": command})
    assert failed, answer
    equal(deployment.requests(waiting.execution)["alice@example.com"], [], "emails to Alice")


CHECKS = [
    the_doctor_finds_a_sound_deployment_sound,
    the_doctor_names_a_sender_that_ses_has_not_verified,
    the_doctor_names_a_missing_table,
    the_doctor_names_a_policy_that_is_missing_or_another_deployments,
    the_doctor_names_a_key_that_the_notifier_may_not_sign_with,
    the_doctor_names_a_key_that_the_callback_does_not_know,
    the_doctor_names_each_read_right_that_is_missing,
    the_doctor_names_a_callback_url_where_nobody_answers_or_somebody_else,
    resend_sends_the_emails_of_what_waits_again,
    resend_says_so_when_nothing_waits,
]
