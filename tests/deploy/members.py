"""A hub with two member accounts in two regions, in which MiniStack keeps accounts and regions apart.

The templates are deployed as they are: nothing is removed from them. MiniStack leaves out the policy of the hub's bus,
which is evaluated as the template has it.

Not run: the hop of an event from a member to the hub, because MiniStack delivers no event across accounts or regions.
The rules, their roles and the policy of the bus are checked as data, and the hub's notifier gets the event that its
rule would hand to it.
"""

import contextlib
import json

import access
import botocore.exceptions
import commands
import dead_letters
import history
import ledger
import proxy
import rule
import sandbox
import ses
import sweep
from checks import equal
from cloud import ACCOUNT, REGION
from deployment import APPROVERS
from permissions import administrator, can_assume, expect_rights_of_member_roles, named_role

ONE, OTHER, STRANGER = "210987654321", "345678901234", "999999999999"
REGIONS = (REGION, "eu-west-1")
# Where the member stack is: in the hub's own account too, but for the hub's region, where the hub's stack has it all.
STACKS = ((ACCOUNT, "eu-west-1"), *((account, region) for account in (ONE, OTHER) for region in REGIONS))
# Where each member has its pipeline, which has the same name in both.
PLACES = ((ONE, "eu-west-1"), (OTHER, REGION))
ORGANIZATION, OTHER_ORGANIZATION = "o-a1b2c3d4e5", "o-zzzzzzzzzz"
HUB = {"MemberAccounts": f"{ONE},{OTHER}", "OrganizationId": ORGANIZATION, "PipelineRegions": ",".join(REGIONS)}
ALICE, BOB = APPROVERS


def bus(deployment):
    return deployment.outputs["MemberBusArn"]


def pipelines(deployment):
    """The pipeline of each member, as its owner uses it."""
    return [deployment.codepipeline.elsewhere(*place, deployment.fixtures) for place in PLACES]


def request(deployment, pipeline):
    """Has a pipeline stop at its approval, and the hub's notifier email the approvers. Returns it, and their links."""
    pending = pipeline.stop_at_approval()
    (result,) = deployment.invoke(deployment.notifier, sandbox.event(pending, deployment.fixtures))["results"]
    equal((result["result"], result["sent"]), ("asked", 2), "the result of the event")
    return pending, *deployment.expect_requests(pending.execution)


def session_of(account, approver):
    return f"arn:aws:sts::{account}:assumed-role/countersign-decide/{approver}"


def the_hub_and_its_members_deploy_in_their_accounts_and_regions(deployment):
    deployment.deploy(**HUB)
    for account in (ACCOUNT, ONE, OTHER):
        deployment.guard.sts.organizations[account] = ORGANIZATION
    parameters = {"HubBusArn": bus(deployment), "HomeRegion": REGION, "OrganizationId": ORGANIZATION}
    for account, region in STACKS:
        deployment.deployer.deploy_member(account, region, parameters)
        client = deployment.cloud.client("cloudformation", region=region, account=account)
        (stack,) = client.describe_stacks(StackName=deployment.deployer.member_stack)["Stacks"]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
        roles = [deployment.member_role(suffix, account) for suffix in ("read", "decide")]
        found = [outputs.get("ReadingRoleArn"), outputs.get("DecidingRoleArn")]
        equal(found, roles if region == REGION else [None, None], f"the roles of {account} in {region}")


def the_doctor_finds_no_fault_with_a_hub_and_its_members(deployment):
    with proxy.reachable_callback(deployment):
        found = commands.findings(deployment)
    commands.expect_unsound({name: one for name, one in found.items() if not one["sound"]})
    for account in (ACCOUNT, ONE, OTHER):
        for region in REGIONS:
            assert f"{account}/{region}" in found["CodePipeline"]["found"], found["CodePipeline"]


def each_members_rule_forwards_approval_events_to_the_hubs_bus_and_may_do_no_more(deployment):
    event = rule.approval_event(deployment)
    for account, region in STACKS:
        events = deployment.cloud.client("events", region=region, account=account)
        found = events.describe_rule(Name="countersign-approvals")
        equal((found["State"], found["EventBusName"]), ("ENABLED", "default"), "the rule")
        for state in ("STARTED", "SUCCEEDED", "FAILED", "ABANDONED"):
            for category, expected in (("Approval", True), ("Deploy", False)):
                made = event | {"account": account, "region": region}
                kind = made["detail"]["type"] | {"category": category}
                made["detail"] = made["detail"] | {"state": state, "type": kind}
                answer = events.test_event_pattern(EventPattern=found["EventPattern"], Event=json.dumps(made))
                equal(answer["Result"], expected, f"{category} that {state}")
        (target,) = events.list_targets_by_rule(Rule="countersign-approvals")["Targets"]
        equal(target["Arn"], bus(deployment), "the rule's target")
        expect_forwarding(deployment, account, found["Arn"], target)


def expect_forwarding(deployment, account, source, target):
    """Checks what the role of a rule may do, who may use it, and where an event goes that it cannot forward."""
    role, cloud = target["RoleArn"], deployment.cloud
    for other in (
        bus(deployment).replace("countersign-members", "default"),
        bus(deployment).replace(ACCOUNT, STRANGER),
    ):
        equal(cloud.allows(role, "events:PutEvents", other), False, f"an event on {other}")
    equal(cloud.allows(role, "events:PutEvents", bus(deployment)), True, "an event on the hub's bus")
    equal(cloud.allows(role, "events:PutRule", bus(deployment)), False, "a rule on the hub's bus")
    trust = deployment.guard.sts.trust(role)
    for principal, rule_arn, owner, expected in (
        (None, source, account, True),
        (None, f"{source}2", account, False),
        (None, source, STRANGER, False),
        (f"arn:aws:iam::{account}:role/administrator", source, account, False),
    ):
        asked = access.Request(principal, "sts:AssumeRole", role, rule_arn, {"aws:SourceAccount": owner})
        equal(access.allows(trust, asked), expected, f"the role for {principal or 'EventBridge'} and {rule_arn}")
    queue = target["DeadLetterConfig"]["Arn"]
    sqs = cloud.client("sqs", region=source.split(":")[3], account=account)
    url = sqs.get_queue_url(QueueName=queue.rsplit(":", 1)[1])["QueueUrl"]
    document = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])
    equal(ses.lets_send(document, source, queue), True, "the dead-letter queue takes events of the rule")
    equal(ses.lets_send(document, f"{source}2", queue), False, "the dead-letter queue takes events of another rule")


def the_hubs_bus_takes_approval_events_of_its_members_and_nothing_else(deployment):
    document = deployment.template.bus_policy("countersign-members")

    def takes(account, organization=None, source="aws.codepipeline", kind="CodePipeline Action Execution State Change"):
        keys = {"events:source": [source], "events:detail-type": kind, "aws:PrincipalOrgID": organization}
        sender = f"arn:aws:iam::{account}:role/forwarding"
        return access.allows(document, access.Request(sender, "events:PutEvents", bus(deployment), keys=keys))

    for account, organization, expected in (
        (ONE, ORGANIZATION, True),
        (OTHER, None, True),
        (STRANGER, ORGANIZATION, True),
        (STRANGER, OTHER_ORGANIZATION, False),
        (STRANGER, None, False),
    ):
        equal(takes(account, organization), expected, f"an event of {account} in {organization}")
        for source in ("countersign", "aws.ses", "com.example"):
            equal(takes(account, organization, source), False, f"an event of {account} from {source}")
        equal(takes(account, organization, kind="Vote Recorded"), False, f"a vote of {account}")


def the_hub_hands_its_members_approval_events_to_the_notifier_and_believes_no_other(deployment):
    name, events = "countersign-members", deployment.cloud.client("events")
    found = events.describe_rule(Name=name, EventBusName=name)
    (target,) = events.list_targets_by_rule(Rule=name, EventBusName=name)["Targets"]
    equal(target["Arn"], deployment.configuration(deployment.notifier)["FunctionArn"], "the rule's target")
    permissions = json.loads(deployment.lambda_.get_policy(FunctionName=deployment.notifier)["Policy"])["Statement"]
    sources = [one["Condition"]["ArnLike"]["AWS:SourceArn"] for one in permissions if "Condition" in one]
    equal(sources.count(found["Arn"]), 1, "permissions of the rule to invoke the notifier")
    approval = rule.approval_event(deployment) | {"account": ONE, "region": "eu-west-1"}
    vote = approval | {"source": "countersign", "detail-type": "Vote Recorded", "detail": {"deployment": "countersign"}}
    for event, expected in ((approval, True), (vote, False)):
        answer = events.test_event_pattern(EventPattern=found["EventPattern"], Event=json.dumps(event))
        equal(answer["Result"], expected, event["detail-type"])
        # What a member says of votes and emails is believed on no bus.
        for suffix in ("-votes", "-emails"):
            equal(rule.matches(deployment, event, suffix), False, f"{event['detail-type']} for the rule {suffix}")


def expect_session(deployment, pending, approver):
    """Checks that the callback's last session could do no more than put the result of this approval."""
    role = deployment.member_role("decide", pending.account)
    session = [one for one in deployment.guard.sts.begun.values() if one.role == role][-1]
    equal((session.name, session.identity, session.seconds), (approver, approver, 900), "the session")
    place = f"{sandbox.PIPELINE}/{sandbox.STAGE}/{sandbox.ACTION}"
    own = f"arn:aws:codepipeline:{pending.region}:{pending.account}:{place}"
    equal(session.leaves("codepipeline:PutApprovalResult", own), True, "a result of the approval")
    for action, resource in (
        ("codepipeline:PutApprovalResult", f"{own}2"),
        ("codepipeline:PutApprovalResult", own.replace(sandbox.PIPELINE, "another")),
        ("codepipeline:PutApprovalResult", own.replace(pending.region, "us-west-2")),
        ("codepipeline:GetPipelineState", own),
    ):
        equal(session.leaves(action, resource), False, f"{action} on {resource}")


def approvals_in_both_members_are_decided_in_the_approvers_own_names_and_never_mixed(deployment):
    one, other = pipelines(deployment)
    first, alice, _ = request(deployment, one)
    second, _, bob = request(deployment, other)
    for pending in (first, second):
        for (mail,) in deployment.requests(pending.execution).values():
            accounts = [account for account in (ONE, OTHER) if account in mail["BodyText"]]
            equal(accounts, [pending.account], "the accounts in a request email")

    page = deployment.press(alice.approve, "For the one")
    equal(page.status, 200, "the answer to the first button")
    equal(one.decided(first)[0], "Succeeded", "the approval of the one after its button")
    equal(other.decided(second)[0], "InProgress", "the approval of the other after the button of the one")
    equal(one.updated_by(), session_of(ONE, ALICE), "who decided it")
    expect_session(deployment, first, ALICE)

    equal(deployment.press(bob.reject, "For the other").status, 200, "the answer to the second button")
    status, summary = other.decided(second)
    equal(status, "Failed", "the approval of the other after its button")
    assert BOB in summary and "For the other" in summary, summary
    equal(other.updated_by(), session_of(OTHER, BOB), "who decided it")
    expect_session(deployment, second, BOB)

    for pending, state, decision in ((first, "SUCCEEDED", "Approved"), (second, "FAILED", "Rejected")):
        deployment.invoke(deployment.notifier, sandbox.event(pending, deployment.fixtures, state))
        deployment.expect_outcomes(pending.execution)
        place = {"account": pending.account, "region": pending.region}
        approvals, _ = history.history(deployment, limit=20, **place)
        equal({one["account"] for one in approvals}, {pending.account}, "the accounts in the history of one")
        newest = approvals[0]
        equal(newest["execution"], pending.execution, f"the newest approval of {pending.account}")
        equal([vote["decision"] for vote in newest["votes"]], [decision], f"votes in {pending.account}")


def an_event_that_names_another_member_asks_nobody(deployment):
    one, _ = pipelines(deployment)
    pending = one.stop_at_approval()
    event = sandbox.event(pending, deployment.fixtures)
    event |= {"account": OTHER, "resources": [arn.replace(ONE, OTHER) for arn in event["resources"]]}
    before = len(deployment.cloud.mails())
    (answer,) = deployment.invoke(deployment.notifier, event)["results"]
    # It is read in the other account, whose pipeline of this name waits for nobody.
    equal(answer["result"], "over", "the answer to the event")
    equal(len(deployment.cloud.mails()), before, "emails")
    equal(ledger.Ledger(deployment).requests(pending), [], "requests")


def the_hubs_own_account_is_served_in_the_same_way(deployment):
    pending, alice, _ = request(deployment, deployment.codepipeline)
    equal(deployment.press(alice.approve, "At home").status, 200, "the answer to the button")
    equal(deployment.codepipeline.decided(pending)[0], "Succeeded", "the approval after the button")
    equal(deployment.codepipeline.updated_by(), session_of(ACCOUNT, ALICE), "who decided it")


def a_round_asks_in_every_account_and_region(deployment):
    pending = [pipeline.stop_at_approval() for pipeline in pipelines(deployment)]
    begun = sweep.begin_round(deployment)
    equal((begun["places"], begun["running"]), (6, 0), "sweeps that begin, and that are under way")
    sweep.wait_for_parts(deployment)
    for one in pending:
        deployment.expect_requests(one.execution)


def nobody_but_the_hubs_functions_can_assume_a_members_roles(deployment):
    notifier, callback = (deployment.role(function) for function in (deployment.notifier, deployment.callback))
    name = callback.rsplit("/", 1)[1]
    # Each may do everything as far as its own policy goes.
    with (
        administrator(deployment) as admin,
        administrator(deployment, OTHER) as member,
        administrator(deployment, STRANGER) as stranger,
        named_role(deployment, STRANGER, name) as namesake,
        named_role(deployment, ACCOUNT, name.replace(REGION, "eu-west-1")) as elsewhere,
        named_role(deployment, ACCOUNT, f"{name}-2") as longer,
        commands.added_statement(deployment, notifier, "Allow", "sts:*"),
        commands.added_statement(deployment, callback, "Allow", "sts:*"),
    ):
        deployment.guard.sts.organizations[STRANGER] = ORGANIZATION
        callers = (notifier, callback, admin, member, stranger, namesake, elsewhere, longer)
        for account in (ONE, OTHER):
            reading, deciding = (deployment.member_role(suffix, account) for suffix in ("read", "decide"))
            for caller in callers:
                expected = caller in (notifier, callback)
                equal(can_assume(deployment, caller, reading), expected, f"{caller} reads in {account}")
                equal(can_assume(deployment, caller, deciding), False, f"{caller} decides in {account} in no name")
                decides = can_assume(deployment, caller, deciding, SourceIdentity=ALICE)
                equal(decides, caller == callback, f"{caller} decides in {account} in a name")
            for organization in (OTHER_ORGANIZATION, None):
                with of_organization(deployment, organization):
                    what = f"in {account}, by a hub in {organization or 'no organization'}"
                    equal(can_assume(deployment, notifier, reading), False, f"reading {what}")
                    equal(can_assume(deployment, callback, deciding, SourceIdentity=ALICE), False, f"deciding {what}")
    # Without those rights, the functions still may what they need.
    for account in (ONE, OTHER):
        equal(can_assume(deployment, notifier, deployment.member_role("read", account)), True, "reading")
        deciding = deployment.member_role("decide", account)
        equal(can_assume(deployment, callback, deciding, SourceIdentity=ALICE), True, "deciding")


def a_members_roles_may_only_read_and_only_decide(deployment):
    for account in (ONE, OTHER):
        for region in REGIONS:
            expect_rights_of_member_roles(deployment, account, region)


@contextlib.contextmanager
def of_organization(deployment, organization):
    """Has the hub's account belong to another organization, or none, until the end of the block."""
    organizations = deployment.guard.sts.organizations
    organizations[ACCOUNT] = organization
    try:
        yield
    finally:
        organizations[ACCOUNT] = ORGANIZATION


@contextlib.contextmanager
def without_role(deployment, role):
    """Deletes a role until the end of the block. Made again, it has another id."""
    iam, name = deployment.cloud.client("iam", account=role.split(":")[4]), role.rsplit("/", 1)[1]
    trust = deployment.guard.sts.trust(role)
    policies = {
        policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    }
    for policy in policies:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)
    try:
        yield
    finally:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        for policy, document in policies.items():
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))


def without_the_deciding_role_the_page_is_clear_the_vote_is_kept_and_the_alarm_goes_off(deployment):
    one, _ = pipelines(deployment)
    pending, _, bob = request(deployment, one)
    (alarm,) = dead_letters.alarms(deployment, "AWS/ApiGateway", "5xx", ("ApiId", api_id(deployment)))
    equal((alarm["Threshold"], alarm["ComparisonOperator"]), (1.0, "GreaterThanOrEqualToThreshold"), "the alarm")
    with without_role(deployment, deployment.member_role("decide", ONE)):
        page = deployment.press(bob.approve, "Kept")
        # The metric of the alarm counts answers of the API with a status from 500 on.
        equal(page.status, 500, "the answer to the button")
        assert "Approval by email is not set up correctly" in page.body, page.body
        equal(one.decided(pending)[0], "InProgress", "the approval")
        refusals = deployment.refusals()
        assert any("AssumeRole" in line and "AccessDenied" in line for line in refusals), refusals
    with proxy.reachable_callback(deployment):
        equal(sweep.sweep(deployment)["finished"], 1, "votes that the sweep finished")
    status, summary = one.decided(pending)
    equal(status, "Succeeded", "the approval once the role is there again")
    assert BOB in summary and "Kept" in summary, summary
    equal(one.updated_by(), session_of(ONE, BOB), "who decided it")


def without_the_reading_role_the_doctor_names_the_member_and_the_others_are_served(deployment):
    one, other = pipelines(deployment)
    with without_role(deployment, deployment.member_role("read", ONE)):
        with proxy.reachable_callback(deployment):
            unsound = commands.diagnose(deployment)
        commands.expect_unsound(unsound, "CodePipeline")
        finding = unsound["CodePipeline"]
        assert ONE in finding["found"] and "sts:AssumeRole: AccessDenied" in finding["found"], finding
        assert "deploy the member template in that account" in finding["remedy"], finding
        event = sandbox.event(one.stop_at_approval(), deployment.fixtures)
        answer, failed = deployment.attempt(deployment.notifier, event)
        assert failed and "AccessDenied" in answer["errorMessage"], answer
        request(deployment, other)


def the_doctor_names_the_member_whose_rule_is_disabled(deployment):
    with proxy.reachable_callback(deployment):
        for account, region in PLACES:
            with commands.disabled_rule(deployment, account=account, region=region):
                commands.expect_disabled(commands.diagnose(deployment), f"{account}/{region}")


def without_members_the_hub_has_no_bus_and_reaches_no_other_account(deployment):
    deployment.deploy(**dict.fromkeys(HUB, ""))
    equal(deployment.outputs.get("MemberBusArn"), None, "the bus for members")
    events = deployment.cloud.client("events")
    try:
        events.describe_event_bus(Name="countersign-members")
    except botocore.exceptions.ClientError as error:
        equal(error.response["Error"]["Code"], "ResourceNotFoundException", "the bus")
    else:
        raise AssertionError("the bus is still there")
    # Their roles are still there, and still trust the hub.
    notifier, callback = (deployment.role(function) for function in (deployment.notifier, deployment.callback))
    for account in (ONE, OTHER):
        reading, deciding = (deployment.member_role(suffix, account) for suffix in ("read", "decide"))
        for caller in (notifier, callback):
            equal(can_assume(deployment, caller, reading), False, f"{caller} reads in {account}")
        equal(
            can_assume(deployment, callback, deciding, SourceIdentity=ALICE), False, f"{callback} decides in {account}"
        )


def a_member_that_is_removed_keeps_nothing(deployment):
    stack = {"StackName": deployment.deployer.member_stack}
    for account, region in STACKS:
        client = deployment.cloud.client("cloudformation", region=region, account=account)
        client.delete_stack(**stack)
        client.get_waiter("stack_delete_complete").wait(**stack, WaiterConfig={"Delay": 1})
        events = deployment.cloud.client("events", region=region, account=account)
        equal(events.list_rules()["Rules"], [], f"rules of {account} in {region}")
    for account in (ONE, OTHER):
        for suffix in ("read", "decide"):
            equal(deployment.guard.sts.trust(deployment.member_role(suffix, account)), None, f"a role of {account}")


def api_id(deployment):
    """The id of the deployed API, with which its host name begins."""
    return deployment.outputs["ApiEndpoint"].removeprefix("https://").split(".")[0]


CHECKS = [
    the_hub_and_its_members_deploy_in_their_accounts_and_regions,
    the_doctor_finds_no_fault_with_a_hub_and_its_members,
    each_members_rule_forwards_approval_events_to_the_hubs_bus_and_may_do_no_more,
    the_hubs_bus_takes_approval_events_of_its_members_and_nothing_else,
    the_hub_hands_its_members_approval_events_to_the_notifier_and_believes_no_other,
    approvals_in_both_members_are_decided_in_the_approvers_own_names_and_never_mixed,
    an_event_that_names_another_member_asks_nobody,
    the_hubs_own_account_is_served_in_the_same_way,
    a_round_asks_in_every_account_and_region,
    nobody_but_the_hubs_functions_can_assume_a_members_roles,
    a_members_roles_may_only_read_and_only_decide,
    without_the_deciding_role_the_page_is_clear_the_vote_is_kept_and_the_alarm_goes_off,
    without_the_reading_role_the_doctor_names_the_member_and_the_others_are_served,
    the_doctor_names_the_member_whose_rule_is_disabled,
    without_members_the_hub_has_no_bus_and_reaches_no_other_account,
    a_member_that_is_removed_keeps_nothing,
]
