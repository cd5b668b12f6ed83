"""What the doctor says of senders and configuration sets, each in a deployment of its own."""

import pathlib

import commands
import emails
import proxy
import ses
import story
from checks import equal
from cloud import REGION
from deployment import APPROVERS, SENDER

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARENT = "example.com"
BELOW = "approvals@mail.example.com"
SHARED = "arn:aws:ses:us-east-2:210987654321:identity/example.com"
# SAM keeps the values of parameters that are not given.
USUAL = {"Sender": SENDER, "SenderIdentity": "", "SenderIdentityArn": "", "ConfigurationSet": "", "SesRegion": ""}
ELSEWHERE = "eu-central-1"


def deploy(deployment, **parameters):
    """Deploys with other settings of the sender than usual, and these alone."""
    # The tag, because MiniStack's change sets overlook what differs only in the branch that a condition takes.
    tag = "sender=" + "-".join(parameters) if parameters else "sender=usual"
    deployment.deploy(tags=[tag], **(USUAL | parameters))


def diagnosed(deployment, *unsound):
    """Runs the doctor, checks which findings are not sound, and returns all."""
    with proxy.reachable_callback(deployment):
        found = commands.findings(deployment)
    commands.expect_unsound({name: one for name, one in found.items() if not one["sound"]}, *unsound)
    return found


def expect_emails(deployment, identity, configuration_set):
    """Checks that the approvers get emails, with this identity and this set."""
    story.request(deployment)
    for address in APPROVERS:
        sent = emails.sent_to(deployment, address)
        equal((sent.identity, sent.configuration_set), (identity, configuration_set), f"the email to {address}")


def the_doctor_reports_a_set_that_says_nothing_of_emails(deployment):
    deployment.cloud.client("sesv2").create_configuration_set(ConfigurationSetName="silent")
    deploy(deployment, ConfigurationSet="silent")
    equal(deployment.outputs["ConfigurationSetName"], "silent", "the output")
    expect_emails(deployment, ses.identity_arn(SENDER), "silent")
    found = diagnosed(deployment, "configuration set", "test email")
    assert "does not say on EventBridge" in found["configuration set"]["found"], found
    assert "no event about it came back" in found["test email"]["found"], found


def the_doctor_reports_a_set_that_tracks(deployment):
    deploy(deployment, ConfigurationSet=emails.tracking_set(deployment))
    found = diagnosed(deployment, "configuration set")
    assert "tracks clicks or opens" in found["configuration set"]["found"], found


def the_doctor_reports_a_parent_domain_that_the_notifier_may_not_send_with(deployment):
    deployment.cloud.client("sesv2").create_email_identity(EmailIdentity=PARENT)
    deploy(deployment, Sender=BELOW)
    found = diagnosed(deployment, "test email")
    assert f"the sender's domain {PARENT}" in found["sender"]["found"], found
    assert "ses:SendRawEmail: AccessDenied" in found["test email"]["found"], found
    assert "set SenderIdentity to the verified identity" in found["test email"]["remedy"], found


def a_parent_domain_that_is_named_sends(deployment):
    deploy(deployment, Sender=BELOW, SenderIdentity=PARENT)
    expect_emails(deployment, ses.identity_arn(PARENT), deployment.outputs["ConfigurationSetName"])
    diagnosed(deployment)
    deployment.cloud.client("sesv2").delete_email_identity(EmailIdentity=PARENT)


def an_identity_of_another_account_sends_if_its_owner_lets_it(deployment):
    deploy(deployment, SenderIdentityArn=SHARED)
    found = diagnosed(deployment, "test email")
    assert "of account 210987654321" in found["sender"]["found"], found
    assert "its owner must allow it" in found["test email"]["remedy"], found
    # MiniStack has no identities of other accounts, so this account's own has to be there for it, which nothing uses.
    deployment.guard.ses.shared.add(SHARED)
    expect_emails(deployment, SHARED, deployment.outputs["ConfigurationSetName"])
    diagnosed(deployment)


def another_region_sends_and_its_events_come_back(deployment):
    # As docs/operations.md says.
    cloud, name = deployment.cloud, "mail"
    region = f"DeploymentRegion={REGION}"
    stack = ["--stack-name", "countersign-mail", "--template-file", ROOT / "infra/ses/template.yaml"]
    stack += ["--capabilities", "CAPABILITY_IAM", "--parameter-overrides", f"ConfigurationSetName={name}", region]
    cloud.cli("cloudformation", "deploy", "--region", ELSEWHERE, *stack)
    cloud.client("sesv2", region=ELSEWHERE).create_email_identity(EmailIdentity=SENDER)
    deploy(deployment, SesRegion=ELSEWHERE, ConfigurationSet=name)
    expect_emails(deployment, ses.identity_arn(SENDER, ELSEWHERE), name)
    emails.say(deployment, emails.sent_to(deployment, APPROVERS[0]), "bounced")
    emails.expect_told(deployment, alice=("bounced", "Permanent/General"))
    diagnosed(deployment)


def back_to_the_usual_sender_everything_is_sound(deployment):
    deploy(deployment)
    expect_emails(deployment, ses.identity_arn(SENDER), deployment.outputs["ConfigurationSetName"])
    diagnosed(deployment)


CHECKS = [
    the_doctor_reports_a_set_that_says_nothing_of_emails,
    the_doctor_reports_a_set_that_tracks,
    the_doctor_reports_a_parent_domain_that_the_notifier_may_not_send_with,
    a_parent_domain_that_is_named_sends,
    an_identity_of_another_account_sends_if_its_owner_lets_it,
    another_region_sends_and_its_events_come_back,
    back_to_the_usual_sender_everything_is_sound,
]
