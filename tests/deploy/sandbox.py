"""The sandbox's CodePipeline, because MiniStack has none."""

import contextlib
import dataclasses
import datetime
import json
import os
import re
import urllib.request

from checks import equal, until
from cloud import ACCOUNT, REGION
from processes import check_alive, running

PIPELINE, STAGE, ACTION = "payments-api", "Production", "Approve"
PLACE = {"pipeline": PIPELINE, "stage": STAGE, "action": ACTION}


@dataclasses.dataclass
class PendingApproval:
    """An approval that is waiting for its decision."""

    execution: str
    token: str
    account: str = ACCOUNT
    region: str = REGION


class CodePipeline:
    """The pipeline `payments-api` of an account, as its owner uses it."""

    def __init__(self, url, cloud, account=ACCOUNT, region=REGION):
        self.url, self.cloud, self.account, self.region = url, cloud, account, region
        sts = cloud.client("sts", endpoint=url)
        owner = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/owner", RoleSessionName="carol")["Credentials"]
        self.client = cloud.client("codepipeline", endpoint=url, region=region, session=owner)

    def elsewhere(self, account, region, fixtures):
        """A pipeline of the same name in another account, where the sandbox makes it for a recorded event."""
        made = {"account": account, "region": region}
        recorded = event(PendingApproval("recorded", "", **made), fixtures)
        url = f"{self.url.removesuffix('/aws')}/events"
        request = urllib.request.Request(url, json.dumps(recorded).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            equal(answer.status, 200, "the sandbox's answer to a recorded event")
        return CodePipeline(self.url, self.cloud, **made)

    def approval(self):
        """The latest execution's state of the approval action."""
        stages = self.client.get_pipeline_state(name=PIPELINE)["stageStates"]
        stage = next(stage for stage in stages if stage["stageName"] == STAGE)
        action = next(action for action in stage["actionStates"] if action["actionName"] == ACTION)
        execution = stage.get("latestExecution", {}).get("pipelineExecutionId")
        return execution, action.get("latestExecution", {})

    def configuration(self):
        """What the pipeline's author has set of the approval action."""
        stages = self.client.get_pipeline(name=PIPELINE)["pipeline"]["stages"]
        stage = next(stage for stage in stages if stage["name"] == STAGE)
        return next(action for action in stage["actions"] if action["name"] == ACTION)["configuration"]

    def stop_at_approval(self):
        """Starts the pipeline, and returns the approval that it stops at. Rejects one that is still pending."""
        _, state = self.approval()
        if state.get("status") == "InProgress":
            self.put(state["token"], "Rejected", "Superseded by the next test")
        started = self.client.start_pipeline_execution(name=PIPELINE)["pipelineExecutionId"]

        def reached():
            execution, state = self.approval()
            return execution == started and state.get("token")

        token = until("the pipeline stops at its approval", reached)
        return PendingApproval(started, token, self.account, self.region)

    def waiting(self):
        """The approval that the pipeline waits at."""
        execution, state = self.approval()
        equal(state.get("status"), "InProgress", "the approval")
        return PendingApproval(execution, state["token"], self.account, self.region)

    def put(self, token, status, summary):
        """Decides as a user of the console would."""
        self.client.put_approval_result(
            pipelineName=PIPELINE,
            stageName=STAGE,
            actionName=ACTION,
            token=token,
            result={"status": status, "summary": summary},
        )

    def updated_by(self):
        """The ARN of whoever decided the latest approval, as CodePipeline has it."""
        return self.approval()[1]["lastUpdatedBy"]

    def decided(self, pending):
        """The status and the summary that CodePipeline has for an approval."""
        execution, state = self.approval()
        equal(execution, pending.execution, "the execution in the stage")
        return state["status"], state.get("summary", "")


def event(pending, fixtures, state="STARTED"):
    """The event of an approval, as EventBridge sends it to the notifier."""
    event = json.loads((fixtures / "eventbridge-action-started.json").read_text())
    event |= {"account": pending.account, "region": pending.region}
    event["time"] = f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
    event["resources"] = [f"arn:aws:codepipeline:{event['region']}:{event['account']}:{PIPELINE}"]
    event["detail"] |= PLACE | {"execution-id": pending.execution, "state": state}
    return event


def notice(pending, fixtures, **changes):
    """The notice of an approval, as CodePipeline publishes it to an SNS topic, or with changes to what it says."""
    fixture = json.loads((fixtures / "sns-approval-needed.json").read_text())
    notice = json.loads(fixture["Records"][0]["Sns"]["Message"])
    expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=7)
    notice["approval"] |= {
        "pipelineName": PIPELINE,
        "stageName": STAGE,
        "actionName": ACTION,
        "token": pending.token,
        "expires": expires.strftime("%Y-%m-%dT%H:%MZ"),
    }
    notice["approval"] |= changes
    return json.dumps(notice)


def published(notice, fixtures):
    """The event with which SNS hands a notice to the notifier."""
    event = json.loads((fixtures / "sns-approval-needed.json").read_text())
    event["Records"][0]["Sns"]["Message"] = notice
    return event


@contextlib.contextmanager
def started(program, cloud):
    """The sandbox on a free port of 127.0.0.1."""
    log = cloud.scratch / "sandbox.log"
    environment = {"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1,localhost"}
    with running([program, "--port", "0"], environment, log) as process:

        def address():
            check_alive(process, log)
            found = re.search(r"^Countersign sandbox: (http://127\.0\.0\.1:\d+)$", log.read_text(), re.MULTILINE)
            return found and found[1]

        yield CodePipeline(f"{until('the sandbox is ready', address)}/aws", cloud)
