"""MiniStack, except for what it does otherwise than AWS.

Its CloudFormation names a parameter without a slash, and parameters and roles each anew. By itself, MiniStack makes the
name `/STACK/LOGICAL-ID` of a parameter. With it, a role may not read what it may read in AWS, and what is kept of one
deployment is in the way of the next. A role's name is made of the stack's and the logical id's, so that the roles of
one template in two regions would be one.

A condition of a template may compare with the region. By itself, MiniStack takes `AWS::Region` there for a text.

Its IAM asks for `sqs:SendMessage` where several messages are sent at once, and likewise for the other batches. AWS's
service authorization reference has no action for a batch; by itself, MiniStack asks for `sqs:SendMessageBatch`.
"""

import secrets

from ministack.app import main
from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import changesets, engine, handlers, provisioners, stacks


def name_anew(kind, property_name, name_of):
    """Has CloudFormation name each resource of a kind anew, where the template does not."""
    handler = provisioners._RESOURCE_HANDLERS[kind]
    create = handler["create"]

    def create_with_name(logical_id, properties, stack):
        return create(logical_id, {property_name: name_of(logical_id, stack)} | properties, stack)

    handler["create"] = create_with_name


def evaluate_conditions(template, parameters, evaluate=engine._evaluate_conditions):
    pseudo_parameters = {"AWS::Region": {"Value": get_region()}, "AWS::AccountId": {"Value": get_account_id()}}
    return evaluate(template, pseudo_parameters | parameters)


def extract_iam_action(service, *request, extract=iam_actions.extract_iam_action):
    action = extract(service, *request)
    return action.removesuffix("Batch") if service == "sqs" and action else action


name_anew("AWS::SSM::Parameter", "Name", lambda logical_id, _: f"CFN-{logical_id}-{secrets.token_hex(6)}")
name_anew(
    "AWS::IAM::Role", "RoleName", lambda logical_id, stack: f"{stack}-{logical_id}"[:51] + f"-{secrets.token_hex(6)}"
)
for module in (changesets, engine, handlers, provisioners, stacks):
    module._evaluate_conditions = evaluate_conditions
iam_actions.extract_iam_action = extract_iam_action
main()
