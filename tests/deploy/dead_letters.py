"""A notifier that keeps failing loses no event."""

import datetime
import json

import sandbox
from checks import equal, until

QUEUE_METRIC = ("AWS/SQS", "ApproximateNumberOfMessagesVisible")


class Queue:
    """The notifier's dead letters."""

    def __init__(self, deployment):
        self.sqs = deployment.cloud.client("sqs")
        self.url = deployment.outputs["NotifierDeadLetterQueueUrl"]
        self.name = self.url.rsplit("/", 1)[1]

    def visible(self):
        """What CloudWatch's metric of the queue reports."""
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(attributes["Attributes"]["ApproximateNumberOfMessages"])

    def take(self):
        """The oldest message; whoever takes it deletes it."""
        (message,) = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=1)["Messages"]
        return message

    def delete(self, message):
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])


def alarms(deployment, namespace, metric, dimension):
    """The stack's alarms on a metric of one thing."""
    found = deployment.cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return [
        alarm
        for alarm in found
        if (alarm.get("Namespace"), alarm.get("MetricName")) == (namespace, metric)
        and dimension in [tuple(each.values()) for each in alarm["Dimensions"]]
    ]


def broken(deployment):
    """Every write to the ledger fails for as long as this lasts."""
    return deployment.changed(deployment.notifier, COUNTERSIGN_TABLE="no-such-table")


def an_event_that_keeps_failing_waits_among_the_dead_letters_and_sends_its_emails_after_the_repair(deployment):
    queue = Queue(deployment)
    equal(queue.visible(), 0, "dead letters to begin with")
    waiting = deployment.codepipeline.stop_at_approval()
    event = sandbox.event(waiting, deployment.fixtures)
    with broken(deployment):
        deployment.send(deployment.notifier, event)
        until("the event is among the dead letters", lambda: queue.visible() == 1, 60)
    equal(any(deployment.requests(waiting.execution).values()), False, "emails while the notifier fails")
    message = queue.take()
    # Lambda's record of a failed asynchronous invocation, with the event in it.
    payload = json.loads(message["Body"])["requestPayload"]
    equal(payload, event, "the event in the dead letter")
    deployment.invoke(deployment.notifier, payload)
    queue.delete(message)
    equal(queue.visible(), 0, "dead letters at the end")
    alice, _ = deployment.asked(waiting.execution)
    equal(deployment.press(alice.approve, "After all").status, 200, "the answer to the button")
    equal(deployment.codepipeline.decided(waiting)[0], "Succeeded", "the approval after the button")


def an_alarm_watches_the_dead_letters_of_function_and_rule(deployment):
    for output in ("NotifierDeadLetterQueueUrl", "RuleDeadLetterQueueUrl"):
        name = deployment.outputs[output].rsplit("/", 1)[1]
        (alarm,) = alarms(deployment, *QUEUE_METRIC, ("QueueName", name))
        equal(
            (alarm["Threshold"], alarm["ComparisonOperator"])
            in [(0.0, "GreaterThanThreshold"), (1.0, "GreaterThanOrEqualToThreshold")],
            True,
            f"one message in {name} raises the alarm",
        )


def a_failed_invocation_shows_in_the_metric_that_the_alarm_watches(deployment):
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
    waiting = deployment.codepipeline.stop_at_approval()
    with broken(deployment):
        answer, failed = deployment.attempt(deployment.notifier, sandbox.event(waiting, deployment.fixtures))
    assert failed, answer
    equal(errors(), before + 1, "errors")
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[alarm["AlarmName"]])["MetricAlarms"]
    # MiniStack looks at alarms when it is told a metric, not when it counts one itself.
    assert errors() >= alarm["Threshold"], "that many raise the alarm"


CHECKS = [
    an_event_that_keeps_failing_waits_among_the_dead_letters_and_sends_its_emails_after_the_repair,
    an_alarm_watches_the_dead_letters_of_function_and_rule,
    a_failed_invocation_shows_in_the_metric_that_the_alarm_watches,
]
