"""The commands of docs/install.md that are for a deployment, as they are printed there."""

import json
import os
import re
import shutil
import time

import printed
import proxy
import sandbox
from checks import equal, until
from processes import run

# Version 1 of the AWS CLI, which PyPI has, does not know it and needs none (docs/install.md, "Before you begin").
ONLY_VERSION_2 = "--cli-binary-format raw-in-base64-out "


def shell(deployment, commands, **environment):
    """Runs commands with nothing but the AWS CLI on the PATH."""
    path = deployment.cloud.scratch / "aws-alone"
    if not path.exists():
        path.mkdir()
        (path / "aws").symlink_to(os.environ["AWS_CLI"])
    environment = deployment.cloud.environment() | {"PATH": str(path)} | environment
    return run([shutil.which("bash"), "-euo", "pipefail", "-c", commands], environment, deployment.cloud.scratch)


def the_doctor_is_asked_as_the_document_says(deployment):
    commands = printed.block("the doctor")
    equal(commands.count(ONLY_VERSION_2), 1, f"{ONLY_VERSION_2!r} in {commands!r}")
    dynamodb = deployment.guard.endpoint("dynamodb", deployment.role(deployment.notifier))
    with (
        proxy.reachable_callback(deployment),
        deployment.changed(deployment.notifier, AWS_ENDPOINT_URL_DYNAMODB=dynamodb),
    ):
        said = shell(deployment, commands.replace(ONLY_VERSION_2, ""))
    # Behind it is what the AWS CLI says of the call.
    answer, end = json.JSONDecoder().raw_decode(said)
    equal(json.loads(said[end:])["StatusCode"], 200, "the status of the call")
    (handled,) = answer["results"]
    equal((handled["result"], handled["sound"]), ("diagnosed", True), f"what the doctor finds, in {answer}")


def a_pipeline_is_started_as_the_document_says(deployment):
    commands = printed.block("a pipeline")
    equal(commands.count("PIPELINE"), 1, f"PIPELINE in {commands!r}")
    # One that waits already would be in its way.
    waiting = deployment.codepipeline.stop_at_approval()
    deployment.codepipeline.put(waiting.token, "Rejected", "Superseded by the next test")
    endpoint = {"AWS_ENDPOINT_URL_CODEPIPELINE": deployment.codepipeline.url}
    said = shell(deployment, commands.replace("PIPELINE", sandbox.PIPELINE), **endpoint)
    started = re.search(r'"pipelineExecutionId": "([^"]+)"', said)[1]

    def reached():
        execution, state = deployment.codepipeline.approval()
        return execution == started and state.get("token")

    until("the pipeline stops at its approval", reached)


def one_of_the_approvers_in_the_document_approves_it(deployment):
    waiting = deployment.codepipeline.waiting()
    deployment.invoke(deployment.notifier, sandbox.event(waiting, deployment.fixtures))
    sent = {}
    for mail in deployment.cloud.mails():
        if waiting.execution in mail["BodyText"]:
            (recipient,) = mail["To"]
            sent[recipient] = mail
    ada = "Ada Lovelace <ada@example.com>"
    equal(sorted(sent), [ada, "ben@example.com"], "who is asked")
    page = deployment.press(deployment.links(sent[ada]).approve, "The first approval")
    equal(page.status, 200, "the answer to the button")
    status, summary = deployment.codepipeline.decided(waiting)
    equal(status, "Succeeded", "the approval after the button")
    assert "ada@example.com" in summary and "The first approval" in summary, summary
    took = time.monotonic() - deployment.deployer.began
    print(f"from the first command of the quick start to the first approved release: {took:.1f} s", flush=True)


def an_update_gives_it_the_parameters_of_the_other_deployments(deployment):
    equal(deployment.parameters["PolicySource"], "approvers", "where the document takes the policy from")
    deployment.deploy()
    equal(deployment.parameters["PolicySource"], "parameter", "where the policy is from after the update")


# In this order: the pipeline that is started is approved.
CHECKS = [
    the_doctor_is_asked_as_the_document_says,
    a_pipeline_is_started_as_the_document_says,
    one_of_the_approvers_in_the_document_approves_it,
    an_update_gives_it_the_parameters_of_the_other_deployments,
]
