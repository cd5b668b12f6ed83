"""A deployment with everything that a landing zone demands: roles with a path and a boundary, a domain of its own, a VPC,
a proxy, a bundle of certificate authorities, keys of the account's own, a prefix of pipelines, and a protected table.

What MiniStack has of it is read back from the services, and an approval goes through it. What it drops is looked for in the
template that is deployed.

Not run: nothing of MiniStack's enforces a permissions boundary or a security group, and the functions run on this machine,
not in the VPC. They get this machine's certificate authority in place of the layer's.
"""

import contextlib
import http.server
import io
import json
import time
import zipfile

import commands
import sandbox
import story
from checks import equal
from cloud import ACCOUNT, REGION
from deployment import APPROVERS
from guard import serving
from tls import OWN_DOMAIN as DOMAIN

ZONE = "example.com"
PATH, BOUNDARY = "/delivery/approvals/", "landing/boundary"
# That of the sandbox's pipeline.
PREFIX = sandbox.PIPELINE[:4]
DAYS = 730
# What the boundary allows: everything that the roles need, as a landing zone's does, but no management of identities.
ALLOWED = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": ["iam:*", "organizations:*"], "Resource": "*"},
    ],
}


def prepare(cloud):
    """Makes what a landing zone has before anything is deployed. Returns the parameters that name it."""
    iam, ec2, kms = cloud.client("iam"), cloud.client("ec2"), cloud.client("kms")
    path, name = f"/{BOUNDARY}".rsplit("/", 1)
    iam.create_policy(PolicyName=name, Path=f"{path}/", PolicyDocument=json.dumps(ALLOWED))
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24")["Subnet"]["SubnetId"] for number in range(2)
    ]
    group = ec2.create_security_group(GroupName="functions", Description="HTTPS out", VpcId=vpc)["GroupId"]
    table_key, log_key = (kms.create_key(Description=use)["KeyMetadata"]["Arn"] for use in ("table", "logs"))
    certificate = cloud.client("acm").request_certificate(DomainName=DOMAIN)["CertificateArn"]
    zone = cloud.client("route53").create_hosted_zone(Name=ZONE, CallerReference="landing")["HostedZone"]["Id"]
    topic = cloud.client("sns").create_topic(Name="alarms")["TopicArn"]
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.write(cloud.certificate.authority, "ca-bundle.pem")
    layer = cloud.client("lambda").publish_layer_version(
        LayerName="ca-bundle", Content={"ZipFile": bundle.getvalue()}, CompatibleRuntimes=["provided.al2023"]
    )
    return {
        "PermissionsBoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/{BOUNDARY}",
        "RolePath": PATH,
        "PipelineNamePrefix": PREFIX,
        "DomainName": DOMAIN,
        "CertificateArn": certificate,
        "HostedZoneId": zone.rsplit("/", 1)[-1],
        "SubnetIds": ",".join(subnets),
        "SecurityGroupIds": group,
        "HttpsProxy": "http://proxy.example.com:3128",
        # MiniStack, the sandbox and the guard.
        "NoProxy": "127.0.0.1,localhost",
        "CaBundleLayerArn": layer["LayerVersionArn"],
        "TableKeyArn": table_key,
        "LogKeyArn": log_key,
        "AlarmTopicArn": topic,
        "OkActions": "true",
        "Dashboard": "true",
        "RecordRetentionDays": str(DAYS),
        "DeletionProtection": "true",
    }


def deployed(deployment, kind):
    """The properties of all resources of a type, as the template that is deployed has them."""
    return deployment.template.stack.of_type(kind).values()


def every_role_has_the_path_and_the_boundary(deployment):
    given = deployment.given
    roles = deployed(deployment, "AWS::IAM::Role")
    equal(len(roles), 4, "roles")
    for role in roles:
        found = deployment.cloud.client("iam").get_role(RoleName=role["RoleName"])["Role"]
        equal(found["Path"], given["RolePath"], f"the path of {role['RoleName']}")
        equal(found["Arn"], f"arn:aws:iam::{ACCOUNT}:role{PATH}{role['RoleName']}", "its ARN")
        # MiniStack drops it.
        equal(role["PermissionsBoundary"], given["PermissionsBoundaryArn"], f"the boundary of {role['RoleName']}")


def the_functions_are_in_the_vpc_and_use_the_proxy_and_the_bundle(deployment):
    given = deployment.given
    # MiniStack drops both.
    for function in deployed(deployment, "AWS::Lambda::Function"):
        equal(function["VpcConfig"]["SubnetIds"], given["SubnetIds"].split(","), "the subnets")
        equal(function["VpcConfig"]["SecurityGroupIds"], [given["SecurityGroupIds"]], "the security groups")
    for function in (deployment.notifier, deployment.callback):
        layers = deployment.configuration(function)["Layers"]
        equal([layer["Arn"] for layer in layers], [given["CaBundleLayerArn"]], "the layers")
        environment = deployment.deployed_environment[function]
        equal(environment["HTTPS_PROXY"], given["HttpsProxy"], "the proxy")
        equal(environment["NO_PROXY"], given["NoProxy"], "what needs no proxy")
        equal(environment["SSL_CERT_FILE"], "/opt/ca-bundle.pem", "the bundle")
    # What Lambda does for a function in a VPC, and the function's code may not.
    for action in ("ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"):
        equal(deployment.cloud.allows(deployment.role(deployment.notifier), action, "*"), True, action)


@contextlib.contextmanager
def refusing_proxy():
    """A proxy that lets nobody through: its URL, and the places to which it was asked to connect."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_CONNECT(self):
            asked.append(self.path)
            self.send_error(403)

        def log_message(self, *_):
            pass

    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}", asked


def calls_of_aws_go_through_the_proxy_but_for_what_needs_none(deployment):
    # A name that nobody has: without the proxy, nothing answers there.
    host = "dynamodb.calls.invalid"
    history = {"history": {"pipeline": sandbox.PIPELINE}}
    cases = [("", [host]), ("other.invalid", [host]), (host, []), ("calls.invalid", []), (".calls.invalid", [])]
    for exempt, expected in cases:
        with (
            refusing_proxy() as (url, asked),
            deployment.changed(
                deployment.notifier,
                HTTPS_PROXY=url,
                NO_PROXY=f"127.0.0.1,localhost,{exempt}".rstrip(","),
                AWS_ENDPOINT_URL_DYNAMODB=f"https://{host}",
            ),
        ):
            _, failed = deployment.attempt(deployment.notifier, history)
        equal(failed, True, f"whether the ledger is out of reach, with {exempt!r} exempt")
        equal(sorted(set(asked)), [f"{one}:443" for one in expected], f"what the proxy was asked, with {exempt!r} exempt")


def table_and_logs_are_encrypted_with_the_keys_and_the_table_is_protected(deployment):
    given, cloud = deployment.given, deployment.cloud
    (table,) = deployed(deployment, "AWS::DynamoDB::Table")
    expected = {"SSEEnabled": "true", "SSEType": "KMS", "KMSMasterKeyId": given["TableKeyArn"]}
    equal(table["SSESpecification"], expected, "the key of the table, which MiniStack drops")
    found = cloud.client("dynamodb").describe_table(TableName=deployment.outputs["LedgerTableName"])["Table"]
    equal(found["DeletionProtectionEnabled"], True, "the protection of the table")
    groups = cloud.client("logs").describe_log_groups()["logGroups"]
    ours = {group["logGroupName"]: group.get("kmsKeyId") for group in groups if "countersign" in group["logGroupName"]}
    equal(set(ours.values()), {given["LogKeyArn"]}, f"the keys of {sorted(ours)}")
    equal(len(ours), 3, f"log groups among {sorted(ours)}")


def the_api_is_at_the_domain_alone(deployment):
    api = deployment.cloud.client("apigatewayv2")
    equal(deployment.url, f"https://{DOMAIN}", "the URL of links")
    domain = api.get_domain_name(DomainName=DOMAIN)
    (configuration,) = domain["DomainNameConfigurations"]
    equal(configuration["CertificateArn"], deployment.given["CertificateArn"], "the certificate")
    equal(configuration["SecurityPolicy"], "TLS_1_2", "the oldest TLS")
    (mapping,) = api.get_api_mappings(DomainName=DOMAIN)["Items"]
    equal(mapping["Stage"], "$default", "the stage of the domain")
    equal(api.get_api(ApiId=mapping["ApiId"])["DisableExecuteApiEndpoint"], True, "the API's own endpoint is off")
    zone = deployment.given["HostedZoneId"]
    records = deployment.cloud.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    (record,) = [one for one in records if one["Name"].rstrip(".") == DOMAIN]
    equal(record["AliasTarget"]["DNSName"].rstrip("."), configuration["ApiGatewayDomainName"], "where the record points")


def alarms_tell_when_they_are_over_and_there_is_a_dashboard(deployment):
    cloudwatch, topic = deployment.cloud.client("cloudwatch"), deployment.given["AlarmTopicArn"]
    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    equal(len(alarms), 10, "alarms")
    for alarm in alarms:
        equal((alarm["AlarmActions"], alarm["OKActions"]), ([topic], [topic]), alarm["AlarmName"])
    body = cloudwatch.get_dashboard(DashboardName=f"countersign-{REGION}")["DashboardBody"]
    shown = json.loads(body)["widgets"][0]["properties"]["alarms"]
    equal(sorted(shown), sorted(alarm["AlarmArn"] for alarm in alarms), "the alarms on the dashboard")


def pipelines_without_the_prefix_are_out_of_reach(deployment):
    allows = deployment.cloud.allows
    ours, theirs = sandbox.PIPELINE, f"x{sandbox.PIPELINE}"
    for pipeline, expected in ((ours, True), (theirs, False)):
        arn = f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{pipeline}"
        equal(allows(deployment.member_role("read"), "codepipeline:GetPipelineState", arn), expected, pipeline)
        decide = f"{arn}/{sandbox.STAGE}/{sandbox.ACTION}"
        equal(allows(deployment.member_role("decide"), "codepipeline:PutApprovalResult", decide), expected, pipeline)
    pattern = deployment.cloud.client("events").describe_rule(Name="countersign-approvals")["EventPattern"]
    equal(json.loads(pattern)["detail"]["pipeline"], [{"prefix": PREFIX}], "the rule's pipelines")
    made = sandbox.event(sandbox.PendingApproval("00000000-0000-0000-0000-000000000000", ""), deployment.fixtures)
    made["detail"]["pipeline"] = theirs
    (result,) = deployment.invoke(deployment.notifier, made)["results"]
    equal(result["result"], "ignored", "an event about a pipeline of others")


def records_are_kept_for_as_long_as_the_parameter_says(deployment):
    story.request(deployment)
    items = deployment.cloud.client("dynamodb").scan(TableName=deployment.outputs["LedgerTableName"])["Items"]
    # The requests so far, of which the last one goes last.
    kept = max(int(item["ttl"]["N"]) for item in items if item["sk"]["S"] == "SIGNED-REQUEST") - time.time()
    days = kept / (24 * 60 * 60)
    assert DAYS + 6.9 < days < DAYS + 7.1, f"{days} days; expected {DAYS} beyond the seven that an approval waits"


def an_approver_decides_at_the_domain_in_their_own_name(deployment):
    pending, alice, _ = story.request(deployment)
    assert alice.approve.startswith(f"https://{DOMAIN}/approval?t="), alice.approve
    equal(deployment.press(alice.approve, "From the landing zone").status, 200, "the answer to the button")
    equal(deployment.codepipeline.decided(pending)[0], "Succeeded", "the approval")
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/countersign-decide/{APPROVERS[0]}"
    equal(deployment.codepipeline.updated_by(), session, "who decided, as CodePipeline has it")


CHECKS = [
    every_role_has_the_path_and_the_boundary,
    the_functions_are_in_the_vpc_and_use_the_proxy_and_the_bundle,
    calls_of_aws_go_through_the_proxy_but_for_what_needs_none,
    table_and_logs_are_encrypted_with_the_keys_and_the_table_is_protected,
    the_api_is_at_the_domain_alone,
    alarms_tell_when_they_are_over_and_there_is_a_dashboard,
    pipelines_without_the_prefix_are_out_of_reach,
    commands.the_doctor_finds_no_fault_with_a_sound_deployment,
    an_approver_decides_at_the_domain_in_their_own_name,
    records_are_kept_for_as_long_as_the_parameter_says,
]
