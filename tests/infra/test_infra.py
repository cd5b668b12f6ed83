"""SAM and CDK make the same system, and it may do what it needs and nothing else."""

import copy
import json
import pathlib
import re
import unittest

import cfnlint

from stack import differences, listed, permissions, statements
from templates import CONFIGURATIONS, NEEDED, ROOT, cdk_stack, cdk_template, sam_source, sam_stack

VALUES = json.loads(pathlib.Path(__file__).with_name("values.json").read_text())

# AWS's service authorization reference, as cfn-lint brings it: which resources an action takes, and how their ARNs look.
AUTHORIZATION = json.loads(
    pathlib.Path(cfnlint.__file__).with_name("data").joinpath("AdditionalSpecs/Policies.json").read_text()
)

# The actions that stand with the resource "*", because they take none.
WITHOUT_RESOURCE = {
    "codepipeline:ListPipelines",
    "ses:GetIdentityVerificationAttributes",
    "ses:GetSendQuota",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}

# What the functions call, beyond what they name themselves in the errors of `AwsError`: Lambda does these for them.
BY_LAMBDA = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:SendMessage",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


def stacks():
    """Both stacks of every configuration."""
    for title, parameters in CONFIGURATIONS.items():
        yield f"SAM, {title}", sam_stack(parameters)
        yield f"CDK, {title}", cdk_stack(parameters)


class SamAndCdk(unittest.TestCase):
    maxDiff = None

    def test_make_the_same_system(self):
        for title, parameters in CONFIGURATIONS.items():
            with self.subTest(title):
                self.assertEqual(differences(sam_stack(parameters), cdk_stack(parameters)), [])

    def test_every_parameter_has_an_effect_in_both(self):
        # Both being equal in all configurations, what has an effect in SAM's has it in CDK's.
        changed = {name: one for parameters in CONFIGURATIONS.values() for name, one in parameters.items()}
        self.assertEqual(set(changed), set(sam_source()["Parameters"]))
        for name in changed:
            with self.subTest(name):
                value = next(
                    p[name]
                    for p in list(CONFIGURATIONS.values())[1:]
                    if p.get(name, NEEDED.get(name)) != NEEDED.get(name)
                )
                self.assertNotEqual(differences(sam_stack(NEEDED), sam_stack(NEEDED | {name: value})), [])

    def test_the_callback_is_updated_before_the_notifier_and_both_after_their_rights(self):
        for title, stack in stacks():
            with self.subTest(title):
                self.assertLessEqual(
                    {"CallbackFunction", "NotifierPolicy"}, stack.resources["NotifierFunction"]["DependsOn"]
                )
                self.assertLessEqual({"CallbackPolicy"}, stack.resources["CallbackFunction"]["DependsOn"])


class ADeliberateDifference(unittest.TestCase):
    """The comparison is worth something only if it sees what is changed on one side."""

    # Where in the SAM template, what is done there, and which resource must be named.
    SAM = {
        "a state less in the rule": (
            "ApprovalRule.Properties.EventPattern.detail.state",
            lambda v: v[:-1],
            "ApprovalRule",
        ),
        "another category in the rule": (
            "ApprovalRule.Properties.EventPattern.detail.type.category",
            lambda v: ["Build"],
            "ApprovalRule",
        ),
        "no dead-letter queue of the rule": (
            "ApprovalRule.Properties.Targets",
            lambda v: [{**v[0], "DeadLetterConfig": {"Arn": "x"}}],
            "ApprovalRule",
        ),
        "fewer retries of the rule": (
            "ApprovalRule.Properties.Targets",
            lambda v: [{**v[0], "RetryPolicy": {"MaximumRetryAttempts": 1}}],
            "ApprovalRule",
        ),
        "another value in the environment": (
            "NotifierFunction.Properties.Environment.Variables.COUNTERSIGN_LOG_LEVEL",
            lambda v: "trace",
            "NotifierFunction",
        ),
        "the policy under another name": (
            "NotifierFunction.Properties.Environment.Variables.COUNTERSIGN_POLICY",
            lambda v: "/somebody/elses",
            "NotifierFunction",
        ),
        "another letter in the policy": (
            "PolicyParameter.Properties.Value",
            lambda v: {"Fn::Sub": [v["Fn::Sub"][0].replace("README", "readme"), v["Fn::Sub"][1]]},
            "PolicyParameter",
        ),
        "a policy that is lost with its name": (
            "PolicyParameter.UpdateReplacePolicy",
            lambda v: "Delete",
            "PolicyParameter",
        ),
        "a rarer sweep": ("SweepRule.Properties.ScheduleExpression", lambda v: "rate(1 day)", "SweepRule"),
        "another input of the sweep": (
            "SweepRule.Properties.Targets",
            lambda v: [{**v[0], "Input": '{"doctor":{}}'}],
            "SweepRule",
        ),
        "any rule sweeps": (
            "SweepPermission.Properties.SourceArn",
            lambda v: "arn:aws:events:*",
            "SweepPermission",
        ),
        "one setting more": (
            "CallbackFunction.Properties.Environment.Variables.COUNTERSIGN_NEW",
            lambda v: "x",
            "CallbackFunction",
        ),
        "another time-out": ("CallbackFunction.Properties.Timeout", lambda v: 30, "CallbackFunction"),
        "more memory": ("NotifierFunction.Properties.MemorySize", lambda v: 256, "NotifierFunction"),
        "no tracing": ("NotifierFunction.Properties.Tracing", lambda v: "PassThrough", "NotifierFunction"),
        "more retries of the notifier": (
            "NotifierFunction.Properties.EventInvokeConfig.MaximumRetryAttempts",
            lambda v: 1,
            "NotifierFunctionEventInvokeConfig",
        ),
        "an action more": (
            "CallbackPolicy.Properties.PolicyDocument.Statement.1.Action",
            lambda v: [v, "kms:Sign"],
            "CallbackPolicy",
        ),
        "an action less": (
            "NotifierPolicy.Properties.PolicyDocument.Statement.0.Action",
            lambda v: v[1:],
            "NotifierPolicy",
        ),
        "a wider resource": (
            "CallbackPolicy.Properties.PolicyDocument.Statement.0.Resource",
            lambda v: "*",
            "CallbackPolicy",
        ),
        "no condition on the sender": (
            "NotifierPolicy.Properties.PolicyDocument.Statement.3.Condition",
            lambda v: {},
            "NotifierPolicy",
        ),
        "a managed policy": (
            "CallbackRole.Properties.ManagedPolicyArns",
            lambda v: ["arn:aws:iam::aws:policy/AdministratorAccess"],
            "CallbackRole",
        ),
        "another may assume the role": (
            "NotifierRole.Properties.AssumeRolePolicyDocument.Statement.0.Principal",
            lambda v: {"AWS": "*"},
            "NotifierRole",
        ),
        "anybody signs": ("SigningKey.Properties.KeyPolicy.Statement", lambda v: v[:1], "SigningKey"),
        "another kind of key": ("SigningKey.Properties.KeySpec", lambda v: "ECC_NIST_P256", "SigningKey"),
        "the ledger goes with the stack": ("LedgerTable.DeletionPolicy", lambda v: "Delete", "LedgerTable"),
        "no recovery of the ledger": (
            "LedgerTable.Properties.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
            lambda v: False,
            "LedgerTable",
        ),
        "another TTL attribute": (
            "LedgerTable.Properties.TimeToLiveSpecification.AttributeName",
            lambda v: "expires",
            "LedgerTable",
        ),
        "dead letters kept for less": (
            "NotifierDeadLetterQueue.Properties",
            lambda v: {**v, "MessageRetentionPeriod": 3600},
            "NotifierDeadLetterQueue",
        ),
        "anybody sends dead letters": (
            "RuleDeadLetterQueuePolicy.Properties.PolicyDocument.Statement.1.Condition",
            lambda v: {},
            "RuleDeadLetterQueuePolicy",
        ),
        "another route": ("ApiDecideRoute.Properties.RouteKey", lambda v: "PUT /approval", "ApiDecideRoute"),
        "another payload format": ("ApiIntegration.Properties.PayloadFormatVersion", lambda v: "1.0", "ApiIntegration"),
        "another throttle": (
            "ApiStage.Properties.DefaultRouteSettings.ThrottlingRateLimit",
            lambda v: 1000,
            "ApiStage",
        ),
        "the query in the access log": (
            "ApiStage.Properties.AccessLogSettings.Format",
            lambda v: v[:-1] + ',"path":"$context.path"}',
            "ApiStage",
        ),
        "any API calls the callback": (
            "ApiPermission.Properties.SourceArn",
            lambda v: "arn:aws:execute-api:*",
            "ApiPermission",
        ),
        "logs kept for ever": ("ApiLogGroup.Properties", lambda v: {"LogGroupName": v["LogGroupName"]}, "ApiLogGroup"),
        "a higher threshold": ("SendFailuresAlarm.Properties.Threshold", lambda v: 10, "SendFailuresAlarm"),
        "another metric": ("CallbackErrorsAlarm.Properties.MetricName", lambda v: "4xx", "CallbackErrorsAlarm"),
    }

    def test_in_the_sam_template_is_seen(self):
        cdk = cdk_stack(NEEDED)
        for title, (path, change, name) in self.SAM.items():
            with self.subTest(title):
                source = sam_source()
                *parents, last = path.split(".")
                node = source["Resources"]
                for part in parents:
                    node = node[int(part)] if part.isdigit() else node[part]
                node[last] = change(node.get(last))
                found = differences(sam_stack(NEEDED, source), cdk)
                self.assertTrue(found, "the difference was not seen")
                self.assertTrue(all(line.startswith(name + ".") for line in found), found)

    def test_a_resource_that_only_one_has_is_seen(self):
        source = sam_source()
        del source["Resources"]["RuleDeadLettersAlarm"]
        self.assertEqual(
            differences(sam_stack(NEEDED, source), cdk_stack(NEEDED)), ["RuleDeadLettersAlarm: only in the second"]
        )
        template = copy.deepcopy(cdk_template(**NEEDED))
        template["Resources"]["Stray"] = {"Type": "AWS::SNS::Topic", "Metadata": {"aws:cdk:path": "Countersign/Stray"}}
        self.assertEqual(
            differences(sam_stack(NEEDED), cdk_stack(NEEDED, template)),
            ["Stray (Countersign/Stray): only in the second"],
        )

    def test_in_the_cdk_template_is_seen(self):
        def change(kind, mutate):
            template = copy.deepcopy(cdk_template(**NEEDED))
            mutate(next(one for one in template["Resources"].values() if one["Type"] == kind)["Properties"])
            return differences(sam_stack(NEEDED), cdk_stack(NEEDED, template))

        for kind, mutate in {
            "AWS::Events::Rule": lambda p: p["EventPattern"]["detail"]["state"].append("RESUMED"),
            "AWS::Lambda::Function": lambda p: p["Environment"]["Variables"].update(COUNTERSIGN_LOG_LEVEL="trace"),
            "AWS::IAM::Policy": lambda p: p["PolicyDocument"]["Statement"][0].update(Resource="*"),
            "AWS::ApiGatewayV2::Stage": lambda p: p["DefaultRouteSettings"].update(ThrottlingBurstLimit=1),
            "AWS::Logs::LogGroup": lambda p: p.update(RetentionInDays=1),
            "AWS::CloudWatch::Alarm": lambda p: p.update(TreatMissingData="ignore"),
        }.items():
            with self.subTest(kind):
                self.assertEqual(len(change(kind, mutate)), 1)


class Policies(unittest.TestCase):
    def identity_policies(self):
        for title, stack in stacks():
            for role in ("NotifierRole", "CallbackRole"):
                yield f"{title}, {role}", permissions(stack, role)

    def test_no_action_that_takes_a_resource_has_all_of_them(self):
        for title, allowed in self.identity_policies():
            with self.subTest(title):
                stars = {action for _, _, action, resource, _ in allowed if resource == "*"}
                self.assertLessEqual(stars, WITHOUT_RESOURCE)

    def test_the_actions_with_all_resources_take_none(self):
        for action in WITHOUT_RESOURCE:
            service, name = action.split(":")
            entry = AUTHORIZATION[service]["Actions"][name.lower()]
            self.assertFalse(entry and entry.get("Resources"), action)

    def test_every_action_exists_and_its_resource_has_a_form_that_it_takes(self):
        for title, allowed in self.identity_policies():
            for _, _, action, resource, _ in allowed:
                with self.subTest(f"{title}: {action} on {resource}"):
                    service, name = action.split(":")
                    self.assertIn(name.lower(), AUTHORIZATION[service]["Actions"])
                    if resource == "*":
                        continue
                    kinds = AUTHORIZATION[service]["Actions"][name.lower()]["Resources"]
                    forms = [form for kind in kinds for form in AUTHORIZATION[service]["Resources"][kind]["ARNFormats"]]
                    forms = [
                        re.sub(
                            r"\$\{(\w+)\}",
                            lambda m: {"Partition": "aws", "Account": "123456789012"}.get(m[1], "[^:]+"),
                            form,
                        )
                        for form in forms
                    ]
                    self.assertTrue(any(re.fullmatch(form, resource) for form in forms), f"none of {forms}")

    def test_there_are_no_wildcards_in_actions_and_no_managed_policies(self):
        for title, allowed in self.identity_policies():
            with self.subTest(title):
                self.assertFalse([action for _, _, action, _, _ in allowed if "*" in action])
                self.assertEqual({effect for effect, *_ in allowed}, {"Allow"})
        for title, stack in stacks():
            for name, resource in stack.resources.items():
                self.assertNotIn("ManagedPolicyArns", resource["Properties"], f"{title}, {name}")
                self.assertNotEqual(resource["Type"], "AWS::IAM::ManagedPolicy", f"{title}, {name}")

    def test_a_resource_policy_is_about_its_own_resource_and_lets_nobody_in_unconditionally(self):
        owners = {"AWS::SQS::QueuePolicy": "Queues", "AWS::SNS::TopicPolicy": "Topics"}
        for title, stack in stacks():
            for name, resource in stack.resources.items():
                if resource["Type"] not in owners:
                    continue
                with self.subTest(f"{title}: {name}"):
                    (owner,) = resource["Properties"][owners[resource["Type"]]]
                    for effect, _, _, about, condition in statements(resource["Properties"]["PolicyDocument"]):
                        self.assertTrue(about.endswith(owner.rsplit(":", 1)[-1]), about)
                        self.assertTrue(effect == "Deny" or condition != "null")

    def test_only_the_notifier_signs_and_sends_and_only_the_callback_puts_results(self):
        for title, stack in stacks():
            with self.subTest(title):
                notifier = {action for _, _, action, _, _ in permissions(stack, "NotifierRole")}
                callback = {action for _, _, action, _, _ in permissions(stack, "CallbackRole")}
                self.assertEqual(
                    {action for action in callback - notifier}, {"codepipeline:PutApprovalResult", "kms:GetPublicKey"}
                )
                self.assertFalse([action for action in callback if action.startswith(("ses:", "sqs:"))])
                self.assertNotIn("kms:Sign", callback)
                denied = {
                    s for s in statements(stack.resources["SigningKey"]["Properties"]["KeyPolicy"]) if s[0] == "Deny"
                }
                ((_, principal, action, _, condition),) = denied
                self.assertEqual((principal, action), ('{"AWS": "*"}', "kms:Sign"))
                self.assertEqual(
                    json.loads(condition),
                    {
                        "ArnNotLike": {
                            "aws:PrincipalArn": [
                                "arn:aws:iam::123456789012:role/NotifierRole",
                                "arn:aws:sts::123456789012:assumed-role/NotifierRole/*",
                            ]
                        }
                    },
                )

    def test_the_functions_may_do_what_their_code_does(self):
        """Each call of AWS names its operation in the source; the roles together have these and no more."""
        sources = [
            path
            for part in ("functions/notifier", "functions/callback", "shared")
            for path in (ROOT / part / "src").rglob("*.rs")
        ]
        called = {
            name
            for path in sources
            for name in re.findall(r'"((?:codepipeline|dynamodb|kms|ses|sqs|ssm):[A-Z]\w+)"', path.read_text())
        }
        # A transaction asks for the rights of what is in it: puts and updates.
        called = (called - {"dynamodb:TransactWriteItems"}) | {"dynamodb:PutItem", "dynamodb:UpdateItem"}
        stack = sam_stack(NEEDED)
        allowed = {
            action for role in ("NotifierRole", "CallbackRole") for _, _, action, _, _ in permissions(stack, role)
        }
        self.assertEqual(allowed - BY_LAMBDA, called)


class Policy(unittest.TestCase):
    """The text that people edit. Whatever changes it, or another property of the parameter, overwrites their edits."""

    DESCRIPTION = "Who may approve or reject what by Countersign. It is read for each approval."
    TEXT = """# Who may decide, and how many must. README, "Policy", tells all keys. Check a new text before you save it:
#   cargo run -p sandbox -- policy check FILE
[default]
approvers = {}
quorum = {}"""
    APPROVERS = {
        "defaults": ('["ada@example.com", "Ben <ben@example.com>"]', 1),
        "everything": ('["Ada Lovelace <ada@example.com>", "ben@example.com", "carl@example.com"]', 2),
        "another key, identity and region": ('["ada@example.com", "Ben <ben@example.com>"]', 1),
    }

    def test_is_made_of_approvers_and_quorum_and_of_nothing_else(self):
        self.assertEqual(set(self.APPROVERS), set(CONFIGURATIONS))
        for title, parameters in CONFIGURATIONS.items():
            for stack in (sam_stack(parameters), cdk_stack(parameters)):
                with self.subTest(title):
                    self.assertEqual(
                        stack.resources["PolicyParameter"]["Properties"],
                        {
                            "Name": f"/{parameters.get('DeploymentName', 'countersign')}/policy",
                            "Description": self.DESCRIPTION,
                            "Type": "String",
                            "Tier": "Intelligent-Tiering",
                            "Value": self.TEXT.format(*self.APPROVERS[title]),
                        },
                    )

    def test_has_every_approver_that_the_parameter_takes(self):
        for given in VALUES["Approvers"]["good"]:
            stack = sam_stack(NEEDED | {"Approvers": given})
            with self.subTest(given):
                text = stack.resources["PolicyParameter"]["Properties"]["Value"]
                # An array of strings without escapes is the same in TOML and in JSON.
                approvers = json.loads(re.search("^approvers = (.*)$", text, re.MULTILINE)[1])
                self.assertEqual([one.strip() for one in approvers], [one.strip() for one in given.split(",")])

    def test_is_the_one_that_the_notifier_reads_and_may_read(self):
        for title, stack in stacks():
            with self.subTest(title):
                name = stack.resources["PolicyParameter"]["Properties"]["Name"]
                environment = stack.resources["NotifierFunction"]["Properties"]["Environment"]["Variables"]
                self.assertEqual(environment["COUNTERSIGN_POLICY"], name)
                self.assertEqual(stack.outputs["PolicyParameterName"], name)
                self.assertEqual(
                    {
                        (action, resource)
                        for role in ("NotifierRole", "CallbackRole")
                        for _, _, action, resource, _ in permissions(stack, role)
                        if action.startswith("ssm:")
                    },
                    {("ssm:GetParameter", f"arn:aws:ssm:eu-west-1:123456789012:parameter{name}")},
                )


class Sweep(unittest.TestCase):
    def test_comes_every_hour_to_the_notifier(self):
        for title, stack in stacks():
            with self.subTest(title):
                rule = stack.resources["SweepRule"]["Properties"]
                self.assertEqual((rule["ScheduleExpression"], rule["State"]), ("rate(1 hour)", "ENABLED"))
                # Elsewhere a schedule does nothing, wherever the approvals' events arrive.
                self.assertEqual(rule["EventBusName"], "default")
                (target,) = rule["Targets"]
                self.assertEqual(json.loads(target["Input"]), {"sweep": {}})
                self.assertEqual(target["Arn"], "arn:aws:lambda:eu-west-1:123456789012:function:NotifierFunction")


class Settings(unittest.TestCase):
    def test_the_environment_is_what_the_functions_read(self):
        for function in ("notifier", "callback"):
            with self.subTest(function):
                source = (ROOT / f"functions/{function}/src/settings.rs").read_text().split("#[cfg(test)]")[0]
                read = set(re.findall(r'"(COUNTERSIGN_\w+)"', source))
                given = {
                    name
                    for parameters in CONFIGURATIONS.values()
                    for name in self.environment(function, sam_stack(parameters))
                }
                self.assertEqual(given, read)

    def test_a_region_of_pipelines_is_told_when_there_is_one(self):
        for region, told in (("", None), ("*", None), ("us-east-1", "us-east-1")):
            with self.subTest(region):
                environment = self.environment("notifier", sam_stack(NEEDED | {"PipelineRegion": region}))
                self.assertEqual(environment.get("COUNTERSIGN_PIPELINE_REGION"), told)

    def environment(self, function, stack):
        return stack.resources[f"{function.capitalize()}Function"]["Properties"]["Environment"]["Variables"]

    def test_only_the_notifier_knows_the_callback_url(self):
        for title, stack in stacks():
            with self.subTest(title):
                self.assertNotIn("Api.", json.dumps(stack.resources["CallbackFunction"]["Properties"]))

    def test_the_access_log_has_no_query_no_path_and_nobody(self):
        for title, stack in stacks():
            with self.subTest(title):
                log = json.loads(stack.resources["ApiStage"]["Properties"]["AccessLogSettings"]["Format"])
                self.assertFalse(
                    [
                        v
                        for v in log.values()
                        if re.search("path|query|identity|sourceIp|userAgent|domain|authorizer", v, re.I)
                    ]
                )


class Parameters(unittest.TestCase):
    def test_take_what_is_right_and_refuse_what_is_wrong(self):
        declared = sam_source()["Parameters"]
        self.assertEqual(set(VALUES), set(declared))
        for name, parameter in declared.items():
            for kind, expected in (("good", True), ("bad", False)):
                for value in VALUES[name][kind]:
                    with self.subTest(f"{name}: {value!r} is {kind}"):
                        self.assertEqual(self.takes(parameter, value), expected)

    def takes(self, parameter, value):
        if "AllowedValues" in parameter and value not in map(str, parameter["AllowedValues"]):
            return False
        if "AllowedPattern" in parameter and not re.fullmatch(parameter["AllowedPattern"], value):
            return False
        if parameter["Type"] == "Number":
            number = int(value)
            return parameter.get("MinValue", number) <= number <= parameter.get("MaxValue", number)
        return len(value) <= parameter.get("MaxLength", 4096)

    def test_each_says_what_it_is_and_a_pattern_what_it_wants(self):
        for name, parameter in sam_source()["Parameters"].items():
            with self.subTest(name):
                self.assertTrue(parameter["Description"].endswith((".", "?")))
                if "AllowedPattern" in parameter or "MinValue" in parameter:
                    self.assertTrue(parameter["ConstraintDescription"].startswith("must be "))
                if "Default" in parameter:
                    self.assertTrue(self.takes(parameter, str(parameter["Default"])))

    def test_stand_in_one_group_each(self):
        source = sam_source()
        groups = source["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        grouped = [name for group in groups for name in group["Parameters"]]
        self.assertEqual(sorted(grouped), sorted(source["Parameters"]))


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    # A test fails once, however many of its cases do. A case knows its test.
    failed = {getattr(case, "test_case", case).id() for case, _ in result.failures + result.errors}
    print(f"# tests {result.testsRun}\n# fail {len(failed)}")
    raise SystemExit(bool(failed))
