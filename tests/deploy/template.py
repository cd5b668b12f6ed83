"""The template of a deployed stack, with its conditions and references resolved."""

from samtranslator.yaml_helper import yaml_parse

from cloud import REGION
from stack import Stack


class Template:
    """The resources of a deployed stack, by their names in AWS."""

    def __init__(self, stack):
        self.stack = stack

    def table_policy(self, table):
        """The policy of a table, as CloudFormation attaches it."""
        return self.stack.properties(table)["ResourcePolicy"]["PolicyDocument"]

    def bus_policy(self, bus):
        """The policy of an event bus, as CloudFormation attaches it."""
        return self.stack.properties(bus)["Policy"]


def deployed(deployment):
    client = deployment.cloud.client("cloudformation")
    resources = client.describe_stack_resources(StackName=deployment.stack)["StackResources"]
    names = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources}
    body = client.get_template(StackName=deployment.stack, TemplateStage="Processed")["TemplateBody"]
    if isinstance(body, str):  # As it was given, if it is YAML.
        body = yaml_parse(body)

    def name(logical_id, resource):
        # A rule may have the name of its bus.
        return logical_id if resource["Type"] == "AWS::Events::Rule" else names[logical_id]

    # CloudFormation has checked the rules.
    return Template(Stack(body | {"Rules": {}}, deployment.parameters, name, REGION))
