"""IAM for the services that MiniStack does not cover.

MiniStack has no CodePipeline, and the sandbox's does not know the deployed policies. MiniStack's STS knows no source
identity, and the sessions that the sandbox's begins are unknown to MiniStack. MiniStack's IAM ignores the sender, the
identity and the configuration set of an email, the source and the type of an event, and a table that is named by its
ARN, so a policy that names them never matches. Here, each function calls these services under a path with its role. A
call that the role, or the session that the role began, does not allow is refused as AWS would refuse it; any other is
forwarded.
"""

import contextlib
import functools
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
# What the two protocols of JSON need beside the signature.
JSON_HEADERS = ("Content-Type", "X-Amz-Target")


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
    """A proxy for MiniStack's EventBridge, in which sessions read the rules of their accounts."""

    content_type = "application/x-amz-json-1.1"

    def __init__(self, cloud, sessions):
        self.cloud = cloud
        self.sts = sessions

    def serve(self, role, headers, body):
        operation, call = headers["X-Amz-Target"].split(".")[1], json.loads(body)
        action, kept = f"events:{operation}", sts.kept(headers, *JSON_HEADERS)
        if operation == "PutEvents":
            for entry in call["Entries"]:
                self.check_entry(role, action, entry)
            return forward(self.cloud, "events", kept, body)
        session, (_, region) = self.sts.session(role, headers), sts.scope(headers)
        account, bus = account_of(session.role), call.get("EventBusName", "default")
        place = "" if bus == "default" else f"{bus}/"
        resource = f"arn:aws:events:{region}:{account}:rule/{place}{call.get('Name') or call['Rule']}"
        if not session.may(self.cloud, action, resource):
            raise Refused(session.role, action, resource)
        return forward(self.cloud, "events", kept, body, region, account)

    def check_entry(self, role, action, entry):
        resource = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{entry.get('EventBusName', 'default')}"
        keys = {"events:source": entry["Source"], "events:detail-type": entry["DetailType"]}
        if not any(allows(statement, action, resource, keys) for statement in statements(self.cloud, role)):
            raise Refused(role, action, resource)

    def refusal(self, message):
        return 400, json.dumps({"__type": "AccessDeniedException", "Message": message}).encode()


class Sqs:
    """A proxy for MiniStack's SQS, in which sessions read the queues of their accounts. What a function calls with its
    own credentials is left to MiniStack, which knows the policies of its role and of the queue."""

    content_type = "application/x-amz-json-1.0"

    def __init__(self, cloud, sessions):
        self.cloud = cloud
        self.sts = sessions

    def serve(self, role, headers, body):
        key, region = sts.scope(headers)
        session = self.sts.begun.get(key)
        if session is None:
            # Under the path and the host that are signed.
            path = f"sqs/{account_of(role)}/{role.rsplit('/', 1)[1]}/"
            return send(f"{self.cloud.url}/{path}", dict(headers), body, self.cloud.trust)
        operation, call = headers["X-Amz-Target"].split(".")[1], json.loads(body)
        account, name = account_of(session.role), call.get("QueueName") or call["QueueUrl"].rsplit("/", 1)[1]
        action, resource = f"sqs:{operation}", f"arn:aws:sqs:{region}:{account}:{name}"
        if not session.may(self.cloud, action, resource):
            raise Refused(session.role, action, resource)
        return forward(self.cloud, "sqs", sts.kept(headers, *JSON_HEADERS), body, region, account)

    def refusal(self, message):
        error = {"__type": "com.amazon.coral.service#AccessDeniedException", "Message": message}
        return 403, json.dumps(error).encode()


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
        return forward(self.cloud, "dynamodb", sts.kept(headers, *JSON_HEADERS), body)

    def refusal(self, message):
        return 400, json.dumps({"__type": "AccessDeniedException", "Message": message}).encode()


@contextlib.contextmanager
def started(cloud, codepipeline):
    """The guard on a free port of 127.0.0.1."""
    sending, sessions = ses.Ses(cloud), sts.Sts(cloud, codepipeline)
    services = {
        "codepipeline": CodePipeline(cloud, codepipeline, sessions),
        "dynamodb": DynamoDb(cloud),
        "eventbridge": EventBridge(cloud, sessions),
        "ses": sending,
        "sqs": Sqs(cloud, sessions),
        "sts": sessions,
    }

    @functools.cache
    def arn(account, role):
        """The ARN of a role, with its path."""
        return cloud.client("iam", account=account).get_role(RoleName=role)["Role"]["Arn"]

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            name, account, role = self.path.strip("/").split("/")
            service = services[name]
            try:
                status, answer = service.serve(arn(account, role), self.headers, body)
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
