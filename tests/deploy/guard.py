"""IAM for the services that MiniStack does not cover.

MiniStack has no CodePipeline, and the sandbox's does not check permissions. MiniStack's IAM ignores the sender and the
identity of an email, the source and the type of an event, and a table that is named by its ARN, so a policy that names
them never matches. Here, each function calls these services under a path with its role. A call that the role does not
allow is refused as AWS would refuse it; any other is forwarded.
"""

import base64
import contextlib
import email
import email.utils
import fnmatch
import http.server
import json
import threading
import urllib.error
import urllib.parse
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from cloud import ACCOUNT, OPERATOR, REGION

# The operations whose resource is an action of a pipeline, or nothing, in AWS's service authorization reference.
WITH_ACTION = {"PutApprovalResult"}
WITHOUT_RESOURCE = {"ListPipelines"}


class Guard:
    """The endpoints of the services for each role."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"

    def endpoint(self, service, role):
        """The value of `AWS_ENDPOINT_URL_CODEPIPELINE`, or of another service, for a function with this role."""
        return f"{self.url}/{service}/{role.rsplit('/', 1)[1]}"


class Refused(Exception):
    """A call that IAM denies."""

    def __init__(self, role, action, resource):
        super().__init__(f"User: {role} is not authorized to perform: {action} on resource: {resource}")


class CodePipeline:
    """A proxy for the sandbox's CodePipeline."""

    content_type = "application/x-amz-json-1.1"

    def __init__(self, cloud, codepipeline):
        self.cloud = cloud
        self.url = codepipeline.url
        self.sessions = {}

    def serve(self, role, headers, body):
        operation, call = headers["X-Amz-Target"].split(".")[1], json.loads(body)
        action = f"codepipeline:{operation}"
        resource = f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{call.get('pipelineName') or call.get('name')}"
        if operation in WITH_ACTION:
            resource = f"{resource}/{call['stageName']}/{call['actionName']}"
        if operation in WITHOUT_RESOURCE:
            resource = "*"
        if not self.cloud.allows(role, action, resource):
            raise Refused(role, action, resource)
        kept = {name: headers[name] for name in ("Content-Type", "X-Amz-Target")}
        return send_signed(f"{self.url}/", "codepipeline", kept, body, self.session(role))

    def session(self, role):
        """Credentials of a role in the sandbox, which has to say who decided, and does not know those of MiniStack."""
        if role not in self.sessions:
            sts = self.cloud.client("sts", endpoint=self.url)
            made = sts.assume_role(RoleArn=role, RoleSessionName="function")["Credentials"]
            names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
            self.sessions[role] = botocore.credentials.Credentials(*(made[name] for name in names))
        return self.sessions[role]

    def refusal(self, message):
        return 400, json.dumps({"__type": "AccessDeniedException", "Message": message}).encode()


class Ses:
    """A proxy for MiniStack's SES."""

    content_type = "text/xml"

    def __init__(self, cloud):
        self.cloud = cloud

    def serve(self, role, headers, body):
        form = {name: values[0] for name, values in urllib.parse.parse_qs(body.decode()).items()}
        action = f"ses:{form['Action']}"
        if form["Action"] == "SendRawEmail":
            resource = self.identity(form["Source"])
            message = email.message_from_bytes(base64.b64decode(form["RawMessage.Data"]))
            keys = {"ses:FromAddress": email.utils.parseaddr(message["From"])[1]}
            allowed = any(allows(statement, action, resource, keys) for statement in statements(self.cloud, role))
        else:
            resource = "*"
            allowed = self.cloud.allows(role, action, resource)
        if not allowed:
            raise Refused(role, action, resource)
        return forward(self.cloud, "ses", {"Content-Type": headers["Content-Type"]}, body)

    def identity(self, sender):
        """The identity that SES sends with: the address if it is verified, otherwise its domain."""
        domain = sender.rsplit("@", 1)[1]
        answer = self.cloud.client("ses").get_identity_verification_attributes(Identities=[sender])
        verified = answer["VerificationAttributes"].get(sender, {}).get("VerificationStatus") == "Success"
        return f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{sender if verified else domain}"

    def refusal(self, message):
        error = f"<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{message}</Message></Error>"
        return 403, f'<ErrorResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/">{error}</ErrorResponse>'.encode()


class EventBridge:
    """A proxy for MiniStack's EventBridge."""

    content_type = "application/x-amz-json-1.1"

    def __init__(self, cloud):
        self.cloud = cloud

    def serve(self, role, headers, body):
        action = f"events:{headers['X-Amz-Target'].split('.')[1]}"
        for entry in json.loads(body)["Entries"]:
            resource = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{entry.get('EventBusName', 'default')}"
            keys = {"events:source": entry["Source"], "events:detail-type": entry["DetailType"]}
            if not any(allows(statement, action, resource, keys) for statement in statements(self.cloud, role)):
                raise Refused(role, action, resource)
        kept = {name: headers[name] for name in ("Content-Type", "X-Amz-Target")}
        return forward(self.cloud, "events", kept, body)

    def refusal(self, message):
        return 400, json.dumps({"__type": "AccessDeniedException", "Message": message}).encode()


class DynamoDb:
    """A proxy for MiniStack's DynamoDB, for the calls that read what a table is."""

    content_type = "application/x-amz-json-1.0"

    def __init__(self, cloud):
        self.cloud = cloud

    def serve(self, role, headers, body):
        operation, call = headers["X-Amz-Target"].split(".")[1], json.loads(body)
        action = f"dynamodb:{operation}"
        resource = call.get("ResourceArn") or f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{call['TableName']}"
        if not self.cloud.allows(role, action, resource):
            raise Refused(role, action, resource)
        kept = {name: headers[name] for name in ("Content-Type", "X-Amz-Target")}
        return forward(self.cloud, "dynamodb", kept, body)

    def refusal(self, message):
        return 400, json.dumps({"__type": "AccessDeniedException", "Message": message}).encode()


def statements(cloud, role):
    """The statements of a role's policies."""
    iam, role = cloud.client("iam"), role.rsplit("/", 1)[1]
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield from iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]


def forward(cloud, service, headers, body):
    """Calls MiniStack as the operator, because the role's permissions are checked by now."""
    return send_signed(
        f"{cloud.url}/", service, headers, body, botocore.credentials.Credentials(*OPERATOR.values()), cloud.trust
    )


def allows(statement, action, resource, keys):
    """Whether a policy statement allows an action. It supports only as much of IAM as our own statements use."""
    conditions = statement.get("Condition", {})
    # Each key has one value here, so that it makes no difference whether all of its values must match.
    operators = ("StringEquals", "ForAllValues:StringEquals")
    assert set(conditions) <= set(operators), conditions
    wanted = {key: value for operator in operators for key, value in conditions.get(operator, {}).items()}
    return (
        statement["Effect"] == "Allow"
        and any(fnmatch.fnmatchcase(action, pattern) for pattern in as_list(statement["Action"]))
        and any(fnmatch.fnmatchcase(resource, pattern) for pattern in as_list(statement["Resource"]))
        and all(keys.get(key) in as_list(value) for key, value in wanted.items())
    )


def as_list(value):
    return value if isinstance(value, list) else [value]


def send_signed(url, service, headers, body, credentials, trust=None):
    signed = botocore.awsrequest.AWSRequest("POST", url, headers, body)
    botocore.auth.SigV4Auth(credentials, service, REGION).add_auth(signed)
    request = urllib.request.Request(url, data=body, headers=dict(signed.headers.items()))
    try:
        with urllib.request.urlopen(request, context=trust) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


@contextlib.contextmanager
def started(cloud, codepipeline):
    """The guard on a free port of 127.0.0.1."""
    services = {
        "codepipeline": CodePipeline(cloud, codepipeline),
        "dynamodb": DynamoDb(cloud),
        "eventbridge": EventBridge(cloud),
        "ses": Ses(cloud),
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            name, role = self.path.strip("/").split("/")
            service = services[name]
            try:
                status, answer = service.serve(f"arn:aws:iam::{ACCOUNT}:role/{role}", self.headers, body)
            except Refused as refused:
                status, answer = service.refusal(str(refused))
            self.send_response(status)
            self.send_header("Content-Type", service.content_type)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield Guard(port)


@contextlib.contextmanager
def serving(server):
    """Runs a server in a thread until the end of the block. Yields its port."""
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
