"""Every prop of both constructs except for code of one's own, with the values of tests/infra/templates.py."""

from aws_cdk import App, Duration, Stack, Validations
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sns as sns
from aws_cdk import aws_ssm as ssm
from cdk_nag import AwsSolutionsChecks
from countersign_cdk import DomainOptions, EmailApprovals, KeyUse, LogLevel, Member, Policy

app = App()

# The configuration "everything".
stack = Stack(app, "Countersign")
boundary = "arn:aws:iam::123456789012:policy/landing/boundary"
forward_bus = "arn:aws:events:us-east-1:345678901234:event-bus/releases"
EmailApprovals(
    stack,
    "EmailApprovals",
    policy=Policy.approvers(["Ada Lovelace <ada@example.com>", "ben@example.com", "carl@example.com"], quorum=2),
    sender="releases@example.org",
    sender_name="Releases",
    reply_to="answers@example.org",
    tls_policy=ses.ConfigurationSetTlsPolicy.OPTIONAL,
    ses_sandbox=True,
    event_bus=events.EventBus.from_event_bus_name(stack, "EventBus", "central"),
    pipeline_regions=["eu-west-1", "us-east-1"],
    pipeline_name_prefix="team-a-",
    approval_timeout=Duration.days(14),
    notification_topic=True,
    member_accounts=["210987654321", "345678901234"],
    organization_id="o-a1b2c3d4e5",
    member_role_prefix="approvals",
    forward_bus=events.EventBus.from_event_bus_arn(stack, "ForwardBus", forward_bus),
    deployment_name="releases",
    alarm_topic=sns.Topic.from_topic_arn(stack, "Alarms", "arn:aws:sns:eu-west-1:123456789012:alarms"),
    ok_actions=True,
    dashboard=True,
    log_retention=logs.RetentionDays.ONE_MONTH,
    log_level=LogLevel.DEBUG,
    record_retention=Duration.days(3653),
    deletion_protection=True,
    throttle=apigatewayv2.ThrottleSettings(rate_limit=7, burst_limit=11),
    notifier_concurrency=5,
    sweep_concurrency=2,
    sweep_pace=9,
    test_events=True,
    architecture=lambda_.Architecture.X86_64,
    permissions_boundary=iam.ManagedPolicy.from_managed_policy_arn(stack, "Boundary", boundary),
    role_path="/delivery/approvals/",
    origins=["https://approve.example.org", "https://old.example.org:8443"],
    request_keys=[KeyUse.TRUSTED, KeyUse.SIGNS],
    vote_keys=[KeyUse.TRUSTED, KeyUse.TRUSTED, KeyUse.SIGNS],
)

# What the values above leave without effect: the configurations "listed" and "elsewhere", with "file" and "parameter".
listed = Stack(app, "Listed")
accounts = ssm.StringParameter.from_string_parameter_attributes(
    listed, "Accounts", parameter_name="/releases/accounts", force_dynamic_reference=True
)
EmailApprovals(
    listed,
    "EmailApprovals",
    policy=Policy.approvers(["ada@example.com", "Ben <ben@example.com>"]),
    sender="approvals@mail.example.com",
    organization_id="o-a1b2c3d4e5",
    member_accounts_parameter=accounts,
    serve_own_account=False,
)

elsewhere = Stack(app, "Elsewhere")
identity = "arn:aws:ses:eu-central-1:210987654321:identity/example.com"
EmailApprovals(
    elsewhere,
    "EmailApprovals",
    policy=Policy.approvers(["ada@example.com", "Ben <ben@example.com>"]),
    sender="approvals@mail.example.com",
    sender_identity=ses.EmailIdentity.from_email_identity_arn(elsewhere, "Identity", identity),
    configuration_set=ses.ConfigurationSet.from_configuration_set_name(elsewhere, "ConfigurationSet", "mail"),
    ses_region="eu-central-1",
)

overrides = Stack(app, "Overrides")
who_decides = ssm.StringParameter.from_string_parameter_attributes(
    overrides, "Policy", parameter_name="/releases/who-decides", force_dynamic_reference=True
)
EmailApprovals(
    overrides,
    "EmailApprovals",
    policy=Policy.parameter(who_decides),
    sender="approvals@mail.example.com",
    sender_name="",
    sender_identity=ses.EmailIdentity.from_email_identity_name(overrides, "Identity", "example.com"),
    configuration_set=ses.ConfigurationSet.from_configuration_set_name(overrides, "ConfigurationSet", "existing"),
    pipeline_regions=["us-east-1"],
    notifier_concurrency=0,
    request_keys=[KeyUse.NONE, KeyUse.SIGNS],
)

# What a landing zone demands: the configuration "landing".
landing = Stack(app, "Landing")
certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d-0000-0000-0000-000000000000"
layer = "arn:aws:lambda:eu-west-1:210987654321:layer:ca-bundle:3"
table_key = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-0000-0000-000000000001"
log_key = "arn:aws:kms:eu-west-1:210987654321:key/0a1b2c3d-0000-0000-0000-000000000002"
EmailApprovals(
    landing,
    "EmailApprovals",
    policy=Policy.approvers(["ada@example.com", "Ben <ben@example.com>"]),
    sender="approvals@mail.example.com",
    domain=DomainOptions(
        domain_name="approve.example.org",
        certificate=acm.Certificate.from_certificate_arn(landing, "Certificate", certificate),
        hosted_zone=route53.HostedZone.from_hosted_zone_id(landing, "Zone", "Z0123456789ABCDEFGHIJ"),
    ),
    vpc=ec2.Vpc.from_vpc_attributes(
        landing,
        "Vpc",
        vpc_id="vpc-0a1b2c3d4e5f60718",
        availability_zones=["eu-west-1a", "eu-west-1b"],
        private_subnet_ids=["subnet-0a1b2c3d4e5f60718", "subnet-1b2c3d4e5f607181a"],
        private_subnet_route_table_ids=["rtb-0a1b2c3d4e5f60718", "rtb-1b2c3d4e5f607181a"],
    ),
    vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
    security_groups=[ec2.SecurityGroup.from_security_group_id(landing, "Outbound", "sg-0a1b2c3d4e5f60718")],
    https_proxy="http://proxy.example.org:3128",
    no_proxy=["dynamodb.eu-west-1.amazonaws.com", "kms.eu-west-1.amazonaws.com"],
    ca_bundle_layer=lambda_.LayerVersion.from_layer_version_arn(landing, "CaBundle", layer),
    table_key=kms.Key.from_key_arn(landing, "TableKey", table_key),
    log_key=kms.Key.from_key_arn(landing, "LogKey", log_key),
)

# Another account: the configuration "everything" of members.
member = Stack(app, "CountersignMember")
Member(
    member,
    "Member",
    hub_bus_arn="arn:aws:events:eu-central-1:210987654321:event-bus/central",
    home_region="eu-west-1",
    deployment_name="releases",
    role_prefix="approvals",
    role_path="/delivery/approvals/",
    permissions_boundary=iam.ManagedPolicy.from_managed_policy_name(member, "Boundary", "landing/boundary"),
    pipeline_name_prefix="team-a-",
    organization_id="o-a1b2c3d4e5",
    test_events=True,
)

Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
