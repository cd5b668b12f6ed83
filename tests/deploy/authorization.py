"""IAM as the guard enforces it: the statements of a role, and calls on behalf of what they allow."""

import fnmatch
import urllib.error
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from cloud import ACCOUNT, REGION, account_of, operator


class Refused(Exception):
    """A call that IAM denies."""

    def __init__(self, role, action, resource):
        super().__init__(f"User: {role} is not authorized to perform: {action} on resource: {resource}")


def statements(cloud, role):
    """The statements of a role's policies."""
    iam, role = cloud.client("iam", account=account_of(role)), role.rsplit("/", 1)[1]
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield from iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]


def forward(cloud, service, headers, body, region=REGION, account=ACCOUNT):
    """Calls MiniStack as the operator, because the role's permissions are checked by now."""
    credentials = botocore.credentials.Credentials(*operator(account).values())
    return send_signed(f"{cloud.url}/", service, headers, body, credentials, cloud.trust, region)


def allows(statement, action, resource, keys):
    """Whether a policy statement allows an action. It supports only as much of IAM as our own statements use."""
    if not any(fnmatch.fnmatchcase(action, pattern) for pattern in as_list(statement["Action"])):
        return False
    conditions = statement.get("Condition", {})
    # Each key has one value here, so that it makes no difference whether all of its values must match.
    operators = ("StringEquals", "ForAllValues:StringEquals")
    assert set(conditions) <= set(operators), conditions
    wanted = {key: value for operator in operators for key, value in conditions.get(operator, {}).items()}
    return (
        statement["Effect"] == "Allow"
        and any(fnmatch.fnmatchcase(resource, pattern) for pattern in as_list(statement["Resource"]))
        and all(keys.get(key) in as_list(value) for key, value in wanted.items())
    )


def as_list(value):
    return value if isinstance(value, list) else [value]


def send_signed(url, service, headers, body, credentials, trust=None, region=REGION):
    signed = botocore.awsrequest.AWSRequest("POST", url, headers, body)
    botocore.auth.SigV4Auth(credentials, service, region).add_auth(signed)
    return send(url, dict(signed.headers.items()), body, trust)


def send(url, headers, body, trust=None):
    request = urllib.request.Request(url, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, context=trust) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()
