"""MiniStack: an AWS to deploy to, with IAM enforced."""

import contextlib
import json
import os
import pathlib
import ssl
import sys
import urllib.request

import boto3
import botocore.config

from checks import until
from processes import check_alive, free_port, run, running
from tls import Certificate

REGION = "us-east-2"
# The account that the sandbox's pipelines are in.
ACCOUNT = "123456789012"
EMULATOR = pathlib.Path(__file__).with_name("emulator.py")
OPERATOR = {"AWS_ACCESS_KEY_ID": "AKIAOPERATOR", "AWS_SECRET_ACCESS_KEY": "operator"}


def operator(account):
    """The credentials of the operator in an account. MiniStack takes an account's id for an access key id of it."""
    return OPERATOR if account == ACCOUNT else OPERATOR | {"AWS_ACCESS_KEY_ID": account}


def account_of(arn):
    return arn.split(":")[4]


class Cloud:
    """A running MiniStack, as the operator sees it, who deploys into it."""

    def __init__(self, port, scratch):
        self.port = port
        self.scratch = scratch
        self.url = f"https://127.0.0.1:{port}"
        self.certificate = Certificate(scratch)
        self.trust = ssl.create_default_context(cafile=self.certificate.authority)

    def environment(self, account=ACCOUNT, region=REGION):
        """The environment of a command that deploys, without the AWS settings and the home of this machine."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.scratch),
            "TMPDIR": str(self.scratch),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            # For Python, for Node.js, and for the functions.
            "AWS_CA_BUNDLE": str(self.certificate.authority),
            "NODE_EXTRA_CA_CERTS": str(self.certificate.authority),
            "SSL_CERT_FILE": str(self.certificate.authority),
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            **operator(account),
        }

    def client(self, service, endpoint=None, region=REGION, account=ACCOUNT, session=None):
        """A client of the operator's, or with the credentials of a session. It does not retry."""
        own = operator(account)
        session = session or {"AccessKeyId": own["AWS_ACCESS_KEY_ID"], "SecretAccessKey": own["AWS_SECRET_ACCESS_KEY"]}
        return boto3.client(
            service,
            endpoint_url=endpoint or self.url,
            region_name=region,
            verify=str(self.certificate.authority),
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session.get("SessionToken"),
            # The doctor may wait for longer than a client does by default, the notifier for five minutes.
            config=botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=310),
        )

    def cli(self, *arguments, account=ACCOUNT, region=REGION):
        """Runs the AWS CLI as the operator of an account."""
        return run([os.environ["AWS_CLI"], *arguments], self.environment(account, region), self.scratch)

    def get(self, path):
        """Opens one of MiniStack's own pages."""
        return urllib.request.urlopen(f"{self.url}/_ministack/{path}", context=self.trust)

    def mails(self):
        """The emails that SES accepted, oldest first."""
        with self.get("ses/messages") as answer:
            return json.load(answer)["messages"].get(ACCOUNT, [])

    def allows(self, role, action, resource):
        """Whether IAM allows a role an action on a resource. MiniStack knows no role by an ARN that has a path."""
        role = f"{role.split('/')[0]}/{role.rsplit('/', 1)[1]}"
        answer = self.client("iam", account=account_of(role)).simulate_principal_policy(
            PolicySourceArn=role, ActionNames=[action], ResourceArns=[resource]
        )
        return answer["EvaluationResults"][0]["EvalDecision"] == "allowed"


@contextlib.contextmanager
def started(scratch):
    """An empty MiniStack on a free port of 127.0.0.1."""
    port = free_port()
    cloud = Cloud(port, scratch)
    log = scratch / "ministack.log"
    environment = cloud.environment() | {
        "AUTH": "true",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(cloud.certificate.certificate),
        "MINISTACK_SSL_KEY": str(cloud.certificate.key),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "S3_DATA_DIR": str(scratch / "s3"),
        "STATE_DIR": str(scratch / "state"),
        # Both would listen on every address of the machine.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # Lambda retries a failed event after one and two minutes, which is too long for a test.
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.1",
    }
    # Without the modules of this directory.
    with running([sys.executable, "-I", EMULATOR], environment, log) as process:

        def ready():
            check_alive(process, log)
            with contextlib.suppress(OSError), cloud.get("ready") as answer:
                return answer.status == 200

        until("MiniStack is ready", ready)
        yield cloud
