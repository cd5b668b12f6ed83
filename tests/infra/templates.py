"""The templates of this repository: SAM's after its transform, what the CDK synthesizes, and the plain ones."""

import atexit
import copy
import functools
import json
import logging
import os
import pathlib
import re
import subprocess
import tempfile
import zipfile

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from stack import REGION, Stack

# The transform complains about metrics of its own that it cannot send.
logging.getLogger("samtranslator").setLevel(logging.ERROR)

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAM_TEMPLATE = ROOT / "infra/sam/template.yaml"
SES_TEMPLATE = ROOT / "infra/ses/template.yaml"
MEMBER_TEMPLATE = ROOT / "infra/member/template.yaml"
CDK = ROOT / "infra/cdk"

# The resources of the CDK stack by their construct path, with their names in the SAM template.
CDK_NAMES = {
    "Api/Decide/Resource": "ApiDecideRoute",
    "Api/Default/Resource": "ApiDefaultRoute",
    "Api/Domain/Resource": "ApiDomain",
    "Api/DomainRecord": "DomainRecord",
    "Api/HttpApi/Resource": "Api",
    "Api/LogGroup/Resource": "ApiLogGroup",
    "Api/Mapping/Resource": "ApiMapping",
    "Api/Show/Callback/Resource": "ApiIntegration",
    "Api/Show/Resource": "ApiShowRoute",
    "Api/Stage/Resource": "ApiStage",
    "Callback/Function/Api": "ApiPermission",
    "Callback/Function/Resource": "CallbackFunction",
    "Callback/LogGroup/Resource": "CallbackLogGroup",
    "CallbackErrorsAlarm/Resource": "CallbackErrorsAlarm",
    "CallbackRole/DefaultPolicy/Resource": "CallbackPolicy",
    "CallbackRole/Resource": "CallbackRole",
    "DecidingRole/Resource": "DecidingRole",
    "Dashboard/Resource": "ApprovalsDashboard",
    "EmailConfigurationSet/Events/Resource": "EmailEventDestination",
    "EmailConfigurationSet/Resource": "EmailConfigurationSet",
    "EmailDeadLettersAlarm/Resource": "EmailDeadLettersAlarm",
    "EmailEvents/DeadLetterQueue/Policy/Resource": "EmailDeadLetterQueuePolicy",
    "EmailEvents/DeadLetterQueue/Resource": "EmailDeadLetterQueue",
    "EmailEvents/Queue/Policy/Resource": "EmailQueuePolicy",
    "EmailEvents/Queue/Resource": "EmailQueue",
    "EmailEvents/Rule/Resource": "EmailRule",
    "Events/DeadLetterQueue/Policy/Resource": "RuleDeadLetterQueuePolicy",
    "Events/DeadLetterQueue/Resource": "RuleDeadLetterQueue",
    "Events/ForwardRule/Resource": "ForwardRule",
    "Events/ForwardingRole/Resource": "ForwardingRole",
    "Events/MemberBus/Resource": "MemberBus",
    "Events/MemberRule/Resource": "MemberRule",
    "Events/Rule/Resource": "ApprovalRule",
    "Events/Topic/Policy/Resource": "ApprovalTopicPolicy",
    "Events/Topic/Resource": "ApprovalTopic",
    "Events/VoteRule/Resource": "VoteRule",
    "ForgeriesAlarm/Resource": "ForgeriesAlarm",
    "LedgerTable/Resource": "LedgerTable",
    "NetworkPolicy/Resource": "NetworkPolicy",
    "Notifier/DeadLetterQueue/Policy/Resource": "NotifierDeadLetterQueuePolicy",
    "Notifier/DeadLetterQueue/Resource": "NotifierDeadLetterQueue",
    "Notifier/EmailEventSource/Resource": "EmailEventSource",
    "Notifier/Function/EventInvokeConfig/Resource": "NotifierFunctionEventInvokeConfig",
    "Notifier/Function/Resource": "NotifierFunction",
    "Notifier/Function/Topic/Resource": "ApprovalTopicSubscription",
    "Notifier/LogGroup/Resource": "NotifierLogGroup",
    "Notifier/SweepEventSource/Resource": "SweepEventSource",
    "NotifierDeadLettersAlarm/Resource": "NotifierDeadLettersAlarm",
    "NotifierErrorsAlarm/Resource": "NotifierErrorsAlarm",
    "NotifierRole/DefaultPolicy/Resource": "NotifierPolicy",
    "NotifierRole/Resource": "NotifierRole",
    "PolicyParameter/Resource": "PolicyParameter",
    "ReadingRole/Resource": "ReadingRole",
    "RequestKey2/Resource": "RequestKey2",
    "RequestKey3/Resource": "RequestKey3",
    "RequestKey4/Resource": "RequestKey4",
    "RuleDeadLettersAlarm/Resource": "RuleDeadLettersAlarm",
    "SendFailuresAlarm/Resource": "SendFailuresAlarm",
    "SigningKey/Alias/Resource": "SigningKeyAlias",
    "SigningKey/Resource": "SigningKey",
    "Sweep/DeadLetterQueue/Policy/Resource": "SweepDeadLetterQueuePolicy",
    "Sweep/DeadLetterQueue/Resource": "SweepDeadLetterQueue",
    "Sweep/Queue/Policy/Resource": "SweepQueuePolicy",
    "Sweep/Queue/Resource": "SweepQueue",
    "SweepDeadLettersAlarm/Resource": "SweepDeadLettersAlarm",
    "SweepRule/Resource": "SweepRule",
    "TableKeyPolicy/Resource": "TableKeyPolicy",
    "UndeliveredAlarm/Resource": "UndeliveredAlarm",
    "UnservedEventsAlarm/Resource": "UnservedEventsAlarm",
    "VoteKey1/Resource": "VoteKey1",
    "VoteKey2/Resource": "VoteKey2",
    "VoteKey3/Resource": "VoteKey3",
    "VoteKey4/Resource": "VoteKey4",
    "VoteKeyAlias/Resource": "VoteKeyAlias",
}
# Paths whose last part the construct library makes up.
CDK_PREFIXES = {
    "Events/MemberRule/AllowEventRule": "MemberPermission",
    "Events/Rule/AllowEventRule": "RulePermission",
    "Events/VoteRule/AllowEventRule": "VotePermission",
    "Notifier/Function/AllowInvoke:": "ApprovalTopicPermission",
    "SweepRule/AllowEventRule": "SweepPermission",
}

# The same of the stack of another account, with their names in the template of `infra/member`.
MEMBER_CDK_NAMES = {
    "DeadLetterQueue/Policy/Resource": "RuleDeadLetterQueuePolicy",
    "DeadLetterQueue/Resource": "RuleDeadLetterQueue",
    "DecidingRole/Resource": "DecidingRole",
    "ForwardingRole/Resource": "ForwardingRole",
    "ReadingRole/Resource": "ReadingRole",
    "Rule/Resource": "ApprovalRule",
}

SENDER = {"Sender": "approvals@mail.example.com"}
# The sources of the policy, each with the parameters that it takes.
SOURCES = {
    "approvers": {"PolicySource": "approvers", "Approvers": "ada@example.com,Ben <ben@example.com>"},
    "file": {"PolicySource": "file", "PolicyText": '[default]\napprovers = ["ada@example.com"] # €\n'},
    "parameter": {"PolicySource": "parameter", "PolicyParameterName": "/releases/who-decides"},
}
REQUIRED = SENDER | SOURCES["approvers"]

# Every parameter with a value that is not its default, except for those that would leave others without effect.
EVERYTHING = {
    "PolicySource": "approvers",
    "Approvers": "Ada Lovelace <ada@example.com>, ben@example.com,carl@example.com",
    "Quorum": "2",
    "Sender": "releases@example.org",
    "SenderName": "Releases",
    "ReplyTo": "answers@example.org",
    "TlsPolicy": "OPTIONAL",
    "SesSandbox": "true",
    "EventBusName": "central",
    "PipelineRegions": "eu-west-1,us-east-1",
    "PipelineNamePrefix": "team-a-",
    "ApprovalTimeoutDays": "14",
    "NotificationTopic": "true",
    "MemberAccounts": "210987654321,345678901234",
    "OrganizationId": "o-a1b2c3d4e5",
    "MemberRolePrefix": "approvals",
    "ForwardBusArn": "arn:aws:events:us-east-1:345678901234:event-bus/releases",
    "DeploymentName": "releases",
    "AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms",
    "OkActions": "true",
    "Dashboard": "true",
    "LogRetentionDays": "30",
    "LogLevel": "debug",
    "RecordRetentionDays": "3653",
    "DeletionProtection": "true",
    "ThrottleRate": "7",
    "ThrottleBurst": "11",
    "NotifierConcurrency": "5",
    "SweepConcurrency": "2",
    "SweepPace": "9",
    "TestEvents": "enabled",
    "Architecture": "x86_64",
    "PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/landing/boundary",
    "RolePath": "/delivery/approvals/",
    "Origins": "https://approve.example.org,https://old.example.org:8443",
    "RequestKeys": "trusted,signs,none,none",
    "VoteKeys": "trusted,trusted,signs,none",
}

# What leaves other parameters without effect, another region, and no sender name.
OVERRIDES = SENDER | SOURCES["parameter"] | {
    "SenderName": "",
    "SenderIdentity": "example.com",
    "ConfigurationSet": "existing",
    "PipelineRegions": "us-east-1",
    "NotifierConcurrency": "0",
    "RequestKeys": "none,signs,none,none",
}

# Another account's identity, and another region of SES, which needs a configuration set.
ELSEWHERE = REQUIRED | {
    "SenderIdentityArn": "arn:aws:ses:eu-central-1:210987654321:identity/example.com",
    "ConfigurationSet": "mail",
    "SesRegion": "eu-central-1",
}

# Other accounts without this one, and events from an organization, whatever the accounts.
MEMBERS = REQUIRED | {"MemberAccounts": "210987654321", "ServeOwnAccount": "false"}
ORGANIZATION = REQUIRED | {"OrganizationId": "o-a1b2c3d4e5"}
# More of them than the settings can hold.
LISTED = ORGANIZATION | {"MemberAccountsParameter": "/releases/accounts", "ServeOwnAccount": "false"}

# What a landing zone demands, and a domain whose record the stack does not make, behind a front of one's own.
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d-0000-0000-0000-000000000000"
LANDING = REQUIRED | {
    "DomainName": "approve.example.org",
    "CertificateArn": CERTIFICATE,
    "HostedZoneId": "Z0123456789ABCDEFGHIJ",
    "SubnetIds": "subnet-0a1b2c3d4e5f60718,subnet-1b2c3d4e5f607181a",
    "SecurityGroupIds": "sg-0a1b2c3d4e5f60718",
    "HttpsProxy": "http://proxy.example.org:3128",
    "NoProxy": "dynamodb.eu-west-1.amazonaws.com,kms.eu-west-1.amazonaws.com",
    "CaBundleLayerArn": "arn:aws:lambda:eu-west-1:210987654321:layer:ca-bundle:3",
    "TableKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-0000-0000-000000000001",
    "LogKeyArn": "arn:aws:kms:eu-west-1:210987654321:key/0a1b2c3d-0000-0000-0000-000000000002",
}
DOMAIN = REQUIRED | {
    "DomainName": "approve.example.org",
    "CertificateArn": CERTIFICATE,
    "Origins": "https://front.example.org",
}

CONFIGURATIONS = {
    "defaults": REQUIRED,
    "everything": EVERYTHING,
    "overrides": OVERRIDES,
    "file": SENDER | SOURCES["file"],
    "elsewhere": ELSEWHERE,
    "members": MEMBERS,
    "organization": ORGANIZATION,
    "listed": LISTED,
    "landing": LANDING,
    "domain": DOMAIN,
}

# What some parameters need beside them.
NEEDS = {
    "DomainName": {"DomainName": "old.example.org", "CertificateArn": CERTIFICATE},
    "CertificateArn": {"DomainName": "approve.example.org", "CertificateArn": CERTIFICATE},
    "SubnetIds": {"SubnetIds": "subnet-0a1b2c3d", "SecurityGroupIds": "sg-0a1b2c3d"},
    "SecurityGroupIds": {"SubnetIds": "subnet-0a1b2c3d", "SecurityGroupIds": "sg-0a1b2c3d"},
    "NoProxy": {"HttpsProxy": "http://proxy.example.org:3128"},
    "HostedZoneId": {"DomainName": "approve.example.org", "CertificateArn": CERTIFICATE},
    "SesRegion": {"ConfigurationSet": "mail"},
    "MemberAccountsParameter": {"OrganizationId": "o-a1b2c3d4e5"},
    "OkActions": {"AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms"},
    "ServeOwnAccount": {"MemberAccounts": "210987654321"},
    "SweepConcurrency": {"NotifierConcurrency": "0"},
}

HUB, HUB_REGION = "210987654321", "eu-central-1"
HUB_BUS = f"arn:aws:events:{HUB_REGION}:{HUB}:event-bus/countersign-members"
# The stack of another account, in the region where it has the roles, in one where it has not, and with every parameter.
MEMBER_CONFIGURATIONS = {
    "home": {"HubBusArn": HUB_BUS, "HomeRegion": REGION},
    "abroad": {"HubBusArn": HUB_BUS, "HomeRegion": "us-east-1"},
    "everything": {
        "HubBusArn": f"arn:aws:events:{HUB_REGION}:{HUB}:event-bus/central",
        "HomeRegion": REGION,
        "DeploymentName": "releases",
        "RolePrefix": "approvals",
        "RolePath": "/delivery/approvals/",
        "PermissionsBoundaryName": "landing/boundary",
        "PipelineNamePrefix": "team-a-",
        "OrganizationId": "o-a1b2c3d4e5",
        "TestEvents": "enabled",
    },
}


@functools.cache
def sam_text():
    # YAML's anchors make several references to one object. In JSON each is a copy, so a test can change just one.
    return json.dumps(yaml_parse(SAM_TEMPLATE.read_text()))


def sam_source():
    """The SAM template as it is written."""
    return json.loads(sam_text())


def sam_template(source):
    """The template that CloudFormation makes of a SAM template."""
    source = copy.deepcopy(source)
    for resource in source["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # As `sam package` does.
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    no_managed_policies = type("NoManagedPolicies", (), {"load": staticmethod(dict)})()
    return transform(source, {}, no_managed_policies)


@functools.cache
def unchanged_sam_template():
    return sam_template(sam_source())


def sam_stack(parameters, source=None):
    """The stack of the SAM template, or of a changed copy of it."""
    return Stack(sam_template(source) if source else unchanged_sam_template(), parameters)


def plain_template(path):
    """A template that CloudFormation takes as it is written."""
    return json.loads(json.dumps(yaml_parse(path.read_text())))


def ses_template():
    """The template of the configuration set in another region."""
    return plain_template(SES_TEMPLATE)


def member_template():
    """The template of another account."""
    return plain_template(MEMBER_TEMPLATE)


def member_stack(parameters):
    return Stack(member_template(), parameters)


class SynthesisError(Exception):
    """The CDK app failed, or cdk-nag has findings."""


@functools.cache
def synthesizer():
    """A process that synthesizes the CDK app, once per line of input."""
    # A `cargo` that only knows `cargo lambda --version`, which the construct calls even when it is not to build.
    path = f"{ROOT / 'tests/infra/cargo-lambda'}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        ["node", "--import", "tsx", "test/synthesize.ts"],
        cwd=CDK,
        env=os.environ | {"PATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(process.communicate)
    return process


@functools.cache
def zips():
    """The context with code for both functions. The code itself does not matter."""
    directory = tempfile.TemporaryDirectory()
    atexit.register(directory.cleanup)
    path = pathlib.Path(directory.name, "code.zip")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bootstrap", "")
    return {"notifierZip": str(path), "callbackZip": str(path)}


def synthesize(context):
    """The template that the CDK app synthesizes with a context."""
    process = synthesizer()
    process.stdin.write(json.dumps(context) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise AssertionError(f"test/synthesize.ts ended with {process.wait()}; its error is above")
    answer = json.loads(line)
    if "error" in answer:
        raise SynthesisError(answer["error"])
    return answer["template"]


@functools.cache
def policy_file(text):
    """The path of a file with a policy."""
    directory = tempfile.TemporaryDirectory()
    atexit.register(directory.cleanup)
    path = pathlib.Path(directory.name, "policy.toml")
    path.write_text(text)
    return str(path)


def context(parameters):
    """The context of the CDK app for the SAM template's parameters."""
    found = {name[0].lower() + name[1:]: value for name, value in parameters.items()}
    text = found.pop("policyText", None)
    return found if text is None else found | {"policyFile": policy_file(text)}


@functools.cache
def cdk_template(**parameters):
    """The template that the CDK app synthesizes with the SAM template's parameters."""
    return synthesize(context(parameters) | zips())


@functools.cache
def member_cdk_template(**parameters):
    """The template that the CDK app synthesizes for another account."""
    return synthesize(context(parameters) | {"stack": "member"})


def cdk_name(logical_id, resource):
    # Stacks of apps other than infra/cdk have other names.
    path = re.sub(r"^\w+/EmailApprovals/", "", resource["Metadata"]["aws:cdk:path"])
    for prefix, name in CDK_PREFIXES.items():
        if path.startswith(prefix):
            return name
    return CDK_NAMES.get(path, f"{logical_id} ({path})")


def member_cdk_name(logical_id, resource):
    path = resource["Metadata"]["aws:cdk:path"].removeprefix("CountersignMember/Member/")
    return MEMBER_CDK_NAMES.get(path, f"{logical_id} ({path})")


# A CDK stack's only parameter, which every stack for a bootstrapped account has, does not count, nor the rule about it.
UNCOUNTED = {"Parameters": {}, "Rules": {}}


def cdk_stack(parameters, template=None):
    """The stack of the CDK app, or of a given template of it."""
    return Stack((template or cdk_template(**parameters)) | UNCOUNTED, None, cdk_name)


def member_cdk_stack(parameters, template=None):
    """The CDK app's stack of another account, or that of a given template of it."""
    return Stack((template or member_cdk_template(**parameters)) | UNCOUNTED, None, member_cdk_name)
