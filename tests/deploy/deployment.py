"""A deployed stack, which is found by its outputs."""

import contextlib
import dataclasses
import html.parser
import http.client
import json
import re
import socket
import urllib.parse

import template
from checks import equal
from cloud import ACCOUNT

SENDER = "approvals@example.com"
APPROVERS = ("alice@example.com", "bob@example.com")
POLICY_PARAMETER = "/countersign/approval-policy"
# The parameters that all deployments are made with, as the SAM template names them.
PARAMETERS = {
    "PolicySource": "parameter",
    "PolicyParameterName": POLICY_PARAMETER,
    "Sender": SENDER,
    "NotificationTopic": "true",
}


@dataclasses.dataclass
class Page:
    """An answer of the callback."""

    status: int
    headers: dict
    body: str


@dataclasses.dataclass
class Links:
    """The links in one approver's email."""

    approve: str
    reject: str


class Deployment:
    """The deployed functions, and what approvers and operators do with them."""

    def __init__(self, cloud, guard, codepipeline, fixtures, deployer, given):
        """`given`: what each deployment has besides PARAMETERS."""
        self.cloud = cloud
        self.guard = guard
        self.codepipeline = codepipeline
        self.fixtures = fixtures
        self.deployer = deployer
        self.given = given
        self.stack = deployer.stack
        self.lambda_ = cloud.client("lambda")
        self.deploy()

    def deploy(self, **parameters):
        """Deploys, or updates the stack, with other values for some parameters of the template."""
        self.deployer.deploy(**self.given | parameters)
        described = self.cloud.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
        self.parameters = {one["ParameterKey"]: one["ParameterValue"] for one in described.get("Parameters", [])}
        self.notifier = self.outputs["NotifierFunctionName"]
        self.callback = self.outputs["CallbackFunctionName"]
        self.url = self.outputs["CallbackUrl"]
        self.request_keys = self.outputs["RequestKeyArns"].split(",")
        self.vote_keys = self.outputs["VoteKeyArns"].split(",")
        self.template = template.deployed(self)
        self.attach_table_policy()
        self.deployed_environment = {one: self.environment(one) for one in (self.notifier, self.callback)}
        self.route_through_guard()

    def attach_table_policy(self):
        """Attaches the table's policy, as CloudFormation does. MiniStack drops it from a template."""
        table = self.cloud.client("dynamodb").describe_table(TableName=self.outputs["LedgerTableName"])["Table"]
        document = json.dumps(self.template.table_policy(self.outputs["LedgerTableName"]))
        self.cloud.client("dynamodb").put_resource_policy(ResourceArn=table["TableArn"], Policy=document)

    def configuration(self, function):
        return self.lambda_.get_function_configuration(FunctionName=function)

    def role(self, function):
        """The ARN of a function's role."""
        return self.configuration(function)["Role"]

    def member_role(self, suffix, account=ACCOUNT):
        """The ARN of a role that the functions assume in an account: `read` or `decide`."""
        prefix = self.environment(self.callback)["COUNTERSIGN_MEMBER_ROLES"]
        return f"{prefix.replace('*', account)}-{suffix}"

    def mapping(self, queue):
        """The event source mapping that takes messages out of a queue."""
        found = self.lambda_.list_event_source_mappings(FunctionName=self.notifier)["EventSourceMappings"]
        (mapping,) = [one for one in found if one["EventSourceArn"] == queue]
        return mapping

    def environment(self, function):
        return self.configuration(function)["Environment"]["Variables"]

    def set_environment(self, function, variables):
        self.lambda_.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
        # By itself the waiter looks once a second.
        often = {"Delay": 0.1, "MaxAttempts": 300}
        self.lambda_.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig=often)

    def route_through_guard(self):
        """Has the functions call some services through the guard, which makes up for what MiniStack lacks.

        MiniStack's API has a port, but reports its domain name without. So the callback is told its origin.
        """
        for function in (self.notifier, self.callback):
            role = self.role(function)
            variables = {
                f"AWS_ENDPOINT_URL_{service.upper()}": self.guard.endpoint(service, role)
                for service in ("codepipeline", "eventbridge", "ses", "sqs", "sts")
            }
            if function == self.callback:
                variables["COUNTERSIGN_ORIGINS"] = self.url
            if "SSL_CERT_FILE" in self.deployed_environment[function]:
                # The functions run on this machine, which has no layer.
                variables["SSL_CERT_FILE"] = str(self.cloud.certificate.authority)
            self.set_environment(function, self.environment(function) | variables)

    @contextlib.contextmanager
    def changed(self, function, **variables):
        """Changes variables of a function's environment, until the end of the block."""
        before = self.environment(function)
        self.set_environment(function, before | variables)
        try:
            yield
        finally:
            self.set_environment(function, before)

    def invoke(self, function, event):
        """Invokes a function and returns its answer. Fails if that is an error."""
        answer, failed = self.attempt(function, event)
        assert not failed, answer
        return answer

    def attempt(self, function, event):
        """Invokes a function. Returns its answer, and whether that is an error."""
        answer = self.lambda_.invoke(FunctionName=function, Payload=json.dumps(event))
        return json.load(answer["Payload"]), "FunctionError" in answer

    def send(self, function, event):
        """Invokes a function asynchronously, as EventBridge does."""
        answer = self.lambda_.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event))
        equal(answer["StatusCode"], 202, "the status of an asynchronous invocation")

    def refusals(self):
        """What the callback's log says of visits that it did not answer."""
        events = self.cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{self.callback}")["events"]
        return [event["message"] for event in events if "not answered" in event["message"]]

    def requests(self, execution):
        """The request emails for one execution, by recipient."""
        return self.mails(execution, "Approval needed: ")

    def outcomes(self, execution):
        """The outcome emails for one execution, by recipient."""
        return self.mails(execution, "Re: Approval needed: ", "There is nothing left to decide.")

    def receipts(self, execution):
        """The emails for one execution that confirm a vote, by recipient."""
        return self.mails(execution, "Re: Approval needed: ", "Your vote on ")

    def mails(self, execution, subject, words=""):
        mails = [mail for mail in self.cloud.mails() if execution in mail["BodyText"] and words in mail["BodyText"]]
        mails = [mail for mail in mails if mail["Subject"].startswith(subject)]
        return {address: [mail for mail in mails if mail["To"] == [address]] for address in APPROVERS}

    def expect_requests(self, execution):
        """Checks that each approver got one request email. Returns the links in each."""
        return [self.links(mail) for mail in one_per_approver(self.requests(execution), "request")]

    def expect_outcomes(self, execution):
        """Checks that each approver got one outcome email."""
        one_per_approver(self.outcomes(execution), "outcome")

    def links(self, mail):
        links = re.findall(r"^https://\S+/approval\?t=\S+", mail["BodyText"], re.MULTILINE)
        equal(len(links), 2, f"links in {mail['BodyText']!r}")
        assert all(link.startswith(f"{self.url}/approval?t=") for link in links), (
            f"expected links to {self.url}, found {links}"
        )
        return Links(*links)

    def visit(self, link, method="GET", form=None, headers=None):
        """Opens a link, or submits its form, as a browser does, but without a name server."""
        parts = urllib.parse.urlsplit(link)
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers = {"Content-Type": "application/x-www-form-urlencoded"} | (headers or {})
        path = urllib.parse.urlunsplit(("", "", parts.path, parts.query, ""))
        with contextlib.closing(
            Connection(parts.hostname, parts.port or self.cloud.port, timeout=60, context=self.cloud.trust)
        ) as connection:
            connection.request(method, path, body, {"Host": parts.netloc} | (headers or {}))
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Page(answer.status, headers, answer.read().decode())

    def press(self, link, comment):
        """Opens a link and presses the button on its page."""
        page = self.visit(link)
        equal(page.status, 200, "the page of a link")
        return self.visit(link, "POST", [("comment", comment), button(page)])


def one_per_approver(mails, kind):
    for address, received in mails.items():
        equal(len(received), 1, f"{kind} emails to {address}")
    return [mail for (mail,) in mails.values()]


class Connection(http.client.HTTPSConnection):
    """A connection to a name under localhost, even if this machine cannot resolve it."""

    def connect(self):
        self.sock = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)


class Buttons(html.parser.HTMLParser):
    """Collects the buttons of a page."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        if tag == "button":
            self.found.append(dict(attributes))


def button(page):
    """The name and the value that the only button of a page sends."""
    buttons = Buttons()
    buttons.feed(page.body)
    equal(len(buttons.found), 1, "buttons on the page")
    return buttons.found[0]["name"], buttons.found[0]["value"]
