"""The commands of docs/install.md that deploy the members' stack with StackSets, as they are printed there.

MiniStack has no stack sets. So the real AWS CLI sends its requests to a server here, which answers as CloudFormation does
(the CloudFormation API Reference, "CreateStackSet" and "CreateStackInstances"), and keeps what it was sent.
"""

import contextlib
import http.server
import os
import pathlib
import re
import shutil
import threading
import urllib.parse

import printed
import templates
from checks import equal
from processes import run

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "infra/member/template.yaml"
# What is put in the place of the words in capitals.
VALUES = {
    "MEMBER_BUS_ARN": "arn:aws:events:eu-west-1:123456789012:event-bus/countersign-members",
    "UNIT": "ou-abcd-12345678",
    "REGION": "eu-west-1",
    "ORGANIZATION": "o-a1b2c3d4e5",
}
RESULTS = {
    "CreateStackSet": "<StackSetId>countersign-member:6c8d9cd1-0000-4000-8000-000000000000</StackSetId>",
    "CreateStackInstances": "<OperationId>6c8d9cd1-0000-4000-8000-000000000001</OperationId>",
}
NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"


@contextlib.contextmanager
def answering():
    """CloudFormation on a free port of 127.0.0.1, as far as stack sets go: its URL, and the requests so far."""
    requests = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            request = dict(urllib.parse.parse_qsl(body, keep_blank_values=True, strict_parsing=True))
            requests.append(request)
            action = request["Action"]
            result = f"<{action}Result>{RESULTS[action]}</{action}Result>"
            answer = f'<{action}Response xmlns="{NAMESPACE}">{result}</{action}Response>'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", requests
        finally:
            server.shutdown()


def sent(cloud):
    """Runs the commands, and returns the two requests that they come to."""
    commands = printed.block("StackSets")
    for word, value in VALUES.items():
        assert word in commands, f"{word} is not in {commands!r}"
        commands = re.sub(rf"\b{word}\b", value, commands)
    path = cloud.scratch / "aws-for-stack-sets"
    path.mkdir()
    (path / "aws").symlink_to(os.environ["AWS_CLI"])
    with answering() as (url, requests):
        environment = cloud.environment() | {"PATH": str(path), "AWS_ENDPOINT_URL_CLOUDFORMATION": url}
        run([shutil.which("bash"), "-euo", "pipefail", "-c", commands], environment, ROOT)
    equal([request["Action"] for request in requests], list(RESULTS), "the calls")
    return requests


def the_stack_set_is_that_of_the_member_template(deployment):
    created, instances = sent(deployment.cloud)
    equal(created["TemplateBody"], TEMPLATE.read_text(), "the template")
    # The accounts of an organizational unit, which service-managed permissions alone know; roles with names.
    expected = {
        "StackSetName": "countersign-member",
        "PermissionModel": "SERVICE_MANAGED",
        "AutoDeployment.Enabled": "true",
        "AutoDeployment.RetainStacksOnAccountRemoval": "false",
        "Capabilities.member.1": "CAPABILITY_NAMED_IAM",
    }
    equal({name: created.get(name) for name in expected}, expected, "the stack set")
    numbers = [re.fullmatch(r"Parameters\.member\.(\d+)\.ParameterKey", name) for name in created]
    keys = [f"Parameters.member.{number[1]}" for number in numbers if number]
    given = {created[f"{key}.ParameterKey"]: created[f"{key}.ParameterValue"] for key in keys}
    template = templates.member_template()
    parameters = template["Parameters"]
    required = {name for name, one in parameters.items() if "Default" not in one}
    expected = required | {"OrganizationId"}
    equal(set(given), expected, "the parameters that are given: those without a default, and who is trusted")
    for name, value in given.items():
        pattern = parameters[name].get("AllowedPattern", ".*")
        assert re.fullmatch(pattern, value), f"{name}={value} does not match {pattern}"
    # Its rules. And a stack set with service-managed permissions cannot have a transform.
    templates.member_stack(given)
    equal("Transform" in template, False, "a transform in the template")
    expected = {
        "StackSetName": created["StackSetName"],
        "DeploymentTargets.OrganizationalUnitIds.member.1": VALUES["UNIT"],
        # The roles are made in the home region alone, so it has to be among these.
        "Regions.member.1": given["HomeRegion"],
    }
    equal({name: instances.get(name) for name in expected}, expected, "the instances")


CHECKS = [the_stack_set_is_that_of_the_member_template]
