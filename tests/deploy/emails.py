"""What became of emails: SES's events reach the notifier through the deployed queue, and `history` shows them.

The deployed event source mapping takes them out of it. Not run: that Lambda asks IAM whether the role may receive from
the queue. MiniStack does not, so `permissions` does.
"""

import contextlib
import json

import botocore.exceptions

import commands
import dead_letters
import history
import policy
import proxy
import ses
import story
from checks import equal, until
from deployment import APPROVERS, SENDER

ALICE, BOB = APPROVERS


def queue_arn(deployment):
    return deployment.environment(deployment.notifier)["COUNTERSIGN_EMAIL_QUEUE"]


def queue_url(deployment):
    return deployment.cloud.client("sqs").get_queue_url(QueueName=queue_arn(deployment).rsplit(":", 1)[1])["QueueUrl"]


def sent_to(deployment, address):
    """The newest email to an address, as SES accepted it."""
    return [sent for sent in deployment.guard.ses.sent if sent.to == address][-1]


def say(deployment, sent, kind, change=lambda event: None):
    """Has SES say what became of an email, through the queue."""
    equal(deployment.guard.ses.say(sent, kind, change), 1, f"queues that got the event that an email was {kind}")


def newest(deployment):
    """What `history` says of the emails of the newest approval, by kind and recipient: its state and the reason."""
    (approval,), _ = history.history(deployment, limit=1)
    return {
        (mail["about"], person["address"]): (mail["state"], mail.get("reason"))
        for person in approval["people"]
        for mail in person["mails"]
    }


def expect_told(deployment, **states):
    """Waits until `history` says this of the requests to the approvers."""
    expected = {("request", f"{name}@example.com"): state for name, state in states.items()}
    until(f"history says {states}", lambda: expected.items() <= newest(deployment).items(), 60)


def the_stack_makes_a_set_that_tracks_nothing_and_says_what_became_of_emails(deployment):
    client, name = deployment.cloud.client("sesv2"), deployment.outputs["ConfigurationSetName"]
    found = client.get_configuration_set(ConfigurationSetName=name)
    equal(found["DeliveryOptions"]["TlsPolicy"], "REQUIRE", "TLS")
    equal(found["VdmOptions"], {"DashboardOptions": {"EngagementMetrics": "DISABLED"}}, "engagement metrics")
    answer = client.get_configuration_set_event_destinations(ConfigurationSetName=name)
    (destination,) = answer["EventDestinations"]
    types = ["BOUNCE", "COMPLAINT", "DELIVERY", "DELIVERY_DELAY", "REJECT", "SEND"]
    equal((destination["Enabled"], sorted(destination["MatchingEventTypes"])), (True, types), "the events")
    equal(destination["EventBridgeDestination"], {"EventBusArn": ses.default_bus()}, "where the events go")


def every_email_is_sent_with_the_stacks_set_and_a_tag_of_its_own(deployment):
    before = len(deployment.guard.ses.sent)
    pending, *_ = story.request(deployment)
    sent = deployment.guard.ses.sent[before:]
    equal(sorted(one.to for one in sent), list(APPROVERS), "recipients")
    equal({one.configuration_set for one in sent}, {deployment.outputs["ConfigurationSetName"]}, "configuration sets")
    # One email of each approver is about the same request. What tells them apart is the message id.
    (tag,) = {one.tags["delivery"] for one in sent}
    assert tag.endswith("request"), tag
    mails = [mail for received in deployment.requests(pending.execution).values() for mail in received]
    equal({one.message_id for one in sent}, {mail["MessageId"] for mail in mails}, "message ids")


def a_bounce_of_an_approvers_email_shows_in_history(deployment):
    story.request(deployment)
    before = {("request", address): ("sent", None) for address in APPROVERS}
    equal(newest(deployment), before, "emails before the events")
    say(deployment, sent_to(deployment, ALICE), "bounced")
    say(deployment, sent_to(deployment, BOB), "delivered")
    expect_told(deployment, alice=("bounced", "Permanent/General"), bob=("delivered", None))
    # In any order, and as often as SQS likes.
    for kind in ("sent", "delayed", "bounced"):
        say(deployment, sent_to(deployment, ALICE), kind)
    say(deployment, sent_to(deployment, BOB), "complaint")
    expect_told(deployment, alice=("bounced", "Permanent/General"), bob=("complained", "abuse"))


def an_approver_is_told_when_too_few_can_be_reached(deployment):
    with policy.edited(deployment, policy.BOTH):
        pending, *_ = story.request(deployment)
    say(deployment, sent_to(deployment, ALICE), "suppressed")

    def told():
        mails = deployment.mails(pending.execution, "Re: Approval needed: ", "cannot get the approvals that it needs")
        return mails if any(mails.values()) else None

    mails = until("the other approver is told", told, 60)
    equal([len(received) for received in mails.values()], [0, 1], "emails to Alice and to Bob")


def an_event_counts_only_if_it_came_through_the_queue(deployment):
    story.request(deployment)
    sent = sent_to(deployment, ALICE)
    event = deployment.guard.ses.event(sent, "bounced")
    (result,) = deployment.invoke(deployment.notifier, event)["results"]
    equal(result["result"], "ignored", "an event without a queue")
    # Even the operator, who may do everything else, cannot put one into the queue.
    sqs = deployment.cloud.client("sqs")
    try:
        sqs.send_message(QueueUrl=queue_url(deployment), MessageBody=json.dumps(event))
    except botocore.exceptions.ClientError as refused:
        equal(refused.response["Error"]["Code"], "AccessDenied", "the answer to a message of the operator's")
    else:
        raise AssertionError("the operator put a message into the queue of events about emails")
    # Nor does SES's event about an email of another set reach it.
    sent.configuration_set, ours = tracking_set(deployment), sent.configuration_set
    equal(deployment.guard.ses.say(sent, "bounced"), 0, "queues that got an event of another set")
    sent.configuration_set = ours
    equal(newest(deployment)["request", ALICE], ("sent", None), "the email to Alice")


@contextlib.contextmanager
def paused(deployment):
    """Stops the event source mapping until the end of the block, so that what waits then comes as one batch."""
    client = deployment.lambda_
    mapping = deployment.mapping(queue_arn(deployment))
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        yield mapping
    finally:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def unreadable(event):
    event["detail"]["delivery"]["timestamp"] = "yesterday"


def of_a_batch_only_the_message_that_fails_comes_again_until_it_is_a_dead_letter(deployment):
    queue = dead_letters.Queue(deployment, "EmailDeadLetterQueueUrl")
    equal(queue.visible(), 0, "dead letters at the start")
    story.request(deployment)
    with dead_letters.impatient(deployment, queue_url(deployment)):
        with paused(deployment) as mapping:
            found = (mapping["BatchSize"], mapping["FunctionResponseTypes"], mapping["ScalingConfig"])
            equal(found, (10, ["ReportBatchItemFailures"], {"MaximumConcurrency": 2}), "the mapping")
            equal(mapping["EventSourceArn"], queue_arn(deployment), "the queue of the mapping")
            say(deployment, sent_to(deployment, ALICE), "delivered", unreadable)
            say(deployment, sent_to(deployment, BOB), "delivered")
        expect_told(deployment, bob=("delivered", None))
        until("the message that fails is a dead letter", lambda: queue.visible() == 1, 60)
    message = queue.receive()
    equal(json.loads(message["Body"])["detail"]["mail"]["destination"], [ALICE], "the recipient in the dead letter")
    queue.delete(message)
    equal(newest(deployment)["request", ALICE], ("sent", None), "the email to Alice")


def tracking_set(deployment):
    """The name of a set that tracks clicks and opens, as somebody has it for newsletters."""
    client, name = deployment.cloud.client("sesv2"), "newsletters"
    with contextlib.suppress(client.exceptions.AlreadyExistsException):
        client.create_configuration_set(ConfigurationSetName=name)
        client.create_configuration_set_event_destination(
            ConfigurationSetName=name,
            EventDestinationName="everything",
            EventDestination={
                "Enabled": True,
                "MatchingEventTypes": ["BOUNCE", "CLICK", "COMPLAINT", "DELIVERY", "OPEN", "REJECT", "SEND"],
                "EventBridgeDestination": {"EventBusArn": ses.default_bus()},
            },
        )
    return name


@contextlib.contextmanager
def default_set(deployment, identity, name):
    """Gives an identity a default configuration set until the end of the block.

    MiniStack takes one only from CloudFormation, which deletes the identity at the end.
    """
    client, stack = deployment.cloud.client("cloudformation"), "mail"
    properties = {"EmailIdentity": identity, "ConfigurationSetAttributes": {"ConfigurationSetName": name}}
    template = {"Resources": {"Identity": {"Type": "AWS::SES::EmailIdentity", "Properties": properties}}}
    often = {"Delay": 0.2, "MaxAttempts": 100}
    client.create_stack(StackName=stack, TemplateBody=json.dumps(template))
    client.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig=often)
    try:
        yield
    finally:
        client.delete_stack(StackName=stack)
        client.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig=often)
        with contextlib.suppress(deployment.cloud.client("sesv2").exceptions.AlreadyExistsException):
            deployment.cloud.client("sesv2").create_email_identity(EmailIdentity=identity)


def a_default_set_of_the_identity_that_tracks_changes_nothing(deployment):
    ours = deployment.outputs["ConfigurationSetName"]
    with default_set(deployment, SENDER, tracking_set(deployment)):
        story.request(deployment)
        for address in APPROVERS:
            equal(sent_to(deployment, address).configuration_set, ours, f"the set of the email to {address}")
        with proxy.reachable_callback(deployment):
            found = commands.findings(deployment)
    commands.expect_unsound({name: one for name, one in found.items() if not one["sound"]})
    assert "tracks nobody" in found["configuration set"]["found"], found
    assert "the event about it came back" in found["test email"]["found"], found


CHECKS = [
    the_stack_makes_a_set_that_tracks_nothing_and_says_what_became_of_emails,
    every_email_is_sent_with_the_stacks_set_and_a_tag_of_its_own,
    a_bounce_of_an_approvers_email_shows_in_history,
    an_approver_is_told_when_too_few_can_be_reached,
    an_event_counts_only_if_it_came_through_the_queue,
    of_a_batch_only_the_message_that_fails_comes_again_until_it_is_a_dead_letter,
    a_default_set_of_the_identity_that_tracks_changes_nothing,
]
