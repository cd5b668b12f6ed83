"""A deployed stack, as its outputs tell of it."""

import contextlib
import dataclasses
import html.parser
import http.client
import json
import re
import socket
import urllib.parse

from checks import equal

SENDER = "approvals@example.com"
APPROVERS = ("alice@example.com", "bob@example.com")


@dataclasses.dataclass
class Page:
    """What the callback answered."""

    status: int
    headers: dict
    body: str


@dataclasses.dataclass
class Links:
    """What one approver's email holds."""

    approve: str
    reject: str


class Deployment:
    """What stands in the cloud after a deployment."""

    def __init__(self, cloud, guard, codepipeline, fixtures, stack):
        self.cloud = cloud
        self.guard = guard
        self.codepipeline = codepipeline
        self.fixtures = fixtures
        self.stack = stack
        self.lambda_ = cloud.client("lambda")
        described = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
        self.notifier = self.outputs["NotifierFunctionName"]
        self.callback = self.outputs["CallbackFunctionName"]
        self.url = self.outputs["CallbackUrl"]

    def configuration(self, function):
        return self.lambda_.get_function_configuration(FunctionName=function)

    def role(self, function):
        """The ARN of a function's role."""
        return self.configuration(function)["Role"]

    def environment(self, function):
        return self.configuration(function)["Environment"]["Variables"]

    def set_environment(self, function, variables):
        self.lambda_.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
        self.lambda_.get_waiter("function_updated_v2").wait(FunctionName=function)

    def go_through_the_guard(self):
        """Sends both functions to the guard for what MiniStack lacks: CodePipeline, and an IAM that knows emails."""
        for function in (self.notifier, self.callback):
            role = self.role(function)
            endpoints = {
                f"AWS_ENDPOINT_URL_{service.upper()}": self.guard.endpoint(service, role)
                for service in ("codepipeline", "ses")
            }
            self.set_environment(function, self.environment(function) | endpoints)

    @contextlib.contextmanager
    def changed(self, function, **variables):
        """With other settings for a while."""
        before = self.environment(function)
        self.set_environment(function, before | variables)
        try:
            yield
        finally:
            self.set_environment(function, before)

    def invoke(self, function, event):
        """Runs a function and waits for it. Gives its answer; fails when that is an error."""
        answer, failed = self.attempt(function, event)
        assert not failed, answer
        return answer

    def attempt(self, function, event):
        """Runs a function and waits for it: its answer, and whether it is an error."""
        answer = self.lambda_.invoke(FunctionName=function, Payload=json.dumps(event))
        return json.load(answer["Payload"]), "FunctionError" in answer

    def send(self, function, event):
        """Hands a function an event as EventBridge does: nobody waits."""
        answer = self.lambda_.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event))
        equal(answer["StatusCode"], 202, "the status of an asynchronous invocation")

    def requests(self, execution):
        """The emails that ask about one execution, by whom they are to."""
        return self.mails(execution, "Approval needed: ")

    def outcomes(self, execution):
        """The emails that tell how the approval of one execution ended, by whom they are to."""
        return self.mails(execution, "Re: Approval needed: ")

    def mails(self, execution, subject):
        mails = [mail for mail in self.cloud.mails() if execution in mail["BodyText"]]
        mails = [mail for mail in mails if mail["Subject"].startswith(subject)]
        return {address: [mail for mail in mails if mail["To"] == [address]] for address in APPROVERS}

    def asked(self, execution):
        """Each approver was asked in one email. Gives each one's links."""
        return [self.links(mail) for mail in one_each(self.requests(execution), "that ask")]

    def told(self, execution):
        """Each approver was told in one email how it ended."""
        one_each(self.outcomes(execution), "that tell how it ended")

    def links(self, mail):
        links = re.findall(r"^https://\S+/approval\?t=\S+", mail["BodyText"], re.MULTILINE)
        equal(len(links), 2, f"links in {mail['BodyText']!r}")
        assert all(link.startswith(f"{self.url}/approval?t=") for link in links), f"they lead to {self.url}: {links}"
        return Links(*links)

    def visit(self, link, method="GET", form=None):
        """What a browser does with a link, but that it needs no name server to find this machine."""
        parts = urllib.parse.urlsplit(link)
        headers = {"Host": parts.netloc}
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        path = urllib.parse.urlunsplit(("", "", parts.path, parts.query, ""))
        with contextlib.closing(
            Connection(parts.hostname, parts.port, timeout=60, context=self.cloud.trust)
        ) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Page(answer.status, headers, answer.read().decode())

    def press(self, link, comment):
        """Opens a link and presses the button on its page."""
        page = self.visit(link)
        equal(page.status, 200, "the page of a link")
        return self.visit(link, "POST", [("comment", comment), button(page)])


def one_each(mails, what):
    for address, theirs in mails.items():
        equal(len(theirs), 1, f"emails to {address} {what}")
    return [mail for (mail,) in mails.values()]


class Connection(http.client.HTTPSConnection):
    """To a name under localhost, which this machine's resolver need not know."""

    def connect(self):
        self.sock = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)


class Buttons(html.parser.HTMLParser):
    """Finds the buttons of a page."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        if tag == "button":
            self.found.append(dict(attributes))


def button(page):
    """What the page's only button sends."""
    buttons = Buttons()
    buttons.feed(page.body)
    equal(len(buttons.found), 1, "buttons on the page")
    return buttons.found[0]["name"], buttons.found[0]["value"]
