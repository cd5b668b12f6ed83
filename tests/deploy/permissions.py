"""The limits of each role, as simulated by IAM, and as tried with the role's own credentials."""

import contextlib
import itertools
import json

import botocore.exceptions

import access
import emails
import ses
import sweep
from checks import equal
from cloud import ACCOUNT, REGION
from deployment import SENDER
from probe import call, probe
from sandbox import ACTION, PIPELINE, STAGE

APPROVAL = f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{PIPELINE}/{STAGE}/{ACTION}"
IDENTITY = ses.identity_arn(SENDER)
OTHER_SET = "other-set"
OTHER_ACCOUNT = "210987654321"
OTHER_TABLE = "other-table"
OTHER_PARAMETER = "/other/policy"
WRITES = (
    *("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"),
    *("PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"),
)


def sign(key):
    return call("kms", "sign", KeyId=key, Message="probe", MessageType="RAW", SigningAlgorithm="ED25519_SHA_512")


def get_public_key(key):
    return call("kms", "get_public_key", KeyId=key)


def send_email(deployment, function, sender=SENDER, configuration_set=None):
    """Sends an email with a configuration set, the stack's unless another is given. "" names none."""
    name = deployment.outputs["ConfigurationSetName"] if configuration_set is None else configuration_set
    return call(
        "ses",
        "send_raw_email",
        endpoint=deployment.guard.endpoint("ses", deployment.role(function)),
        Source=sender,
        **({"ConfigurationSetName": name} if name else {}),
        Destinations=["carol@example.com"],
        RawMessage={"Data": f"From: {sender}\r\nTo: carol@example.com\r\nSubject: probe\r\n\r\nprobe"},
    )


def reads_of_ses(configuration_set):
    """What the doctor reads of SES."""
    return [
        call("sesv2", "get_account"),
        call("sesv2", "get_email_identity", EmailIdentity=SENDER),
        *reads_of_set(configuration_set),
    ]


def reads_of_set(name):
    return [
        call("sesv2", "get_configuration_set", ConfigurationSetName=name),
        call("sesv2", "get_configuration_set_event_destinations", ConfigurationSetName=name),
    ]


def writes_of_ses(configuration_set):
    """What would have emails track, or nobody learn of those that do not arrive."""
    mail = {"Simple": {"Subject": {"Data": "probe"}, "Body": {"Text": {"Data": "probe"}}}}
    return [
        call(
            "sesv2",
            "create_configuration_set_event_destination",
            ConfigurationSetName=configuration_set,
            EventDestinationName="probe",
            EventDestination={"Enabled": True, "MatchingEventTypes": ["CLICK"]},
        ),
        call("sesv2", "delete_configuration_set", ConfigurationSetName=configuration_set),
        call("sesv2", "delete_email_identity", EmailIdentity=SENDER),
        call(
            "sesv2",
            "send_email",
            FromEmailAddress=SENDER,
            Destination={"ToAddresses": ["carol@example.com"]},
            Content=mail,
        ),
    ]


def use_queue(deployment):
    """Writes and reads the queue of events about emails."""
    url = emails.queue_url(deployment)
    return [call("sqs", "send_message", QueueUrl=url, MessageBody="{}"), call("sqs", "receive_message", QueueUrl=url)]


def write_items(table):
    key = {"pk": {"S": "probe"}, "sk": {"S": "probe"}}
    return [
        call("dynamodb", "put_item", TableName=table, Item=key),
        call("dynamodb", "update_item", TableName=table, Key=key),
        delete_item(table),
        call("dynamodb", "transact_write_items", TransactItems=[{"Put": {"TableName": table, "Item": key}}]),
    ]


def get_parameter(parameter):
    return call("ssm", "get_parameter", Name=parameter)


def put_parameter(parameter):
    return call("ssm", "put_parameter", Name=parameter, Value="[default]", Overwrite=True)


def delete_item(table):
    return call("dynamodb", "delete_item", TableName=table, Key={name: {"S": "probe"} for name in ("pk", "sk")})


def put_event(deployment, function, source, kind):
    return call(
        "events",
        "put_events",
        endpoint=deployment.guard.endpoint("eventbridge", deployment.role(function)),
        Entries=[{"Source": source, "DetailType": kind, "Detail": "{}"}],
    )


def put_approval_result(deployment, function):
    """Puts a result with the function's own credentials, without a session in an approver's name."""
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


def administrator(deployment, account=ACCOUNT):
    """Another role, whose own policy allows everything."""
    return named_role(deployment, account, "administrator")


@contextlib.contextmanager
def named_role(deployment, account, name):
    """A role of this name, whose own policy allows everything, until the end of the block."""
    iam = deployment.cloud.client("iam", account=account)
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
    document["Statement"] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(document))
    try:
        yield role
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName="all")
        iam.delete_role(RoleName=name)


@contextlib.contextmanager
def other_table(deployment):
    """A table like the ledger that is not the deployment's."""
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
def other_set(deployment):
    """A configuration set that is not the deployment's."""
    client = deployment.cloud.client("sesv2")
    client.create_configuration_set(ConfigurationSetName=OTHER_SET)
    try:
        yield OTHER_SET
    finally:
        client.delete_configuration_set(ConfigurationSetName=OTHER_SET)


@contextlib.contextmanager
def other_parameter(deployment):
    """A parameter like the policy that is not the deployment's."""
    ssm = deployment.cloud.client("ssm")
    ssm.put_parameter(Name=OTHER_PARAMETER, Type="String", Value="[default]")
    try:
        yield OTHER_PARAMETER
    finally:
        ssm.delete_parameter(Name=OTHER_PARAMETER)


def arn_of(parameter):
    return f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{parameter}"


def arn_of_set(deployment):
    return ses.set_arn(deployment.outputs["ConfigurationSetName"])


def arn_of_ledger(deployment):
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{deployment.outputs['LedgerTableName']}"


def all_denied(answers):
    return all(answer.startswith("AccessDenied") for answer in answers)


def the_callbacks_role_may_only_decide_sign_votes_and_verify_links(deployment):
    role = deployment.role(deployment.callback)
    request_key, vote_key = deployment.request_keys[0], deployment.vote_keys[0]
    expectations = {
        ("codepipeline:PutApprovalResult", APPROVAL): False,
        ("codepipeline:GetPipelineState", f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{PIPELINE}"): False,
        ("sts:AssumeRole", deployment.member_role("decide")): True,
        ("sts:SetSourceIdentity", deployment.member_role("decide")): True,
        ("sts:AssumeRole", deployment.member_role("read")): True,
        ("sts:SetSourceIdentity", deployment.member_role("read")): False,
        ("sts:AssumeRole", deployment.role(deployment.notifier)): False,
        # No account but this one is served.
        ("sts:AssumeRole", deployment.member_role("decide", OTHER_ACCOUNT)): False,
        ("sts:AssumeRole", deployment.member_role("read", OTHER_ACCOUNT)): False,
        ("kms:GetPublicKey", request_key): True,
        ("kms:GetPublicKey", vote_key): True,
        ("kms:Sign", request_key): False,
        ("kms:Sign", vote_key): True,
        ("dynamodb:UpdateItem", arn_of_ledger(deployment)): True,
        ("dynamodb:PutItem", arn_of_ledger(deployment)): False,
        ("ses:SendRawEmail", IDENTITY): False,
        ("ses:SendEmail", IDENTITY): False,
        ("ses:GetAccount", "*"): False,
        ("ses:GetEmailIdentity", IDENTITY): False,
        ("ses:GetConfigurationSet", arn_of_set(deployment)): False,
        ("ses:GetConfigurationSetEventDestinations", arn_of_set(deployment)): False,
        ("sqs:ReceiveMessage", emails.queue_arn(deployment)): False,
        ("sqs:SendMessage", emails.queue_arn(deployment)): False,
        ("ssm:GetParameter", arn_of(deployment.outputs["PolicyParameterName"])): False,
        ("dynamodb:PutItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{OTHER_TABLE}"): False,
        ("codepipeline:StartPipelineExecution", f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{PIPELINE}"): False,
    }
    expect(deployment, role, expectations)


def the_notifiers_role_may_sign_requests_but_not_decide(deployment):
    role = deployment.role(deployment.notifier)
    request_key, vote_key = deployment.request_keys[0], deployment.vote_keys[0]
    expectations = {
        ("kms:Sign", request_key): True,
        ("kms:Sign", vote_key): False,
        ("kms:GetPublicKey", vote_key): True,
        ("kms:GetKeyPolicy", vote_key): True,
        ("kms:PutKeyPolicy", request_key): False,
        ("codepipeline:GetPipelineState", f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{PIPELINE}"): False,
        ("codepipeline:ListPipelines", "*"): False,
        ("codepipeline:PutApprovalResult", APPROVAL): False,
        ("codepipeline:PutApprovalResult", "*"): False,
        ("sts:AssumeRole", deployment.member_role("read")): True,
        ("sts:AssumeRole", deployment.member_role("read", OTHER_ACCOUNT)): False,
        ("sts:AssumeRole", deployment.member_role("decide")): False,
        ("sts:SetSourceIdentity", deployment.member_role("decide")): False,
        ("sts:AssumeRole", deployment.role(deployment.callback)): False,
        ("ssm:GetParameter", arn_of(deployment.outputs["PolicyParameterName"])): True,
        ("ssm:GetParameter", arn_of(OTHER_PARAMETER)): False,
        ("ssm:PutParameter", arn_of(deployment.outputs["PolicyParameterName"])): False,
        ("ses:GetAccount", "*"): True,
        ("ses:GetEmailIdentity", IDENTITY): True,
        ("ses:GetConfigurationSet", arn_of_set(deployment)): True,
        ("ses:GetConfigurationSetEventDestinations", arn_of_set(deployment)): True,
        ("ses:GetConfigurationSet", ses.set_arn(OTHER_SET)): False,
        ("ses:GetConfigurationSetEventDestinations", ses.set_arn(OTHER_SET)): False,
        ("ses:CreateConfigurationSetEventDestination", arn_of_set(deployment)): False,
        ("ses:UpdateConfigurationSetEventDestination", arn_of_set(deployment)): False,
        ("ses:PutConfigurationSetVdmOptions", arn_of_set(deployment)): False,
        ("ses:PutEmailIdentityConfigurationSetAttributes", IDENTITY): False,
        ("ses:SendEmail", IDENTITY): False,
        ("sqs:ReceiveMessage", emails.queue_arn(deployment)): True,
        ("sqs:DeleteMessage", emails.queue_arn(deployment)): True,
        ("sqs:GetQueueAttributes", emails.queue_arn(deployment)): True,
        ("sqs:SendMessage", emails.queue_arn(deployment)): False,
        ("sqs:SetQueueAttributes", emails.queue_arn(deployment)): False,
        ("sqs:ReceiveMessage", sweep.queue_arn(deployment)): True,
        ("sqs:DeleteMessage", sweep.queue_arn(deployment)): True,
        ("sqs:GetQueueAttributes", sweep.queue_arn(deployment)): True,
        ("sqs:ChangeMessageVisibility", sweep.queue_arn(deployment)): True,
        ("sqs:SendMessage", sweep.queue_arn(deployment)): True,
        ("sqs:PurgeQueue", sweep.queue_arn(deployment)): False,
        ("sqs:SetQueueAttributes", sweep.queue_arn(deployment)): False,
        ("dynamodb:DeleteItem", arn_of_ledger(deployment)): False,
        ("dynamodb:GetResourcePolicy", arn_of_ledger(deployment)): True,
        ("dynamodb:PutResourcePolicy", arn_of_ledger(deployment)): False,
        ("dynamodb:DeleteResourcePolicy", arn_of_ledger(deployment)): False,
        ("dynamodb:PutItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{OTHER_TABLE}"): False,
    }
    expect(deployment, role, expectations)


def the_two_roles_that_are_assumed_may_only_read_and_only_decide(deployment):
    expect_rights_of_member_roles(deployment, ACCOUNT, REGION)


def expect_rights_of_member_roles(deployment, account, region):
    """Checks that one of the two roles that are assumed in an account may only read, and the other only decide."""
    pipeline = f"arn:aws:codepipeline:{region}:{account}:{PIPELINE}"
    elsewhere = pipeline.replace(account, "999999999999")
    approval = f"/{STAGE}/{ACTION}"
    rule, name = f"arn:aws:events:{region}:{account}:rule", deployment.outputs["RuleName"]
    queue = f"arn:aws:sqs:{region}:{account}:{name}-dead-letters"
    reads = (
        "GetPipeline",
        "GetPipelineExecution",
        "GetPipelineState",
        "ListActionExecutions",
        "ListPipelineExecutions",
    )
    writes = ("StartPipelineExecution", "StopPipelineExecution", "RetryStageExecution", "UpdatePipeline")
    for suffix, may_read in (("read", True), ("decide", False)):
        expectations = {
            **{(f"codepipeline:{read}", pipeline): may_read for read in reads},
            **{(f"codepipeline:{read}", elsewhere): False for read in reads},
            ("codepipeline:ListPipelines", "*"): may_read,
            **{(f"events:{read}", f"{rule}/{name}"): may_read for read in ("DescribeRule", "ListTargetsByRule")},
            **{(f"sqs:{read}", queue): may_read for read in ("GetQueueUrl", "GetQueueAttributes")},
            ("events:DescribeRule", f"{rule}/other"): False,
            ("events:DisableRule", f"{rule}/{name}"): False,
            ("events:PutEvents", f"arn:aws:events:{region}:{account}:event-bus/default"): False,
            ("sqs:ReceiveMessage", queue): False,
            ("sqs:GetQueueAttributes", f"{queue}-other"): False,
            ("codepipeline:PutApprovalResult", f"{pipeline}{approval}"): not may_read,
            ("codepipeline:PutApprovalResult", f"{elsewhere}{approval}"): False,
            **{(f"codepipeline:{write}", pipeline): False for write in writes},
            ("sts:AssumeRole", deployment.member_role("decide", account)): False,
            ("dynamodb:UpdateItem", arn_of_ledger(deployment)): False,
        }
        expect(deployment, deployment.member_role(suffix, account), expectations)


def expect(deployment, role, expectations):
    """Checks what IAM allows a role, by action and resource."""
    for (action, resource), expected in expectations.items():
        equal(deployment.cloud.allows(role, action, resource), expected, f"{action} on {resource} by {role}")


def the_callbacks_credentials_cannot_sign_requests_send_or_write_other_tables(deployment):
    request_key, vote_key = deployment.request_keys[0], deployment.vote_keys[0]
    with other_table(deployment) as table, probe(deployment, deployment.callback) as make_calls:
        answers = make_calls(get_public_key(request_key), get_public_key(vote_key), sign(vote_key))
        equal(answers, ["done", "done", "done"], "reading keys and signing a vote")
        answers = make_calls(
            sign(request_key),
            send_email(deployment, deployment.callback),
            *reads_of_ses(deployment.outputs["ConfigurationSetName"]),
            *writes_of_ses(deployment.outputs["ConfigurationSetName"]),
            *use_queue(deployment),
            put_approval_result(deployment, deployment.callback),
            get_parameter(deployment.outputs["PolicyParameterName"]),
            put_event(deployment, deployment.callback, "countersign", "Approval Ended"),
            put_event(deployment, deployment.callback, "com.example", "Vote Recorded"),
            delete_item(deployment.outputs["LedgerTableName"]),
            *write_items(table),
        )
        assert all_denied(answers), answers


def the_notifiers_credentials_cannot_decide_sign_votes_use_other_senders_or_write_the_policy(deployment):
    notifier, policy = deployment.notifier, deployment.outputs["PolicyParameterName"]
    own_set = deployment.outputs["ConfigurationSetName"]
    with (
        other_table(deployment) as table,
        other_parameter(deployment) as parameter,
        other_set(deployment) as configuration_set,
        probe(deployment, notifier) as make_calls,
    ):
        allowed = [
            sign(deployment.request_keys[0]),
            send_email(deployment, notifier),
            # The identity has no default set.
            send_email(deployment, notifier, configuration_set=""),
            get_parameter(policy),
            *reads_of_ses(own_set),
        ]
        equal(make_calls(*allowed), ["done"] * len(allowed), "signing, sending, and reading the policy and SES")
        answers = make_calls(
            sign(deployment.vote_keys[0]),
            put_approval_result(deployment, notifier),
            send_email(deployment, notifier, "other@example.com"),
            send_email(deployment, notifier, "other@elsewhere.example"),
            send_email(deployment, notifier, configuration_set=configuration_set),
            *reads_of_set(configuration_set),
            *writes_of_ses(own_set),
            use_queue(deployment)[0],
            put_parameter(policy),
            get_parameter(parameter),
            put_parameter(parameter),
            put_event(deployment, notifier, "countersign", "Request Missing"),
            put_event(deployment, notifier, "com.example", "Approval Ended"),
            delete_item(deployment.outputs["LedgerTableName"]),
            *write_items(table),
        )
        assert all_denied(answers), answers
        with emails.default_set(deployment, SENDER, configuration_set):
            answers = make_calls(
                send_email(deployment, notifier), send_email(deployment, notifier, configuration_set="")
            )
        equal(answers, ["done", "AccessDenied"], "sending with the stack's set, and with the default one")


def assumed(deployment, caller, role, **parameters):
    """A client for CodePipeline in a session of a role, begun by another role."""
    sts = deployment.cloud.client("sts", endpoint=deployment.guard.endpoint("sts", caller))
    made = sts.assume_role(**{"RoleArn": role, "RoleSessionName": "probe", "DurationSeconds": 900} | parameters)
    return deployment.cloud.client(
        "codepipeline",
        endpoint=deployment.guard.endpoint("codepipeline", caller),
        session=made["Credentials"],
    )


def put_wrong(client, **place):
    """Puts a result with a wrong token. Returns the error, which is about the token if it reached CodePipeline."""
    place = {"pipelineName": PIPELINE, "stageName": STAGE, "actionName": ACTION} | place
    try:
        client.put_approval_result(**place, token="0" * 36, result={"status": "Approved", "summary": "probe"})
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    raise AssertionError("a wrong token was taken")


def a_session_decides_what_its_policy_leaves_and_reads_nothing(deployment):
    callback, deciding = deployment.role(deployment.callback), deployment.member_role("decide")
    deployment.codepipeline.stop_at_approval()
    decider = assumed(deployment, callback, deciding, SourceIdentity="ada@example.com")
    equal(put_wrong(decider), "InvalidApprovalTokenException", "the answer without a policy of the session")
    for resource, answer in ((APPROVAL, "InvalidApprovalTokenException"), (f"{APPROVAL}2", "AccessDeniedException")):
        statement = {"Effect": "Allow", "Action": "codepipeline:PutApprovalResult", "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        narrowed = assumed(deployment, callback, deciding, SourceIdentity="ada@example.com", Policy=document)
        equal(put_wrong(narrowed), answer, f"the answer with a policy about {resource}")
    reader = assumed(deployment, callback, deployment.member_role("read"))
    reader.get_pipeline_state(name=PIPELINE)
    equal(put_wrong(reader), "AccessDeniedException", "a result by the reading role")
    try:
        decider.get_pipeline_state(name=PIPELINE)
    except botocore.exceptions.ClientError as error:
        equal(error.response["Error"]["Code"], "AccessDeniedException", "a read by the deciding role")
    else:
        raise AssertionError("the deciding role reads")


def only_the_functions_can_assume_the_two_roles(deployment):
    reading, deciding = deployment.member_role("read"), deployment.member_role("decide")
    functions = [deployment.role(function) for function in (deployment.notifier, deployment.callback)]
    with administrator(deployment) as other:
        for caller in (*functions, other):
            for role in (reading, deciding):
                for identity in ({}, {"SourceIdentity": "ada@example.com"}):
                    expected = (caller in functions and role == reading and not identity) or (
                        caller == functions[1] and role == deciding and bool(identity)
                    )
                    what = f"{caller} assumes {role} with {identity or 'no source identity'}"
                    equal(can_assume(deployment, caller, role, **identity), expected, what)


def can_assume(deployment, caller, role, **parameters):
    try:
        assumed(deployment, caller, role, **parameters)
    except botocore.exceptions.ClientError as error:
        equal(error.response["Error"]["Code"], "AccessDenied", f"why {caller} cannot assume {role}")
        return False
    return True


def nobody_else_can_sign_even_with_every_permission(deployment):
    with administrator(deployment) as role, probe(deployment, "administrator", role) as make_calls:
        for key in deployment.request_keys + deployment.vote_keys:
            equal(make_calls(get_public_key(key)), ["done"], f"reading {key}")
            answers = make_calls(sign(key))
            assert all_denied(answers), f"signing with {key}: {answers}"


def nobody_else_can_write_the_ledger_even_with_every_permission(deployment):
    # MiniStack does not enforce a table's policy.
    ledger = arn_of_ledger(deployment)
    dynamodb = deployment.cloud.client("dynamodb")
    document = json.loads(dynamodb.get_resource_policy(ResourceArn=ledger)["Policy"])
    equal(document, deployment.template.table_policy(deployment.outputs["LedgerTableName"]), "the policy of the table")
    names = [deployment.role(function).rsplit("/", 1)[1] for function in (deployment.notifier, deployment.callback)]
    account = f"arn:aws:iam::{ACCOUNT}"
    others = [f"{account}:root", f"{account}:user/operator", *(f"{account}:role/{name}x" for name in names)]
    functions = [f"{account}:role/{name}" for name in names]
    functions += [f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session" for name in names]
    for principals, expected in ((others, True), (functions, False)):
        for principal, action in itertools.product(principals, WRITES):
            found = access.refuses(document, access.Request(principal, f"dynamodb:{action}", ledger))
            equal(found, expected, f"{action} by {principal} is refused")


CHECKS = [
    the_callbacks_role_may_only_decide_sign_votes_and_verify_links,
    the_notifiers_role_may_sign_requests_but_not_decide,
    the_two_roles_that_are_assumed_may_only_read_and_only_decide,
    the_callbacks_credentials_cannot_sign_requests_send_or_write_other_tables,
    the_notifiers_credentials_cannot_decide_sign_votes_use_other_senders_or_write_the_policy,
    nobody_else_can_sign_even_with_every_permission,
    nobody_else_can_write_the_ledger_even_with_every_permission,
    a_session_decides_what_its_policy_leaves_and_reads_nothing,
    only_the_functions_can_assume_the_two_roles,
]
