"""SES, as far as MiniStack lacks it: who may send with what, and what SES says became of an email.

MiniStack has identities, configuration sets and event destinations, and enforces IAM on the operations of SESv2, which
the functions call directly. But it neither checks nor keeps the identity, the set and the tags of a raw email, knows no
identity of another account, and publishes no events. So emails are sent through here.

Not run: SES's own event publishing. The events are those of `tests/fixtures`, and SES's documentation says when they
come. MiniStack lets nobody put an event of an AWS service on a bus. So here, an event is matched with every rule on the
default bus (`TestEventPattern`). A queue that is a target of one gets it if its policy lets that rule send, and the bus
of another region if the role of the rule may. From there on everything is what was deployed: the queue, the event
source mapping, the function.
"""

import base64
import contextlib
import dataclasses
import datetime
import email
import email.utils
import json
import pathlib
import re
import urllib.parse

import access
from authorization import Refused, allows, as_list, forward, statements
from checks import equal
from cloud import ACCOUNT, REGION

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures"
# SES's mailbox simulator, whose first mailbox takes every email.
SIMULATOR = "success@simulator.amazonses.com"
# The bus of the rules that stand in for EventBridge's deliveries.
DELIVERIES = "deliveries"


@dataclasses.dataclass
class Sent:
    """An email that SES accepted."""

    message_id: str
    to: str
    region: str
    identity: str
    configuration_set: str | None
    tags: dict


class Ses:
    """A proxy for MiniStack's SES, version 1 of its API, which sends raw emails."""

    content_type = "text/xml"

    def __init__(self, cloud):
        self.cloud = cloud
        self.sent = []
        # The ARNs of other accounts' identities whose owners let this account send.
        self.shared = set()

    def serve(self, role, headers, body):
        form = {name: values[0] for name, values in urllib.parse.parse_qs(body.decode()).items()}
        action = f"ses:{form['Action']}"
        if form["Action"] != "SendRawEmail":
            # No other operation is in use, and none is allowed.
            raise Refused(role, action, "*")
        region = headers["Authorization"].split("/")[2]  # In the scope of the signature.
        identity, default_set = self.identity(form, region)
        configuration_set = form.get("ConfigurationSetName") or default_set
        sets = [set_arn(configuration_set, region)] if configuration_set else []
        self.authorize(role, action, form, [identity, *sets])
        if identity.split(":")[4] != ACCOUNT and identity not in self.shared:
            raise Refused(role, action, identity)
        if configuration_set and not self.has_set(configuration_set, region):
            return 400, error("ConfigurationSetDoesNotExist", f"Configuration set {configuration_set} does not exist")
        status, answer = forward(self.cloud, "ses", {"Content-Type": headers["Content-Type"]}, body, region)
        if status == 200:
            message_id = re.search("<MessageId>(.*)</MessageId>", answer.decode())[1]
            tags = {form[name]: form[name.replace("Name", "Value")] for name in form if re.fullmatch(TAG_NAME, name)}
            sent = Sent(message_id, form["Destinations.member.1"], region, identity, configuration_set, tags)
            self.sent.append(sent)
            if sent.to == SIMULATOR:
                # While the function still waits for the answer, as it may happen in AWS.
                self.say(sent, "delivered")
        return status, answer

    def authorize(self, role, action, form, resources):
        """Refuses an email whose identity or configuration set the role may not send with."""
        message = email.message_from_bytes(base64.b64decode(form["RawMessage.Data"]))
        keys = {"ses:FromAddress": email.utils.parseaddr(message["From"])[1]}
        for resource in resources:
            if not any(allows(statement, action, resource, keys) for statement in statements(self.cloud, role)):
                raise Refused(role, action, resource)

    def identity(self, form, region):
        """The ARN of the identity that SES sends with, and the identity's default configuration set.

        Unless the call names one, it is the verified one that is closest: the address, its domain, or a domain above.
        """
        if arn := form.get("SourceArn"):
            return arn, None
        address = form["Source"]
        domain = address.rsplit("@", 1)[1]
        labels = domain.split(".")
        client = self.cloud.client("sesv2", region=region)
        for name in (address, *(".".join(labels[start:]) for start in range(len(labels) - 1))):
            with contextlib.suppress(client.exceptions.NotFoundException):
                found = client.get_email_identity(EmailIdentity=name)
                if found["VerifiedForSendingStatus"]:
                    return identity_arn(name, region), found.get("ConfigurationSetName")
        return identity_arn(domain, region), None

    def has_set(self, name, region):
        client = self.cloud.client("sesv2", region=region)
        try:
            client.get_configuration_set(ConfigurationSetName=name)
        except client.exceptions.NotFoundException:
            return False
        return True

    def say(self, sent, kind, change=lambda event: None):
        """Says what became of an email, if its set has a destination for that. `kind` is that of a fixture.

        Returns the number of queues that got the event.
        """
        event = self.event(sent, kind)
        change(event)
        wanted = re.sub("(?<=[a-z])(?=[A-Z])", "_", event["detail"]["eventType"]).upper()
        client = self.cloud.client("sesv2", region=sent.region)
        answer = client.get_configuration_set_event_destinations(ConfigurationSetName=sent.configuration_set)
        on_bus = any(
            destination["Enabled"]
            and wanted in destination["MatchingEventTypes"]
            and destination.get("EventBridgeDestination") == {"EventBusArn": default_bus(sent.region)}
            for destination in answer.get("EventDestinations", [])
        )
        return self.deliver(event, sent.region) if on_bus else 0

    def event(self, sent, kind):
        event = json.loads((FIXTURES / f"ses-{kind}.json").read_text())
        now = datetime.datetime.now(datetime.timezone.utc)
        event |= {"account": ACCOUNT, "region": sent.region, "time": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
        event["detail"]["mail"] |= {"messageId": sent.message_id, "destination": [sent.to], "sourceArn": sent.identity}
        for bounced in event["detail"].get("bounce", {}).get("bouncedRecipients", []):
            bounced["emailAddress"] = sent.to
        tags = {name: [value] for name, value in sent.tags.items()}
        event["detail"]["mail"]["tags"] = {"ses:configuration-set": [sent.configuration_set], **tags}
        return event

    def deliver(self, event, region):
        """Hands an event to the targets of the rules on a region's default bus, as EventBridge does.

        Returns the number of queues that got it.
        """
        events, delivered = self.cloud.client("events", region=region), 0
        for rule in events.list_rules()["Rules"]:
            if rule["State"] != "ENABLED" or "EventPattern" not in rule:
                continue
            if not events.test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(event))["Result"]:
                continue
            for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                service, other = target["Arn"].split(":")[2:4]
                if service == "sqs" and self.may_send(rule["Arn"], target["Arn"]):
                    self.put_into(target["Arn"], event)
                    delivered += 1
                if service == "events" and self.may_forward(target["RoleArn"], target["Arn"]):
                    delivered += self.deliver(event, other)
        return delivered

    def may_forward(self, role, bus):
        """Whether a rule may put events on a bus of another region, by its role."""
        return any(allows(statement, "events:PutEvents", bus, {}) for statement in statements(self.cloud, role))

    def may_send(self, rule, queue):
        """Whether the policy of a queue lets a rule send to it. MiniStack does not ask it."""
        sqs = self.cloud.client("sqs")
        url = sqs.get_queue_url(QueueName=queue.rsplit(":", 1)[1])["QueueUrl"]
        document = json.loads(
            sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"].get("Policy", "null")
        )
        return bool(document) and lets_send(document, rule, queue)

    def put_into(self, queue, event):
        """Puts an event into a queue, by a rule on another bus that takes it out of an envelope."""
        events, name = self.cloud.client("events"), queue.rsplit(":", 1)[1]
        with contextlib.suppress(events.exceptions.ResourceAlreadyExistsException):
            events.create_event_bus(Name=DELIVERIES)
        pattern = {"source": ["tests"], "detail-type": [name]}
        events.put_rule(Name=name, EventBusName=DELIVERIES, EventPattern=json.dumps(pattern))
        target = {"Id": "Queue", "Arn": queue, "InputPath": "$.detail"}
        events.put_targets(Rule=name, EventBusName=DELIVERIES, Targets=[target])
        entry = {"Source": "tests", "DetailType": name, "Detail": json.dumps(event), "EventBusName": DELIVERIES}
        equal(events.put_events(Entries=[entry])["FailedEntryCount"], 0, "events that were not taken")

    def refusal(self, message):
        return 403, error("AccessDenied", message)


TAG_NAME = r"Tags\.member\.[0-9]+\.Name"


def lets_send(document, rule, queue):
    """Whether the policy of a queue allows EventBridge to send to it for a rule, and does not deny it."""
    allowed = any(
        statement["Effect"] == "Allow"
        and statement["Principal"] == {"Service": "events.amazonaws.com"}
        and "sqs:SendMessage" in as_list(statement["Action"])
        and queue in as_list(statement["Resource"])
        and statement["Condition"] == {"ArnEquals": {"aws:SourceArn": rule}}
        for statement in document["Statement"]
    )
    return allowed and not access.refuses(document, access.Request(None, "sqs:SendMessage", queue, rule))


def identity_arn(name, region=REGION):
    return f"arn:aws:ses:{region}:{ACCOUNT}:identity/{name}"


def set_arn(name, region=REGION):
    return f"arn:aws:ses:{region}:{ACCOUNT}:configuration-set/{name}"


def default_bus(region=REGION):
    return f"arn:aws:events:{region}:{ACCOUNT}:event-bus/default"


def error(code, message):
    inner = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return f'<ErrorResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/">{inner}</ErrorResponse>'.encode()
