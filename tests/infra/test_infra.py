"""The SAM template and the CDK app make the same system, and its parts have the permissions that they need and no more.

Every check reads what CloudFormation would get: the SAM template after its transform, and what the CDK synthesizes.
"""

import copy
import functools
import graphlib
import json
import os
import pathlib
import re
import unittest

import cfnlint

from stack import Stack, differences, permissions, statements
from templates import (
    CDK,
    CONFIGURATIONS,
    REQUIRED,
    ROOT,
    SynthesisError,
    cdk_stack,
    cdk_template,
    sam_source,
    sam_stack,
    sam_template,
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
SIGNING_KEY = ACCOUNT_ARN("kms", "key/SigningKey")
NOTIFIER = ACCOUNT_ARN("lambda", "function:NotifierFunction")
CALLBACK = ACCOUNT_ARN("lambda", "function:CallbackFunction")
NOTIFIER_DEAD_LETTERS = ACCOUNT_ARN("sqs", "NotifierDeadLetterQueue")
RULE_DEAD_LETTERS = ACCOUNT_ARN("sqs", "RuleDeadLetterQueue")
TOPIC = ACCOUNT_ARN("sns", "ApprovalTopic")
APPROVAL_RULE = ACCOUNT_ARN("events", "rule/ApprovalRule")
SWEEP_RULE = ACCOUNT_ARN("events", "rule/SweepRule")

# The configurations' own values, where they differ in more than one resource.
PIPELINE_REGION = {"defaults": "eu-west-1", "everything": "*", "overrides": "us-east-1"}
KEYS = {
    "defaults": [SIGNING_KEY],
    "everything": [SIGNING_KEY, ACCOUNT_ARN("kms", "key/a"), ACCOUNT_ARN("kms", "key/b")],
    "overrides": [ACCOUNT_ARN("kms", "key/new")],
}


def deployment_name(title):
    return CONFIGURATIONS[title].get("DeploymentName", "countersign")


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
        self.assertEqual(set(changed), set(sam_source()["Parameters"]))
        for name, value in changed.items():
            with self.subTest(name):
                self.assertNotEqual(differences(sam_stack(REQUIRED), sam_stack(REQUIRED | {name: value})), [])

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
        "everything": [
            "configuration-set/releases",
            "identity/*",
            "identity/example.org",
            "identity/releases@example.org",
        ],
        "overrides": ["identity/example.com"],
    }
    # These actions take no resource.
    TRACING = {"xray:PutTelemetryRecords": ["*"], "xray:PutTraceSegments": ["*"]}
    # Lambda itself needs these. All others are in the code.
    LAMBDA_ACTIONS = {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage", *TRACING}

    def pipelines(self, title, resource="*"):
        return [f"arn:aws:codepipeline:{PIPELINE_REGION[title]}:123456789012:{resource}"]

    def logs(self, group):
        arn = ACCOUNT_ARN("logs", f"log-group:{group}:*")
        return {"logs:CreateLogStream": [arn], "logs:PutLogEvents": [arn]}

    def notifier(self, title):
        return (
            self.TRACING
            | self.logs("NotifierLogGroup")
            | {
                "codepipeline:GetPipeline": self.pipelines(title),
                "codepipeline:GetPipelineExecution": self.pipelines(title),
                "codepipeline:GetPipelineState": self.pipelines(title),
                "codepipeline:ListActionExecutions": self.pipelines(title),
                "codepipeline:ListPipelines": ["*"],
                "dynamodb:DescribeTable": [LEDGER],
                "dynamodb:GetItem": [LEDGER],
                "dynamodb:PutItem": [LEDGER],
                "dynamodb:Query": [LEDGER],
                "dynamodb:UpdateItem": [LEDGER],
                "kms:Sign": KEYS[title][:1],
                "ses:GetIdentityVerificationAttributes": ["*"],
                "ses:GetSendQuota": ["*"],
                "ses:SendRawEmail": [ACCOUNT_ARN("ses", identity) for identity in self.IDENTITIES[title]],
                "sqs:SendMessage": [NOTIFIER_DEAD_LETTERS],
                "ssm:GetParameter": [ACCOUNT_ARN("ssm", f"parameter/{deployment_name(title)}/policy")],
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
                "kms:GetPublicKey": KEYS[title],
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
    def test_the_only_condition_is_that_the_notifier_sends_as_the_sender(self, title, stack):
        conditions = {
            (action, condition)
            for role in ("NotifierRole", "CallbackRole")
            for _, _, action, _, condition in permissions(stack, role)
            if condition != "null"
        }
        sender = json.dumps({"StringEquals": {"ses:FromAddress": CONFIGURATIONS[title]["Sender"]}})
        self.assertEqual(conditions, {("ses:SendRawEmail", sender)})

    def test_the_identities_follow_from_identity_configuration_set_and_sandbox(self):
        sender = {"SenderIdentity": "example.com"}
        for parameters, expected in (
            (sender | {"ConfigurationSet": "plain"}, {"configuration-set/plain", "identity/example.com"}),
            (sender | {"SesSandbox": "true"}, {"identity/*", "identity/example.com"}),
        ):
            for tool, stack in both(REQUIRED | parameters):
                with self.subTest(f"{tool}, {parameters}"):
                    found = {
                        resource
                        for _, _, action, resource, _ in permissions(stack, "NotifierRole")
                        if action == "ses:SendRawEmail"
                    }
                    self.assertEqual(found, {ACCOUNT_ARN("ses", one) for one in expected})

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
        return {"Partition": "aws", "Account": "123456789012"}.get(match[1], "[^:]+")

    def test_the_functions_may_call_exactly_what_their_code_calls(self):
        # The code names the operation of each AWS call, for its errors.
        called = {
            name
            for part in ("functions/notifier", "functions/callback", "shared")
            for path in (ROOT / part / "src").rglob("*.rs")
            for name in re.findall(r'"((?:codepipeline|dynamodb|kms|ses|sqs|ssm):[A-Z]\w+)"', path.read_text())
        }
        # A transaction needs the permissions of the writes in it: puts and updates.
        called = (called - {"dynamodb:TransactWriteItems"}) | {"dynamodb:PutItem", "dynamodb:UpdateItem"}
        allowed = set(self.notifier("defaults") | self.callback("defaults"))
        self.assertEqual(allowed - self.LAMBDA_ACTIONS, called)


class ResourcePolicies(unittest.TestCase):
    """The exact statements on the resources that others can reach."""

    DENY_WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}
    SIGNERS = {
        "ArnNotLike": {
            "aws:PrincipalArn": [
                "arn:aws:iam::123456789012:role/NotifierRole",
                "arn:aws:sts::123456789012:assumed-role/NotifierRole/*",
            ]
        }
    }
    ASSUMED_BY_LAMBDA = {("Allow", '{"Service": "lambda.amazonaws.com"}', "sts:AssumeRole", "", "null")}
    POLICIES = {
        "SigningKey": {
            ("Allow", '{"AWS": "arn:aws:iam::123456789012:root"}', "kms:*", "*", "null"),
            ("Deny", '{"AWS": "*"}', "kms:Sign", "*", json.dumps(SIGNERS)),
        },
        "NotifierRole": ASSUMED_BY_LAMBDA,
        "CallbackRole": ASSUMED_BY_LAMBDA,
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
        "NotifierDeadLetterQueuePolicy": ("Queues", "NotifierDeadLetterQueue"),
        "RuleDeadLetterQueuePolicy": ("Queues", "RuleDeadLetterQueue"),
        "ApprovalTopicPolicy": ("Topics", TOPIC),
    }

    @on_every_stack
    def test_they_say_exactly_who_may_do_what(self, title, stack):
        found = {
            name: statements(resource["Properties"][key])
            for name, resource in stack.resources.items()
            for key in ("PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument")
            if key in resource["Properties"] and resource["Type"] != "AWS::IAM::Policy"
        }
        self.assertEqual(found, self.POLICIES | (self.TOPIC_POLICY if has_topic(title) else {}))
        for name, (attribute, owner) in self.OWNERS.items():
            if name in found:
                self.assertEqual(stack.properties(name)[attribute], [owner])

    @on_every_stack
    def test_each_function_can_only_be_invoked_by_its_sources(self, title, stack):
        permitted = {
            (CALLBACK, "apigateway.amazonaws.com", ACCOUNT_ARN("execute-api", "Api/*/*")),
            (NOTIFIER, "events.amazonaws.com", APPROVAL_RULE),
            (NOTIFIER, "events.amazonaws.com", SWEEP_RULE),
        }
        found = [
            (one["FunctionName"], one["Principal"], one["SourceArn"])
            for one in stack.of_type("AWS::Lambda::Permission").values()
        ]
        topic = {(NOTIFIER, "sns.amazonaws.com", TOPIC)} if has_topic(title) else set()
        self.assertEqual(sorted(found), sorted(permitted | topic))


class Functions(unittest.TestCase):
    # Without the keys. All but the first state only what differs from the defaults.
    ENVIRONMENTS = {
        "defaults": (
            {
                "COUNTERSIGN_CALLBACK_URL": "Api.ApiEndpoint",
                "COUNTERSIGN_DEPLOYMENT": "countersign",
                "COUNTERSIGN_LOG_LEVEL": "info",
                "COUNTERSIGN_POLICY": "/countersign/policy",
                "COUNTERSIGN_SENDER": "Countersign <approvals@mail.example.com>",
                "COUNTERSIGN_TABLE": "LedgerTable",
            },
            {
                "COUNTERSIGN_DEPLOYMENT": "countersign",
                "COUNTERSIGN_LOG_LEVEL": "info",
                "COUNTERSIGN_TABLE": "LedgerTable",
            },
        ),
        "everything": (
            {
                "COUNTERSIGN_CONFIGURATION_SET": "releases",
                "COUNTERSIGN_DEPLOYMENT": "releases",
                "COUNTERSIGN_LOG_LEVEL": "debug",
                "COUNTERSIGN_POLICY": "/releases/policy",
                "COUNTERSIGN_REPLY_TO": "answers@example.org",
                "COUNTERSIGN_SENDER": "Releases <releases@example.org>",
            },
            {"COUNTERSIGN_DEPLOYMENT": "releases", "COUNTERSIGN_LOG_LEVEL": "debug"},
        ),
        "overrides": (
            {"COUNTERSIGN_PIPELINE_REGION": "us-east-1", "COUNTERSIGN_SENDER": "approvals@mail.example.com"},
            {},
        ),
    }

    def environments(self, title):
        """The complete environment of the notifier and of the callback."""
        notifier_defaults, callback_defaults = self.ENVIRONMENTS["defaults"]
        notifier, callback = self.ENVIRONMENTS[title]
        return (
            notifier_defaults | notifier | {"COUNTERSIGN_SIGNING_KEY": KEYS[title][0]},
            callback_defaults | callback | {"COUNTERSIGN_SIGNING_KEYS": ",".join(KEYS[title])},
        )

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
    def test_it_outlives_the_stack_and_can_be_recovered(self, _title, stack):
        ledger = stack.resources["LedgerTable"]
        self.assertEqual((ledger["DeletionPolicy"], ledger["UpdateReplacePolicy"]), ("Retain", "Retain"))
        recovery = ledger["Properties"]["PointInTimeRecoverySpecification"]
        self.assertEqual(recovery, {"PointInTimeRecoveryEnabled": "true"})


class Policy(unittest.TestCase):
    """The first policy. A change to it, or to another property of the parameter, would overwrite what people edited."""

    # Not even its wording may change: see the comment on PolicyParameter in template.yaml.
    TEXT = """\
# Who may decide, and how many must. README, "Policy", tells all keys. Check a new text before you save it:
#   cargo run -p sandbox -- policy check FILE
[default]
approvers = {}
quorum = {}"""
    APPROVERS = {
        "defaults": ('["ada@example.com", "Ben <ben@example.com>"]', 1),
        "everything": ('["Ada Lovelace <ada@example.com>", "ben@example.com", "carl@example.com"]', 2),
        "overrides": ('["ada@example.com", "Ben <ben@example.com>"]', 1),
    }

    @on_every_stack
    def test_it_is_made_of_approvers_and_quorum_alone(self, title, stack):
        parameter = stack.resources["PolicyParameter"]
        name = f"/{deployment_name(title)}/policy"
        self.assertEqual(
            parameter["Properties"],
            {
                "Name": name,
                "Description": "Who may approve or reject what by Countersign. It is read for each approval.",
                "Type": "String",
                "Tier": "Intelligent-Tiering",
                "Value": self.TEXT.format(*self.APPROVERS[title]),
            },
        )
        self.assertEqual((parameter["DeletionPolicy"], parameter["UpdateReplacePolicy"]), ("Delete", "Retain"))
        self.assertEqual(stack.outputs["PolicyParameterName"], name)

    def test_it_has_every_approver_that_the_parameter_takes(self):
        for value in VALUES["Approvers"]["good"]:
            for tool, stack in both(REQUIRED | {"Approvers": value}):
                with self.subTest(f"{tool}, {value}"):
                    text = stack.properties("PolicyParameter")["Value"]
                    # An array of strings without escapes is the same in TOML and in JSON.
                    approvers = json.loads(re.search("^approvers = (.*)$", text, re.MULTILINE)[1])
                    self.assertEqual([one.strip() for one in approvers], [one.strip() for one in value.split(",")])


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
        "CallbackErrorsAlarm": ("AWS/ApiGateway", "5xx", "Sum", "ApiId", "Api"),
    }

    @on_every_stack
    def test_each_goes_off_at_the_first_occurrence(self, title, stack):
        metrics = self.METRICS | {
            "SendFailuresAlarm": ("Countersign", "SendFailures", "Sum", "Deployment", deployment_name(title))
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
    UNCHECKED_IN_CDK = {"AlarmTopicArn", "EventBusName", "LogRetentionDays", "SigningKeyArn", "FormerSigningKeyArns"}

    def test_sam_accepts_good_values_and_refuses_bad_ones(self):
        declared = sam_source()["Parameters"]
        self.assertEqual(set(VALUES), set(declared))
        for name, parameter in declared.items():
            for kind, expected in (("good", True), ("bad", False)):
                for value in VALUES[name][kind]:
                    with self.subTest(f"{name}: {value!r} is {kind}"):
                        self.assertEqual(self.accepts(parameter, value), expected)

    def accepts(self, parameter, value):
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
                    cdk_template(**REQUIRED | {name: value})
            for value in values["bad"] if name not in self.UNCHECKED_IN_CDK else []:
                with self.subTest(f"{name}: {value!r} is bad"):
                    with self.assertRaisesRegex(SynthesisError, name[0].lower() + name[1:]):
                        cdk_template(**REQUIRED | {name: value})

    def test_the_cdk_app_refuses_a_quorum_above_the_number_of_approvers(self):
        with self.assertRaisesRegex(SynthesisError, "quorum is 3, but must be at most the number of approvers, 2"):
            cdk_template(**REQUIRED | {"Quorum": "3"})

    def test_the_cdk_app_says_what_it_needs(self):
        for name, example in (("approvers", "Ada <ada@"), ("sender", "approvals@")):
            context = {"approvers": "ada@example.com", "sender": "approvals@example.com"}
            del context[name]
            with self.assertRaisesRegex(SynthesisError, f'"{name}" is missing; pass it as -c {name}=\'{example}'):
                synthesize(context)

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
                context = {name[0].lower() + name[1:]: value for name, value in parameters.items()}
                # With no stack to bundle for, nothing is built, and the assets are the packages as they are.
                template = synthesize(context | {"aws:cdk:bundling-stacks": []})
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
