"""The SAM template and the CDK app make the same system, and its parts have the permissions that they need and no more.

Every check reads what CloudFormation would get: the SAM template after its transform, and what the CDK synthesizes.
"""

import copy
import functools
import graphlib
import http.server
import itertools
import json
import os
import pathlib
import re
import tempfile
import threading
import unittest
from unittest import mock

import cfnlint
import jsonschema
import tomlkit
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from samcli.cli.types import CfnParameterOverridesType

import counted
import markdown
import parameter_tables
import printed
from access import Request, allows, refuses
from stack import REGION, Refused, Stack, differences, normalized, permissions, statements
from templates import (
    CDK,
    CONFIGURATIONS,
    ELSEWHERE,
    HUB,
    HUB_BUS,
    HUB_REGION,
    LANDING,
    LISTED,
    MEMBER_CONFIGURATIONS,
    NEEDS,
    REQUIRED,
    ROOT,
    SENDER,
    SOURCES,
    SynthesisError,
    cdk_stack,
    cdk_template,
    context,
    member_cdk_stack,
    member_cdk_template,
    member_stack,
    member_template,
    plain_template,
    sam_source,
    sam_stack,
    sam_template,
    ses_template,
    synthesize,
    zips,
)

# Good and bad values of each parameter, of SAM's template and of another account's.
VALUES = json.loads(pathlib.Path(__file__).with_name("values.json").read_text())
MEMBER_VALUES = json.loads(pathlib.Path(__file__).with_name("member-values.json").read_text())

# AWS's service authorization reference, from cfn-lint: the resources that each action takes, and how their ARNs look.
AUTHORIZATION = json.loads(
    pathlib.Path(cfnlint.__file__).with_name("data").joinpath("AdditionalSpecs/Policies.json").read_text()
)

ACCOUNT_ARN = "arn:aws:{}:eu-west-1:123456789012:{}".format
LEDGER = ACCOUNT_ARN("dynamodb", "table/LedgerTable")
EVENT_BUS = ACCOUNT_ARN("events", "event-bus/default")
DEFAULT_BUSES = "arn:aws:events:*:123456789012:event-bus/default"
MEMBER_BUS = ACCOUNT_ARN("events", "event-bus/countersign-members")
NOTIFIER = ACCOUNT_ARN("lambda", "function:NotifierFunction")
CALLBACK = ACCOUNT_ARN("lambda", "function:CallbackFunction")
NOTIFIER_DEAD_LETTERS = ACCOUNT_ARN("sqs", "NotifierDeadLetterQueue")
RULE_DEAD_LETTERS = ACCOUNT_ARN("sqs", "RuleDeadLetterQueue")
EMAIL_QUEUE = ACCOUNT_ARN("sqs", "EmailQueue")
EMAIL_DEAD_LETTERS = ACCOUNT_ARN("sqs", "EmailDeadLetterQueue")
SWEEP_QUEUE = ACCOUNT_ARN("sqs", "SweepQueue")
SWEEP_DEAD_LETTERS = ACCOUNT_ARN("sqs", "SweepDeadLetterQueue")
TOPIC = ACCOUNT_ARN("sns", "ApprovalTopic")
APPROVAL_RULE = ACCOUNT_ARN("events", "rule/ApprovalRule")
VOTE_RULE = ACCOUNT_ARN("events", "rule/VoteRule")
SWEEP_RULE = ACCOUNT_ARN("events", "rule/SweepRule")
EMAIL_RULE = ACCOUNT_ARN("events", "rule/EmailRule")
MEMBER_RULE = ACCOUNT_ARN("events", "rule/MemberRule")
FORWARD_RULE = ACCOUNT_ARN("events", "rule/ForwardRule")

# The events for others, by detail type.
NEWS = ["Approval Requested", "Vote Recorded", "Approval Ended", "Email Undelivered"]

APPROVAL_EVENT = {
    "source": ["aws.codepipeline"],
    "detail-type": ["CodePipeline Action Execution State Change"],
    "detail": {
        "type": {"owner": ["AWS"], "provider": ["Manual"], "category": ["Approval"]},
        "state": ["STARTED", "SUCCEEDED", "FAILED", "ABANDONED", "CANCELED"],
    },
}

TEST_SOURCE, TEST_TYPE = "countersign.doctor", "Countersign Test Event"


def approval_event(parameters):
    """What a rule takes: approval events of some pipelines or all, and the doctor's test events where they are enabled."""
    prefix = parameters.get("PipelineNamePrefix")
    detail = APPROVAL_EVENT["detail"] | ({"pipeline": [{"prefix": prefix}]} if prefix else {})
    taken = APPROVAL_EVENT | {"detail": detail}
    if parameters.get("TestEvents") != "enabled":
        return taken
    return taken | {
        "source": [*APPROVAL_EVENT["source"], TEST_SOURCE],
        "detail-type": [*APPROVAL_EVENT["detail-type"], TEST_TYPE],
    }


# The configuration set in use.
CONFIGURATION_SETS = {title: "countersign" for title in CONFIGURATIONS} | {
    "everything": "releases",
    "overrides": "existing",
    "elsewhere": "mail",
}
# The configurations that name other accounts, take their events, and do not serve their own.
MEMBERS = {"everything": ["210987654321", "345678901234"], "members": ["210987654321"]}
ORGANIZATIONS = dict.fromkeys(("everything", "organization", "listed"), "o-a1b2c3d4e5")
SERVE_OTHERS_ONLY = {"members", "listed"}
# The parameter with the accounts that are served, where there is one.
ACCOUNT_PARAMETERS = {"listed": "/releases/accounts"}
# The configurations that forward events, and where.
FORWARD = {"everything": "arn:aws:events:us-east-1:345678901234:event-bus/releases"}


def key_arns(kind, numbers):
    """The ARNs of keys of one kind, "Request" or "Vote"."""
    names = [f"{kind}Key{number}" for number in numbers]
    return [ACCOUNT_ARN("kms", "key/" + ("SigningKey" if name == "RequestKey1" else name)) for name in names]


# The keys of each configuration: those that are trusted, and those that are in the stack.
REQUEST_KEYS = {title: key_arns("Request", [1]) for title in CONFIGURATIONS} | {
    "everything": key_arns("Request", [2, 1]),
    "overrides": key_arns("Request", [2]),
}
VOTE_KEYS = {title: key_arns("Vote", [1]) for title in CONFIGURATIONS} | {"everything": key_arns("Vote", [3, 2, 1])}
ALL_REQUEST_KEYS = REQUEST_KEYS | {"overrides": key_arns("Request", [1, 2])}
ALL_VOTE_KEYS = VOTE_KEYS


def deployment_name(title):
    return CONFIGURATIONS[title].get("DeploymentName", "countersign")


def role_name(title, function):
    """The name of the role of a function, "notifier" or "callback"."""
    return f"{deployment_name(title)}-{function}-eu-west-1"


def role_path(title):
    """The path of the roles of a deployment, with which the names in their ARNs begin."""
    return CONFIGURATIONS[title].get("RolePath", "/")


def role_arns(name, account="123456789012", path="/"):
    """The ARN of a role, and the pattern of those of its sessions, which have no path."""
    return [f"arn:aws:iam::{account}:role{path}{name}", f"arn:aws:sts::{account}:assumed-role/{name}/*"]


def role_prefix(title):
    return CONFIGURATIONS[title].get("MemberRolePrefix", deployment_name(title))


def has_member_bus(title):
    return title in MEMBERS or title in ORGANIZATIONS


def makes_configuration_set(title):
    return "ConfigurationSet" not in CONFIGURATIONS[title]


def has_topic(title):
    return CONFIGURATIONS[title].get("NotificationTopic") == "true"


def both(parameters):
    """The stacks of both templates with some parameters."""
    return (("SAM", sam_stack(parameters)), ("CDK", cdk_stack(parameters)))


def member_both(parameters):
    """The stacks of both templates of another account with some parameters."""
    return (("CloudFormation", member_stack(parameters)), ("CDK", member_cdk_stack(parameters)))


def on_every(configurations, stacks):
    """Makes tests of checks of one stack: those of every configuration, each in a subtest."""

    def decorate(check):
        @functools.wraps(check)
        def test(self):
            for title, parameters in configurations.items():
                for tool, stack in stacks(parameters):
                    with self.subTest(f"{tool}, {title}"):
                        check(self, title, stack)

        return test

    return decorate


on_every_stack = on_every(CONFIGURATIONS, both)
on_every_member_stack = on_every(MEMBER_CONFIGURATIONS, member_both)


class SamAndCdk(unittest.TestCase):
    maxDiff = None

    def test_they_make_the_same_system(self):
        for title, parameters in CONFIGURATIONS.items():
            with self.subTest(title):
                self.assertEqual(differences(sam_stack(parameters), cdk_stack(parameters)), [])

    def test_every_parameter_has_an_effect(self):
        # Both are equal in all configurations, so what has an effect in SAM's stack has it in the CDK's.
        changed = CONFIGURATIONS["overrides"] | CONFIGURATIONS["everything"]
        changed |= CONFIGURATIONS["file"] | CONFIGURATIONS["elsewhere"] | CONFIGURATIONS["members"]
        changed |= CONFIGURATIONS["listed"] | CONFIGURATIONS["landing"]
        self.assertEqual(set(changed), set(sam_source()["Parameters"]))
        sources = {name: source for source in SOURCES.values() for name in source if name != "PolicySource"}
        for name, value in changed.items():
            with self.subTest(name):
                before = SENDER | sources.get(name, SOURCES["approvers"]) | NEEDS.get(name, {})
                after = before | {name: f"{value}x" if value == before.get(name) else value}
                if name == "PolicySource":
                    after = SENDER | SOURCES["file"]
                self.assertNotEqual(differences(sam_stack(before), sam_stack(after)), [])

    @on_every_stack
    def test_what_is_needed_is_made_first_and_removed_last(self, _title, stack):
        dependencies = {name: resource["DependsOn"] for name, resource in stack.resources.items()}

        def behind(name):
            """Everything that a resource depends on by its declaration."""
            return dependencies[name].union(*map(behind, dependencies[name]))

        for name, first in (
            ("NotifierFunction", {"CallbackFunction", "NotifierPolicy", "NetworkPolicy"}),
            ("CallbackFunction", {"CallbackPolicy", "NetworkPolicy"}),
            ("LedgerTable", {"TableKeyPolicy"}),
            ("Api", {"ApiDomain"}),
        ):
            self.assertLessEqual(first & set(stack.resources), behind(name), name)


def is_value(node):
    """Whether a node is a scalar, or an intrinsic function in place of one."""
    if isinstance(node, dict):
        return any(key == "Ref" or key.startswith("Fn::") for key in node)
    return not isinstance(node, list)


class Comparison(unittest.TestCase):
    """`differences` sees every change to either template. Otherwise it would prove nothing."""

    CHANGED = '"changed"'  # Also valid JSON, for the format of the access log.
    # The attributes of a resource that are compared, and the properties within that make no difference to the system.
    COMPARED = {"Properties", "DeletionPolicy", "UpdateReplacePolicy"}
    UNCOMPARED = {"Code", "Id", "PolicyName", "Sid", "Tags"}

    def test_every_change_or_addition_is_seen(self):
        parameters = CONFIGURATIONS["everything"]
        sam, cdk = sam_stack(parameters), cdk_stack(parameters)
        self.check_every_change(sam_template(sam_source()), lambda template: Stack(template, parameters), cdk)
        self.check_every_change(cdk_template(**parameters), lambda template: cdk_stack(parameters, template), sam)

    def test_so_is_every_one_of_another_accounts(self):
        parameters = MEMBER_CONFIGURATIONS["everything"]
        plain, cdk = member_stack(parameters), member_cdk_stack(parameters)
        self.check_every_change(member_template(), lambda template: Stack(template, parameters), cdk)
        template = member_cdk_template(**parameters)
        self.check_every_change(template, lambda template: member_cdk_stack(parameters, template), plain)

    def check_every_change(self, template, make_stack, other):
        for logical_id, name in make_stack(template).names.items():
            resource = template["Resources"][logical_id]
            compared = {key: resource[key] for key in resource if key in self.COMPARED}
            for (*parents, last), value in self.changes(compared):
                with self.subTest(f"{logical_id}: {parents} {last}"):
                    changed = copy.deepcopy(template)
                    node = functools.reduce(lambda node, key: node[key], parents, changed["Resources"][logical_id])
                    if last == "append":
                        node.append(value)
                    else:
                        node[last] = value
                    try:
                        found = differences(make_stack(changed), other)
                    except ValueError:
                        continue  # The change is not supported, so it is not overlooked either.
                    self.assertIn(name, {line.split(".")[0] for line in found})

    def changes(self, node):
        """Paths in a node, each with another value: every value changed, and one more in every list and object."""
        if isinstance(node, list):
            values = any(is_value(child) for child in node)
            yield ("append",), self.CHANGED if values else {"Added": self.CHANGED}
        elif is_value(node):
            yield (), self.CHANGED
            return
        else:
            yield ("Added",), self.CHANGED
        for key, child in node.items() if isinstance(node, dict) else enumerate(node):
            if key not in self.UNCOMPARED:
                yield from (((key, *path), value) for path, value in self.changes(child))

    def test_a_resource_in_only_one_of_them_is_seen(self):
        source = sam_source()
        del source["Resources"]["RuleDeadLettersAlarm"]
        self.assertEqual(
            differences(sam_stack(REQUIRED, source), cdk_stack(REQUIRED)), ["RuleDeadLettersAlarm: only in the second"]
        )
        template = copy.deepcopy(cdk_template(**REQUIRED))
        template["Resources"]["Stray"] = {"Type": "AWS::SNS::Topic", "Metadata": {"aws:cdk:path": "Countersign/Stray"}}
        self.assertEqual(
            differences(sam_stack(REQUIRED), cdk_stack(REQUIRED, template)),
            ["Stray (Countersign/Stray): only in the second"],
        )


# With these, a stack has every role that it can have.
EVERY_ROLE = {"ForwardBusArn": "arn:aws:events:us-east-1:345678901234:event-bus/releases"}

# What limits a statement to the doctor's test events.
TEST_EVENTS = {
    "ForAllValues:StringEquals": {"events:source": TEST_SOURCE},
    "Null": {"events:source": "false"},
    "StringEquals": {"events:detail-type": TEST_TYPE},
}
MEMBER_ROLES = {"ReadingRole", "DecidingRole"}


def member_permissions(deployment, rules=(), queues=(), buses=(), prefix=""):
    """The permissions of the two roles of an account that is served, whether it is the hub's own or another. The hub's own
    reading role may also see what the hub itself has: its rule, where that is on another bus, and its queue. Both may put
    the doctor's test events on buses, where those are enabled. Neither role reaches a pipeline without the prefix."""
    pipelines = [f"arn:aws:codepipeline:*:123456789012:{prefix}*"]
    rules = sorted([f"arn:aws:events:*:123456789012:rule/{deployment}-approvals", *rules])
    queues = sorted([f"arn:aws:sqs:*:123456789012:{deployment}-approvals-dead-letters", *queues])
    tests = {"events:PutEvents": sorted(buses)} if buses else {}
    return {
        "ReadingRole": tests
        | {
            "codepipeline:GetPipeline": pipelines,
            "codepipeline:GetPipelineExecution": pipelines,
            "codepipeline:GetPipelineState": pipelines,
            "codepipeline:ListActionExecutions": pipelines,
            "codepipeline:ListPipelineExecutions": pipelines,
            "codepipeline:ListPipelines": ["*"],
            "events:DescribeRule": rules,
            "events:ListTargetsByRule": rules,
            "sqs:GetQueueAttributes": queues,
            "sqs:GetQueueUrl": queues,
        },
        "DecidingRole": {"codepipeline:PutApprovalResult": [f"{pipelines[0]}/*/*"]},
    }


def allowed_by(stack, role):
    """What the policies of a role allow: each action, with its resources."""
    found = {}
    for effect, _, action, resource, _ in permissions(stack, role):
        if effect == "Allow":
            found.setdefault(action, []).append(resource)
    return {action: sorted(resources) for action, resources in found.items()}


# What Lambda needs for a function in a VPC, as in its own policy AWSLambdaVPCAccessExecutionRole.
NETWORK_INTERFACES = {
    *("ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"),
    *("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"),
}


# What DynamoDB needs of a caller who reads and writes an encrypted table.
TABLE_KEY = {
    *("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"),
    *("kms:ReEncryptFrom", "kms:ReEncryptTo"),
}


def table_key(title):
    """The key of the ledger's table, if it is one of the user's."""
    return CONFIGURATIONS[title].get("TableKeyArn")


def in_vpc(title):
    return "SubnetIds" in CONFIGURATIONS[title]


class Roles(unittest.TestCase):
    """The permissions of the functions, and of the roles that they assume: each action, with the exact resources."""

    SENDERS = ["identity/approvals@mail.example.com", "identity/mail.example.com"]
    IDENTITIES = dict.fromkeys(CONFIGURATIONS, SENDERS) | {
        "everything": ["identity/*", "identity/example.org", "identity/releases@example.org"],
        "overrides": ["identity/example.com"],
    }
    # With a slash, which is part of a name that is given, but not of one that CloudFormation makes.
    POLICY_PARAMETERS = {"overrides": "/releases/who-decides", "file": "/PolicyParameter"}
    # Neither action takes a resource.
    TRACING = {"xray:PutTelemetryRecords": ["*"], "xray:PutTraceSegments": ["*"]}
    # Lambda itself needs these. All others are in the code.
    LAMBDA_ACTIONS = {
        *("logs:CreateLogStream", "logs:PutLogEvents", *TRACING),
        *("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"),
    }
    # Lambda asks for these on all resources, though some take one.
    ON_ALL_RESOURCES = NETWORK_INTERFACES

    def member_role(self, title, kind):
        """The roles of one kind that the functions may assume."""
        account = "*" if title in MEMBERS or title in ACCOUNT_PARAMETERS else "123456789012"
        return f"arn:aws:iam::{account}:role{role_path(title)}{role_prefix(title)}-{kind}"

    def logs(self, group):
        arn = ACCOUNT_ARN("logs", f"log-group:{group}:*")
        return {"logs:CreateLogStream": [arn], "logs:PutLogEvents": [arn]}

    def parameters(self, title, *names):
        """The right to read these parameters, as far as there are any: the policy, and the accounts."""
        arns = [ACCOUNT_ARN("ssm", f"parameter{name[title]}") for name in names if title in name]
        return {"ssm:GetParameter": sorted(arns)} if arns else {}

    def keys(self, title):
        return sorted(ALL_REQUEST_KEYS[title] + ALL_VOTE_KEYS[title])

    def table_key(self, title):
        return dict.fromkeys(TABLE_KEY, [table_key(title)]) if table_key(title) else {}

    def network(self, title):
        return dict.fromkeys(NETWORK_INTERFACES, ["*"]) if in_vpc(title) else {}

    def ses(self, title, resource):
        region = CONFIGURATIONS[title].get("SesRegion", "eu-west-1")
        return f"arn:aws:ses:{region}:123456789012:{resource}"

    def configuration_set(self, title):
        return self.ses(title, f"configuration-set/{CONFIGURATION_SETS[title]}")

    def senders(self, title):
        """What SES checks on sending: the identity and the configuration set."""
        if title == "elsewhere":
            identities = [CONFIGURATIONS[title]["SenderIdentityArn"]]
        else:
            identities = [self.ses(title, identity) for identity in self.IDENTITIES[title]]
        return sorted([self.configuration_set(title), *identities])

    def notifier(self, title):
        return (
            self.TRACING
            | self.parameters(title, self.POLICY_PARAMETERS, ACCOUNT_PARAMETERS)
            | self.logs("NotifierLogGroup")
            | self.table_key(title)
            | self.network(title)
            | {
                "dynamodb:DescribeTable": [LEDGER],
                "dynamodb:GetItem": [LEDGER],
                "dynamodb:GetResourcePolicy": [LEDGER],
                "dynamodb:PutItem": [LEDGER],
                "dynamodb:Query": [LEDGER],
                "dynamodb:UpdateItem": [LEDGER],
                "events:PutEvents": [EVENT_BUS],
                "kms:GetKeyPolicy": self.keys(title),
                "kms:GetPublicKey": self.keys(title),
                "kms:Sign": sorted(REQUEST_KEYS[title]),
                "ses:GetAccount": ["*"],
                "ses:GetConfigurationSet": [self.configuration_set(title)],
                "ses:GetConfigurationSetEventDestinations": [self.configuration_set(title)],
                "ses:GetEmailIdentity": [self.ses(title, "identity/*")],
                "ses:SendRawEmail": self.senders(title),
                "sqs:ChangeMessageVisibility": [SWEEP_QUEUE],
                "sqs:DeleteMessage": [EMAIL_QUEUE, SWEEP_QUEUE],
                "sqs:GetQueueAttributes": [EMAIL_QUEUE, SWEEP_QUEUE],
                "sqs:ReceiveMessage": [EMAIL_QUEUE, SWEEP_QUEUE],
                "sqs:SendMessage": [NOTIFIER_DEAD_LETTERS, SWEEP_QUEUE],
                "sts:AssumeRole": [self.member_role(title, "read")],
            }
        )

    def callback(self, title):
        return (
            self.TRACING
            | self.parameters(title, ACCOUNT_PARAMETERS)
            | self.logs("CallbackLogGroup")
            | self.table_key(title)
            | self.network(title)
            | {
                "dynamodb:GetItem": [LEDGER],
                "dynamodb:UpdateItem": [LEDGER],
                "events:PutEvents": [EVENT_BUS],
                "kms:GetPublicKey": self.keys(title),
                "kms:Sign": sorted(VOTE_KEYS[title]),
                "sts:AssumeRole": sorted(self.member_role(title, kind) for kind in ("decide", "read")),
                "sts:SetSourceIdentity": [self.member_role(title, "decide")],
            }
        )

    def roles(self, title):
        """All roles, each with its permissions."""
        functions = {"NotifierRole": self.notifier(title), "CallbackRole": self.callback(title)}
        if title in FORWARD:
            functions["ForwardingRole"] = {"events:PutEvents": [FORWARD[title]]}
        if title in SERVE_OTHERS_ONLY:
            return functions
        name, bus = deployment_name(title), CONFIGURATIONS[title].get("EventBusName")
        rules = [ACCOUNT_ARN("events", f"rule/{bus}/{name}-approvals")] if bus else []
        buses = []
        if CONFIGURATIONS[title].get("TestEvents") == "enabled":
            buses = [DEFAULT_BUSES, *([ACCOUNT_ARN("events", f"event-bus/{bus}")] if bus else [])]
        prefix = CONFIGURATIONS[title].get("PipelineNamePrefix", "")
        return functions | member_permissions(name, rules, [RULE_DEAD_LETTERS], buses, prefix)

    @on_every_stack
    def test_each_has_exactly_the_permissions_that_it_needs(self, title, stack):
        for role, expected in self.roles(title).items():
            self.assertEqual(allowed_by(stack, role), expected)

    @on_every_stack
    def test_only_lambda_itself_can_use_what_a_vpc_takes(self, title, stack):
        denied = {
            (role, *statement[2:])
            for role in self.roles(title)
            for statement in permissions(stack, role)
            if statement[0] == "Deny"
        }
        arn = ACCOUNT_ARN("lambda", f"function:{deployment_name(title)}-{{}}").format
        code = json.dumps({"ArnEquals": {"lambda:SourceFunctionArn": [arn("callback"), arn("notifier")]}})
        expected = {
            (role, action, "*", code)
            for role in ("NotifierRole", "CallbackRole")
            for action in NETWORK_INTERFACES | {"ec2:DetachNetworkInterface"}
        }
        self.assertEqual(denied, expected if in_vpc(title) else set())

    @on_every_stack
    def test_the_only_conditions_are_the_sender_of_emails_the_type_of_events_and_the_way_to_a_key(self, title, stack):
        conditions = {
            (role, action, condition)
            for role in self.roles(title)
            for effect, _, action, _, condition in permissions(stack, role)
            if effect == "Allow" and condition != "null"
        }
        sender = {"StringEquals": {"ses:FromAddress": CONFIGURATIONS[title]["Sender"]}}
        news, hints = (
            {
                "ForAllValues:StringEquals": {"events:source": "countersign"},
                "StringEquals": {"events:detail-type": types},
            }
            for types in (NEWS, ["Vote Recorded", "Request Missing"])
        )
        expected = {
            ("NotifierRole", "ses:SendRawEmail", json.dumps(sender)),
            ("NotifierRole", "events:PutEvents", json.dumps(news)),
            ("CallbackRole", "events:PutEvents", json.dumps(hints)),
        }
        if CONFIGURATIONS[title].get("TestEvents") == "enabled":
            expected.add(("ReadingRole", "events:PutEvents", json.dumps(TEST_EVENTS)))
        if table_key(title):
            via = json.dumps({"StringLike": {"kms:ViaService": "dynamodb.eu-west-1.*"}})
            expected |= {(role, action, via) for role in ("NotifierRole", "CallbackRole") for action in TABLE_KEY}
        self.assertEqual(conditions, expected)

    def test_the_identities_follow_from_identity_region_configuration_set_and_sandbox(self):
        home = ACCOUNT_ARN("ses", "{}").format
        abroad = home("{}").replace("eu-west-1", "us-east-1").format
        other = CONFIGURATIONS["elsewhere"]["SenderIdentityArn"]
        sender, plain = {"SenderIdentity": "example.com"}, {"ConfigurationSet": "plain"}
        for parameters, expected in (
            (sender, {home("configuration-set/countersign"), home("identity/example.com")}),
            (sender | plain, {home("configuration-set/plain"), home("identity/example.com")}),
            (
                sender | {"SesSandbox": "true"},
                {home("configuration-set/countersign"), home("identity/*"), home("identity/example.com")},
            ),
            (
                sender | plain | {"SesRegion": "us-east-1"},
                {abroad("configuration-set/plain"), abroad("identity/example.com")},
            ),
            ({"SenderIdentityArn": other}, {home("configuration-set/countersign"), other}),
            (
                {"SenderIdentityArn": other, "SesSandbox": "true"},
                {home("configuration-set/countersign"), home("identity/*"), other},
            ),
        ):
            for tool, stack in both(REQUIRED | parameters):
                with self.subTest(f"{tool}, {parameters}"):
                    found = {
                        resource
                        for _, _, action, resource, _ in permissions(stack, "NotifierRole")
                        if action == "ses:SendRawEmail"
                    }
                    self.assertEqual(found, expected)

    @on_every_stack
    def test_there_are_no_other_roles_and_no_managed_policies(self, title, stack):
        roles = stack.of_type("AWS::IAM::Role")
        self.assertEqual(set(roles), set(self.roles(title)))
        for role in roles.values():
            self.assertNotIn("ManagedPolicyArns", role)
        self.assertEqual(stack.of_type("AWS::IAM::ManagedPolicy"), {})
        attached = [policy["Roles"] for policy in stack.of_type("AWS::IAM::Policy").values()]
        functions = ("callback", "notifier")
        names = [role_name(title, function) for function in functions]
        of_both = [sorted(names, reverse=True) for needed in (in_vpc(title), table_key(title)) if needed]
        self.assertEqual(sorted(attached), sorted([[name] for name in names] + of_both))
        for function in functions:
            role, _ = role_arns(role_name(title, function), path=role_path(title))
            self.assertEqual(stack.properties(f"{function.capitalize()}Function")["Role"], role)

    @on_every_stack
    def test_each_has_a_name_that_other_accounts_can_know(self, title, stack):
        roles = stack.of_type("AWS::IAM::Role")
        names = {name: role["RoleName"] for name, role in roles.items()}
        expected = {
            "NotifierRole": role_name(title, "notifier"),
            "CallbackRole": role_name(title, "callback"),
            "ReadingRole": f"{role_prefix(title)}-read",
            "DecidingRole": f"{role_prefix(title)}-decide",
            "ForwardingRole": f"{deployment_name(title)}-forward-eu-west-1",
        }
        self.assertEqual(names, {name: expected[name] for name in self.roles(title)})

    @on_every_stack
    def test_each_has_the_path_and_the_boundary_that_are_given(self, title, stack):
        given = CONFIGURATIONS[title]
        for name, role in stack.of_type("AWS::IAM::Role").items():
            # A path that is stated is another one to CloudFormation, which cannot change it.
            self.assertEqual(role.get("Path"), given.get("RolePath"), name)
            self.assertEqual(role.get("PermissionsBoundary"), given.get("PermissionsBoundaryArn"), name)

    def test_the_longest_names_are_not_too_long_for_iam(self):
        longest = {"DeploymentName": "a" * 40, "MemberRolePrefix": "a" * 57} | EVERY_ROLE
        for tool, stack in both(REQUIRED | longest):
            for name, role in stack.of_type("AWS::IAM::Role").items():
                with self.subTest(f"{tool}, {name}"):
                    # No region has a longer name than ap-southeast-1 and ap-northeast-1.
                    self.assertLessEqual(len(role["RoleName"].replace(REGION, "ap-southeast-1")), 64)

    @on_every_stack
    def test_sessions_of_the_roles_that_are_assumed_last_an_hour_at_most(self, title, stack):
        for name in self.roles(title).keys() & MEMBER_ROLES:
            self.assertEqual(stack.properties(name)["MaxSessionDuration"], "3600")

    def test_every_action_exists_and_its_resource_has_a_form_that_it_takes(self):
        roles = [role for title in CONFIGURATIONS for role in self.roles(title).values()]
        for action, resources in (one for role in roles for one in role.items()):
            with self.subTest(f"{action} on {resources}"):
                service, name = action.split(":")
                self.assertIn(name.lower(), AUTHORIZATION[service]["Actions"])
                kinds = AUTHORIZATION[service]["Actions"][name.lower()].get("Resources") or []
                if resources == ["*"] and action not in self.ON_ALL_RESOURCES:
                    self.assertEqual(kinds, [], "the action takes a resource")
                if resources == ["*"]:
                    continue
                forms = [form for kind in kinds for form in AUTHORIZATION[service]["Resources"][kind]["ARNFormats"]]
                forms = [re.sub(r"\$\{(\w+)\}", self.placeholder, form) for form in forms]
                for resource in resources:
                    self.assertTrue(any(re.fullmatch(form, resource) for form in forms), f"expected one of {forms}")

    def placeholder(self, match):
        # The identity to send with may be another account's, and the roles are in any account.
        return {"Partition": "aws", "Account": r"([0-9]{12}|\*)"}.get(match[1], "[^:]+")

    def test_the_functions_may_call_exactly_what_their_code_calls(self):
        # The code names the operation of each AWS call, for its errors. The doctor's reader of policies names what others
        # must not do, and calls nothing.
        reader = ROOT / "functions/notifier/src/doctor/policies.rs"
        self.assertNotIn("AwsError::new", reader.read_text())
        operation = re.compile(r'"((?:codepipeline|dynamodb|events|kms|ses|sqs|ssm|sts):[A-Z]\w+)"')
        called = {
            name
            for part in ("functions/notifier", "functions/callback", "shared")
            for path in (ROOT / part / "src").rglob("*.rs")
            if path != reader
            for name in operation.findall(path.read_text())
        }
        # What permissions these calls need: a transaction those of the writes in it, which are puts and updates.
        for call, needed in (
            ("dynamodb:TransactWriteItems", {"dynamodb:PutItem", "dynamodb:UpdateItem"}),
            ("sqs:SendMessageBatch", {"sqs:SendMessage"}),
            ("sts:AssumeRole", {"sts:AssumeRole", "sts:SetSourceIdentity"}),
        ):
            self.assertIn(call, called)
            called = called - {call} | needed
        allowed = set().union(*self.roles("file").values())
        self.assertLessEqual(called, allowed)
        self.assertLessEqual(allowed - called, self.LAMBDA_ACTIONS)


# What is denied of writing the ledger.
WRITES = [
    *("dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
    *("dynamodb:PartiQLDelete", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"),
]


class ResourcePolicies(unittest.TestCase):
    """The exact statements on the resources that others can reach."""

    DENY_WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}
    # A queue, and the rules that may send to it.
    QUEUES = {
        "EmailDeadLetterQueue": {EMAIL_RULE},
        "EmailQueue": {EMAIL_RULE},
        "NotifierDeadLetterQueue": set(),
        "RuleDeadLetterQueue": {APPROVAL_RULE, VOTE_RULE},
        "SweepDeadLetterQueue": set(),
        "SweepQueue": set(),
    }
    ASSUMED_BY_LAMBDA = {("Allow", '{"Service": "lambda.amazonaws.com"}', "sts:AssumeRole", "", "null")}
    TOPIC_POLICY = {
        ("Deny", '"*"', "sns:Publish", TOPIC, json.dumps(DENY_WITHOUT_TLS)),
        (
            "Allow",
            '{"Service": "codestar-notifications.amazonaws.com"}',
            "sns:Publish",
            TOPIC,
            json.dumps({"StringEquals": {"aws:SourceAccount": "123456789012"}}),
        ),
    }
    APPROVAL_EVENTS = {
        "ForAllValues:StringEquals": {"events:source": "aws.codepipeline"},
        "Null": {"events:source": "false"},
        "StringEquals": {"events:detail-type": "CodePipeline Action Execution State Change"},
    }
    # The resource that a policy is attached to.
    OWNERS = {
        "EmailDeadLetterQueuePolicy": ("Queues", "EmailDeadLetterQueue"),
        "EmailQueuePolicy": ("Queues", "EmailQueue"),
        "NotifierDeadLetterQueuePolicy": ("Queues", "NotifierDeadLetterQueue"),
        "RuleDeadLetterQueuePolicy": ("Queues", "RuleDeadLetterQueue"),
        "SweepDeadLetterQueuePolicy": ("Queues", "SweepDeadLetterQueue"),
        "SweepQueuePolicy": ("Queues", "SweepQueue"),
        "ApprovalTopicPolicy": ("Topics", TOPIC),
    }

    def queues(self, title):
        """The policy of every queue, which only the rules that may send to it tell apart."""
        found = {}
        for name, rules in self.QUEUES.items():
            arn = ACCOUNT_ARN("sqs", name)
            if name == "RuleDeadLetterQueue":
                rules = rules | ({MEMBER_RULE} if has_member_bus(title) else set())
                rules = rules | ({FORWARD_RULE} if title in FORWARD else set())
            found[f"{name}Policy"] = {
                ("Deny", '{"AWS": "*"}', "sqs:*", arn, json.dumps(self.DENY_WITHOUT_TLS)),
                *(
                    (
                        "Allow",
                        '{"Service": "events.amazonaws.com"}',
                        "sqs:SendMessage",
                        arn,
                        json.dumps({"ArnEquals": {"aws:SourceArn": rule}}),
                    )
                    for rule in rules
                ),
            }
        others = json.dumps({"ArnNotEquals": {"aws:SourceArn": EMAIL_RULE}})
        found["EmailQueuePolicy"].add(("Deny", '"*"', "sqs:SendMessage", EMAIL_QUEUE, others))
        but_notifier = json.dumps(self.only(title, "notifier"))
        found["SweepQueuePolicy"].add(("Deny", '{"AWS": "*"}', "sqs:SendMessage", SWEEP_QUEUE, but_notifier))
        return found

    def ledger(self, title):
        writers = {
            "ArnNotLike": {"aws:PrincipalArn": [*self.arns(title, "callback"), *self.arns(title, "notifier")]},
            "Bool": {"aws:PrincipalIsAWSService": "false"},
        }
        return {("Deny", '"*"', action, "*", json.dumps(writers)) for action in WRITES}

    def member_bus(self, title):
        arn = ACCOUNT_ARN("events", f"event-bus/{deployment_name(title)}-members")
        own = '{"AWS": "arn:aws:iam::123456789012:root"}'
        with_tests = CONFIGURATIONS[title].get("TestEvents") == "enabled"
        kinds = [self.APPROVAL_EVENTS, *([TEST_EVENTS] if with_tests else [])]
        found = {("Allow", own, "events:PutEvents", arn, json.dumps(events)) for events in kinds}
        if title in MEMBERS:
            accounts = MEMBERS[title] if len(MEMBERS[title]) > 1 else MEMBERS[title][0]
            for events in kinds:
                found.add(("Allow", json.dumps({"AWS": accounts}), "events:PutEvents", arn, json.dumps(events)))
        if title in ORGANIZATIONS:
            for events in copy.deepcopy(kinds):
                events["StringEquals"]["aws:PrincipalOrgID"] = ORGANIZATIONS[title]
                found.add(("Allow", '"*"', "events:PutEvents", arn, json.dumps(events, sort_keys=True)))
        return found

    def roles(self, title):
        """The trust policies."""
        own = '{"AWS": "arn:aws:iam::123456789012:root"}'
        callback = {"ArnLike": {"aws:PrincipalArn": self.arns(title, "callback")}}
        reads = {"ArnLike": {"aws:PrincipalArn": [*self.arns(title, "notifier"), *self.arns(title, "callback")]}}
        decides = json.dumps(callback | {"StringLike": {"sts:SourceIdentity": "*"}})
        found = {"NotifierRole": self.ASSUMED_BY_LAMBDA, "CallbackRole": self.ASSUMED_BY_LAMBDA}
        if title not in SERVE_OTHERS_ONLY:
            found["ReadingRole"] = {("Allow", own, "sts:AssumeRole", "", json.dumps(reads))}
            found["DecidingRole"] = {
                ("Allow", own, action, "", decides) for action in ("sts:AssumeRole", "sts:SetSourceIdentity")
            }
        if title in FORWARD:
            rule = ACCOUNT_ARN("events", f"rule/{deployment_name(title)}-forward")
            source = {
                "ArnEquals": {"aws:SourceArn": rule},
                "StringEquals": {"aws:SourceAccount": "123456789012"},
            }
            service = '{"Service": "events.amazonaws.com"}'
            found["ForwardingRole"] = {("Allow", service, "sts:AssumeRole", "", json.dumps(source))}
        return found

    def arns(self, title, function):
        return role_arns(role_name(title, function), path=role_path(title))

    def keys(self, title):
        """The policy of every key, which only the signer's role tells apart."""
        return {
            arn.split("/")[1]: {
                ("Allow", '{"AWS": "arn:aws:iam::123456789012:root"}', "kms:*", "*", "null"),
                ("Deny", '{"AWS": "*"}', "kms:Sign", "*", json.dumps(self.only(title, function))),
            }
            for function, keys in (("notifier", ALL_REQUEST_KEYS), ("callback", ALL_VOTE_KEYS))
            for arn in keys[title]
        }

    def only(self, title, function):
        return {"ArnNotLike": {"aws:PrincipalArn": self.arns(title, function)}}

    @on_every_stack
    def test_they_say_exactly_who_may_do_what(self, title, stack):
        found = {
            name: statements(resource["Properties"][key])
            for name, resource in stack.resources.items()
            for key in ("PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument")
            if key in resource["Properties"] and resource["Type"] != "AWS::IAM::Policy"
        }
        found["LedgerTable"] = statements(stack.properties("LedgerTable")["ResourcePolicy"]["PolicyDocument"])
        buses = stack.of_type("AWS::Events::EventBus")
        found |= {name: statements(bus["Policy"]) for name, bus in buses.items()}
        expected = self.queues(title) | self.keys(title) | self.roles(title) | {"LedgerTable": self.ledger(title)}
        if has_topic(title):
            expected["ApprovalTopicPolicy"] = self.TOPIC_POLICY
        if has_member_bus(title):
            expected["MemberBus"] = self.member_bus(title)
        self.assertEqual(found, expected)
        for name, (attribute, owner) in self.OWNERS.items():
            if name in found:
                self.assertEqual(stack.properties(name)[attribute], [owner])

    @on_every_stack
    def test_each_function_can_only_be_invoked_by_its_sources(self, title, stack):
        permitted = {
            (CALLBACK, "apigateway.amazonaws.com", ACCOUNT_ARN("execute-api", "Api/*/*")),
            (NOTIFIER, "events.amazonaws.com", APPROVAL_RULE),
            (NOTIFIER, "events.amazonaws.com", SWEEP_RULE),
            (NOTIFIER, "events.amazonaws.com", VOTE_RULE),
        }
        found = [
            (one["FunctionName"], one["Principal"], one["SourceArn"])
            for one in stack.of_type("AWS::Lambda::Permission").values()
        ]
        if has_topic(title):
            permitted.add((NOTIFIER, "sns.amazonaws.com", TOPIC))
        if has_member_bus(title):
            permitted.add((NOTIFIER, "events.amazonaws.com", MEMBER_RULE))
        self.assertEqual(sorted(found), sorted(permitted))


class Access(unittest.TestCase):
    """Who can sign, write and send, as IAM evaluates the policies of the keys, the table, the queue and the bus."""

    ADMIN = "arn:aws:iam::123456789012:role/Admin"
    SERVICE = None

    def others(self, title):
        """Who else there is. Those in the account may have every permission in their own policies."""
        notifier, callback = (role_name(title, function) for function in ("notifier", "callback"))
        return [
            self.ADMIN,
            "arn:aws:iam::123456789012:root",
            "arn:aws:iam::123456789012:user/admin",
            f"arn:aws:iam::123456789012:role/{notifier}2",
            f"arn:aws:iam::123456789012:role/path/{notifier}",
            f"arn:aws:iam::123456789012:user/{notifier}",
            f"arn:aws:iam::123456789012:role/{notifier.replace(REGION, 'us-east-1')}",
            f"arn:aws:iam::999999999999:role/{notifier}",
            f"arn:aws:sts::123456789012:assumed-role/Admin/{notifier}",
            f"arn:aws:sts::123456789012:assumed-role/{notifier}2/{notifier}",
            f"arn:aws:sts::999999999999:assumed-role/{callback}/session",
            f"arn:aws:sts::123456789012:federated-user/{callback}",
        ]

    def role(self, title, function):
        """The ARN of a function's role, and that of a session of it."""
        name = role_name(title, function)
        return [arn.replace("*", f"{deployment_name(title)}-{function}") for arn in role_arns(name, path=role_path(title))]

    def check(self, document, resource, refused, allowed):
        """Checks that a policy refuses some requests, given as principals and actions, and does not refuse others."""
        for expected, requests in ((True, refused), (False, allowed)):
            for principal, action in requests:
                with self.subTest(f"{action} by {principal} on {resource}"):
                    self.assertEqual(refuses(document, Request(principal, action, resource)), expected)

    @on_every_stack
    def test_only_one_role_can_sign_with_a_key_whatever_others_are_allowed(self, title, stack):
        for keys, signer, other in (
            (ALL_REQUEST_KEYS, "notifier", "callback"),
            (ALL_VOTE_KEYS, "callback", "notifier"),
        ):
            for arn in keys[title]:
                others = [*self.others(title), *self.role(title, other), self.SERVICE]
                administration = ("kms:PutKeyPolicy", "kms:GetKeyPolicy", "kms:DisableKey", "kms:GetPublicKey")
                self.check(
                    stack.properties(arn.split("/")[1])["KeyPolicy"],
                    arn,
                    [(principal, "kms:Sign") for principal in others],
                    [(principal, "kms:Sign") for principal in self.role(title, signer)]
                    + [(self.ADMIN, action) for action in administration],
                )

    @on_every_stack
    def test_only_the_functions_and_dynamodb_itself_can_write_the_ledger(self, title, stack):
        functions = self.role(title, "notifier") + self.role(title, "callback")
        others = ("GetItem", "Query", "Scan", "DeleteTable", "PutResourcePolicy", "DeleteResourcePolicy")
        recovery = ("CreateBackup", "RestoreTableToPointInTime", "RestoreTableFromBackup", "UpdateContinuousBackups")
        self.check(
            stack.properties("LedgerTable")["ResourcePolicy"]["PolicyDocument"],
            LEDGER,
            itertools.product(self.others(title), WRITES),
            [
                *itertools.product([*functions, self.SERVICE], WRITES),
                *((self.ADMIN, f"dynamodb:{action}") for action in (*others, *recovery)),
            ],
        )

    @on_every_stack
    def test_only_the_rule_can_write_the_queue_of_email_events(self, title, stack):
        document = stack.properties("EmailQueuePolicy")["PolicyDocument"]

        def refused(principal, action, source=None):
            return refuses(document, Request(principal, action, EMAIL_QUEUE, source))

        roles = self.role(title, "notifier") + self.role(title, "callback")
        for principal in [*self.others(title), *roles, self.SERVICE]:
            with self.subTest(f"{principal}, without a source"):
                self.assertTrue(refused(principal, "sqs:SendMessage"))
        topic, rule = ACCOUNT_ARN("sns", "topic"), EMAIL_RULE.replace("123456789012", "999999999999")
        for source in (APPROVAL_RULE, f"{EMAIL_RULE}2", rule, topic):
            with self.subTest(f"a service, for {source}"):
                self.assertTrue(refused(self.SERVICE, "sqs:SendMessage", source))
        self.assertFalse(refused(self.SERVICE, "sqs:SendMessage", EMAIL_RULE))
        for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"):
            self.assertFalse(refused(self.role(title, "notifier")[0], action))

    @on_every_stack
    def test_only_the_notifier_can_send_parts_of_rounds(self, title, stack):
        document = stack.properties("SweepQueuePolicy")["PolicyDocument"]

        def refused(principal, source=None):
            return refuses(document, Request(principal, "sqs:SendMessage", SWEEP_QUEUE, source))

        for principal in [*self.others(title), *self.role(title, "callback"), self.SERVICE]:
            with self.subTest(principal):
                self.assertTrue(refused(principal))
        for principal in self.role(title, "notifier"):
            self.assertFalse(refused(principal))

    @on_every_stack
    def test_only_those_who_send_can_put_approval_events_on_the_bus_and_nothing_else(self, title, stack):
        if not has_member_bus(title):
            self.assertEqual(stack.of_type("AWS::Events::EventBus"), {})
            return
        document = stack.properties("MemberBus")["Policy"]
        bus = ACCOUNT_ARN("events", f"event-bus/{deployment_name(title)}-members")
        approval = {
            "events:source": ["aws.codepipeline"],
            "events:detail-type": "CodePipeline Action Execution State Change",
        }

        def allowed(account, organization=None, action="events:PutEvents", **keys):
            principal = f"arn:aws:sts::{account}:assumed-role/forwarding/session"
            keys = approval | keys | {"aws:PrincipalOrgID": organization}
            return allows(document, Request(principal, action, bus, keys=keys))

        listed, organization = MEMBERS.get(title, []), ORGANIZATIONS.get(title)
        senders = [(account, None) for account in listed] + [(account, "o-zzzzzzzzzz") for account in listed]
        senders += [("999999999999", organization)] if organization else []
        senders.append(("123456789012", None))
        for sender in senders:
            with self.subTest(f"{sender}, an approval event"):
                self.assertTrue(allowed(*sender))
            for source in ("countersign", "countersign.doctor", "aws.ses", "aws.codepipeline2", "AWS.codepipeline", "aws.codecommit"):
                for sources in ([source], ["aws.codepipeline", source]):
                    with self.subTest(f"{sender}, from {sources}"):
                        self.assertFalse(allowed(*sender, **{"events:source": sources}))
            for sources in (["countersign.doctor"], ["aws.codepipeline"]):
                keys = {"events:source": sources, "events:detail-type": TEST_TYPE}
                tested = CONFIGURATIONS[title].get("TestEvents") == "enabled" and sources == [TEST_SOURCE]
                with self.subTest(f"{sender}, a test event from {sources}"):
                    self.assertEqual(allowed(*sender, **keys), tested)
            with self.subTest(f"{sender}, without a source"):
                self.assertFalse(allowed(*sender, **{"events:source": None}))
            for kind in (None, "Vote Recorded", "Email Bounced", "CodePipeline Pipeline Execution State Change"):
                with self.subTest(f"{sender}, of type {kind}"):
                    self.assertFalse(allowed(*sender, **{"events:detail-type": kind}))
            for action in ("events:PutRule", "events:PutTargets", "events:PutPermission", "events:DeleteEventBus"):
                with self.subTest(f"{sender}, {action}"):
                    self.assertFalse(allowed(*sender, action=action))
        strangers = [("999999999999", None), ("999999999999", "o-zzzzzzzzzz"), ("210987654322", "o-a1b2c3d4e5x")]
        for account in sorted({"210987654321", "345678901234"} - set(listed)):
            strangers.append((account, None))
        for stranger in strangers:
            with self.subTest(f"{stranger}, an approval event"):
                self.assertFalse(allowed(*stranger))

    def test_every_action_that_writes_items_of_a_table_is_denied(self):
        # AWS's reference names actions in lower case.
        denied = {action.split(":")[1].lower() for action in WRITES}
        writes = re.compile("^(batchwrite|delete|put|update)item$|^partiql(delete|insert|update)$")
        self.assertEqual({action for action in AUTHORIZATION["dynamodb"]["Actions"] if writes.match(action)}, denied)
        signs = {action for action in AUTHORIZATION["kms"]["Actions"] if "sign" in action}
        self.assertEqual(signs, {"sign"})


class Trust(unittest.TestCase):
    """Who can assume the two roles of an account that is served, as IAM evaluates their trust policies."""

    def check(self, stack, account, region, deployment, organization=None, path="/"):
        """Checks the roles of a stack that trust a deployment in an account and region, whose roles have a path."""
        member = {"aws:PrincipalOrgID": organization} if organization else {}
        named = {"sts:SourceIdentity": "ada@example.com"}
        notifier, callback = (f"{deployment}-{function}-{region}" for function in ("notifier", "callback"))

        def session(name, of=account):
            return [arn.replace("*", "session") for arn in role_arns(name, of, path)]

        def allowed(role, principal, action, **keys):
            document = stack.properties(role)["AssumeRolePolicyDocument"]
            return allows(document, Request(principal, action, keys=member | keys))

        for principal in session(notifier) + session(callback):
            with self.subTest(f"{principal} reads"):
                self.assertTrue(allowed("ReadingRole", principal, "sts:AssumeRole"))
                self.assertFalse(allowed("ReadingRole", principal, "sts:SetSourceIdentity", **named))
                self.assertFalse(allowed("ReadingRole", principal, "sts:TagSession"))
        for principal in session(callback):
            with self.subTest(f"{principal} decides"):
                for action in ("sts:AssumeRole", "sts:SetSourceIdentity"):
                    self.assertTrue(allowed("DecidingRole", principal, action, **named))
                    self.assertFalse(allowed("DecidingRole", principal, action))
                self.assertFalse(allowed("DecidingRole", principal, "sts:TagSession", **named))
        for principal in session(notifier):
            with self.subTest(f"{principal} does not decide"):
                self.assertFalse(allowed("DecidingRole", principal, "sts:AssumeRole", **named))
        others = [
            *("root", "user/admin", "role/Admin", f"user/{callback}", f"role/path/{callback}", f"role{path}{callback}2"),
            *([f"role/{callback}"] if path != "/" else []),
            *(f"role/{one}-callback-{region}" for one in ("other", f"x{deployment}")),
            f"role/{deployment}-callback-{'us-east-1' if region != 'us-east-1' else 'us-west-2'}",
        ]
        others = [
            *(f"arn:aws:iam::{account}:{one}" for one in others),
            f"arn:aws:sts::{account}:assumed-role/Admin/{callback}",
            f"arn:aws:sts::{account}:federated-user/{callback}",
            *(one for name in (notifier, callback) for one in session(name, "999999999999")),
            None,
        ]
        if account != "123456789012":
            # The account that the roles are in.
            others += [*session(callback, "123456789012"), "arn:aws:iam::123456789012:role/Admin"]
        for role, principal in itertools.product(("ReadingRole", "DecidingRole"), others):
            with self.subTest(f"{principal} does not assume {role}"):
                for action in ("sts:AssumeRole", "sts:SetSourceIdentity"):
                    self.assertFalse(allowed(role, principal, action, **named))
        if organization:
            for role, other in itertools.product(("ReadingRole", "DecidingRole"), ("o-zzzzzzzzzz", None)):
                for principal in session(callback):
                    with self.subTest(f"{principal} of {other} does not assume {role}"):
                        keys = named | {"aws:PrincipalOrgID": other}
                        self.assertFalse(allowed(role, principal, "sts:AssumeRole", **keys))

    @on_every_stack
    def test_only_the_functions_of_the_deployment_assume_its_own_roles(self, title, stack):
        if title not in SERVE_OTHERS_ONLY:
            self.check(stack, "123456789012", REGION, deployment_name(title), path=role_path(title))

    def test_only_the_functions_of_the_hub_assume_those_in_another_account(self):
        for title in ("home", "everything"):
            parameters = MEMBER_CONFIGURATIONS[title]
            deployment = parameters.get("DeploymentName", "countersign")
            for tool, stack in member_both(parameters):
                with self.subTest(f"{tool}, {title}"):
                    organization, path = parameters.get("OrganizationId"), parameters.get("RolePath", "/")
                    self.check(stack, HUB, HUB_REGION, deployment, organization, path)

    def test_an_account_trusts_the_hub_as_the_hubs_own_account_does(self):
        # The stacks of the tests are in one account and region, so this is the hub of its own account.
        bus = ACCOUNT_ARN("events", "event-bus/countersign-members")
        both_have = {"RolePath": "/delivery/", "PipelineNamePrefix": "team-a-"}
        for more in ({}, both_have):
            own = sam_stack(REQUIRED | more)
            for (tool, stack), role in itertools.product(
                member_both({"HubBusArn": bus, "HomeRegion": REGION} | more), MEMBER_ROLES
            ):
                with self.subTest(f"{tool}, {role}, {more}"):
                    # What they may do is tested above: the hub's own reading role may see a queue more.
                    found, expected = ({**one.properties(role), "Policies": None} for one in (stack, own))
                    documents = [statements(one.pop("AssumeRolePolicyDocument")) for one in (found, expected)]
                    self.assertEqual(documents[0], documents[1])
                    self.assertEqual(found, expected)


class Keys(unittest.TestCase):
    """The numbered keys, and their rotation."""

    LISTS = itertools.product(("signs", "trusted", "none"), repeat=4)
    USES = [",".join(uses) for uses in LISTS if uses.count("signs") == 1]
    # The steps of rotations, each an update: the next key is trusted, then signs, then the previous one goes. The keys
    # of a fifth rotation have the numbers of the first.
    REQUEST_STEPS = [
        "signs,none,none,none",
        "signs,trusted,none,none",
        "trusted,signs,none,none",
        "none,signs,none,none",
        "none,signs,trusted,none",
        "none,trusted,signs,none",
        "none,none,signs,none",
        "none,none,signs,trusted",
        "none,none,trusted,signs",
        "none,none,none,signs",
        "trusted,none,none,signs",
        "signs,none,none,trusted",
    ]
    # No vote key goes.
    VOTE_STEPS = [
        "signs,none,none,none",
        "signs,trusted,none,none",
        "trusted,signs,none,none",
        "trusted,signs,trusted,none",
        "trusted,trusted,signs,none",
        "trusted,trusted,signs,trusted",
        "trusted,trusted,trusted,signs",
    ]
    CDK_IDS = {
        "SigningKey": "EmailApprovalsSigningKey2006139F",
        "SigningKeyAlias": "EmailApprovalsSigningKeyAlias8E2230B5",
    }

    def expected(self, kind, uses):
        """The keys that a list makes: those that are trusted, and those that are in the stack."""
        uses = dict(enumerate(uses.split(","), 1))
        newest_first = sorted(uses, reverse=True)
        trusted = [number for use in ("signs", "trusted") for number in newest_first if uses[number] == use]
        kept = [one for one in (1, 2, 3) if one + 1 in trusted and one + 2 not in trusted]
        return key_arns(kind, trusted), sorted(key_arns(kind, {*trusted, *kept}))

    def trusted(self, stack, kind):
        """The keys in the settings, which both functions have alike."""
        found = [
            stack.properties(function)["Environment"]["Variables"][f"COUNTERSIGN_{kind.upper()}_KEYS"]
            for function in ("NotifierFunction", "CallbackFunction")
        ]
        self.assertEqual(found[0], found[1])
        self.assertEqual(found[0], stack.outputs[f"{kind}KeyArns"])
        return found[0].split(",")

    def permitted(self, stack, role, action):
        return {resource for _, _, found, resource, _ in permissions(stack, f"{role}Role") if found == action}

    def test_a_list_makes_the_keys_that_it_names_in_both_templates(self):
        for uses in self.USES:
            # Each kind has a list of its own, to tell them apart.
            lists = {"Request": uses, "Vote": ",".join(reversed(uses.split(",")))}
            for tool, stack in both(REQUIRED | {f"{kind}Keys": one for kind, one in lists.items()}):
                with self.subTest(f"{tool}, {uses}"):
                    in_stack = {ACCOUNT_ARN("kms", f"key/{name}") for name in stack.of_type("AWS::KMS::Key")}
                    expected = {kind: self.expected(kind, one) for kind, one in lists.items()}
                    self.assertEqual(in_stack, {arn for _, keys in expected.values() for arn in keys})
                    for kind, alias in (("Request", "SigningKeyAlias"), ("Vote", "VoteKeyAlias")):
                        trusted, _ = expected[kind]
                        self.assertEqual(self.trusted(stack, kind), trusted)
                        self.assertEqual(stack.properties(alias)["TargetKeyId"], trusted[0])

    def test_every_key_is_guarded_and_kept_like_the_first(self):
        everything = self.VOTE_STEPS[-1]
        for tool, stack in both(REQUIRED | {"RequestKeys": everything, "VoteKeys": everything}):
            for kind in ("Request", "Vote"):
                first, *others = (arn.split("/")[1] for arn in key_arns(kind, (1, 2, 3, 4)))
                for number, name in enumerate(others, 2):
                    with self.subTest(f"{tool}, {name}"):
                        key, model = stack.resources[name], copy.deepcopy(stack.resources[first])
                        description = model["Properties"]["Description"]
                        model["Properties"]["Description"] = description.replace("key 1", f"key {number}")
                        self.assertEqual(key, model)
                        self.assertEqual(
                            (key["DeletionPolicy"], key["UpdateReplacePolicy"]), ("RetainExceptOnCreate", "Retain")
                        )
                        self.assertEqual(key["Properties"]["KeySpec"], "ECC_NIST_EDWARDS25519")

    def test_each_step_works_in_whatever_order_an_update_reaches_the_functions(self):
        for kind, steps, signer in (("Request", self.REQUEST_STEPS, "Notifier"), ("Vote", self.VOTE_STEPS, "Callback")):
            for before, after in itertools.pairwise(steps):
                for tool in (sam_stack, cdk_stack):
                    with self.subTest(f"{tool.__name__}, {kind} keys, {before} to {after}"):
                        old, new = (tool(REQUIRED | {f"{kind}Keys": uses}) for uses in (before, after))
                        trusted, signing = self.trusted(old, kind), self.trusted(new, kind)[0]
                        # What either version signs, the other trusts.
                        self.assertIn(signing, trusted)
                        self.assertIn(trusted[0], self.trusted(new, kind))
                        # A function that the update has not reached may still do what it has to.
                        for role in ("Notifier", "Callback"):
                            self.assertLessEqual(set(trusted), self.permitted(new, role, "kms:GetPublicKey"))
                        self.assertIn(trusted[0], self.permitted(new, signer, "kms:Sign"))

    def test_an_update_keeps_the_key_and_the_alias_of_version_0_1(self):
        self.assertLessEqual(set(self.CDK_IDS), set(sam_source()["Resources"]))
        for uses in self.REQUEST_STEPS:
            names = cdk_stack(REQUIRED | {"RequestKeys": uses}).names
            for name, logical_id in self.CDK_IDS.items():
                if name in names.values():
                    self.assertEqual(names[logical_id], name)
            self.assertIn("SigningKeyAlias", names.values())


class Functions(unittest.TestCase):
    # Without the keys. All but the first state only what differs from the defaults, and None for what is left out.
    NETWORK = {
        "HTTPS_PROXY": "http://proxy.example.org:3128",
        "NO_PROXY": "dynamodb.eu-west-1.amazonaws.com,kms.eu-west-1.amazonaws.com",
        "SSL_CERT_FILE": "/opt/ca-bundle.pem",
    }
    ENVIRONMENTS = {
        "defaults": (
            {
                "COUNTERSIGN_ACCOUNTS": "123456789012",
                "COUNTERSIGN_APPROVAL_TIMEOUT_DAYS": "7",
                "COUNTERSIGN_CALLBACK_ROLE": "arn:aws:iam::123456789012:role/countersign-callback-eu-west-1",
                "COUNTERSIGN_CALLBACK_URL": "Api.ApiEndpoint",
                "COUNTERSIGN_CONFIGURATION_SET": "countersign",
                "COUNTERSIGN_DEPLOYMENT": "countersign",
                "COUNTERSIGN_EMAIL_QUEUE": EMAIL_QUEUE,
                "COUNTERSIGN_EVENT_BUS": "default",
                "COUNTERSIGN_LOG_LEVEL": "info",
                "COUNTERSIGN_MEMBER_BUS": EVENT_BUS,
                "COUNTERSIGN_MEMBER_ROLES": "arn:aws:iam::*:role/countersign",
                "COUNTERSIGN_POLICY_TEXT": """\
[default]
approvers = ["ada@example.com", "Ben <ben@example.com>"]
quorum = 1""",
                "COUNTERSIGN_RECORD_RETENTION_DAYS": "365",
                "COUNTERSIGN_SENDER": "Countersign <approvals@mail.example.com>",
                "COUNTERSIGN_SWEEP_PACE": "5",
                "COUNTERSIGN_SWEEP_QUEUE": "SweepQueue",
                "COUNTERSIGN_TABLE": "LedgerTable",
            },
            {
                "COUNTERSIGN_ACCOUNTS": "123456789012",
                "COUNTERSIGN_DEPLOYMENT": "countersign",
                "COUNTERSIGN_LOG_LEVEL": "info",
                "COUNTERSIGN_MEMBER_ROLES": "arn:aws:iam::*:role/countersign",
                "COUNTERSIGN_TABLE": "LedgerTable",
            },
        ),
        "everything": (
            {
                "COUNTERSIGN_ACCOUNTS": "123456789012,210987654321,345678901234",
                "COUNTERSIGN_APPROVAL_TIMEOUT_DAYS": "14",
                "COUNTERSIGN_CALLBACK_ROLE": (
                    "arn:aws:iam::123456789012:role/delivery/approvals/releases-callback-eu-west-1"
                ),
                "COUNTERSIGN_CALLBACK_URL": "https://approve.example.org",
                "COUNTERSIGN_CONFIGURATION_SET": "releases",
                "COUNTERSIGN_DEPLOYMENT": "releases",
                "COUNTERSIGN_EVENT_BUS": "central",
                "COUNTERSIGN_LOG_LEVEL": "debug",
                "COUNTERSIGN_MEMBER_BUS": ACCOUNT_ARN("events", "event-bus/releases-members"),
                "COUNTERSIGN_MEMBER_ROLES": "arn:aws:iam::*:role/delivery/approvals/approvals",
                "COUNTERSIGN_PIPELINE_PREFIX": "team-a-",
                "COUNTERSIGN_PIPELINE_REGIONS": "eu-west-1,us-east-1",
                "COUNTERSIGN_POLICY_TEXT": """\
[default]
approvers = ["Ada Lovelace <ada@example.com>", "ben@example.com", "carl@example.com"]
quorum = 2""",
                "COUNTERSIGN_RECORD_RETENTION_DAYS": "3653",
                "COUNTERSIGN_REPLY_TO": "answers@example.org",
                "COUNTERSIGN_SENDER": "Releases <releases@example.org>",
                "COUNTERSIGN_SWEEP_PACE": "9",
            },
            {
                "COUNTERSIGN_ACCOUNTS": "123456789012,210987654321,345678901234",
                "COUNTERSIGN_DEPLOYMENT": "releases",
                "COUNTERSIGN_LOG_LEVEL": "debug",
                "COUNTERSIGN_MEMBER_ROLES": "arn:aws:iam::*:role/delivery/approvals/approvals",
                "COUNTERSIGN_ORIGINS": "https://approve.example.org,https://old.example.org:8443",
                "COUNTERSIGN_PIPELINE_PREFIX": "team-a-",
            },
        ),
        "overrides": (
            {
                "COUNTERSIGN_CONFIGURATION_SET": "existing",
                "COUNTERSIGN_PIPELINE_REGIONS": "us-east-1",
                "COUNTERSIGN_POLICY": "/releases/who-decides",
                "COUNTERSIGN_POLICY_TEXT": None,
                "COUNTERSIGN_SENDER": "approvals@mail.example.com",
            },
            {},
        ),
        "file": ({"COUNTERSIGN_POLICY": "PolicyParameter", "COUNTERSIGN_POLICY_TEXT": None}, {}),
        "elsewhere": (
            {
                "COUNTERSIGN_CONFIGURATION_SET": "mail",
                "COUNTERSIGN_SENDER_IDENTITY_ARN": "arn:aws:ses:eu-central-1:210987654321:identity/example.com",
                "COUNTERSIGN_SES_REGION": "eu-central-1",
            },
            {},
        ),
        "members": (
            {"COUNTERSIGN_ACCOUNTS": "210987654321", "COUNTERSIGN_MEMBER_BUS": MEMBER_BUS},
            {"COUNTERSIGN_ACCOUNTS": "210987654321"},
        ),
        "organization": ({"COUNTERSIGN_MEMBER_BUS": MEMBER_BUS}, {}),
        "listed": (
            {
                "COUNTERSIGN_ACCOUNTS": "",
                "COUNTERSIGN_ACCOUNTS_PARAMETER": "/releases/accounts",
                "COUNTERSIGN_MEMBER_BUS": MEMBER_BUS,
            },
            {"COUNTERSIGN_ACCOUNTS": "", "COUNTERSIGN_ACCOUNTS_PARAMETER": "/releases/accounts"},
        ),
        "landing": (
            {"COUNTERSIGN_CALLBACK_URL": "https://approve.example.org"} | NETWORK,
            {"COUNTERSIGN_ORIGINS": "https://approve.example.org"} | NETWORK,
        ),
        "domain": (
            {"COUNTERSIGN_CALLBACK_URL": "https://front.example.org"},
            {"COUNTERSIGN_ORIGINS": "https://front.example.org"},
        ),
    }

    def environments(self, title):
        """The complete environment of the notifier and of the callback."""
        keys = {
            "COUNTERSIGN_REQUEST_KEYS": ",".join(REQUEST_KEYS[title]),
            "COUNTERSIGN_VOTE_KEYS": ",".join(VOTE_KEYS[title]),
        }
        return [
            {name: value for name, value in (defaults | own | keys).items() if value is not None}
            for defaults, own in zip(self.ENVIRONMENTS["defaults"], self.ENVIRONMENTS[title], strict=True)
        ]

    @on_every_stack
    def test_each_has_exactly_its_environment(self, title, stack):
        for name, expected in zip(("notifier", "callback"), self.environments(title), strict=True):
            function = stack.properties(f"{name.capitalize()}Function")
            self.assertEqual(function["FunctionName"], f"{deployment_name(title)}-{name}")
            self.assertEqual(function["Environment"]["Variables"], expected)

    def test_the_environment_is_what_the_code_reads(self):
        for index, function in enumerate(("notifier", "callback")):
            with self.subTest(function):
                files = (f"functions/{function}/src/settings.rs", "shared/src/accounts.rs")
                sources = [(ROOT / file).read_text().split("#[cfg(test)]")[0] for file in files]
                read = set(re.findall(r'"(COUNTERSIGN_\w+)"', "".join(sources)))
                given = {name for title in CONFIGURATIONS for name in self.environments(title)[index]}
                self.assertEqual(given - set(self.NETWORK), read)

    def test_what_says_whom_to_trust_is_what_the_aws_clients_look_at(self):
        # NO_PROXY only takes away from a proxy, and names nobody to trust.
        authorities = (ROOT / "shared/src/aws/authorities.rs").read_text()
        for name in set(self.NETWORK) - {"NO_PROXY"}:
            self.assertIn(f'"{name}",', authorities)

    @on_every_stack
    def test_both_run_in_the_vpc_and_with_the_authorities_that_are_given(self, title, stack):
        parameters = CONFIGURATIONS[title]
        vpc = {
            "SubnetIds": parameters.get("SubnetIds", "").split(","),
            "SecurityGroupIds": parameters.get("SecurityGroupIds", "").split(","),
        }
        layers = [parameters["CaBundleLayerArn"]] if "CaBundleLayerArn" in parameters else None
        for name in ("NotifierFunction", "CallbackFunction"):
            function = stack.properties(name)
            self.assertEqual(function.get("VpcConfig"), vpc if in_vpc(title) else None)
            self.assertEqual(function.get("Layers"), layers)

    @on_every_stack
    def test_events_that_the_notifier_fails_on_are_kept(self, _title, stack):
        config = stack.properties("NotifierFunctionEventInvokeConfig")
        self.assertEqual(config["DestinationConfig"]["OnFailure"]["Destination"], NOTIFIER_DEAD_LETTERS)


class Ledger(unittest.TestCase):
    @on_every_stack
    def test_it_can_be_recovered(self, _title, stack):
        recovery = stack.properties("LedgerTable")["PointInTimeRecoverySpecification"]
        self.assertEqual(recovery, {"PointInTimeRecoveryEnabled": "true"})

    @on_every_stack
    def test_it_can_be_deleted_unless_that_is_forbidden(self, title, stack):
        protection = stack.properties("LedgerTable")["DeletionProtectionEnabled"]
        self.assertEqual(protection, CONFIGURATIONS[title].get("DeletionProtection", "false"))


    @on_every_stack
    def test_it_is_encrypted_with_a_key_of_the_account_or_of_ones_own(self, title, stack):
        own = {"SSEType": "KMS", "KMSMasterKeyId": table_key(title)} if table_key(title) else {}
        self.assertEqual(stack.properties("LedgerTable")["SSESpecification"], {"SSEEnabled": "true"} | own)


class Logs(unittest.TestCase):
    @on_every_stack
    def test_all_are_encrypted_with_a_key_of_ones_own_if_one_is_given(self, title, stack):
        keys = {name: group.get("KmsKeyId") for name, group in stack.of_type("AWS::Logs::LogGroup").items()}
        key = CONFIGURATIONS[title].get("LogKeyArn")
        self.assertEqual(keys, dict.fromkeys(("ApiLogGroup", "CallbackLogGroup", "NotifierLogGroup"), key))


class Retention(unittest.TestCase):
    """What outlives the stack. A deployment that fails leaves nothing behind of what it has made."""

    @on_every_stack
    def test_records_outlive_the_stack_unless_the_deployment_that_makes_them_fails(self, title, stack):
        policies = {
            name: (resource["DeletionPolicy"], resource["UpdateReplacePolicy"])
            for name, resource in stack.resources.items()
        }
        kept = {"LedgerTable"} | {arn.split("/")[1] for arn in ALL_REQUEST_KEYS[title] + ALL_VOTE_KEYS[title]}
        if title == "file":
            kept.add("PolicyParameter")
        expected = {name: ("RetainExceptOnCreate", "Retain") for name in kept}
        self.assertEqual({name: one for name, one in policies.items() if one != ("Delete", "Delete")}, expected)

    def names(self, resource):
        """The properties that name a resource, by the schema of its type: no two can have the same."""
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource["Type"]).schema
        fixed = schema["primaryIdentifier"] + schema.get("createOnlyProperties", [])
        return {path.split("/")[-1] for path in fixed if path.endswith("Name")} & set(resource["Properties"])

    @on_every_stack
    def test_what_is_kept_has_no_name_that_a_later_deployment_would_need(self, _title, stack):
        for name, resource in stack.resources.items():
            if (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) != ("Delete", "Delete"):
                self.assertEqual(self.names(resource), set(), name)
        # The check sees the names of what is not kept.
        named = ("NotifierFunction", "NotifierLogGroup", "NotifierRole", "SigningKeyAlias", "SweepRule")
        for name in (*named, "SendFailuresAlarm"):
            self.assertEqual(len(self.names(stack.resources[name])), 1, name)


class Policy(unittest.TestCase):
    """The policy comes from exactly one source, and a deployment writes no policy that people edit."""

    def parameters(self, stack):
        return stack.of_type("AWS::SSM::Parameter")

    def setting(self, stack, name):
        return stack.properties("NotifierFunction")["Environment"]["Variables"].get(name)

    def test_it_has_every_approver_that_the_parameter_takes(self):
        for value in filter(None, VALUES["Approvers"]["good"]):
            for tool, stack in both(REQUIRED | {"Approvers": value}):
                with self.subTest(f"{tool}, {value}"):
                    text = self.setting(stack, "COUNTERSIGN_POLICY_TEXT")
                    # An array of strings without escapes is the same in TOML and in JSON.
                    approvers = json.loads(re.search("^approvers = (.*)$", text, re.MULTILINE)[1])
                    self.assertEqual([one.strip() for one in approvers], [one.strip() for one in value.split(",")])

    def test_the_file_of_parameters_that_is_printed_deploys_its_policy(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "parameters.yaml")
            file.write_text(printed.block("the parameters in a file"))
            given = CfnParameterOverridesType().convert((f"file://{file}",), None, None)
        self.assertEqual(given["PolicySource"], "file")
        (parameter,) = self.parameters(sam_stack(given)).values()
        expected = {"default": {"approvers": ["Ada Lovelace <ada@example.com>", "ben@example.com"]}}
        self.assertEqual(tomlkit.parse(parameter["Value"]).unwrap(), expected)

    def test_of_approvers_and_quorum_there_is_no_parameter_and_nothing_to_write_over(self):
        for tool, stack in both(REQUIRED):
            with self.subTest(tool):
                self.assertEqual(self.parameters(stack), {})
                self.assertNotIn("PolicyParameterName", stack.outputs)

    def test_a_file_is_deployed_into_a_parameter_of_the_stack_that_cloudformation_names(self):
        for tool, stack in both(CONFIGURATIONS["file"]):
            with self.subTest(tool):
                expected = {
                    "Description": "Who may approve or reject what by Countersign. Deployments overwrite it.",
                    "Type": "String",
                    "Tier": "Intelligent-Tiering",
                    "Value": SOURCES["file"]["PolicyText"],
                }
                self.assertEqual(self.parameters(stack), {"PolicyParameter": expected})
                self.assertEqual(stack.outputs["PolicyParameterName"], "PolicyParameter")
                # Before 0.1.0 it had a name, so an update replaces it, and keeps the old one.
                parameter = stack.resources["PolicyParameter"]
                kept = (parameter["DeletionPolicy"], parameter["UpdateReplacePolicy"])
                self.assertEqual(kept, ("RetainExceptOnCreate", "Retain"))

    def test_a_parameter_that_exists_is_only_named(self):
        for tool, stack in both(CONFIGURATIONS["overrides"]):
            with self.subTest(tool):
                self.assertEqual(self.parameters(stack), {})
                self.assertEqual(stack.outputs["PolicyParameterName"], "/releases/who-decides")

    def test_no_role_can_write_a_policy(self):
        for title, parameters in CONFIGURATIONS.items():
            for tool, stack in both(parameters):
                with self.subTest(f"{tool}, {title}"):
                    actions = {
                        action
                        for role in stack.of_type("AWS::IAM::Role")
                        for _, _, action, _, _ in permissions(stack, role)
                        if action.startswith("ssm:")
                    }
                    self.assertLessEqual(actions, {"ssm:GetParameter"})

    def test_exactly_one_setting_names_the_policy(self):
        for title, parameters in CONFIGURATIONS.items():
            for tool, stack in both(parameters):
                with self.subTest(f"{tool}, {title}"):
                    given = [self.setting(stack, name) for name in ("COUNTERSIGN_POLICY", "COUNTERSIGN_POLICY_TEXT")]
                    self.assertEqual(len([one for one in given if one]), 1)

    def test_a_source_takes_its_own_parameters_and_no_others(self):
        own = {"approvers": "Approvers", "file": "PolicyText", "parameter": "PolicyParameterName"}
        given = {name: one[name] for one in SOURCES.values() for name in one if name != "PolicySource"}
        others = given | {"Quorum": "2"}
        for source, name in own.items():
            required = SENDER | SOURCES[source]
            missing = {key: value for key, value in required.items() if key != name}
            wrong = {key: required | {key: others[key]} for key in others if key != name}
            if source == "approvers":
                del wrong["Quorum"]
            for title, parameters in {f"without {name}": missing, **wrong}.items():
                with self.subTest(f"SAM, {source}, {title}"), self.assertRaisesRegex(Refused, "^PolicySource is"):
                    sam_stack(parameters)
                with self.subTest(f"CDK, {source}, {title}"), self.assertRaisesRegex(SynthesisError, '^context "'):
                    cdk_template(**parameters)

    def test_the_source_has_no_default_so_an_update_from_version_0_1_stops(self):
        self.assertNotIn("Default", sam_source()["Parameters"]["PolicySource"])
        with self.assertRaisesRegex(SynthesisError, "Update from before 0.1.0"):
            synthesize({"approvers": "ada@example.com", "sender": "approvals@example.com"})


class Events(unittest.TestCase):
    @on_every_stack
    def test_the_rule_sends_every_change_of_a_manual_approval_to_the_notifier(self, title, stack):
        rule = stack.properties("ApprovalRule")
        expected = approval_event(CONFIGURATIONS[title])
        self.assertEqual((rule["EventPattern"], rule["State"]), (expected, "ENABLED"))
        self.assertEqual(rule["EventBusName"], CONFIGURATIONS[title].get("EventBusName", "default"))
        (target,) = rule["Targets"]
        self.assertEqual((target["Arn"], target["DeadLetterConfig"]["Arn"]), (NOTIFIER, RULE_DEAD_LETTERS))

    @on_every_stack
    def test_so_does_a_rule_on_the_bus_of_member_accounts(self, title, stack):
        names = {"MemberBus", "MemberRule", "MemberPermission"}
        self.assertEqual(names & set(stack.resources), names if has_member_bus(title) else set())
        bus = ACCOUNT_ARN("events", f"event-bus/{deployment_name(title)}-members")
        self.assertEqual(stack.outputs.get("MemberBusArn"), bus if has_member_bus(title) else None)
        if has_member_bus(title):
            name = f"{deployment_name(title)}-members"
            rule = stack.properties("MemberRule")
            pattern = approval_event(CONFIGURATIONS[title])
            expected = {"Name": name, "EventBusName": name, "EventPattern": pattern, "State": "ENABLED"}
            self.assertEqual({key: rule[key] for key in expected}, expected)
            self.assertEqual(stack.properties("MemberBus")["Name"], name)
            (target,), (own,) = rule["Targets"], stack.properties("ApprovalRule")["Targets"]
            self.assertEqual({**target, "Id": ""}, {**own, "Id": ""})

    @on_every_stack
    def test_the_callbacks_own_events_reach_the_notifier(self, title, stack):
        rule = stack.properties("VoteRule")
        pattern = {
            "account": ["123456789012"],
            "source": ["countersign"],
            "detail-type": ["Vote Recorded", "Request Missing"],
            "detail": {"deployment": [deployment_name(title)]},
        }
        self.assertEqual((rule["EventPattern"], rule["State"]), (pattern, "ENABLED"))
        # The callback may put events on no other bus.
        self.assertEqual(rule["EventBusName"], "default")
        (target,) = rule["Targets"]
        (approvals,) = stack.properties("ApprovalRule")["Targets"]
        self.assertEqual({**target, "Id": ""}, {**approvals, "Id": ""})

    @on_every_stack
    def test_the_events_of_both_functions_are_forwarded_to_another_bus_if_one_is_given(self, title, stack):
        names = {"ForwardRule", "ForwardingRole"}
        self.assertEqual(names & set(stack.resources), names if title in FORWARD else set())
        if title not in FORWARD:
            return
        rule = stack.properties("ForwardRule")
        pattern = {
            # Nobody in another account can put an event with this one in it.
            "account": ["123456789012"],
            "source": ["countersign"],
            "detail-type": NEWS,
            "detail": {"deployment": [deployment_name(title)]},
        }
        expected = {
            "Name": f"{deployment_name(title)}-forward",
            "EventBusName": "default",
            "EventPattern": pattern,
            "State": "ENABLED",
        }
        self.assertEqual({key: rule[key] for key in expected}, expected)
        (target,) = rule["Targets"]
        self.assertEqual((target["Arn"], target["DeadLetterConfig"]["Arn"]), (FORWARD[title], RULE_DEAD_LETTERS))
        role, _ = role_arns(f"{deployment_name(title)}-forward-eu-west-1", path=role_path(title))
        self.assertEqual(target["RoleArn"], role)
        # The longest that EventBridge tries: nothing makes up for an event that is not forwarded.
        self.assertEqual(
            target["RetryPolicy"], {"MaximumRetryAttempts": "185", "MaximumEventAgeInSeconds": "86400"}
        )

    @on_every_stack
    def test_the_sweep_comes_every_hour_to_the_notifier(self, _title, stack):
        rule = stack.properties("SweepRule")
        self.assertEqual((rule["ScheduleExpression"], rule["State"]), ("rate(1 hour)", "ENABLED"))
        # A schedule on any other bus has no effect.
        self.assertEqual(rule["EventBusName"], "default")
        (target,) = rule["Targets"]
        self.assertEqual((json.loads(target["Input"]), target["Arn"]), ({"round": {}}, NOTIFIER))

    @on_every_stack
    def test_the_topic_is_optional(self, title, stack):
        subscriptions = [
            (one["TopicArn"], one["Protocol"], one["Endpoint"])
            for one in stack.of_type("AWS::SNS::Subscription").values()
        ]
        self.assertEqual(list(stack.of_type("AWS::SNS::Topic")), ["ApprovalTopic"] if has_topic(title) else [])
        self.assertEqual(subscriptions, [(TOPIC, "lambda", NOTIFIER)] if has_topic(title) else [])


class PolicySchema(unittest.TestCase):
    """The schema by which editors check a policy. That it has every key, a test in Rust sees to."""

    VALIDATOR = jsonschema.Draft202012Validator(json.loads((ROOT / "docs/policy.schema.json").read_text()))
    ROUTE = '[default]\napprovers = ["ada@example.com"]\n'

    def errors(self, text):
        return [error.json_path for error in self.VALIDATOR.iter_errors(tomlkit.parse(text).unwrap())]

    def test_it_is_a_schema(self):
        self.VALIDATOR.check_schema(self.VALIDATOR.schema)

    def test_it_takes_the_examples(self):
        examples = sorted((ROOT / "docs/policies").glob("*.toml"))
        self.assertGreater(len(examples), 1)
        for example in examples:
            with self.subTest(example.name):
                self.assertEqual(self.errors(example.read_text()), [])

    def test_it_takes_what_a_policy_may_say(self):
        for more in (
            "quorum = 1",
            'remind = "1d 12h"',
            'remind = ["24h", "2h"]',
            'expires = "90m"',
            'time_zone = "America/Argentina/Buenos_Aires"',
            'reply_to = "Releases <releases@example.com>"',
            'copy = ["auditors"]\n[groups]\nauditors = ["audit@example.com"]',
            '[hosts]\ngitlab_self_managed = "https://code.example.com"',
            '[[person]]\naddress = "ada@example.com"\nprincipals = ["arn:aws:iam::123456789012:user/ada"]',
        ):
            with self.subTest(more):
                self.assertEqual(self.errors(self.ROUTE + more), [])

    def test_it_refuses_what_has_the_wrong_form(self):
        for more, place in (
            ("quorum = 0", "$.default.quorum"),
            ('quorum = "2"', "$.default.quorum"),
            ('remind = "soon"', "$.default.remind"),
            ('language = "nl"', "$.default.language"),
            ('time_zone = "+01:00"', "$.default.time_zone"),
            ('reply_to = "releases"', "$.default.reply_to"),
            ('automatic_start = "no"', "$.default.automatic_start"),
            ('stage = "Production"', "$.default"),
            ('[aliases]\nada = "ada@example.com"', "$"),
            ('[hosts]\ngitlab_self_managed = "http://code.example.com"', "$.hosts.gitlab_self_managed"),
            ('[[person]]\nprincipals = []', "$.person[0]"),
            ('[[route]]\nname = "default"\napprovers = ["a"]', "$.route[0].name"),
            ('[[route]]\napprovers = []', "$.route[0].approvers"),
        ):
            with self.subTest(more):
                self.assertEqual(self.errors(self.ROUTE + more), [place])


class Examples(unittest.TestCase):
    """The examples of docs/events.md, of what can be made of the events for others."""

    EVENTS = ROOT / "docs/events"

    def schema(self, kind):
        return json.loads((self.EVENTS / f"{kind.lower().replace(' ', '-')}.schema.json").read_text())

    def event(self, kind):
        """An event as a rule's target gets it."""
        (detail,) = self.schema(kind)["examples"]
        return {
            "version": "0",
            "id": "6a5d1f6e-0b53-4a0e-8d3c-0f6b2f1c9d11",
            "detail-type": kind,
            "source": "countersign",
            "account": "123456789012",
            "time": "2026-11-20T10:02:33Z",
            "region": "eu-west-1",
            "resources": [],
            "detail": detail,
        }

    def rules(self, name):
        """The rules of an example, and the resources."""
        resources = plain_template(self.EVENTS / name)["Resources"]
        return {one: found["Properties"] for one, found in resources.items() if found["Type"] == "AWS::Events::Rule"}

    def test_there_is_a_schema_of_each_event_that_is_forwarded(self):
        for kind in NEWS:
            self.assertEqual(self.schema(kind)["title"], kind)

    def test_they_match_the_hubs_events_alone(self):
        for name in ("slack.yaml", "ticket.yaml"):
            for rule in self.rules(name).values():
                pattern = rule["EventPattern"]
                self.assertEqual((pattern["account"], pattern["source"]), ([{"Ref": "HubAccount"}], ["countersign"]))
                (kind,) = pattern["detail-type"]
                self.assertIn(kind, NEWS)
                for field, values in pattern.get("detail", {}).items():
                    self.assertLessEqual(set(values), set(self.schema(kind)["properties"][field]["enum"]))

    def test_the_message_to_slack_says_what_every_event_has(self):
        for name, rule in self.rules("slack.yaml").items():
            with self.subTest(name):
                (kind,), (target,) = rule["EventPattern"]["detail-type"], rule["Targets"]
                transformer = target["InputTransformer"]
                template = transformer["InputTemplate"]["Fn::Sub"].replace("${Channel}", "C0123456789")
                used = set(re.findall("<([A-Za-z0-9_-]+)>", template))
                self.assertEqual(used, set(transformer["InputPathsMap"]))
                required, example = self.schema(kind)["required"], self.event(kind)["detail"]
                for variable, path in transformer["InputPathsMap"].items():
                    field = path.removeprefix("$.detail.")
                    self.assertIn(field, required)
                    template = template.replace(f"<{variable}>", str(example[field]))
                message = json.loads(template)
                self.assertEqual(set(message), {"channel", "text"})
                self.assertIn("payments-api / Production / Approve in account 111122223333", message["text"])

    def test_the_ticket_is_made_once_however_often_the_event_comes(self):
        requests = []

        class Tracker(http.server.BaseHTTPRequestHandler):
            def do_PUT(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                requests.append((self.path, self.headers["Content-Type"], json.loads(body)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        function = plain_template(self.EVENTS / "ticket.yaml")["Resources"]["Function"]["Properties"]
        lines = [line for line in function["Code"]["ZipFile"].splitlines() if line]
        self.assertLessEqual(len(lines), 10)
        code = {}
        exec("\n".join(lines), code)  # noqa: S102
        event = self.event("Approval Ended")
        with http.server.HTTPServer(("127.0.0.1", 0), Tracker) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                with mock.patch.dict(os.environ, TRACKER_URL=f"http://127.0.0.1:{server.server_port}/tickets"):
                    for _ in range(2):
                        code["handler"](event, None)
            finally:
                server.shutdown()
                thread.join()
        ticket = {
            "title": "payments-api / Production / Approve: rejected",
            "text": (
                "Execution 12345678-1234-5678-abcd-12345678abcd in account 111122223333, region eu-west-1, at "
                "2026-11-20T10:02:31Z."
            ),
        }
        self.assertEqual(requests, [(f"/tickets/{event['detail']['id']}", "application/json", ticket)] * 2)


class Emails(unittest.TestCase):
    """The configuration set that every email is sent with, and the events about them."""

    EVENTS = {
        "send": "Email Sent",
        "reject": "Email Rejected",
        "bounce": "Email Bounced",
        "complaint": "Email Complaint Received",
        "delivery": "Email Delivered",
        "deliveryDelay": "Email Delivery Delayed",
    }

    @on_every_stack
    def test_the_stack_makes_a_set_that_tracks_nothing_unless_one_is_given(self, title, stack):
        sets = stack.of_type("AWS::SES::ConfigurationSet")
        destinations = stack.of_type("AWS::SES::ConfigurationSetEventDestination")
        if not makes_configuration_set(title):
            self.assertEqual((sets, destinations), ({}, {}))
            return
        expected = {
            "Name": CONFIGURATION_SETS[title],
            "DeliveryOptions": {"TlsPolicy": CONFIGURATIONS[title].get("TlsPolicy", "REQUIRE")},
            "VdmOptions": {"DashboardOptions": {"EngagementMetrics": "DISABLED"}},
        }
        self.assertEqual(sets, {"EmailConfigurationSet": expected})
        destination = {
            "ConfigurationSetName": CONFIGURATION_SETS[title],
            "EventDestination": {
                "Enabled": "true",
                "MatchingEventTypes": list(self.EVENTS),
                "EventBridgeDestination": {"EventBusArn": EVENT_BUS},
            },
        }
        self.assertEqual(destinations, {"EmailEventDestination": destination})

    @on_every_stack
    def test_the_setting_the_rule_and_the_output_name_the_set_in_use(self, title, stack):
        expected = CONFIGURATION_SETS[title]
        environment = stack.properties("NotifierFunction")["Environment"]["Variables"]
        self.assertEqual(environment["COUNTERSIGN_CONFIGURATION_SET"], expected)
        self.assertEqual(stack.outputs["ConfigurationSetName"], expected)
        rule = stack.properties("EmailRule")
        pattern = {
            "account": ["123456789012"],
            "source": ["aws.ses"],
            "detail-type": list(self.EVENTS.values()),
            "detail": {"mail": {"tags": {"ses:configuration-set": [expected]}}},
        }
        self.assertEqual((rule["EventPattern"], rule["State"], rule["EventBusName"]), (pattern, "ENABLED", "default"))

    @on_every_stack
    def test_its_events_reach_the_notifier_through_a_queue(self, _title, stack):
        (target,) = stack.properties("EmailRule")["Targets"]
        self.assertEqual((target["Arn"], target["DeadLetterConfig"]["Arn"]), (EMAIL_QUEUE, EMAIL_DEAD_LETTERS))
        self.assertEqual(
            stack.properties("EmailEventSource"),
            {
                "EventSourceArn": EMAIL_QUEUE,
                "FunctionName": "NotifierFunction",
                "BatchSize": "10",
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "ScalingConfig": {"MaximumConcurrency": "2"},
            },
        )

    @on_every_stack
    def test_the_queues_are_encrypted_keep_events_for_days_and_outlast_the_notifier(self, _title, stack):
        redrive = {"deadLetterTargetArn": EMAIL_DEAD_LETTERS, "maxReceiveCount": "20"}
        queue, dead_letters = stack.properties("EmailQueue"), stack.properties("EmailDeadLetterQueue")
        self.assertEqual(
            queue,
            {
                "MessageRetentionPeriod": "86400",
                "VisibilityTimeout": str(6 * int(stack.properties("NotifierFunction")["Timeout"])),
                "SqsManagedSseEnabled": "true",
                "RedrivePolicy": redrive,
            },
        )
        self.assertEqual(dead_letters, {"MessageRetentionPeriod": "345600", "SqsManagedSseEnabled": "true"})


class SesTemplate(unittest.TestCase):
    """The configuration set in another region: the same as that of the stack, with its events forwarded."""

    BUS = "arn:aws:events:ap-east-1:123456789012:event-bus/default"

    def stack(self, **parameters):
        return Stack(ses_template(), {"DeploymentRegion": "ap-east-1"} | parameters)

    def test_it_needs_no_transform_so_stack_sets_take_it(self):
        self.assertNotIn("Transform", ses_template())

    def test_the_set_its_events_and_the_dead_letter_queue_are_those_of_the_stack(self):
        own = normalized(sam_stack(CONFIGURATIONS["everything"]))
        other = normalized(self.stack(ConfigurationSetName="releases", TlsPolicy="OPTIONAL"))
        events = ("EmailEventDestination", "EmailDeadLetterQueue", "EmailDeadLetterQueuePolicy")
        for name in ("EmailConfigurationSet", *events):
            with self.subTest(name):
                self.assertEqual(other[name], own[name])

    def test_the_rule_forwards_what_the_deployments_own_rule_takes(self):
        rule = self.stack(ConfigurationSetName="mail").properties("EmailRule")
        own = sam_stack(ELSEWHERE).properties("EmailRule")
        for name in ("EventPattern", "EventBusName", "State"):
            self.assertEqual(rule[name], own[name])
        (target,), (own_target,) = rule["Targets"], own["Targets"]
        role = "arn:aws:iam::123456789012:role/ForwardingRole"
        self.assertEqual((target["Arn"], target["RoleArn"]), (self.BUS, role))
        for name in ("DeadLetterConfig", "RetryPolicy"):
            self.assertEqual(target[name], own_target[name])

    def test_its_role_can_only_put_events_on_that_bus(self):
        stack = self.stack()
        self.assertEqual(
            permissions(stack, "ForwardingRole"), {("Allow", "null", "events:PutEvents", self.BUS, "null")}
        )
        trust = statements(stack.properties("ForwardingRole")["AssumeRolePolicyDocument"])
        self.assertEqual(trust, {("Allow", '{"Service": "events.amazonaws.com"}', "sts:AssumeRole", "", "null")})
        self.assertEqual(list(stack.of_type("AWS::IAM::Role")), ["ForwardingRole"])

    def test_its_role_has_the_path_and_the_boundary_that_are_given(self):
        boundary = CONFIGURATIONS["everything"]["PermissionsBoundaryArn"]
        stack = self.stack(RolePath="/delivery/", PermissionsBoundaryArn=boundary)
        role = stack.properties("ForwardingRole")
        self.assertEqual((role["Path"], role["PermissionsBoundary"]), ("/delivery/", boundary))
        self.assertEqual(stack.properties("EmailRule")["Targets"][0]["RoleArn"].split(":role")[1], "/delivery/ForwardingRole")
        own, mine = sam_source()["Parameters"], ses_template()["Parameters"]
        for name in ("RolePath", "PermissionsBoundaryArn"):
            self.assertEqual(mine[name]["AllowedPattern"], own[name]["AllowedPattern"])
        self.assertNotIn("PermissionsBoundary", self.stack().properties("ForwardingRole"))

    def test_several_can_be_in_one_region(self):
        stack = self.stack()
        named = {name for name in stack.resources if {"Name", "RoleName", "QueueName"} & set(stack.properties(name))}
        self.assertEqual(named, {"EmailConfigurationSet"})

    def test_it_keeps_nothing(self):
        for resource in self.stack().resources.values():
            self.assertEqual((resource["DeletionPolicy"], resource["UpdateReplacePolicy"]), ("Delete", "Delete"))

    def test_its_parameters_are_described_and_a_region_is_one(self):
        parameters = ses_template()["Parameters"]
        own = sam_source()["Parameters"]
        self.assertEqual(parameters["TlsPolicy"]["AllowedValues"], own["TlsPolicy"]["AllowedValues"])
        for name, parameter in parameters.items():
            self.assertTrue(parameter["Description"].endswith("."), name)
            if "AllowedPattern" in parameter:
                self.assertTrue(parameter["ConstraintDescription"].startswith("must be "), name)
        for value in filter(None, VALUES["ConfigurationSet"]["good"]):
            self.assertRegex(value, f"^(?:{parameters['ConfigurationSetName']['AllowedPattern']})$")
        pattern = re.compile(parameters["DeploymentRegion"]["AllowedPattern"])
        for value, expected in (("ap-east-1", True), ("eusc-de-east-1", True), ("*", False), ("default", False)):
            self.assertEqual(bool(pattern.fullmatch(value)), expected, value)


class MemberTemplate(unittest.TestCase):
    """What another account has: the rule that forwards its events to the hub, and the roles that the hub assumes."""

    maxDiff = None

    def test_it_needs_no_transform_so_stack_sets_take_it(self):
        self.assertNotIn("Transform", member_template())

    def test_stack_sets_can_pass_its_parameters(self):
        parameters = member_template()["Parameters"]
        self.assertEqual({parameter["Type"] for parameter in parameters.values()}, {"String"})
        required = {name for name, parameter in parameters.items() if "Default" not in parameter}
        self.assertEqual(required, {"HubBusArn", "HomeRegion"})

    def test_the_cdk_app_makes_the_same(self):
        for title, parameters in MEMBER_CONFIGURATIONS.items():
            with self.subTest(title):
                self.assertEqual(differences(member_stack(parameters), member_cdk_stack(parameters)), [])

    def test_every_parameter_has_an_effect(self):
        home, changed = MEMBER_CONFIGURATIONS["home"], MEMBER_CONFIGURATIONS["everything"] | {"HomeRegion": "us-east-1"}
        self.assertEqual(set(changed), set(member_template()["Parameters"]))
        for name, value in changed.items():
            with self.subTest(name):
                self.assertNotEqual(differences(member_stack(home), member_stack(home | {name: value})), [])

    def test_it_has_the_parameters_of_the_hub(self):
        own, hub = member_template()["Parameters"], sam_source()["Parameters"]
        for name, of_hub in (
            ("DeploymentName", "DeploymentName"),
            ("RolePrefix", "MemberRolePrefix"),
            ("RolePath", "RolePath"),
            ("PipelineNamePrefix", "PipelineNamePrefix"),
            ("OrganizationId", "OrganizationId"),
            ("TestEvents", "TestEvents"),
        ):
            for key in ("Type", "Default", "AllowedPattern", "AllowedValues"):
                self.assertEqual(own[name].get(key), hub[of_hub].get(key))

    @on_every_member_stack
    def test_the_two_roles_are_in_the_home_region_and_each_region_has_one_to_forward_with(self, title, stack):
        own = set() if title == "abroad" else MEMBER_ROLES
        parameters = MEMBER_CONFIGURATIONS[title]
        buses = [DEFAULT_BUSES] if parameters.get("TestEvents") == "enabled" else []
        name, prefix = parameters.get("DeploymentName", "countersign"), parameters.get("PipelineNamePrefix", "")
        permissions = member_permissions(name, buses=buses, prefix=prefix)
        self.assertEqual(set(stack.of_type("AWS::IAM::Role")), own | {"ForwardingRole"})
        outputs = {"ReadingRoleArn", "DecidingRoleArn"}
        self.assertEqual(outputs & set(stack.outputs), set() if title == "abroad" else outputs)
        self.assertEqual(stack.of_type("AWS::IAM::Policy") | stack.of_type("AWS::IAM::ManagedPolicy"), {})
        for role in own:
            self.assertNotIn("ManagedPolicyArns", stack.properties(role))
            self.assertEqual(allowed_by(stack, role), permissions[role])
            self.assertEqual(stack.properties(role)["MaxSessionDuration"], "3600")

    def test_their_names_are_those_that_the_hub_assumes(self):
        for tool, stack in member_both(MEMBER_CONFIGURATIONS["everything"]):
            with self.subTest(tool):
                hub = sam_stack(CONFIGURATIONS["everything"]).properties("CallbackFunction")
                prefix = hub["Environment"]["Variables"]["COUNTERSIGN_MEMBER_ROLES"].replace("::*:", "::123456789012:")
                self.assertEqual(stack.outputs["ReadingRoleArn"], f"{prefix}-read")
                self.assertEqual(stack.outputs["DecidingRoleArn"], f"{prefix}-decide")

    @on_every_member_stack
    def test_every_role_has_a_name_a_path_and_a_boundary_as_it_is_given(self, title, stack):
        given = MEMBER_CONFIGURATIONS[title]
        boundary = given.get("PermissionsBoundaryName")
        for name, role in stack.of_type("AWS::IAM::Role").items():
            self.assertEqual(role.get("Path"), given.get("RolePath"), name)
            policy = boundary and f"arn:aws:iam::123456789012:policy/{boundary}"
            self.assertEqual(role.get("PermissionsBoundary"), policy, name)
        # Roles have no region, and each region has one that forwards.
        forwarding = f"{given.get('DeploymentName', 'countersign')}-forward-eu-west-1"
        self.assertEqual(stack.properties("ForwardingRole")["RoleName"], forwarding)

    @on_every_member_stack
    def test_the_rule_forwards_what_the_hubs_own_rule_takes(self, title, stack):
        parameters = MEMBER_CONFIGURATIONS[title]
        hub = REQUIRED | {name: parameters[name] for name in ("TestEvents", "PipelineNamePrefix") if name in parameters}
        rule, own = stack.properties("ApprovalRule"), sam_stack(hub).properties("ApprovalRule")
        self.assertEqual(rule["Name"], f"{parameters.get('DeploymentName', 'countersign')}-approvals")
        for name in ("EventPattern", "EventBusName", "State"):
            self.assertEqual(rule[name], own[name])
        (target,), (own_target,) = rule["Targets"], own["Targets"]
        name = f"{parameters.get('DeploymentName', 'countersign')}-forward-eu-west-1"
        role, _ = role_arns(name, path=parameters.get("RolePath", "/"))
        self.assertEqual((target["Arn"], target["RoleArn"]), (parameters["HubBusArn"], role))
        for name in ("DeadLetterConfig", "RetryPolicy"):
            self.assertEqual(target[name], own_target[name])

    @on_every_member_stack
    def test_its_role_can_only_put_events_on_the_hubs_bus_and_only_the_rule_can_use_it(self, title, stack):
        bus = MEMBER_CONFIGURATIONS[title]["HubBusArn"]
        self.assertEqual(allowed_by(stack, "ForwardingRole"), {"events:PutEvents": [bus]})
        document = stack.properties("ForwardingRole")["AssumeRolePolicyDocument"]
        rule = ACCOUNT_ARN("events", f"rule/{stack.properties('ApprovalRule')['Name']}")
        admin, own, other = "arn:aws:iam::123456789012:role/Admin", "123456789012", "999999999999"
        for principal, source, account, expected in (
            (None, rule, own, True),
            (None, rule, other, False),
            (None, rule, None, False),
            (None, None, own, False),
            (None, f"{rule}2", own, False),
            (None, rule.replace(own, other), own, False),
            (admin, rule, own, False),
        ):
            with self.subTest(f"{principal}, {source}, {account}"):
                request = Request(principal, "sts:AssumeRole", source=source, keys={"aws:SourceAccount": account})
                self.assertEqual(allows(document, request), expected)

    @on_every_member_stack
    def test_events_that_it_cannot_forward_are_kept_as_the_hub_keeps_its_own(self, title, stack):
        name = MEMBER_CONFIGURATIONS[title].get("DeploymentName", "countersign")
        own = sam_stack(REQUIRED).properties("RuleDeadLetterQueue")
        self.assertEqual(
            stack.properties("RuleDeadLetterQueue"), own | {"QueueName": f"{name}-approvals-dead-letters"}
        )
        policy = stack.properties("RuleDeadLetterQueuePolicy")
        self.assertEqual(policy["Queues"], ["RuleDeadLetterQueue"])
        queue = ACCOUNT_ARN("sqs", "RuleDeadLetterQueue")
        source = json.dumps({"ArnEquals": {"aws:SourceArn": APPROVAL_RULE}})
        self.assertEqual(
            statements(policy["PolicyDocument"]),
            {
                ("Deny", '{"AWS": "*"}', "sqs:*", queue, json.dumps(ResourcePolicies.DENY_WITHOUT_TLS)),
                ("Allow", '{"Service": "events.amazonaws.com"}', "sqs:SendMessage", queue, source),
            },
        )

    @on_every_member_stack
    def test_it_keeps_nothing(self, _title, stack):
        for resource in stack.resources.values():
            self.assertEqual((resource["DeletionPolicy"], resource["UpdateReplacePolicy"]), ("Delete", "Delete"))

    def test_the_hub_takes_what_it_forwards(self):
        # An account with this role, which a hub lists, or has in its organization.
        stack = member_stack(MEMBER_CONFIGURATIONS["home"])
        pattern = stack.properties("ApprovalRule")["EventPattern"]
        event = {"events:source": pattern["source"], "events:detail-type": pattern["detail-type"]}
        hub = CONFIGURATIONS["organization"] | {"MemberAccounts": "123456789012"}
        for organization in (hub["OrganizationId"], None):
            keys = event | {"aws:PrincipalOrgID": organization}
            sender = "arn:aws:sts::123456789012:assumed-role/ForwardingRole/session"
            bus = sam_stack(hub).outputs["MemberBusArn"]
            request = Request(sender, "events:PutEvents", bus, keys=keys)
            self.assertTrue(allows(sam_stack(hub).properties("MemberBus")["Policy"], request))


class Sweep(unittest.TestCase):
    """The queue that the notifier sends the parts of each round to, and takes them from."""

    @on_every_stack
    def test_the_notifier_takes_one_part_at_a_time_and_as_many_side_by_side_as_it_may(self, title, stack):
        self.assertEqual(
            stack.properties("SweepEventSource"),
            {
                "EventSourceArn": SWEEP_QUEUE,
                "FunctionName": "NotifierFunction",
                "BatchSize": "1",
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "ScalingConfig": {"MaximumConcurrency": CONFIGURATIONS[title].get("SweepConcurrency", "10")},
            },
        )
        sources = set(stack.of_type("AWS::Lambda::EventSourceMapping"))
        self.assertEqual(sources, {"EmailEventSource", "SweepEventSource"})

    @on_every_stack
    def test_its_queues_are_encrypted_keep_the_order_and_outlast_the_notifier(self, _title, stack):
        self.assertEqual(
            stack.properties("SweepQueue"),
            {
                "FifoQueue": "true",
                "MessageRetentionPeriod": "14400",
                "VisibilityTimeout": str(6 * int(stack.properties("NotifierFunction")["Timeout"])),
                "SqsManagedSseEnabled": "true",
                "RedrivePolicy": {"deadLetterTargetArn": SWEEP_DEAD_LETTERS, "maxReceiveCount": "5"},
            },
        )
        self.assertEqual(
            stack.properties("SweepDeadLetterQueue"),
            {"FifoQueue": "true", "MessageRetentionPeriod": "1209600", "SqsManagedSseEnabled": "true"},
        )
        self.assertEqual(stack.outputs["SweepDeadLetterQueueUrl"], "SweepDeadLetterQueue")


class Concurrency(unittest.TestCase):
    @on_every_stack
    def test_what_senders_of_events_can_cost_is_bounded(self, title, stack):
        reserved = CONFIGURATIONS[title].get("NotifierConcurrency", "30")
        found = stack.properties("NotifierFunction").get("ReservedConcurrentExecutions")
        self.assertEqual(found, None if reserved == "0" else reserved)
        self.assertNotIn("ReservedConcurrentExecutions", stack.properties("CallbackFunction"))

    @on_every_stack
    def test_the_queues_leave_some_of_it_for_events_about_approvals(self, _title, stack):
        reserved = stack.properties("NotifierFunction").get("ReservedConcurrentExecutions")
        sources = stack.of_type("AWS::Lambda::EventSourceMapping").values()
        taken = sum(int(source["ScalingConfig"]["MaximumConcurrency"]) for source in sources)
        if reserved is not None:
            self.assertGreater(int(reserved), taken)

    def test_the_cdk_app_refuses_one_that_would_leave_nothing(self):
        for sweep, notifier in (("10", "12"), ("2", "4"), ("28", "30"), ("998", "1000"), ("999", "1000")):
            wrong = self.assertRaisesRegex(SynthesisError, "^notifierConcurrency is")
            with self.subTest(f"{notifier} with {sweep}"), wrong:
                cdk_template(**REQUIRED | {"SweepConcurrency": sweep, "NotifierConcurrency": notifier})
        for sweep, notifier in (("10", "13"), ("2", "5"), ("27", "30"), ("997", "1000"), ("1000", "0")):
            cdk_template(**REQUIRED | {"SweepConcurrency": sweep, "NotifierConcurrency": notifier})


class Api(unittest.TestCase):
    @on_every_stack
    def test_the_routes_are_the_page_the_decision_and_everything_else(self, _title, stack):
        routes = stack.of_type("AWS::ApiGatewayV2::Route").values()
        self.assertEqual(
            sorted((route["RouteKey"], route["Target"]) for route in routes),
            [(key, "integrations/ApiIntegration") for key in ("$default", "GET /approval", "POST /approval")],
        )
        self.assertEqual(stack.properties("ApiIntegration")["IntegrationUri"], CALLBACK)

    @on_every_stack
    def test_it_is_throttled(self, title, stack):
        settings = stack.properties("ApiStage")["DefaultRouteSettings"]
        parameters = CONFIGURATIONS[title]
        rate, burst = parameters.get("ThrottleRate", "20"), parameters.get("ThrottleBurst", "40")
        self.assertEqual(settings, {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst})

    @on_every_stack
    def test_the_access_log_has_no_path_no_query_and_no_visitor(self, _title, stack):
        log = json.loads(stack.properties("ApiStage")["AccessLogSettings"]["Format"])
        private = re.compile("path|query|identity|sourceIp|userAgent|domain|authorizer", re.IGNORECASE)
        self.assertEqual([value for value in log.values() if private.search(value)], [])


class Domain(unittest.TestCase):
    """A domain of one's own is the only way in."""

    @on_every_stack
    def test_with_one_the_apis_own_endpoint_is_off_and_nothing_else_is_mapped(self, title, stack):
        given = "DomainName" in CONFIGURATIONS[title]
        self.assertEqual(stack.properties("Api").get("DisableExecuteApiEndpoint"), "true" if given else "false")
        self.assertEqual("ApiEndpoint" in stack.outputs, not given)
        mappings = list(stack.of_type("AWS::ApiGatewayV2::ApiMapping").values())
        expected = {"ApiId": "Api", "DomainName": CONFIGURATIONS[title].get("DomainName"), "Stage": "$default"}
        self.assertEqual(mappings, [expected] if given else [])
        for domain in stack.of_type("AWS::ApiGatewayV2::DomainName").values():
            (configuration,) = domain["DomainNameConfigurations"]
            self.assertEqual(configuration["SecurityPolicy"], "TLS_1_2")

    @on_every_stack
    def test_its_record_is_made_in_the_hosted_zone_or_the_outputs_say_where_it_must_point(self, title, stack):
        parameters = CONFIGURATIONS[title]
        target = {"DNSName": "ApiDomain.RegionalDomainName", "HostedZoneId": "ApiDomain.RegionalHostedZoneId"}
        records = [one["AliasTarget"] for one in stack.of_type("AWS::Route53::RecordSet").values()]
        self.assertEqual(records, [target] if "HostedZoneId" in parameters else [])
        outputs = [stack.outputs.get(name) for name in ("DomainTarget", "DomainTargetHostedZoneId")]
        by_hand = "DomainName" in parameters and "HostedZoneId" not in parameters
        self.assertEqual(outputs, list(target.values()) if by_hand else [None, None])

    @on_every_stack
    def test_links_are_made_for_the_first_place_where_they_are_accepted(self, title, stack):
        variables = [stack.properties(name)["Environment"]["Variables"] for name in ("NotifierFunction", "CallbackFunction")]
        url, origins = variables[0]["COUNTERSIGN_CALLBACK_URL"], variables[1].get("COUNTERSIGN_ORIGINS")
        # Without a list, at the domain name that API Gateway reports.
        self.assertEqual(url, origins.split(",")[0] if origins else "Api.ApiEndpoint")
        self.assertEqual(stack.outputs["CallbackUrl"], url)


class Alarms(unittest.TestCase):
    QUEUE = ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", "QueueName")
    METRICS = {
        "NotifierErrorsAlarm": ("AWS/Lambda", "Errors", "Sum", "FunctionName", "NotifierFunction"),
        "NotifierDeadLettersAlarm": (*QUEUE, "NotifierDeadLetterQueue.QueueName"),
        "RuleDeadLettersAlarm": (*QUEUE, "RuleDeadLetterQueue.QueueName"),
        "EmailDeadLettersAlarm": (*QUEUE, "EmailDeadLetterQueue.QueueName"),
        "SweepDeadLettersAlarm": (*QUEUE, "SweepDeadLetterQueue.QueueName"),
        "CallbackErrorsAlarm": ("AWS/ApiGateway", "5xx", "Sum", "ApiId", "Api"),
    }

    @on_every_stack
    def test_each_goes_off_at_the_first_occurrence(self, title, stack):
        metrics = self.METRICS | {
            "ForgeriesAlarm": ("Countersign", "Forged", "Sum", "Deployment", deployment_name(title)),
            "SendFailuresAlarm": ("Countersign", "SendFailures", "Sum", "Deployment", deployment_name(title)),
            "UndeliveredAlarm": ("Countersign", "Undelivered", "Sum", "Deployment", deployment_name(title)),
            "UnservedEventsAlarm": ("Countersign", "UnservedEvents", "Sum", "Deployment", deployment_name(title)),
        }
        alarms = stack.of_type("AWS::CloudWatch::Alarm")
        found = {
            name: (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"], *dimension.values())
            for name, alarm in alarms.items()
            for dimension in alarm["Dimensions"]
        }
        self.assertEqual(found, metrics)
        for alarm in alarms.values():
            self.assertEqual((alarm["Threshold"], alarm["EvaluationPeriods"]), ("1", "1"))
            self.assertEqual(alarm["ComparisonOperator"], "GreaterThanOrEqualToThreshold")
            self.assertEqual(alarm["TreatMissingData"], "notBreaching")
            topic = CONFIGURATIONS[title].get("AlarmTopicArn")
            self.assertEqual(alarm.get("AlarmActions", []), [topic] if topic else [])
            is_told = CONFIGURATIONS[title].get("OkActions") == "true"
            self.assertEqual(alarm.get("OKActions", []), [topic] if is_told else [])

    def test_it_must_be_said_whom_to_tell_that_one_is_over(self):
        with self.assertRaisesRegex(Refused, "OkActions is true"):
            sam_stack(REQUIRED | {"OkActions": "true"})
        with self.assertRaisesRegex(SynthesisError, "okActions"):
            cdk_stack(REQUIRED | {"OkActions": "true"})


class Dashboard(unittest.TestCase):
    @on_every_stack
    def test_it_is_optional_and_no_other_region_has_its_name(self, title, stack):
        dashboards = stack.of_type("AWS::CloudWatch::Dashboard")
        wanted = CONFIGURATIONS[title].get("Dashboard") == "true"
        names = [dashboard["DashboardName"] for dashboard in dashboards.values()]
        self.assertEqual(names, [f"{deployment_name(title)}-eu-west-1"] if wanted else [])

    def test_it_shows_every_alarm_and_metrics_that_there_are(self):
        documented = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs/reference.md").read_text(), re.MULTILINE))
        for tool, stack in both(REQUIRED | {"Dashboard": "true"}):
            with self.subTest(tool):
                body = json.loads(stack.properties("ApprovalsDashboard")["DashboardBody"])
                alarms, *graphs = (widget["properties"] for widget in body["widgets"])
                named = [arn.rsplit(":", 1)[1] for arn in alarms["alarms"]]
                self.assertEqual(sorted(named), sorted(stack.of_type("AWS::CloudWatch::Alarm")))
                lines = [line for graph in graphs for line in graph["metrics"]]
                own = {line[1] for line in lines if line[0] == "Countersign"}
                searched = {name for line in lines for name in re.findall(r'MetricName="(\w+)"', json.dumps(line).replace("\\", ""))}
                self.assertLessEqual({"Requested", "Decisions", "TimeToDecision", "Undelivered"}, own)
                self.assertEqual(searched, {"Refusals"})
                self.assertLessEqual(own | searched, documented)
                # Those of other services, by what the stack has.
                others = {tuple(line[:4]) for line in lines if line[0].__class__ is str and line[0] != "Countersign"}
                self.assertEqual(
                    others,
                    {
                        ("AWS/Lambda", "Errors", "FunctionName", "NotifierFunction"),
                        ("AWS/Lambda", "Errors", "FunctionName", "CallbackFunction"),
                        ("AWS/ApiGateway", "5xx", "ApiId", "Api"),
                    },
                )


class Tags(unittest.TestCase):
    """CloudFormation hands a stack's tags on to everything that takes some."""

    # What belongs to another resource, or to nothing that could have tags.
    WITHOUT = {
        *("AWS::KMS::Alias", "AWS::IAM::Policy", "AWS::Lambda::Permission", "AWS::Lambda::EventInvokeConfig"),
        *("AWS::ApiGatewayV2::ApiMapping", "AWS::Route53::RecordSet"),
        *("AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Route", "AWS::SES::ConfigurationSetEventDestination"),
        *("AWS::SNS::Subscription", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"),
    }

    def test_all_types_but_these_take_them(self):
        types = {
            resource["Type"] for title in CONFIGURATIONS for resource in sam_stack(CONFIGURATIONS[title]).resources.values()
        }
        for kind in types - self.WITHOUT:
            schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
            self.assertTrue(schema.get("tagging", {}).get("taggable"), kind)
            self.assertTrue(schema["tagging"].get("tagOnCreate"), kind)
        for kind in types & self.WITHOUT:
            self.assertNotIn("Tags", PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema["properties"], kind)


class Parameters(unittest.TestCase):
    # The CDK app leaves these to the types of the construct's props, and to CloudFormation.
    UNCHECKED_IN_CDK = {"AlarmTopicArn", "EventBusName", "LogRetentionDays"}
    # What the construct calls some of them.
    NAMES_IN_CDK = {
        "ApprovalTimeoutDays": "approvalTimeout, in days",
        "RecordRetentionDays": "recordRetention, in days",
        "DomainName": "domain.domainName",
        "HostedZoneId": "domain.hostedZone",
        "ThrottleBurst": "throttle.burstLimit",
        "ThrottleRate": "throttle.rateLimit",
    }

    def test_cloudformation_accepts_good_values_and_refuses_bad_ones(self):
        for values, declared in (
            (VALUES, sam_source()["Parameters"]),
            (MEMBER_VALUES, member_template()["Parameters"]),
        ):
            self.assertEqual(set(values), set(declared))
            for name, parameter in declared.items():
                for kind, expected in (("good", True), ("bad", False)):
                    for value in values[name][kind]:
                        with self.subTest(f"{name}: {value!r} is {kind}"):
                            self.assertEqual(self.accepts(parameter, value), expected)

    def test_one_key_of_a_kind_signs_and_the_others_are_trusted_or_none(self):
        for name in ("RequestKeys", "VoteKeys"):
            setting = name[0].lower() + name[1:]
            for uses in ("trusted,none,none,none", "none,none,none,none", "signs,2,none,none", "Signs,none,none,none"):
                with self.subTest(f"SAM, {name}, {uses}"), self.assertRaisesRegex(Refused, f"^{name} must be four words"):
                    sam_stack(REQUIRED | {name: uses})
                with self.subTest(f"CDK, {name}, {uses}"), self.assertRaisesRegex(SynthesisError, f'{setting}"? is'):
                    cdk_template(**REQUIRED | {name: uses})
            # With two that sign, or a fifth, CloudFormation would take the first of them, or four.
            for uses in ("signs,signs,none,none", "signs,none,none,none,trusted"):
                with self.subTest(f"CDK, {name}, {uses}"), self.assertRaisesRegex(SynthesisError, f"^{setting} is"):
                    cdk_template(**REQUIRED | {name: uses})

    def accepts(self, parameter, value):
        if parameter["Type"] == "CommaDelimitedList":
            # CloudFormation checks each of the list.
            one = parameter | {"Type": "String"}
            return all(self.accepts(one, each.strip()) for each in value.split(","))
        if "AllowedValues" in parameter and value not in map(str, parameter["AllowedValues"]):
            return False
        if "AllowedPattern" in parameter and not re.fullmatch(parameter["AllowedPattern"], value):
            return False
        if parameter["Type"] == "Number":
            number = int(value)
            return parameter.get("MinValue", number) <= number <= parameter.get("MaxValue", number)
        return len(value) <= parameter.get("MaxLength", 4096)

    def test_the_cdk_app_accepts_good_values_and_names_the_setting_of_a_bad_one(self):
        for name, values in VALUES.items():
            for value in values["good"]:
                with self.subTest(f"{name}: {value!r} is good"):
                    cdk_template(**self.with_value(name, value))
            for value in values["bad"] if name not in self.UNCHECKED_IN_CDK else []:
                with self.subTest(f"{name}: {value!r} is bad"):
                    setting = self.NAMES_IN_CDK.get(name, name[0].lower() + name[1:])
                    with self.assertRaisesRegex(SynthesisError, setting):
                        cdk_template(**self.with_value(name, value))

    def with_value(self, name, value):
        """The required parameters, with a value of one more, and the source of the policy that takes it."""
        source = SOURCES.get(value) if name == "PolicySource" else None
        source = source or next((one for one in SOURCES.values() if name in one), SOURCES["approvers"])
        return SENDER | source | NEEDS.get(name, {}) | {name: value}

    def test_so_it_does_for_another_account(self):
        required = MEMBER_CONFIGURATIONS["home"]
        for name, values in MEMBER_VALUES.items():
            for value in values["good"]:
                with self.subTest(f"{name}: {value!r} is good"):
                    member_cdk_template(**required | {name: value})
            for value in values["bad"]:
                with self.subTest(f"{name}: {value!r} is bad"):
                    with self.assertRaisesRegex(SynthesisError, name[0].lower() + name[1:]):
                        member_cdk_template(**required | {name: value})

    def test_some_account_must_be_served(self):
        none = REQUIRED | {"ServeOwnAccount": "false"}
        for parameters in (none, none | {"OrganizationId": "o-a1b2c3d4e5"}):
            with self.assertRaisesRegex(Refused, "^ServeOwnAccount is false, so MemberAccounts or MemberAccountsParameter must name"):
                sam_stack(parameters)
            with self.assertRaisesRegex(SynthesisError, "^serveOwnAccount is false, but must be true, unless member"):
                cdk_template(**parameters)

    def test_a_list_of_accounts_is_in_one_place_and_an_organization_sends_their_events(self):
        listed = LISTED | {"ServeOwnAccount": "true"}
        for parameters, refused, failed in (
            (listed | {"MemberAccounts": "210987654321"}, "MemberAccountsParameter names the list", "memberAccounts is"),
            (listed | {"OrganizationId": ""}, "MemberAccountsParameter is given, so Org", "memberAccountsParameter is"),
        ):
            with self.assertRaisesRegex(Refused, f"^{refused}"):
                sam_stack(parameters)
            with self.assertRaisesRegex(SynthesisError, f"^{failed} .* but must be left out"):
                cdk_template(**parameters)

    def test_there_are_at_most_as_many_member_accounts_and_regions_as_fit_into_the_settings(self):
        for name, most, one_more in (
            ("MemberAccounts", [f"{number:012}" for number in range(100)], "999999999999"),
            ("PipelineRegions", ["ap-southeast-1"] * 34, "eu-west-1"),
        ):
            values = ",".join(most)
            too_many = f"{values},{one_more}"
            with self.subTest(name):
                parameter = sam_source()["Parameters"][name]
                self.assertEqual([self.accepts(parameter, one) for one in (values, too_many)], [True, False])
                cdk_template(**REQUIRED | {name: values})
                with self.assertRaisesRegex(SynthesisError, f"^{name[0].lower()}{name[1:]} is .* at most"):
                    cdk_template(**REQUIRED | {name: too_many})

    def test_the_cdk_app_refuses_an_account_that_is_named_twice(self):
        with self.assertRaisesRegex(SynthesisError, "^memberAccounts is .* each named once"):
            cdk_template(**REQUIRED | {"MemberAccounts": "210987654321,345678901234,210987654321"})

    def test_the_cdk_app_refuses_the_former_name_of_a_setting(self):
        with self.assertRaisesRegex(SynthesisError, '^context "pipelineRegion" is now "pipelineRegions"'):
            synthesize(context(REQUIRED) | {"pipelineRegion": "*"})

    def test_the_cdk_app_has_two_kinds_of_stacks(self):
        template = synthesize(context(REQUIRED) | zips() | {"stack": "hub"})
        self.assertEqual(template, cdk_template(**REQUIRED))
        with self.assertRaisesRegex(SynthesisError, '^context "stack" is "members"; expected one of hub, member'):
            synthesize(context(REQUIRED) | {"stack": "members"})

    def test_another_region_of_ses_needs_a_configuration_set_there(self):
        elsewhere = REQUIRED | {"SesRegion": "eu-central-1"}
        with self.assertRaisesRegex(Refused, "^SesRegion is given, so ConfigurationSet must name"):
            sam_stack(elsewhere)
        with self.assertRaisesRegex(SynthesisError, "^sesRegion is .* unless configurationSet names"):
            cdk_template(**elsewhere)

    def test_only_one_identity_can_be_named(self):
        identities = {"SenderIdentity": "example.com", "SenderIdentityArn": ELSEWHERE["SenderIdentityArn"]}
        with self.assertRaisesRegex(Refused, "^SenderIdentityArn names the identity, so SenderIdentity must be empty"):
            sam_stack(REQUIRED | identities)
        with self.assertRaisesRegex(SynthesisError, '^context "senderIdentity" is .* "senderIdentityArn" names the identity'):
            cdk_template(**REQUIRED | identities)

    def test_a_domain_has_a_certificate_and_nothing_else_has(self):
        domain = {name: LANDING[name] for name in ("DomainName", "CertificateArn", "HostedZoneId")}
        for missing, refused, failed in (
            ("CertificateArn", "DomainName is given, so CertificateArn must", 'context "domainName" is .* "certificateArn" is missing'),
            ("DomainName", "DomainName is empty, so CertificateArn and HostedZoneId", 'context "certificateArn" is given'),
        ):
            parameters = REQUIRED | {name: value for name, value in domain.items() if name != missing}
            with self.subTest(missing), self.assertRaisesRegex(Refused, f"^{refused}"):
                sam_stack(parameters)
            with self.subTest(missing), self.assertRaisesRegex(SynthesisError, f"^{failed}"):
                cdk_template(**parameters)
        zone = REQUIRED | {"HostedZoneId": domain["HostedZoneId"]}
        with self.assertRaisesRegex(Refused, "^DomainName is empty"):
            sam_stack(zone)
        with self.assertRaisesRegex(SynthesisError, '^context "hostedZoneId" is given, but context "domainName" is missing'):
            cdk_template(**zone)

    def test_subnets_and_security_groups_are_given_together(self):
        for name, refused, failed in (
            ("SubnetIds", "SubnetIds is given, so", 'context "subnetIds" is .* "securityGroupIds" is missing'),
            ("SecurityGroupIds", "SubnetIds is empty, so", 'context "securityGroupIds" is given, but .* is missing'),
        ):
            with self.subTest(name), self.assertRaisesRegex(Refused, f"^{refused}"):
                sam_stack(REQUIRED | {name: LANDING[name]})
            with self.subTest(name), self.assertRaisesRegex(SynthesisError, f"^{failed}"):
                cdk_template(**REQUIRED | {name: LANDING[name]})

    def test_without_a_proxy_nothing_goes_past_it(self):
        alone = REQUIRED | {"NoProxy": LANDING["NoProxy"]}
        with self.assertRaisesRegex(Refused, "^HttpsProxy is empty, so NoProxy"):
            sam_stack(alone)
        with self.assertRaisesRegex(SynthesisError, "^noProxy is .* unless httpsProxy is given"):
            cdk_template(**alone)

    def test_the_cdk_app_refuses_a_quorum_above_the_number_of_approvers(self):
        with self.assertRaisesRegex(SynthesisError, "quorum is 3, but must be at most the number of approvers, 2"):
            cdk_template(**REQUIRED | {"Quorum": "3"})

    def test_the_cdk_app_says_what_it_needs(self):
        for source, name, example in (
            ("approvers", "approvers", "'Ada <ada@"),
            ("approvers", "sender", "'approvals@"),
            ("approvers", "policySource", "approvers, file or parameter"),
            ("file", "policyFile", "'policy.toml"),
            ("parameter", "policyParameterName", "'/countersign/approval-policy"),
        ):
            given = context(SENDER | SOURCES[source])
            del given[name]
            with self.assertRaisesRegex(SynthesisError, f'"{name}" is missing; pass it as -c {name}={example}'):
                synthesize(given)
        for name in ("hubBusArn", "homeRegion"):
            given = context(MEMBER_CONFIGURATIONS["home"]) | {"stack": "member"}
            del given[name]
            with self.assertRaisesRegex(SynthesisError, f'"{name}" is missing; pass it as -c {name}='):
                synthesize(given)

    def test_each_has_a_description_and_each_constraint_a_message(self):
        parameters = [*sam_source()["Parameters"].items(), *member_template()["Parameters"].items()]
        for name, parameter in parameters:
            with self.subTest(name):
                self.assertTrue(parameter["Description"].endswith("."))
                if "AllowedPattern" in parameter or "MinValue" in parameter:
                    self.assertTrue(parameter["ConstraintDescription"].startswith("must be "))
                if "Default" in parameter:
                    self.assertTrue(self.accepts(parameter, str(parameter["Default"])))

    def test_each_is_in_one_group(self):
        source = sam_source()
        groups = source["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        grouped = [name for group in groups for name in group["Parameters"]]
        self.assertEqual(sorted(grouped), sorted(source["Parameters"]))


class CdkApp(unittest.TestCase):
    # The context that tests/infra/run passes to the CDK CLI.
    CLI = REQUIRED | {"NotificationTopic": "true", "MemberAccounts": HUB}
    MEMBER_CLI = MEMBER_CONFIGURATIONS["home"]

    def test_the_cdk_cli_synthesizes_the_same_system(self):
        template = json.loads(pathlib.Path(os.environ["CDK_OUT"], "Countersign.template.json").read_text())
        self.assertEqual(differences(sam_stack(self.CLI), cdk_stack(self.CLI, template)), [])

    def test_so_it_does_for_another_account(self):
        template = json.loads(pathlib.Path(os.environ["MEMBER_CDK_OUT"], "CountersignMember.template.json").read_text())
        found = member_cdk_stack(self.MEMBER_CLI, template)
        self.assertEqual(differences(member_stack(self.MEMBER_CLI), found), [])

    def test_without_zips_cargo_lambda_builds_both_packages_into_the_same_functions(self):
        for architecture in ("arm64", "x86_64"):
            with self.subTest(architecture):
                parameters = REQUIRED | {"Architecture": architecture}
                # With no stack to bundle for, nothing is built, and the assets are the packages as they are.
                template = synthesize(context(parameters) | {"aws:cdk:bundling-stacks": []})
                self.assertEqual(differences(sam_stack(parameters), cdk_stack(parameters, template)), [])

    def test_its_files_do_not_import_each_other_in_a_circle(self):
        imports = {}
        for path in (path for folder in ("app", "bin", "lib", "test") for path in CDK.glob(f"{folder}/*.ts")):
            names = re.findall(r"from '(\.\.?/[^']+)\.js'", path.read_text())
            imports[path] = {(path.parent / f"{name}.ts").resolve() for name in names}
        self.assertLessEqual(set().union(*imports.values()), set(imports))
        graphlib.TopologicalSorter(imports).prepare()  # Raises CycleError, with the circle.


class TablesOfParameters(unittest.TestCase):
    """The tables of parameters in the documents are those that the templates make."""

    TEMPLATE = {
        "Metadata": {
            "AWS::CloudFormation::Interface": {
                "ParameterGroups": [
                    {"Label": {"default": "Emails"}, "Parameters": ["Sender", "Reply"]},
                    {"Label": {"default": "More"}, "Parameters": ["Days", "Name"]},
                ]
            }
        },
        "Parameters": {
            "Days": {"Description": "How many.", "Default": 7, "MinValue": 1, "MaxValue": 1000},
            "Name": {
                "Description": 'As a_b, or A <a@example.com>. See "Rotate a key" in docs/operations.md, docs/events.md.',
                "Default": "x",
                "MaxLength": 1024,
                "ConstraintDescription": "must be a name.",
            },
            "Reply": {"Description": "Empty means the Sender.", "Default": "", "AllowedValues": ["", "a|b"]},
            "Sender": {"Description": "See infra/ses/template.yaml.\nNever SenderName.", "MaxLength": 20},
        },
    }
    EXPECTED = [
        "| **Emails** | | | |",
        "| `Sender` | required | at most 20 characters | See `infra/ses/template.yaml`. Never SenderName |",
        "| `Reply` | empty | ``, `a|b` | Empty means the `Sender` |",
        "| **More** | | | |",
        "| `Days` | `7` | 1 to 1,000 | How many |",
        "| `Name` | `x` | a name; at most 1,024 characters | As a\\_b, or A \\<a@example.com>. "
        "See [Rotate a key](operations.md#rotate-a-key), [events.md](events.md) |",
    ]

    def test_a_row_has_name_default_allowed_values_and_description(self):
        self.assertEqual(parameter_tables.table(self.TEMPLATE).split("\n")[2:], self.EXPECTED)
        plain = parameter_tables.table({"Parameters": {"Days": self.TEMPLATE["Parameters"]["Days"]}})
        self.assertEqual(plain.split("\n")[2:], ["| `Days` | `7` | 1 to 1,000 | How many |"])

    def test_a_table_is_written_between_its_marks_and_nowhere_else(self):
        path = "infra/a.yaml"
        mark, end = parameter_tables.begin(path), parameter_tables.END
        table = parameter_tables.table(self.TEMPLATE)
        written = f"Before.\n\n{mark}\n\n{table}\n\n{end}\n\nAfter.\n"
        for old in ("", "\n\n| old |\n\n", f"\n\n{table}\n\n"):
            text = f"Before.\n\n{mark}{old}{end}\n\nAfter.\n"
            self.assertEqual(parameter_tables.with_table(text, path, self.TEMPLATE), written)
        for text in ("", mark, end, f"{end}{mark}", f"{mark}{end}{end}", f"{mark}{mark}{end}"):
            with self.subTest(text), self.assertRaisesRegex(ValueError, "infra/a.yaml"):
                parameter_tables.with_table(text, path, self.TEMPLATE)

    def test_each_document_has_the_table_that_its_template_makes(self):
        templates = (ROOT / "infra").glob("*/template.yaml")
        self.assertEqual(set(parameter_tables.TABLES.values()), {str(path.relative_to(ROOT)) for path in templates})
        for document, path in parameter_tables.TABLES.items():
            with self.subTest(document):
                text = (ROOT / document).read_text()
                if parameter_tables.with_table(text, path, parameter_tables.read(path)) != text:
                    self.fail(f"{document}: the table of {path} is stale; write it with {parameter_tables.COMMAND}")


class PrintedPolicies(unittest.TestCase):
    """The policies that docs/operations.md has somebody put back by hand."""

    ROLES = {"NotifierRole": "NOTIFIER_ROLE", "CallbackRole": "CALLBACK_ROLE"}

    def as_printed(self, node):
        """A policy of the template with the account and the names that the document puts in."""
        match node:
            case {"Fn::GetAtt": ["NotifierRole" | "CallbackRole" as role, "Arn"]}:
                return f"arn:aws:iam::123456789012:role/{self.ROLES[role]}"
            case {"Fn::Sub": text}:
                known = {"AWS::Partition": "aws", "AWS::AccountId": "123456789012"} | self.ROLES
                return re.sub(r"\$\{([^}]+)\}", lambda found: known[found[1]], text)
            case dict():
                return {key: self.as_printed(value) for key, value in node.items()}
            case list():
                return [self.as_printed(value) for value in node]
        return node

    def printed(self, heading):
        return json.loads(markdown.indented((ROOT / "docs/operations.md").read_text())[heading, 0])

    def test_that_of_a_request_key(self):
        for key in ("SigningKey", "RequestKey2", "RequestKey3", "RequestKey4"):
            policy = self.as_printed(sam_source()["Resources"][key]["Properties"]["KeyPolicy"])
            self.assertEqual(self.printed("Put a key's policy back"), policy, key)

    def test_that_of_a_vote_key(self):
        text = json.dumps(self.printed("Put a key's policy back")).replace("ByNotifier", "ByCallback")
        expected = json.loads(text.replace("NOTIFIER_ROLE", "CALLBACK_ROLE"))
        for key in ("VoteKey1", "VoteKey2", "VoteKey3", "VoteKey4"):
            policy = self.as_printed(sam_source()["Resources"][key]["Properties"]["KeyPolicy"])
            self.assertEqual(expected, policy, key)

    def test_that_of_the_table(self):
        table = sam_source()["Resources"]["LedgerTable"]["Properties"]
        policy = self.as_printed(table["ResourcePolicy"]["PolicyDocument"])
        self.assertEqual(self.printed("Attach the table's policy again"), policy)


if __name__ == "__main__":
    counted.main()
