"""The two templates of this repository: SAM's after its transform, and what CDK synthesizes."""

import copy
import functools
import json
import logging
import os
import pathlib
import subprocess
import tempfile
import zipfile

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from stack import REGION, Stack

# The transform complains about metrics of its own that it does not send.
logging.getLogger("samtranslator").setLevel(logging.ERROR)

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAM_TEMPLATE = ROOT / "infra/sam/template.yaml"
CDK = ROOT / "infra/cdk"

# The resources of the CDK stack by their place in it, under the names that they have in the SAM template.
CDK_NAMES = {
    "Api/Decide/Resource": "ApiDecideRoute",
    "Api/Default/Resource": "ApiDefaultRoute",
    "Api/HttpApi/Resource": "Api",
    "Api/LogGroup/Resource": "ApiLogGroup",
    "Api/Show/Callback/Resource": "ApiIntegration",
    "Api/Show/Resource": "ApiShowRoute",
    "Api/Stage/Resource": "ApiStage",
    "Callback/Function/Api": "ApiPermission",
    "Callback/Function/Resource": "CallbackFunction",
    "Callback/LogGroup/Resource": "CallbackLogGroup",
    "Callback/Role/DefaultPolicy/Resource": "CallbackPolicy",
    "Callback/Role/Resource": "CallbackRole",
    "CallbackErrorsAlarm/Resource": "CallbackErrorsAlarm",
    "Events/DeadLetterQueue/Policy/Resource": "RuleDeadLetterQueuePolicy",
    "Events/DeadLetterQueue/Resource": "RuleDeadLetterQueue",
    "Events/Rule/Resource": "ApprovalRule",
    "Events/Topic/Policy/Resource": "ApprovalTopicPolicy",
    "Events/Topic/Resource": "ApprovalTopic",
    "LedgerTable/Resource": "LedgerTable",
    "Notifier/DeadLetterQueue/Policy/Resource": "NotifierDeadLetterQueuePolicy",
    "Notifier/DeadLetterQueue/Resource": "NotifierDeadLetterQueue",
    "Notifier/Function/EventInvokeConfig/Resource": "NotifierFunctionEventInvokeConfig",
    "Notifier/Function/Resource": "NotifierFunction",
    "Notifier/Function/Topic/Resource": "ApprovalTopicSubscription",
    "Notifier/LogGroup/Resource": "NotifierLogGroup",
    "NotifierDeadLettersAlarm/Resource": "NotifierDeadLettersAlarm",
    "NotifierErrorsAlarm/Resource": "NotifierErrorsAlarm",
    "NotifierRole/DefaultPolicy/Resource": "NotifierPolicy",
    "NotifierRole/Resource": "NotifierRole",
    "PolicyParameter/Resource": "PolicyParameter",
    "RuleDeadLettersAlarm/Resource": "RuleDeadLettersAlarm",
    "SendFailuresAlarm/Resource": "SendFailuresAlarm",
    "SigningKey/Alias/Resource": "SigningKeyAlias",
    "SigningKey/Resource": "SigningKey",
    "SweepRule/Resource": "SweepRule",
}
# Places whose last part the construct library makes up.
CDK_PREFIXES = {
    "Events/Rule/AllowEventRule": "RulePermission",
    "Notifier/Function/AllowInvoke:": "ApprovalTopicPermission",
    "SweepRule/AllowEventRule": "SweepPermission",
}

NEEDED = {"Approvers": "ada@example.com,Ben <ben@example.com>", "Sender": "approvals@mail.example.com"}

# Every parameter with a value of its own, apart from the two that leave others without effect.
EVERYTHING = {
    "Approvers": "Ada Lovelace <ada@example.com>, ben@example.com,carl@example.com",
    "Quorum": "2",
    "Sender": "releases@example.org",
    "SenderName": "Releases",
    "ReplyTo": "answers@example.org",
    "ConfigurationSet": "releases",
    "SesSandbox": "true",
    "EventBusName": "central",
    "PipelineRegion": "*",
    "NotificationTopic": "true",
    "DeploymentName": "releases",
    "AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms",
    "LogRetentionDays": "30",
    "LogLevel": "debug",
    "ThrottleRate": "7",
    "ThrottleBurst": "11",
    "Architecture": "x86_64",
    "FormerSigningKeyArns": "arn:aws:kms:eu-west-1:123456789012:key/a,arn:aws:kms:eu-west-1:123456789012:key/b",
}

CONFIGURATIONS = {
    "defaults": NEEDED,
    "everything": EVERYTHING,
    # The two that leave others without effect, and a name that is taken away.
    "another key, identity and region": NEEDED
    | {
        "SenderName": "",
        "SenderIdentity": "example.com",
        "PipelineRegion": "us-east-1",
        "SigningKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/new",
    },
}


@functools.cache
def sam_text():
    # YAML's anchors make one object of several. As JSON each is its own, and a change stays where it is made.
    return json.dumps(yaml_parse(SAM_TEMPLATE.read_text()))


def sam_source():
    """The SAM template as it is written."""
    return json.loads(sam_text())


def sam_template(source):
    """What CloudFormation makes of a SAM template."""
    source = copy.deepcopy(source)
    for resource in source["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # `sam package` puts the zip there.
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    no_managed_policies = type("NoManagedPolicies", (), {"load": staticmethod(dict)})()
    return transform(source, {}, no_managed_policies)


@functools.cache
def sam_template_as_it_is():
    return sam_template(sam_source())


def sam_stack(parameters, source=None):
    """The stack that the SAM template makes, or the one of a changed copy."""
    return Stack(sam_template(source) if source else sam_template_as_it_is(), parameters)


@functools.cache
def cdk_template(**parameters):
    """What CDK synthesizes when it is told `parameters`, by context. A finding of cdk-nag is an error."""
    with tempfile.TemporaryDirectory() as directory:
        context = {name[0].lower() + name[1:]: value for name, value in parameters.items()}
        for function in ("notifier", "callback"):
            path = pathlib.Path(directory, f"{function}.zip")
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("bootstrap", function)
            context[f"{function}Zip"] = str(path)
        arguments = [argument for key, value in context.items() for argument in ("-c", f"{key}={value}")]
        out = pathlib.Path(directory, "cdk.out")
        cdk = CDK / "node_modules/.bin/cdk"
        run = subprocess.run(
            [cdk, "synth", "--quiet", "--output", out, *arguments], cwd=CDK, capture_output=True, text=True, check=False
        )
        if run.returncode != 0:
            raise AssertionError(f"cdk synth failed:\n{run.stdout}{run.stderr}")
        report = json.loads((out / "validation-report.json").read_text())
        if report["pluginReports"]:
            raise AssertionError(f"cdk-nag found something:\n{json.dumps(report, indent=2)}")
        return json.loads((out / "Countersign.template.json").read_text())


def cdk_name(logical_id, resource):
    path = resource["Metadata"]["aws:cdk:path"].removeprefix("Countersign/EmailApprovals/")
    for prefix, name in CDK_PREFIXES.items():
        if path.startswith(prefix):
            return name
    return CDK_NAMES.get(path, f"{logical_id} ({path})")


def cdk_stack(parameters, template=None):
    template = copy.deepcopy(template or cdk_template(**parameters))
    # What the deployment with a bootstrapped account adds to every stack.
    template.get("Parameters", {}).pop("BootstrapVersion", None)
    return Stack(template, None, cdk_name)
