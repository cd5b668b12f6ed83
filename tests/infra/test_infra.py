"""The SAM template and the CDK app make the same system, and its parts have the permissions that they need and no more.

Every check reads what CloudFormation would get: the SAM template after its transform, and what the CDK synthesizes.
"""

import copy
import functools
import graphlib
import itertools
import json
import os
import pathlib
import re
import unittest

import cfnlint
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from access import Request, refuses
from stack import REGION, Refused, Stack, differences, normalized, permissions, statements
from templates import (
    CDK,
    CONFIGURATIONS,
    ELSEWHERE,
    REQUIRED,
    ROOT,
    SENDER,
    SOURCES,
    SynthesisError,
    cdk_stack,
    cdk_template,
    context,
    sam_source,
    sam_stack,
    sam_template,
    ses_template,
    synthesize,
)

# Good and bad values of each parameter.
VALUES = json.loads(pathlib.Path(__file__).with_name("values.json").read_text())

# AWS's service authorization reference, from cfn-lint: the resources that each action takes, and how their ARNs look.
AUTHORIZATION = json.loads(
    pathlib.Path(cfnlint.__file__).with_name("data").joinpath("AdditionalSpecs/Policies.json").read_text()
)

ACCOUNT_ARN = "arn:aws:{}:eu-west-1:123456789012:{}".format
LEDGER = ACCOUNT_ARN("dynamodb", "table/LedgerTable")
EVENT_BUS = ACCOUNT_ARN("events", "event-bus/default")
NOTIFIER = ACCOUNT_ARN("lambda", "function:NotifierFunction")
CALLBACK = ACCOUNT_ARN("lambda", "function:CallbackFunction")
NOTIFIER_DEAD_LETTERS = ACCOUNT_ARN("sqs", "NotifierDeadLetterQueue")
RULE_DEAD_LETTERS = ACCOUNT_ARN("sqs", "RuleDeadLetterQueue")
EMAIL_QUEUE = ACCOUNT_ARN("sqs", "EmailQueue")
EMAIL_DEAD_LETTERS = ACCOUNT_ARN("sqs", "EmailDeadLetterQueue")
TOPIC = ACCOUNT_ARN("sns", "ApprovalTopic")
APPROVAL_RULE = ACCOUNT_ARN("events", "rule/ApprovalRule")
VOTE_RULE = ACCOUNT_ARN("events", "rule/VoteRule")
SWEEP_RULE = ACCOUNT_ARN("events", "rule/SweepRule")
EMAIL_RULE = ACCOUNT_ARN("events", "rule/EmailRule")

# The configurations' own values, where they differ in more than one resource.
PIPELINE_REGION = {title: "eu-west-1" for title in CONFIGURATIONS} | {"everything": "*", "overrides": "us-east-1"}
# The configuration set in use.
CONFIGURATION_SETS = {
    "defaults": "countersign",
    "everything": "releases",
    "overrides": "existing",
    "file": "countersign",
    "elsewhere": "mail",
}


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


def makes_configuration_set(title):
    return "ConfigurationSet" not in CONFIGURATIONS[title]


def has_topic(title):
    return CONFIGURATIONS[title].get("NotificationTopic") == "true"


def both(parameters):
    """The stacks of both templates with some parameters."""
    return (("SAM", sam_stack(parameters)), ("CDK", cdk_stack(parameters)))


def on_every_stack(check):
    """Makes a test of a check of one stack: both stacks of every configuration, each in a subtest."""

    @functools.wraps(check)
    def test(self):
        for title, parameters in CONFIGURATIONS.items():
            for tool, stack in both(parameters):
                with self.subTest(f"{tool}, {title}"):
                    check(self, title, stack)

    return test


class SamAndCdk(unittest.TestCase):
    maxDiff = None

    def test_they_make_the_same_system(self):
        for title, parameters in CONFIGURATIONS.items():
            with self.subTest(title):
                self.assertEqual(differences(sam_stack(parameters), cdk_stack(parameters)), [])

    def test_every_parameter_has_an_effect(self):
        # Both are equal in all configurations, so what has an effect in SAM's stack has it in the CDK's.
        changed = CONFIGURATIONS["overrides"] | CONFIGURATIONS["everything"]
        changed |= CONFIGURATIONS["file"] | CONFIGURATIONS["elsewhere"]
        self.assertEqual(set(changed), set(sam_source()["Parameters"]))
        sources = {name: source for source in SOURCES.values() for name in source if name != "PolicySource"}
        for name, value in changed.items():
            with self.subTest(name):
                before = SENDER | sources.get(name, SOURCES["approvers"])
                if name == "SesRegion":
                    before |= {"ConfigurationSet": "mail"}
                after = before | {name: f"{value}x" if value == before.get(name) else value}
                if name == "PolicySource":
                    after = SENDER | SOURCES["file"]
                self.assertNotEqual(differences(sam_stack(before), sam_stack(after)), [])

    @on_every_stack
    def test_the_callback_is_updated_before_the_notifier_and_each_role_before_its_function(self, _title, stack):
        dependencies = {name: resource["DependsOn"] for name, resource in stack.resources.items()}
        self.assertLessEqual({"CallbackFunction", "NotifierPolicy"}, dependencies["NotifierFunction"])
        self.assertLessEqual({"CallbackPolicy"}, dependencies["CallbackFunction"])


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


class Roles(unittest.TestCase):
    """The permissions of the two functions: each action, with the exact resources."""

    IDENTITIES = {
        "defaults": ["identity/approvals@mail.example.com", "identity/mail.example.com"],
        "everything": ["identity/*", "identity/example.org", "identity/releases@example.org"],
        "overrides": ["identity/example.com"],
        "file": ["identity/approvals@mail.example.com", "identity/mail.example.com"],
    }
    # With a slash, which is part of a name that is given, but not of one that CloudFormation makes.
    POLICY_PARAMETERS = {"overrides": "/releases/who-decides", "file": "/PolicyParameter"}
    # These actions take no resource.
    TRACING = {"xray:PutTelemetryRecords": ["*"], "xray:PutTraceSegments": ["*"]}
    # Lambda itself needs these. All others are in the code.
    LAMBDA_ACTIONS = {
        *("logs:CreateLogStream", "logs:PutLogEvents", *TRACING),
        *("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"),
    }

    def pipelines(self, title, resource="*"):
        return [f"arn:aws:codepipeline:{PIPELINE_REGION[title]}:123456789012:{resource}"]

    def logs(self, group):
        arn = ACCOUNT_ARN("logs", f"log-group:{group}:*")
        return {"logs:CreateLogStream": [arn], "logs:PutLogEvents": [arn]}

    def policy(self, title):
        name = self.POLICY_PARAMETERS.get(title)
        return {"ssm:GetParameter": [ACCOUNT_ARN("ssm", f"parameter{name}")]} if name else {}

    def keys(self, title):
        return sorted(ALL_REQUEST_KEYS[title] + ALL_VOTE_KEYS[title])

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
            | self.policy(title)
            | self.logs("NotifierLogGroup")
            | {
                "codepipeline:GetPipeline": self.pipelines(title),
                "codepipeline:GetPipelineExecution": self.pipelines(title),
                "codepipeline:GetPipelineState": self.pipelines(title),
                "codepipeline:ListActionExecutions": self.pipelines(title),
                "codepipeline:ListPipelineExecutions": self.pipelines(title),
                "codepipeline:ListPipelines": ["*"],
                "dynamodb:DescribeTable": [LEDGER],
                "dynamodb:GetItem": [LEDGER],
                "dynamodb:GetResourcePolicy": [LEDGER],
                "dynamodb:PutItem": [LEDGER],
                "dynamodb:Query": [LEDGER],
                "dynamodb:UpdateItem": [LEDGER],
                "kms:GetKeyPolicy": self.keys(title),
                "kms:GetPublicKey": self.keys(title),
                "kms:Sign": sorted(REQUEST_KEYS[title]),
                "ses:GetAccount": ["*"],
                "ses:GetConfigurationSet": [self.configuration_set(title)],
                "ses:GetConfigurationSetEventDestinations": [self.configuration_set(title)],
                "ses:GetEmailIdentity": [self.ses(title, "identity/*")],
                "ses:SendRawEmail": self.senders(title),
                "sqs:DeleteMessage": [EMAIL_QUEUE],
                "sqs:GetQueueAttributes": [EMAIL_QUEUE],
                "sqs:ReceiveMessage": [EMAIL_QUEUE],
                "sqs:SendMessage": [NOTIFIER_DEAD_LETTERS],
            }
        )

    def callback(self, title):
        return (
            self.TRACING
            | self.logs("CallbackLogGroup")
            | {
                "codepipeline:GetPipelineExecution": self.pipelines(title),
                "codepipeline:ListActionExecutions": self.pipelines(title),
                "codepipeline:PutApprovalResult": self.pipelines(title, "*/*/*"),
                "dynamodb:GetItem": [LEDGER],
                "dynamodb:UpdateItem": [LEDGER],
                "events:PutEvents": [EVENT_BUS],
                "kms:GetPublicKey": self.keys(title),
                "kms:Sign": sorted(VOTE_KEYS[title]),
            }
        )

    @on_every_stack
    def test_each_has_exactly_the_permissions_that_it_needs(self, title, stack):
        for role, expected in (("NotifierRole", self.notifier(title)), ("CallbackRole", self.callback(title))):
            found = {}
            for effect, _, action, resource, _ in permissions(stack, role):
                self.assertEqual(effect, "Allow")
                found.setdefault(action, []).append(resource)
            self.assertEqual({action: sorted(resources) for action, resources in found.items()}, expected)

    @on_every_stack
    def test_the_only_conditions_are_the_sender_of_emails_and_the_type_of_events(self, title, stack):
        conditions = {
            (role, action, condition)
            for role in ("NotifierRole", "CallbackRole")
            for _, _, action, _, condition in permissions(stack, role)
            if condition != "null"
        }
        sender = {"StringEquals": {"ses:FromAddress": CONFIGURATIONS[title]["Sender"]}}
        event = {
            "ForAllValues:StringEquals": {"events:source": "countersign"},
            "StringEquals": {"events:detail-type": ["Vote Recorded", "Request Missing"]},
        }
        self.assertEqual(
            conditions,
            {
                ("NotifierRole", "ses:SendRawEmail", json.dumps(sender)),
                ("CallbackRole", "events:PutEvents", json.dumps(event)),
            },
        )

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
    def test_there_are_no_other_roles_and_no_managed_policies(self, _title, stack):
        roles = stack.of_type("AWS::IAM::Role")
        self.assertEqual(set(roles), {"NotifierRole", "CallbackRole"})
        for role in roles.values():
            self.assertNotIn("ManagedPolicyArns", role)
        self.assertEqual(stack.of_type("AWS::IAM::ManagedPolicy"), {})
        attached = [policy["Roles"] for policy in stack.of_type("AWS::IAM::Policy").values()]
        self.assertEqual(sorted(attached), [["CallbackRole"], ["NotifierRole"]])
        for name in ("Notifier", "Callback"):
            role = f"arn:aws:iam::123456789012:role/{name}Role"
            self.assertEqual(stack.properties(f"{name}Function")["Role"], role)

    def test_every_action_exists_and_its_resource_has_a_form_that_it_takes(self):
        roles = [role(title) for title in CONFIGURATIONS for role in (self.notifier, self.callback)]
        for action, resources in (one for role in roles for one in role.items()):
            with self.subTest(f"{action} on {resources}"):
                service, name = action.split(":")
                self.assertIn(name.lower(), AUTHORIZATION[service]["Actions"])
                kinds = AUTHORIZATION[service]["Actions"][name.lower()].get("Resources") or []
                if resources == ["*"]:
                    self.assertEqual(kinds, [], "the action takes a resource")
                    continue
                forms = [form for kind in kinds for form in AUTHORIZATION[service]["Resources"][kind]["ARNFormats"]]
                forms = [re.sub(r"\$\{(\w+)\}", self.placeholder, form) for form in forms]
                for resource in resources:
                    self.assertTrue(any(re.fullmatch(form, resource) for form in forms), f"expected one of {forms}")

    def placeholder(self, match):
        # The identity to send with may be another account's.
        return {"Partition": "aws", "Account": "[0-9]{12}"}.get(match[1], "[^:]+")

    def test_the_functions_may_call_exactly_what_their_code_calls(self):
        # The code names the operation of each AWS call, for its errors. The doctor's reader of policies names what others
        # must not do, and calls nothing.
        reader = ROOT / "functions/notifier/src/doctor/policies.rs"
        self.assertNotIn("AwsError::new", reader.read_text())
        called = {
            name
            for part in ("functions/notifier", "functions/callback", "shared")
            for path in (ROOT / part / "src").rglob("*.rs")
            if path != reader
            for name in re.findall(r'"((?:codepipeline|dynamodb|events|kms|ses|sqs|ssm):[A-Z]\w+)"', path.read_text())
        }
        # A transaction needs the permissions of the writes in it: puts and updates.
        called = (called - {"dynamodb:TransactWriteItems"}) | {"dynamodb:PutItem", "dynamodb:UpdateItem"}
        allowed = set(self.notifier("file") | self.callback("file"))
        self.assertEqual(allowed - self.LAMBDA_ACTIONS, called)


# The condition under which writing the ledger is denied, and what is denied.
WRITERS = {
    "ArnNotLike": {
        "aws:PrincipalArn": [
            "arn:aws:iam::123456789012:role/CallbackRole",
            "arn:aws:sts::123456789012:assumed-role/CallbackRole/*",
            "arn:aws:iam::123456789012:role/NotifierRole",
            "arn:aws:sts::123456789012:assumed-role/NotifierRole/*",
        ]
    },
    "Bool": {"aws:PrincipalIsAWSService": "false"},
}
WRITES = [
    *("dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
    *("dynamodb:PartiQLDelete", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"),
]


class ResourcePolicies(unittest.TestCase):
    """The exact statements on the resources that others can reach."""

    DENY_WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}
    ASSUMED_BY_LAMBDA = {("Allow", '{"Service": "lambda.amazonaws.com"}', "sts:AssumeRole", "", "null")}
    POLICIES = {
        "LedgerTable": {("Deny", '"*"', action, "*", json.dumps(WRITERS)) for action in WRITES},
        "NotifierRole": ASSUMED_BY_LAMBDA,
        "CallbackRole": ASSUMED_BY_LAMBDA,
        "EmailQueuePolicy": {
            ("Deny", '{"AWS": "*"}', "sqs:*", EMAIL_QUEUE, json.dumps(DENY_WITHOUT_TLS)),
            (
                "Allow",
                '{"Service": "events.amazonaws.com"}',
                "sqs:SendMessage",
                EMAIL_QUEUE,
                json.dumps({"ArnEquals": {"aws:SourceArn": EMAIL_RULE}}),
            ),
            (
                "Deny",
                '"*"',
                "sqs:SendMessage",
                EMAIL_QUEUE,
                json.dumps({"ArnNotEquals": {"aws:SourceArn": EMAIL_RULE}}),
            ),
        },
        "EmailDeadLetterQueuePolicy": {
            ("Deny", '{"AWS": "*"}', "sqs:*", EMAIL_DEAD_LETTERS, json.dumps(DENY_WITHOUT_TLS)),
            (
                "Allow",
                '{"Service": "events.amazonaws.com"}',
                "sqs:SendMessage",
                EMAIL_DEAD_LETTERS,
                json.dumps({"ArnEquals": {"aws:SourceArn": EMAIL_RULE}}),
            ),
        },
        "NotifierDeadLetterQueuePolicy": {
            ("Deny", '{"AWS": "*"}', "sqs:*", NOTIFIER_DEAD_LETTERS, json.dumps(DENY_WITHOUT_TLS)),
        },
        "RuleDeadLetterQueuePolicy": {
            ("Deny", '{"AWS": "*"}', "sqs:*", RULE_DEAD_LETTERS, json.dumps(DENY_WITHOUT_TLS)),
            (
                "Allow",
                '{"Service": "events.amazonaws.com"}',
                "sqs:SendMessage",
                RULE_DEAD_LETTERS,
                json.dumps({"ArnEquals": {"aws:SourceArn": APPROVAL_RULE}}),
            ),
            (
                "Allow",
                '{"Service": "events.amazonaws.com"}',
                "sqs:SendMessage",
                RULE_DEAD_LETTERS,
                json.dumps({"ArnEquals": {"aws:SourceArn": VOTE_RULE}}),
            ),
        },
    }
    TOPIC_POLICY = {
        "ApprovalTopicPolicy": {
            ("Deny", '"*"', "sns:Publish", TOPIC, json.dumps(DENY_WITHOUT_TLS)),
            (
                "Allow",
                '{"Service": "codestar-notifications.amazonaws.com"}',
                "sns:Publish",
                TOPIC,
                json.dumps({"StringEquals": {"aws:SourceAccount": "123456789012"}}),
            ),
        }
    }
    # The resource that a policy is attached to.
    OWNERS = {
        "EmailDeadLetterQueuePolicy": ("Queues", "EmailDeadLetterQueue"),
        "EmailQueuePolicy": ("Queues", "EmailQueue"),
        "NotifierDeadLetterQueuePolicy": ("Queues", "NotifierDeadLetterQueue"),
        "RuleDeadLetterQueuePolicy": ("Queues", "RuleDeadLetterQueue"),
        "ApprovalTopicPolicy": ("Topics", TOPIC),
    }

    def keys(self, title):
        """The policy of every key, which only the signer's role tells apart."""
        return {
            arn.split("/")[1]: {
                ("Allow", '{"AWS": "arn:aws:iam::123456789012:root"}', "kms:*", "*", "null"),
                ("Deny", '{"AWS": "*"}', "kms:Sign", "*", json.dumps(self.only(role))),
            }
            for role, keys in (("NotifierRole", ALL_REQUEST_KEYS), ("CallbackRole", ALL_VOTE_KEYS))
            for arn in keys[title]
        }

    def only(self, role):
        arns = [f"arn:aws:iam::123456789012:role/{role}", f"arn:aws:sts::123456789012:assumed-role/{role}/*"]
        return {"ArnNotLike": {"aws:PrincipalArn": arns}}

    @on_every_stack
    def test_they_say_exactly_who_may_do_what(self, title, stack):
        found = {
            name: statements(resource["Properties"][key])
            for name, resource in stack.resources.items()
            for key in ("PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument")
            if key in resource["Properties"] and resource["Type"] != "AWS::IAM::Policy"
        }
        found["LedgerTable"] = statements(stack.properties("LedgerTable")["ResourcePolicy"]["PolicyDocument"])
        topic = self.TOPIC_POLICY if has_topic(title) else {}
        self.assertEqual(found, self.POLICIES | self.keys(title) | topic)
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
        topic = {(NOTIFIER, "sns.amazonaws.com", TOPIC)} if has_topic(title) else set()
        self.assertEqual(sorted(found), sorted(permitted | topic))


class Access(unittest.TestCase):
    """Who can sign and who can write, as IAM evaluates the policies of the keys, the table and the queue."""

    # What else is in the account may have every permission in its own policies.
    OTHERS = [
        "arn:aws:iam::123456789012:root",
        "arn:aws:iam::123456789012:user/admin",
        "arn:aws:iam::123456789012:role/Admin",
        "arn:aws:iam::123456789012:role/NotifierRole2",
        "arn:aws:iam::123456789012:role/path/NotifierRole",
        "arn:aws:iam::123456789012:user/NotifierRole",
        "arn:aws:iam::999999999999:role/NotifierRole",
        "arn:aws:sts::123456789012:assumed-role/Admin/NotifierRole",
        "arn:aws:sts::123456789012:assumed-role/NotifierRole2/NotifierRole",
        "arn:aws:sts::999999999999:assumed-role/CallbackRole/session",
        "arn:aws:sts::123456789012:federated-user/CallbackRole",
    ]
    SERVICE = None

    def role(self, name):
        """A role's ARN, and that of a session of it."""
        role = f"arn:aws:iam::123456789012:role/{name}"
        return [role, f"arn:aws:sts::123456789012:assumed-role/{name}/releases-{name}"]

    def check(self, document, resource, refused, allowed):
        """Checks that a policy refuses some requests, given as principals and actions, and does not refuse others."""
        for expected, requests in ((True, refused), (False, allowed)):
            for principal, action in requests:
                with self.subTest(f"{action} by {principal} on {resource}"):
                    self.assertEqual(refuses(document, Request(principal, action, resource)), expected)

    @on_every_stack
    def test_only_one_role_can_sign_with_a_key_whatever_others_are_allowed(self, title, stack):
        for keys, signer, other in (
            (ALL_REQUEST_KEYS, "NotifierRole", "CallbackRole"),
            (ALL_VOTE_KEYS, "CallbackRole", "NotifierRole"),
        ):
            for arn in keys[title]:
                others = [*self.OTHERS, *self.role(other), self.SERVICE]
                administration = ("kms:PutKeyPolicy", "kms:GetKeyPolicy", "kms:DisableKey", "kms:GetPublicKey")
                self.check(
                    stack.properties(arn.split("/")[1])["KeyPolicy"],
                    arn,
                    [(principal, "kms:Sign") for principal in others],
                    [(principal, "kms:Sign") for principal in self.role(signer)]
                    + [(self.OTHERS[0], action) for action in administration],
                )

    @on_every_stack
    def test_only_the_functions_and_dynamodb_itself_can_write_the_ledger(self, _title, stack):
        functions = self.role("NotifierRole") + self.role("CallbackRole")
        others = ("GetItem", "Query", "Scan", "DeleteTable", "PutResourcePolicy", "DeleteResourcePolicy")
        recovery = ("CreateBackup", "RestoreTableToPointInTime", "RestoreTableFromBackup", "UpdateContinuousBackups")
        self.check(
            stack.properties("LedgerTable")["ResourcePolicy"]["PolicyDocument"],
            LEDGER,
            itertools.product(self.OTHERS, WRITES),
            [
                *itertools.product([*functions, self.SERVICE], WRITES),
                *((self.OTHERS[0], f"dynamodb:{action}") for action in (*others, *recovery)),
            ],
        )

    @on_every_stack
    def test_only_the_rule_can_write_the_queue_of_email_events(self, _title, stack):
        document = stack.properties("EmailQueuePolicy")["PolicyDocument"]

        def refused(principal, action, source=None):
            return refuses(document, Request(principal, action, EMAIL_QUEUE, source))

        roles = self.role("NotifierRole") + self.role("CallbackRole")
        for principal in [*self.OTHERS, *roles, self.SERVICE]:
            with self.subTest(f"{principal}, without a source"):
                self.assertTrue(refused(principal, "sqs:SendMessage"))
        topic, rule = ACCOUNT_ARN("sns", "topic"), EMAIL_RULE.replace("123456789012", "999999999999")
        for source in (APPROVAL_RULE, f"{EMAIL_RULE}2", rule, topic):
            with self.subTest(f"a service, for {source}"):
                self.assertTrue(refused(self.SERVICE, "sqs:SendMessage", source))
        self.assertFalse(refused(self.SERVICE, "sqs:SendMessage", EMAIL_RULE))
        for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"):
            self.assertFalse(refused(self.role("NotifierRole")[0], action))

    def test_every_action_that_writes_items_of_a_table_is_denied(self):
        # AWS's reference names actions in lower case.
        denied = {action.split(":")[1].lower() for action in WRITES}
        writes = re.compile("^(batchwrite|delete|put|update)item$|^partiql(delete|insert|update)$")
        self.assertEqual({action for action in AUTHORIZATION["dynamodb"]["Actions"] if writes.match(action)}, denied)
        signs = {action for action in AUTHORIZATION["kms"]["Actions"] if "sign" in action}
        self.assertEqual(signs, {"sign"})


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
    ENVIRONMENTS = {
        "defaults": (
            {
                "COUNTERSIGN_ACCOUNTS": "123456789012",
                "COUNTERSIGN_APPROVAL_TIMEOUT_DAYS": "7",
                "COUNTERSIGN_CALLBACK_URL": "Api.ApiEndpoint",
                "COUNTERSIGN_CONFIGURATION_SET": "countersign",
                "COUNTERSIGN_DECIDING_ROLE": "arn:aws:iam::123456789012:role/CallbackRole",
                "COUNTERSIGN_DEPLOYMENT": "countersign",
                "COUNTERSIGN_EMAIL_QUEUE": EMAIL_QUEUE,
                "COUNTERSIGN_LOG_LEVEL": "info",
                "COUNTERSIGN_POLICY_TEXT": """\
[default]
approvers = ["ada@example.com", "Ben <ben@example.com>"]
quorum = 1""",
                "COUNTERSIGN_SENDER": "Countersign <approvals@mail.example.com>",
                "COUNTERSIGN_TABLE": "LedgerTable",
            },
            {
                "COUNTERSIGN_DECIDING_ROLE": "arn:aws:iam::123456789012:role/CallbackRole",
                "COUNTERSIGN_DEPLOYMENT": "countersign",
                "COUNTERSIGN_LOG_LEVEL": "info",
                "COUNTERSIGN_TABLE": "LedgerTable",
            },
        ),
        "everything": (
            {
                "COUNTERSIGN_APPROVAL_TIMEOUT_DAYS": "14",
                "COUNTERSIGN_CALLBACK_URL": "https://approve.example.org",
                "COUNTERSIGN_CONFIGURATION_SET": "releases",
                "COUNTERSIGN_DEPLOYMENT": "releases",
                "COUNTERSIGN_LOG_LEVEL": "debug",
                "COUNTERSIGN_POLICY_TEXT": """\
[default]
approvers = ["Ada Lovelace <ada@example.com>", "ben@example.com", "carl@example.com"]
quorum = 2""",
                "COUNTERSIGN_REPLY_TO": "answers@example.org",
                "COUNTERSIGN_SENDER": "Releases <releases@example.org>",
            },
            {
                "COUNTERSIGN_DEPLOYMENT": "releases",
                "COUNTERSIGN_LOG_LEVEL": "debug",
                "COUNTERSIGN_ORIGINS": "https://approve.example.org,https://old.example.org:8443",
            },
        ),
        "overrides": (
            {
                "COUNTERSIGN_CONFIGURATION_SET": "existing",
                "COUNTERSIGN_PIPELINE_REGION": "us-east-1",
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
                source = (ROOT / f"functions/{function}/src/settings.rs").read_text().split("#[cfg(test)]")[0]
                read = set(re.findall(r'"(COUNTERSIGN_\w+)"', source))
                given = {name for title in CONFIGURATIONS for name in self.environments(title)[index]}
                self.assertEqual(given, read)

    @on_every_stack
    def test_events_that_the_notifier_fails_on_are_kept(self, _title, stack):
        config = stack.properties("NotifierFunctionEventInvokeConfig")
        self.assertEqual(config["DestinationConfig"]["OnFailure"]["Destination"], NOTIFIER_DEAD_LETTERS)


class Ledger(unittest.TestCase):
    @on_every_stack
    def test_it_can_be_recovered(self, _title, stack):
        recovery = stack.properties("LedgerTable")["PointInTimeRecoverySpecification"]
        self.assertEqual(recovery, {"PointInTimeRecoveryEnabled": "true"})


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
        for name in ("NotifierFunction", "NotifierLogGroup", "SigningKeyAlias", "SweepRule", "SendFailuresAlarm"):
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
                # In version 0.1 it had a name, so an update replaces it, and keeps the old one.
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
                        for role in ("NotifierRole", "CallbackRole")
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
        with self.assertRaisesRegex(SynthesisError, "Update from 0.1"):
            synthesize({"approvers": "ada@example.com", "sender": "approvals@example.com"})


class Events(unittest.TestCase):
    @on_every_stack
    def test_the_rule_sends_every_change_of_a_manual_approval_to_the_notifier(self, title, stack):
        rule = stack.properties("ApprovalRule")
        self.assertEqual(
            rule["EventPattern"],
            {
                "source": ["aws.codepipeline"],
                "detail-type": ["CodePipeline Action Execution State Change"],
                "detail": {
                    "type": {"owner": ["AWS"], "provider": ["Manual"], "category": ["Approval"]},
                    "state": ["STARTED", "SUCCEEDED", "FAILED", "ABANDONED", "CANCELED"],
                },
            },
        )
        self.assertEqual(rule["State"], "ENABLED")
        self.assertEqual(rule["EventBusName"], CONFIGURATIONS[title].get("EventBusName", "default"))
        (target,) = rule["Targets"]
        self.assertEqual((target["Arn"], target["DeadLetterConfig"]["Arn"]), (NOTIFIER, RULE_DEAD_LETTERS))

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
    def test_the_sweep_comes_every_hour_to_the_notifier(self, _title, stack):
        rule = stack.properties("SweepRule")
        self.assertEqual((rule["ScheduleExpression"], rule["State"]), ("rate(1 hour)", "ENABLED"))
        # A schedule on any other bus has no effect.
        self.assertEqual(rule["EventBusName"], "default")
        (target,) = rule["Targets"]
        self.assertEqual((json.loads(target["Input"]), target["Arn"]), ({"sweep": {}}, NOTIFIER))

    @on_every_stack
    def test_the_topic_is_optional(self, title, stack):
        subscriptions = [
            (one["TopicArn"], one["Protocol"], one["Endpoint"])
            for one in stack.of_type("AWS::SNS::Subscription").values()
        ]
        self.assertEqual(list(stack.of_type("AWS::SNS::Topic")), ["ApprovalTopic"] if has_topic(title) else [])
        self.assertEqual(subscriptions, [(TOPIC, "lambda", NOTIFIER)] if has_topic(title) else [])


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
            stack.of_type("AWS::Lambda::EventSourceMapping"),
            {
                "EmailEventSource": {
                    "EventSourceArn": EMAIL_QUEUE,
                    "FunctionName": "NotifierFunction",
                    "BatchSize": "10",
                    "FunctionResponseTypes": ["ReportBatchItemFailures"],
                    "ScalingConfig": {"MaximumConcurrency": "2"},
                }
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


class Concurrency(unittest.TestCase):
    @on_every_stack
    def test_what_senders_of_events_can_cost_is_bounded(self, title, stack):
        reserved = CONFIGURATIONS[title].get("NotifierConcurrency", "20")
        found = stack.properties("NotifierFunction").get("ReservedConcurrentExecutions")
        self.assertEqual(found, None if reserved == "0" else reserved)
        self.assertNotIn("ReservedConcurrentExecutions", stack.properties("CallbackFunction"))


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


class Alarms(unittest.TestCase):
    QUEUE = ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", "QueueName")
    METRICS = {
        "NotifierErrorsAlarm": ("AWS/Lambda", "Errors", "Sum", "FunctionName", "NotifierFunction"),
        "NotifierDeadLettersAlarm": (*QUEUE, "NotifierDeadLetterQueue.QueueName"),
        "RuleDeadLettersAlarm": (*QUEUE, "RuleDeadLetterQueue.QueueName"),
        "EmailDeadLettersAlarm": (*QUEUE, "EmailDeadLetterQueue.QueueName"),
        "CallbackErrorsAlarm": ("AWS/ApiGateway", "5xx", "Sum", "ApiId", "Api"),
    }

    @on_every_stack
    def test_each_goes_off_at_the_first_occurrence(self, title, stack):
        metrics = self.METRICS | {
            "ForgeriesAlarm": ("Countersign", "Forged", "Sum", "Deployment", deployment_name(title)),
            "SendFailuresAlarm": ("Countersign", "SendFailures", "Sum", "Deployment", deployment_name(title)),
            "UndeliveredAlarm": ("Countersign", "Undelivered", "Sum", "Deployment", deployment_name(title)),
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


class Parameters(unittest.TestCase):
    # The CDK app leaves these to the types of the construct's props, and to CloudFormation.
    UNCHECKED_IN_CDK = {"AlarmTopicArn", "EventBusName", "LogRetentionDays"}

    def test_sam_accepts_good_values_and_refuses_bad_ones(self):
        declared = sam_source()["Parameters"]
        self.assertEqual(set(VALUES), set(declared))
        for name, parameter in declared.items():
            for kind, expected in (("good", True), ("bad", False)):
                for value in VALUES[name][kind]:
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
                    with self.assertRaisesRegex(SynthesisError, name[0].lower() + name[1:]):
                        cdk_template(**self.with_value(name, value))

    def with_value(self, name, value):
        """The required parameters, with a value of one more, and the source of the policy that takes it."""
        source = SOURCES.get(value) if name == "PolicySource" else None
        source = source or next((one for one in SOURCES.values() if name in one), SOURCES["approvers"])
        needed = {"ConfigurationSet": "mail"} if name == "SesRegion" else {}
        return SENDER | source | needed | {name: value}

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
        with self.assertRaisesRegex(SynthesisError, "^senderIdentity is .* senderIdentityArn names the identity"):
            cdk_template(**REQUIRED | identities)

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

    def test_each_has_a_description_and_each_constraint_a_message(self):
        for name, parameter in sam_source()["Parameters"].items():
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
    CLI = REQUIRED | {"NotificationTopic": "true"}

    def test_the_cdk_cli_synthesizes_the_same_system(self):
        template = json.loads(pathlib.Path(os.environ["CDK_OUT"], "Countersign.template.json").read_text())
        self.assertEqual(differences(sam_stack(self.CLI), cdk_stack(self.CLI, template)), [])

    def test_without_zips_cargo_lambda_builds_both_packages_into_the_same_functions(self):
        for architecture in ("arm64", "x86_64"):
            with self.subTest(architecture):
                parameters = REQUIRED | {"Architecture": architecture}
                # With no stack to bundle for, nothing is built, and the assets are the packages as they are.
                template = synthesize(context(parameters) | {"aws:cdk:bundling-stacks": []})
                self.assertEqual(differences(sam_stack(parameters), cdk_stack(parameters, template)), [])

    def test_its_files_do_not_import_each_other_in_a_circle(self):
        imports = {}
        for path in [*CDK.glob("bin/*.ts"), *CDK.glob("lib/*.ts"), *CDK.glob("test/*.ts")]:
            names = re.findall(r"from '(\.\.?/[^']+)\.js'", path.read_text())
            imports[path] = {(path.parent / f"{name}.ts").resolve() for name in names}
        self.assertLessEqual(set().union(*imports.values()), set(imports))
        graphlib.TopologicalSorter(imports).prepare()  # Raises CycleError, with the circle.


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    # A test counts as one failure, however many of its subtests fail.
    failed = len({getattr(case, "test_case", case).id() for case, _ in result.failures + result.errors})
    print(f"{result.testsRun - failed} passed, {failed} failed")
    raise SystemExit(failed > 0)
