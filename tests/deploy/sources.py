"""The sources of the policy, each in a deployment of its own."""

import policy
import story
from checks import equal
from deployment import APPROVERS

# SAM keeps the values of parameters that are not given, so those of another source are emptied.
NO_APPROVERS = {"Approvers": "", "Quorum": "1"}
NO_PARAMETER = {"PolicyParameterName": ""}


def setting(deployment, name):
    return deployment.environment(deployment.notifier).get(name)


def another_deployment_with_other_tags_keeps_the_edited_policy(deployment):
    with policy.edited(deployment, policy.BOTH):
        version = policy.parameter(deployment)["Version"]
        deployment.deploy(tags=["team=payments"], LogLevel="debug")
        equal(setting(deployment, "COUNTERSIGN_LOG_LEVEL"), "debug", "the log level")
        found = policy.parameter(deployment)
        equal((found["Value"], found["Version"]), (policy.BOTH, version), "the policy")


def approvers_and_quorum_are_the_whole_policy(deployment):
    before = policy.parameter(deployment)
    both = {"Approvers": ", ".join(APPROVERS), "Quorum": "2"}
    deployment.deploy(PolicySource="approvers", **both, **NO_PARAMETER)
    equal(setting(deployment, "COUNTERSIGN_POLICY"), None, "the parameter in the notifier's environment")
    equal(setting(deployment, "COUNTERSIGN_POLICY_TEXT"), policy.BOTH.strip(), "the notifier's policy")
    ssm = deployment.cloud.client("ssm")
    equal(ssm.get_parameter(Name=before["Name"])["Parameter"]["Version"], before["Version"], "the parameter's version")
    pending, alice, bob = story.request(deployment)
    deployment.press(alice.approve, "The first of two")
    equal(deployment.codepipeline.decided(pending)[0], "InProgress", "the approval after one of two votes")
    deployment.press(bob.approve, "The second of two")
    equal(deployment.codepipeline.decided(pending)[0], "Succeeded", "the approval after both votes")


def deploy_file(deployment, text, **parameters):
    """Deploys a policy file. Returns the name of its parameter, which CloudFormation has made."""
    deployment.deploy(PolicySource="file", PolicyText=text, **NO_APPROVERS, **NO_PARAMETER, **parameters)
    name = policy.name(deployment)
    equal(setting(deployment, "COUNTERSIGN_POLICY"), name, "the notifier's parameter")
    equal(policy.parameter(deployment)["Value"], text, "the policy")
    assert "/" not in name, f"{name} is not a name that CloudFormation makes"
    return name


def value(deployment, name):
    return deployment.cloud.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]


def a_file_is_deployed_into_a_parameter_and_is_authoritative(deployment):
    first = deploy_file(deployment, policy.FIRST)
    equal(deploy_file(deployment, policy.BOTH), first, "the parameter of a file that has changed")
    pending, alice, _ = story.request(deployment)
    deployment.press(alice.approve, "The first of two")
    equal(deployment.codepipeline.decided(pending)[0], "InProgress", "the approval after one of two votes")


def two_sources_at_once_are_refused(deployment):
    before = deployment.environment(deployment.notifier)
    try:
        deployment.deploy(PolicySource="file", PolicyText=policy.FIRST)
    except AssertionError as error:
        assert "policyParameterName" in str(error) or "PolicyParameterName" in str(error), error
    else:
        raise AssertionError("a file and the name of a parameter were both taken")
    equal(deployment.environment(deployment.notifier), before, "the notifier's environment")


def back_to_the_parameter_the_policy_is_as_it_was(deployment):
    file = policy.name(deployment)
    deployment.deploy(PolicyText="", **NO_APPROVERS)
    equal(policy.parameter(deployment)["Value"], policy.FIRST, "the policy")
    equal(value(deployment, file), policy.BOTH, "the deployed file")


def what_is_left_of_a_file_is_not_in_the_way_of_the_next(deployment):
    """What is kept has no name of ours. So any source and any name of the deployment can follow on any other."""
    first = deploy_file(deployment, policy.FIRST)
    for name in ("other", "countersign"):
        equal(deploy_file(deployment, policy.FIRST, DeploymentName=name), first, f"the parameter under the name {name}")
    deployment.deploy(PolicyText="", **NO_APPROVERS)
    second = deploy_file(deployment, policy.BOTH)
    equal((value(deployment, first), second == first), (policy.FIRST, False), "the old parameter, and if it is used")
    pending, alice, _ = story.request(deployment)
    deployment.press(alice.approve, "The first of two")
    equal(deployment.codepipeline.decided(pending)[0], "InProgress", "the approval after one of two votes")


CHECKS = [
    another_deployment_with_other_tags_keeps_the_edited_policy,
    approvers_and_quorum_are_the_whole_policy,
    a_file_is_deployed_into_a_parameter_and_is_authoritative,
    two_sources_at_once_are_refused,
    back_to_the_parameter_the_policy_is_as_it_was,
    what_is_left_of_a_file_is_not_in_the_way_of_the_next,
]
