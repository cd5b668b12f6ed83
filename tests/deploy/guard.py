"""IAM for the services that MiniStack does not cover.

MiniStack has no CodePipeline, and the sandbox's does not check permissions. MiniStack's IAM ignores the sender, the
identity and the configuration set of an email, the source and the type of an event, and a table that is named by its
ARN, so a policy that names them never matches. Here, each function calls these services under a path with its role. A
call that the role does not allow is refused as AWS would refuse it; any other is forwarded.
"""

import contextlib
import http.server
import json
import threading

import botocore.credentials

import ses
from authorization import Refused, allows, forward, send_signed, statements
from cloud import ACCOUNT, REGION

# The operations whose resource is an action of a pipeline, or nothing, in AWS's service authorization reference.
WITH_ACTION = {"PutApprovalResult"}
WITHOUT_RESOURCE = {"ListPipelines"}


class Guard:
    """The endpoints of the services for each role."""

    def __init__(self, port, sending):
        self.url = f"http://127.0.0.1:{port}"
        self.ses = sending

    def endpoint(self, service, role):
        """The value of `AWS_ENDPOINT_URL_CODEPIPELINE`, or of another service, for a function with this role."""
        return f"{self.url}/{service}/{role.rsplit('/', 1)[1]}"


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


@contextlib.contextmanager
def started(cloud, codepipeline):
    """The guard on a free port of 127.0.0.1."""
    sending = ses.Ses(cloud)
    services = {
        "codepipeline": CodePipeline(cloud, codepipeline),
        "dynamodb": DynamoDb(cloud),
        "eventbridge": EventBridge(cloud),
        "ses": sending,
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
        yield Guard(port, sending)


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
