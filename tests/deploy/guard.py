"""IAM for the services that MiniStack does not cover.

MiniStack has no CodePipeline, and the sandbox's does not know the deployed policies. MiniStack's STS knows no source
identity. MiniStack's IAM ignores the sender, the identity and the configuration set of an email, the source and the
type of an event, and a table that is named by its ARN, so a policy that names them never matches. Here, each function
calls these services under a path with its role. A call that the role, or the session that the role began, does not
allow is refused as AWS would refuse it; any other is forwarded.
"""

import contextlib
import http.server
import json
import threading

import ses
import sts
from authorization import Refused, allows, forward, send, statements
from cloud import ACCOUNT, REGION, account_of

# The operations whose resource is an action of a pipeline, or nothing, in AWS's service authorization reference.
WITH_ACTION = {"PutApprovalResult"}
WITHOUT_RESOURCE = {"ListPipelines"}


class Guard:
    """The endpoints of the services for each role."""

    def __init__(self, port, sending, sessions):
        self.url = f"http://127.0.0.1:{port}"
        self.ses = sending
        self.sts = sessions

    def endpoint(self, service, role):
        """The value of `AWS_ENDPOINT_URL_CODEPIPELINE`, or of another service, for a function with this role."""
        return f"{self.url}/{service}/{account_of(role)}/{role.rsplit('/', 1)[1]}"


class CodePipeline:
    """A proxy for the sandbox's CodePipeline."""

    content_type = "application/x-amz-json-1.1"

    def __init__(self, cloud, codepipeline, sessions):
        self.cloud = cloud
        self.url = codepipeline.url
        self.sts = sessions

    def serve(self, role, headers, body):
        operation, call = headers["X-Amz-Target"].split(".")[1], json.loads(body)
        action, session, (_, region) = f"codepipeline:{operation}", self.sts.session(role, headers), sts.scope(headers)
        name = call.get("pipelineName") or call.get("name")
        resource = f"arn:aws:codepipeline:{region}:{account_of(session.role)}:{name}"
        if operation in WITH_ACTION:
            resource = f"{resource}/{call['stageName']}/{call['actionName']}"
        if operation in WITHOUT_RESOURCE:
            resource = "*"
        if not session.may(self.cloud, action, resource):
            raise Refused(session.role, action, resource)
        # The session is the sandbox's own.
        kept = sts.kept(headers, "Authorization", "Content-Type", "X-Amz-Target")
        status, answer = send(f"{self.url}/", kept, body)
        # What is deployed and what the sandbox has must not differ.
        assert status == 200 or b"AccessDenied" not in answer, f"the sandbox refuses {action} on {resource}"
        return status, answer

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
    sending, sessions = ses.Ses(cloud), sts.Sts(cloud, codepipeline)
    services = {
        "codepipeline": CodePipeline(cloud, codepipeline, sessions),
        "dynamodb": DynamoDb(cloud),
        "eventbridge": EventBridge(cloud),
        "ses": sending,
        "sts": sessions,
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            name, account, role = self.path.strip("/").split("/")
            service = services[name]
            try:
                status, answer = service.serve(f"arn:aws:iam::{account}:role/{role}", self.headers, body)
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
        yield Guard(port, sending, sessions)


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
