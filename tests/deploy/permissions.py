"""What each role may not do, asked of IAM, and tried with the role's own credentials."""

import contextlib
import io
import sys
import zipfile

from checks import equal
from cloud import ACCOUNT, REGION
from deployment import SENDER
from sandbox import ACTION, PIPELINE, STAGE

APPROVAL = f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{PIPELINE}/{STAGE}/{ACTION}"
IDENTITY = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{SENDER}"
OTHER_TABLE = "somebody-elses"
OTHER_PARAMETER = "/somebody-elses/policy"

# A function that makes the calls it is handed, with the credentials of the role that it has.
PROBE = """
import boto3, botocore.config, botocore.exceptions

def handler(event, context):
    answers = []
    for call in event:
        config = botocore.config.Config(retries={"total_max_attempts": 1})
        client = boto3.client(call["service"], endpoint_url=call["endpoint"], config=config)
        try:
            getattr(client, call["operation"])(**call["parameters"])
            answers.append("done")
        except botocore.exceptions.ClientError as error:
            answers.append(error.response["Error"]["Code"])
    return answers
"""


@contextlib.contextmanager
def probe(deployment, function):
    """Gives what makes AWS calls as `function` could."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("probe.py", PROBE)
    name = f"{function}-probe"
    deployment.lambda_.create_function(
        FunctionName=name,
        Role=deployment.role(function),
        Handler="probe.handler",
        Timeout=60,
        Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        Code={"ZipFile": archive.getvalue()},
    )

    def calls(*wanted):
        return deployment.invoke(name, list(wanted))

    try:
        deployment.lambda_.get_waiter("function_active_v2").wait(FunctionName=name)
        yield calls
    finally:
        deployment.lambda_.delete_function(FunctionName=name)


def call(service, operation, endpoint=None, **parameters):
    return {"service": service, "operation": operation, "endpoint": endpoint, "parameters": parameters}


def sign(deployment):
    return call(
        "kms",
        "sign",
        KeyId=deployment.outputs["SigningKeyArn"],
        Message="probe",
        MessageType="RAW",
        SigningAlgorithm="ED25519_SHA_512",
    )


def get_public_key(deployment):
    return call("kms", "get_public_key", KeyId=deployment.outputs["SigningKeyArn"])


def send_email(deployment, function, sender=SENDER):
    return call(
        "ses",
        "send_raw_email",
        endpoint=deployment.guard.endpoint("ses", deployment.role(function)),
        Source=sender,
        Destinations=["carol@example.com"],
        RawMessage={"Data": f"From: {sender}\r\nTo: carol@example.com\r\nSubject: probe\r\n\r\nprobe"},
    )


def writes(table):
    key = {"pk": {"S": "probe"}, "sk": {"S": "probe"}}
    return [
        call("dynamodb", "put_item", TableName=table, Item=key),
        call("dynamodb", "update_item", TableName=table, Key=key),
        deletes(table),
        call("dynamodb", "transact_write_items", TransactItems=[{"Put": {"TableName": table, "Item": key}}]),
    ]


def reads(parameter):
    return call("ssm", "get_parameter", Name=parameter)


def puts(parameter):
    return call("ssm", "put_parameter", Name=parameter, Value="[default]", Overwrite=True)


def deletes(table):
    return call("dynamodb", "delete_item", TableName=table, Key={name: {"S": "probe"} for name in ("pk", "sk")})


def put_approval_result(deployment, function):
    return call(
        "codepipeline",
        "put_approval_result",
        endpoint=deployment.guard.endpoint("codepipeline", deployment.role(function)),
        pipelineName=PIPELINE,
        stageName=STAGE,
        actionName=ACTION,
        token="0" * 36,
        result={"status": "Approved", "summary": "probe"},
    )


@contextlib.contextmanager
def other_table(deployment):
    """A table that looks like the ledger and is not."""
    dynamodb = deployment.cloud.client("dynamodb")
    dynamodb.create_table(
        TableName=OTHER_TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    try:
        yield OTHER_TABLE
    finally:
        dynamodb.delete_table(TableName=OTHER_TABLE)


@contextlib.contextmanager
def other_parameter(deployment):
    """A parameter that looks like the policy and is not."""
    ssm = deployment.cloud.client("ssm")
    ssm.put_parameter(Name=OTHER_PARAMETER, Type="String", Value="[default]")
    try:
        yield OTHER_PARAMETER
    finally:
        ssm.delete_parameter(Name=OTHER_PARAMETER)


def arn_of(parameter):
    return f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{parameter}"


def arn_of_ledger(deployment):
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{deployment.outputs['LedgerTableName']}"


def denied(answers):
    return all(answer.startswith("AccessDenied") for answer in answers)


def the_callbacks_role_may_decide_and_check_links_and_no_more(deployment):
    role, key = deployment.role(deployment.callback), deployment.outputs["SigningKeyArn"]
    may = {
        ("codepipeline:PutApprovalResult", APPROVAL): True,
        ("kms:GetPublicKey", key): True,
        ("kms:Sign", key): False,
        ("ses:SendRawEmail", IDENTITY): False,
        ("ses:SendEmail", IDENTITY): False,
        ("ssm:GetParameter", arn_of(deployment.outputs["PolicyParameterName"])): False,
        ("dynamodb:PutItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{OTHER_TABLE}"): False,
        ("codepipeline:StartPipelineExecution", f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{PIPELINE}"): False,
    }
    for (action, resource), expected in may.items():
        equal(deployment.cloud.allows(role, action, resource), expected, f"{action} on {resource}")


def the_notifiers_role_may_sign_and_not_decide(deployment):
    role, key = deployment.role(deployment.notifier), deployment.outputs["SigningKeyArn"]
    may = {
        ("kms:Sign", key): True,
        ("codepipeline:GetPipelineState", f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{PIPELINE}"): True,
        ("codepipeline:ListPipelines", "*"): True,
        ("codepipeline:PutApprovalResult", APPROVAL): False,
        ("codepipeline:PutApprovalResult", "*"): False,
        ("ssm:GetParameter", arn_of(deployment.outputs["PolicyParameterName"])): True,
        ("ssm:GetParameter", arn_of(OTHER_PARAMETER)): False,
        ("ssm:PutParameter", arn_of(deployment.outputs["PolicyParameterName"])): False,
        ("dynamodb:DeleteItem", arn_of_ledger(deployment)): False,
        ("dynamodb:PutItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{OTHER_TABLE}"): False,
    }
    for (action, resource), expected in may.items():
        equal(deployment.cloud.allows(role, action, resource), expected, f"{action} on {resource}")


def with_the_callbacks_credentials_signing_sending_and_other_tables_are_refused(deployment):
    with other_table(deployment) as table, probe(deployment, deployment.callback) as calls:
        equal(calls(get_public_key(deployment)), ["done"], "kms:GetPublicKey")
        answers = calls(
            sign(deployment),
            send_email(deployment, deployment.callback),
            reads(deployment.outputs["PolicyParameterName"]),
            deletes(deployment.outputs["LedgerTableName"]),
            *writes(table),
        )
        assert denied(answers), answers


def with_the_notifiers_credentials_deciding_other_senders_and_writing_the_policy_are_refused(deployment):
    theirs, policy = deployment.notifier, deployment.outputs["PolicyParameterName"]
    with (
        other_table(deployment) as table,
        other_parameter(deployment) as parameter,
        probe(deployment, deployment.notifier) as calls,
    ):
        answers = calls(sign(deployment), send_email(deployment, theirs), reads(policy))
        equal(answers, ["done", "done", "done"], "signing, sending and reading the policy")
        answers = calls(
            put_approval_result(deployment, theirs),
            send_email(deployment, theirs, "somebody@example.com"),
            send_email(deployment, theirs, "somebody@elsewhere.example"),
            puts(policy),
            reads(parameter),
            puts(parameter),
            deletes(deployment.outputs["LedgerTableName"]),
            *writes(table),
        )
        assert denied(answers), answers


def the_guard_in_front_of_codepipeline_lets_the_callback_decide(deployment):
    # The token is wrong; that it is CodePipeline who says so is the point.
    with probe(deployment, deployment.callback) as calls:
        deployment.codepipeline.stop_at_approval()
        equal(calls(put_approval_result(deployment, deployment.callback)), ["InvalidApprovalTokenException"], "answer")


CHECKS = [
    the_callbacks_role_may_decide_and_check_links_and_no_more,
    the_notifiers_role_may_sign_and_not_decide,
    with_the_callbacks_credentials_signing_sending_and_other_tables_are_refused,
    with_the_notifiers_credentials_deciding_other_senders_and_writing_the_policy_are_refused,
    the_guard_in_front_of_codepipeline_lets_the_callback_decide,
]
