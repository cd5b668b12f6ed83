"""The commands `doctor` and `resend`, by direct invocation."""

import contextlib
import json

import proxy
import sandbox
from checks import equal
from cloud import account_of
from deployment import SENDER
from processes import free_port


def diagnose(deployment):
    """Runs the doctor. Returns its findings that are not sound, by the name of the check."""
    return {name: finding for name, finding in findings(deployment).items() if not finding["sound"]}


def findings(deployment):
    """Runs the doctor. Returns its findings, by the name of the check."""
    dynamodb = deployment.guard.endpoint("dynamodb", deployment.role(deployment.notifier))
    with deployment.changed(deployment.notifier, AWS_ENDPOINT_URL_DYNAMODB=dynamodb):
        answer = deployment.invoke(deployment.notifier, {"doctor": {}})
    (handled,) = answer["results"]
    equal(handled["result"], "diagnosed", "the result of the command")
    found = {finding["check"]: finding for finding in handled["findings"]}
    assert "policy" in found and "test email" in found, handled
    unsound = [finding for finding in found.values() if not finding["sound"]]
    for finding in unsound:
        assert finding["found"] and finding["remedy"], finding
    equal(handled["sound"], not unsound, "sound")
    return found


def expect_unsound(unsound, *names):
    equal(sorted(unsound), sorted(names), f"the checks that are not sound, in {json.dumps(unsound)}")


@contextlib.contextmanager
def other_key(deployment):
    """A key of the right kind that is not the deployment's."""
    kms = deployment.cloud.client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_EDWARDS25519", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    try:
        yield key["Arn"]
    finally:
        kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)


@contextlib.contextmanager
def without_policy(deployment):
    """Deletes the policy parameter until the end of the block."""
    ssm, name = deployment.cloud.client("ssm"), deployment.outputs["PolicyParameterName"]
    text = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    ssm.delete_parameter(Name=name)
    try:
        yield
    finally:
        ssm.put_parameter(Name=name, Type="String", Value=text)


@contextlib.contextmanager
def added_statement(deployment, role, effect, action, resource="*"):
    """Adds a policy statement to a role until the end of the block."""
    iam = deployment.cloud.client("iam", account=account_of(role))
    policy = {"RoleName": role.rsplit("/", 1)[1], "PolicyName": "temporary"}
    statement = {"Effect": effect, "Action": action, "Resource": resource}
    iam.put_role_policy(**policy, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    try:
        yield
    finally:
        iam.delete_role_policy(**policy)


@contextlib.contextmanager
def unguarded(deployment, key):
    """Lets everybody in the account sign with a key until the end of the block."""
    kms, policy = deployment.cloud.client("kms"), {"KeyId": key, "PolicyName": "default"}
    before = kms.get_key_policy(**policy)["Policy"]
    document = json.loads(before)
    document["Statement"] = [one for one in document["Statement"] if one["Effect"] == "Allow"]
    kms.put_key_policy(**policy, Policy=json.dumps(document))
    try:
        yield
    finally:
        kms.put_key_policy(**policy, Policy=before)


def the_doctor_finds_no_fault_with_a_sound_deployment(deployment):
    with proxy.reachable_callback(deployment):
        expect_unsound(diagnose(deployment))


def the_doctor_reports_an_unverified_sender(deployment):
    ses = deployment.cloud.client("sesv2")
    ses.delete_email_identity(EmailIdentity=SENDER)
    try:
        with proxy.reachable_callback(deployment):
            expect_unsound(diagnose(deployment), "sender", "test email")
    finally:
        ses.create_email_identity(EmailIdentity=SENDER)


def the_doctor_reports_a_missing_table(deployment):
    with (
        proxy.reachable_callback(deployment),
        deployment.changed(deployment.notifier, COUNTERSIGN_TABLE="no-such-table"),
    ):
        # The test email is on record before it is sent, like every other.
        expect_unsound(diagnose(deployment), "ledger", "test email")


def the_doctor_reports_a_policy_that_is_missing_or_of_another_deployment(deployment):
    with proxy.reachable_callback(deployment):
        with without_policy(deployment):
            unsound = diagnose(deployment)
            expect_unsound(unsound, "policy")
            assert "ssm:GetParameter: ParameterNotFound" in unsound["policy"]["found"], unsound
        with deployment.changed(deployment.notifier, COUNTERSIGN_POLICY="/other/policy"):
            unsound = diagnose(deployment)
            expect_unsound(unsound, "policy")
            assert "ssm:GetParameter: AccessDenied" in unsound["policy"]["found"], unsound


def the_doctor_reports_a_key_that_the_notifier_may_not_sign_with(deployment):
    with (
        proxy.reachable_callback(deployment),
        other_key(deployment) as key,
        deployment.changed(deployment.notifier, COUNTERSIGN_REQUEST_KEYS=key),
    ):
        # Without a signature, the doctor has no link to test the callback with.
        expect_unsound(diagnose(deployment), "request key", "callback")


def the_doctor_reports_a_key_that_the_callback_does_not_accept(deployment):
    with (
        proxy.reachable_callback(deployment),
        other_key(deployment) as key,
        added_statement(deployment, deployment.role(deployment.notifier), "Allow", "kms:*", key),
        deployment.changed(deployment.notifier, COUNTERSIGN_REQUEST_KEYS=key),
    ):
        unsound = diagnose(deployment)
        # Nothing denies others to sign with this key.
        expect_unsound(unsound, "callback", "request key")
        assert "COUNTERSIGN_REQUEST_KEYS" in unsound["callback"]["remedy"], unsound


def the_doctor_reports_a_table_that_others_may_write(deployment):
    dynamodb = deployment.cloud.client("dynamodb")
    table = dynamodb.describe_table(TableName=deployment.outputs["LedgerTableName"])["Table"]["TableArn"]
    dynamodb.delete_resource_policy(ResourceArn=table)
    try:
        with proxy.reachable_callback(deployment):
            unsound = diagnose(deployment)
            expect_unsound(unsound, "ledger")
            assert "others may write" in unsound["ledger"]["found"], unsound
    finally:
        deployment.attach_table_policy()


def the_doctor_reports_a_key_that_others_may_sign_with(deployment):
    with proxy.reachable_callback(deployment):
        for keys, name in ((deployment.request_keys, "request key"), (deployment.vote_keys, "vote key")):
            with unguarded(deployment, keys[0]):
                expect_unsound(diagnose(deployment), name)


def the_doctor_reports_a_missing_permission_to_read_policies_and_settings_of_emails(deployment):
    with proxy.reachable_callback(deployment):
        for action, name in (
            ("dynamodb:GetResourcePolicy", ["ledger"]),
            ("kms:GetKeyPolicy", ["request key", "vote key"]),
            ("ses:GetAccount", ["sending quota"]),
            ("ses:GetConfigurationSet", ["configuration set"]),
            ("ses:GetConfigurationSetEventDestinations", ["configuration set"]),
            ("ses:GetEmailIdentity", ["sender"]),
        ):
            with added_statement(deployment, deployment.role(deployment.notifier), "Deny", action):
                unsound = diagnose(deployment)
                expect_unsound(unsound, *name)
                assert all(action in one["found"] for one in unsound.values()), unsound


def the_doctor_reports_each_missing_permission_to_read_pipelines(deployment):
    with proxy.reachable_callback(deployment):
        reads = (
            "GetPipeline",
            "GetPipelineState",
            "GetPipelineExecution",
            "ListActionExecutions",
            "ListPipelineExecutions",
        )
        for operation in reads:
            with added_statement(deployment, deployment.member_role("read"), "Deny", f"codepipeline:{operation}"):
                unsound = diagnose(deployment)
                expect_unsound(unsound, "CodePipeline")
                assert operation in unsound["CodePipeline"]["found"], unsound


def the_doctor_reports_each_missing_permission_to_look_at_the_rule(deployment):
    reads = ("events:DescribeRule", "events:ListTargetsByRule", "sqs:GetQueueUrl", "sqs:GetQueueAttributes")
    with proxy.reachable_callback(deployment):
        for read in reads:
            with added_statement(deployment, deployment.member_role("read"), "Deny", read):
                unsound = diagnose(deployment)
                expect_unsound(unsound, "rules")
                assert read in unsound["rules"]["found"], unsound


def the_doctor_reports_a_rule_that_is_disabled(deployment):
    with proxy.reachable_callback(deployment), disabled_rule(deployment):
        expect_disabled(diagnose(deployment))


@contextlib.contextmanager
def disabled_rule(deployment, **place):
    """Disables the rule about approvals, of another place if one is given, until the end of the block."""
    events, name = deployment.cloud.client("events", **place), deployment.outputs["RuleName"]
    events.disable_rule(Name=name)
    try:
        yield
    finally:
        events.enable_rule(Name=name)


def expect_disabled(unsound, place=""):
    expect_unsound(unsound, "rules")
    found = unsound["rules"]["found"]
    assert place in found and "is not enabled" in found, unsound


def the_doctor_reports_a_callback_url_with_no_server_or_another_one(deployment):
    elsewhere = f"https://localhost:{deployment.cloud.port}"
    for url in (f"https://localhost:{free_port()}", elsewhere):
        with deployment.changed(deployment.notifier, COUNTERSIGN_CALLBACK_URL=url):
            expect_unsound(diagnose(deployment), "callback")


def resend_repeats_the_emails_of_a_pending_approval(deployment):
    pending = deployment.codepipeline.stop_at_approval()
    deployment.invoke(deployment.notifier, sandbox.event(pending, deployment.fixtures))
    answer = deployment.invoke(deployment.notifier, {"resend": sandbox.PLACE})
    equal([handled["sent"] for handled in answer["results"]], [2], "emails sent again")
    mails = deployment.requests(pending.execution)
    equal([len(received) for received in mails.values()], [2, 2], "emails to each approver")
    alice = deployment.links(next(iter(mails.values()))[1])
    equal(deployment.press(alice.approve, "By the second email").status, 200, "the answer to the button")
    equal(deployment.codepipeline.decided(pending)[0], "Succeeded", "the approval after the button")


def resend_fails_when_no_approval_is_pending(deployment):
    pending = deployment.codepipeline.stop_at_approval()
    deployment.codepipeline.put(pending.token, "Approved", "By another user")
    answer, failed = deployment.attempt(deployment.notifier, {"resend": sandbox.PLACE})
    assert failed, answer
    equal(deployment.requests(pending.execution)["alice@example.com"], [], "emails to Alice")


CHECKS = [
    the_doctor_finds_no_fault_with_a_sound_deployment,
    the_doctor_reports_an_unverified_sender,
    the_doctor_reports_a_missing_table,
    the_doctor_reports_a_policy_that_is_missing_or_of_another_deployment,
    the_doctor_reports_a_key_that_the_notifier_may_not_sign_with,
    the_doctor_reports_a_key_that_the_callback_does_not_accept,
    the_doctor_reports_a_table_that_others_may_write,
    the_doctor_reports_a_key_that_others_may_sign_with,
    the_doctor_reports_a_missing_permission_to_read_policies_and_settings_of_emails,
    the_doctor_reports_each_missing_permission_to_read_pipelines,
    the_doctor_reports_each_missing_permission_to_look_at_the_rule,
    the_doctor_reports_a_rule_that_is_disabled,
    the_doctor_reports_a_callback_url_with_no_server_or_another_one,
    resend_repeats_the_emails_of_a_pending_approval,
    resend_fails_when_no_approval_is_pending,
]
