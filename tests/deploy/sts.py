"""STS, as far as MiniStack lacks it: the source identity, the organization of the caller, and sessions that the
sandbox's CodePipeline knows.

Whether a role can be assumed is decided by the policies that are deployed: the caller's own, and the role's trust
policy. What is allowed is forwarded to the sandbox's STS, whose CodePipeline then names the session. What the session
may do is decided by the deployed policies of its role, within the policy that it was begun with, at each call.
"""

import dataclasses
import json
import re
import urllib.parse

import botocore.credentials

import access
from authorization import Refused, allows, as_list, send, send_signed
from cloud import account_of

# The access key id of the callback in the sandbox, which the sandbox lets assume the roles of every account.
CALLBACK = botocore.credentials.Credentials("AKIASANDBOXCALLBACK", "sandbox")


@dataclasses.dataclass(frozen=True)
class Session:
    """A role in use, and what its session was begun with, if it is one."""

    role: str
    policy: dict | None = None
    name: str = ""
    identity: str | None = None
    seconds: int = 3600

    def may(self, cloud, action, resource):
        return cloud.allows(self.role, action, resource) and self.leaves(action, resource)

    def leaves(self, action, resource):
        """Whether the policy of the session does not take this away."""
        statements = as_list(self.policy["Statement"]) if self.policy else []
        return not self.policy or any(allows(statement, action, resource, {}) for statement in statements)


class Sts:
    """A proxy for the sandbox's STS."""

    content_type = "text/xml"

    def __init__(self, cloud, codepipeline):
        self.cloud = cloud
        self.url = f"{codepipeline.url}/"
        self.begun = {}
        # The ids of the organizations that accounts belong to, by account.
        self.organizations = {}

    def serve(self, caller, headers, body):
        form = {name: values[0] for name, values in urllib.parse.parse_qs(body.decode()).items()}
        if form["Action"] == "GetCallerIdentity":
            return send(self.url, kept(headers, "Authorization", "Content-Type"), body)
        if form["Action"] != "AssumeRole":
            # No other operation is in use, and none is allowed.
            raise Refused(caller, f"sts:{form['Action']}", "*")
        role = form["RoleArn"]
        if not self.may_assume(caller, role, form):
            raise Refused(caller, "sts:AssumeRole", role)
        # The roles that the sandbox knows have no path.
        known = urllib.parse.urlencode(form | {"RoleArn": f"{role.split('/')[0]}/{role.rsplit('/', 1)[1]}"}).encode()
        status, answer = send_signed(self.url, "sts", kept(headers, "Content-Type"), known, CALLBACK)
        # What is deployed and what the sandbox has must not differ.
        assert status != 403, f"the sandbox refuses what the deployed policies allow: {answer.decode()}"
        if status == 200:
            key = re.search("<AccessKeyId>(.*)</AccessKeyId>", answer.decode())[1]
            policy = json.loads(form["Policy"]) if "Policy" in form else None
            seconds = int(form.get("DurationSeconds", Session.seconds))
            self.begun[key] = Session(role, policy, form["RoleSessionName"], form.get("SourceIdentity"), seconds)
        return status, answer

    def may_assume(self, caller, role, form):
        """Whether both the caller's own policies and the role's trust policy allow it.

        Within an account, both must as well, because the trust policies name an account and no role.
        """
        identity = form.get("SourceIdentity")
        keys = {
            "sts:RoleSessionName": form["RoleSessionName"],
            "sts:SourceIdentity": identity,
            "aws:PrincipalOrgID": self.organizations.get(account_of(caller)),
        }
        keys = {key: value for key, value in keys.items() if value is not None}
        trust = self.trust(role)
        actions = ["sts:AssumeRole", *(["sts:SetSourceIdentity"] if identity is not None else [])]
        return trust is not None and all(
            access.allows(trust, access.Request(caller, action, role, keys=keys))
            and self.cloud.allows(caller, action, role)
            for action in actions
        )

    def trust(self, role):
        """The trust policy of a role, or None if there is none of this name and path."""
        iam = self.cloud.client("iam", account=account_of(role))
        try:
            found = iam.get_role(RoleName=role.rsplit("/", 1)[1])["Role"]
            return found["AssumeRolePolicyDocument"] if found["Arn"] == role else None
        except iam.exceptions.NoSuchEntityException:
            return None

    def session(self, role, headers):
        """The session that a request is signed with, or else the role itself."""
        return self.begun.get(scope(headers)[0], Session(role))

    def refusal(self, message):
        error = f"<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{message}</Message></Error>"
        return 403, f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{error}</ErrorResponse>'.encode()


def scope(headers):
    """The access key id and the region in the signature of a request."""
    key, _, region, *_ = re.search("Credential=([^,]*)", headers["Authorization"])[1].split("/")
    return key, region


def kept(headers, *names):
    return {name: headers[name] for name in names}
