"""AWS calls with the role of a function."""

import contextlib
import io
import sys
import zipfile

# A function that makes the AWS calls in its event, with the credentials of its role.
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
def probe(deployment, function, role=None):
    """Yields a function that makes AWS calls with the role of `function`, or with another role."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("probe.py", PROBE)
    name = f"{function}-probe"
    deployment.lambda_.create_function(
        FunctionName=name,
        Role=role or deployment.role(function),
        Handler="probe.handler",
        Timeout=60,
        Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        Code={"ZipFile": archive.getvalue()},
    )

    def make_calls(*calls):
        return deployment.invoke(name, list(calls))

    try:
        deployment.lambda_.get_waiter("function_active_v2").wait(FunctionName=name)
        yield make_calls
    finally:
        deployment.lambda_.delete_function(FunctionName=name)


def call(service, operation, endpoint=None, **parameters):
    return {"service": service, "operation": operation, "endpoint": endpoint, "parameters": parameters}
