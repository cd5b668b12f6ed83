"""The dead-letter queues: a notifier that keeps failing loses no event."""

import contextlib
import datetime
import json

import sandbox
from checks import equal, until

QUEUE_METRIC = ("AWS/SQS", "ApproximateNumberOfMessagesVisible")


class Queue:
    """A dead-letter queue: the notifier's, or that of another output."""

    def __init__(self, deployment, output="NotifierDeadLetterQueueUrl"):
        self.sqs = deployment.cloud.client("sqs")
        self.url = deployment.outputs[output]
        self.name = self.url.rsplit("/", 1)[1]

    def visible(self):
        """The number of messages, which is also the metric in CloudWatch."""
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(attributes["Attributes"]["ApproximateNumberOfMessages"])

    def receive(self):
        """Receives the oldest message, which the caller must delete."""
        (message,) = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=1)["Messages"]
        return message

    def delete(self, message):
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])


@contextlib.contextmanager
def impatient(deployment, url):
    """Has a message that is not deleted come again after a second, not half an hour, until the end of the block."""
    sqs, name = deployment.cloud.client("sqs"), "VisibilityTimeout"
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: "1"})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: before})


def alarms(deployment, namespace, metric, dimension):
    """The stack's alarms on a metric with a given dimension."""
    found = deployment.cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return [
        alarm
        for alarm in found
        if (alarm.get("Namespace"), alarm.get("MetricName")) == (namespace, metric)
        and dimension in [tuple(each.values()) for each in alarm["Dimensions"]]
    ]


def broken_ledger(deployment):
    """Makes every write to the ledger fail until the end of the block."""
    return deployment.changed(deployment.notifier, COUNTERSIGN_TABLE="no-such-table")


def an_event_that_keeps_failing_becomes_a_dead_letter_and_sends_its_emails_after_the_repair(deployment):
    queue = Queue(deployment)
    equal(queue.visible(), 0, "dead letters at the start")
    pending = deployment.codepipeline.stop_at_approval()
    event = sandbox.event(pending, deployment.fixtures)
    with broken_ledger(deployment):
        deployment.send(deployment.notifier, event)
        until("the event becomes a dead letter", lambda: queue.visible() == 1, 60)
    equal(any(deployment.requests(pending.execution).values()), False, "emails while the notifier fails")
    message = queue.receive()
    # Lambda's record of a failed asynchronous invocation, with the event in it.
    payload = json.loads(message["Body"])["requestPayload"]
    equal(payload, event, "the event in the dead letter")
    deployment.invoke(deployment.notifier, payload)
    queue.delete(message)
    equal(queue.visible(), 0, "dead letters at the end")
    alice, _ = deployment.expect_requests(pending.execution)
    equal(deployment.press(alice.approve, "After all").status, 200, "the answer to the button")
    equal(deployment.codepipeline.decided(pending)[0], "Succeeded", "the approval after the button")


def each_dead_letter_queue_has_an_alarm(deployment):
    for queue in ("Notifier", "Rule", "Email", "Sweep"):
        name = deployment.outputs[f"{queue}DeadLetterQueueUrl"].rsplit("/", 1)[1]
        (alarm,) = alarms(deployment, *QUEUE_METRIC, ("QueueName", name))
        equal(
            (alarm["Threshold"], alarm["ComparisonOperator"])
            in [(0.0, "GreaterThanThreshold"), (1.0, "GreaterThanOrEqualToThreshold")],
            True,
            f"one message in {name} raises the alarm",
        )


def a_failed_invocation_counts_in_the_metric_of_the_alarm(deployment):
    (alarm,) = alarms(deployment, "AWS/Lambda", "Errors", ("FunctionName", deployment.notifier))
    metric = {name: alarm[name] for name in ("Namespace", "MetricName", "Dimensions")}
    cloudwatch = deployment.cloud.client("cloudwatch")

    def errors():
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        points = cloudwatch.get_metric_statistics(
            **metric, StartTime=now - day, EndTime=now + day, Period=3600, Statistics=["Sum"]
        )["Datapoints"]
        return sum(point["Sum"] for point in points)

    before = errors()
    pending = deployment.codepipeline.stop_at_approval()
    with broken_ledger(deployment):
        answer, failed = deployment.attempt(deployment.notifier, sandbox.event(pending, deployment.fixtures))
    assert failed, answer
    equal(errors(), before + 1, "errors")
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[alarm["AlarmName"]])["MetricAlarms"]
    # MiniStack does not evaluate alarms on metrics that it counts itself.
    assert errors() >= alarm["Threshold"], f"expected at least {alarm['Threshold']} errors"


CHECKS = [
    an_event_that_keeps_failing_becomes_a_dead_letter_and_sends_its_emails_after_the_repair,
    each_dead_letter_queue_has_an_alarm,
    a_failed_invocation_counts_in_the_metric_of_the_alarm,
]
