"""The template of a deployed stack, with its conditions and references resolved."""

from stack import Stack


class Template:
    """The resources of a deployed stack, by their names in AWS."""

    def __init__(self, stack):
        self.stack = stack

    def table_policy(self, table):
        """The policy of a table, as CloudFormation attaches it."""
        return self.stack.properties(table)["ResourcePolicy"]["PolicyDocument"]


def deployed(deployment):
    client = deployment.cloud.client("cloudformation")
    resources = client.describe_stack_resources(StackName=deployment.stack)["StackResources"]
    names = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources}
    body = client.get_template(StackName=deployment.stack, TemplateStage="Processed")["TemplateBody"]
    # CloudFormation has checked the rules.
    return Template(Stack(body | {"Rules": {}}, deployment.parameters, lambda logical_id, _: names[logical_id]))
