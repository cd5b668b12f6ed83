"""A template as the stack that it makes: parameters put in, conditions decided, intrinsic functions carried out.

Resources get the names that they have in the SAM template, so that two templates of one system come out equal, and a
reference to a resource becomes a text that names it. Only what these two templates use is known; all else is an error.
"""

import copy
import json
import re

ACCOUNT, REGION = "123456789012", "eu-west-1"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "countersign",
    "AWS::URLSuffix": "amazonaws.com",
}
NOTHING = object()

# The ARN that a resource will have, as far as policies care.
ARNS = {
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{}}",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{{}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{}}:*",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{}}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{}}",
    "AWS::Events::Rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{{}}",
}

# What a property is when it is left out, where one template says it and the other does not.
DEFAULTS = {
    "AWS::Events::Rule": {"EventBusName": "default"},
}

# What may differ, and why.
IGNORED = {
    # Where the zip is put is the business of the tool that puts it there.
    "AWS::Lambda::Function": {"Code", "Tags"},
    # Names that only the template itself uses.
    "AWS::IAM::Policy": {"PolicyName"},
}


class Stack:
    """A template with values for its parameters. `names` gives a resource's name, or None to leave it out."""

    def __init__(self, template, parameters=None, names=lambda logical_id, resource: logical_id):
        template = copy.deepcopy(template)
        self.conditions = template.get("Conditions", {})
        declared = template.get("Parameters", {})
        unknown = set(parameters or {}) - set(declared)
        if unknown:
            raise KeyError(f"the template has no parameter {', '.join(sorted(unknown))}")
        self.values = {name: one.get("Default") for name, one in declared.items()} | (parameters or {})
        wanted = {
            logical_id: resource
            for logical_id, resource in template["Resources"].items()
            if "Condition" not in resource or self.condition(resource["Condition"])
        }
        self.names = {logical_id: names(logical_id, resource) for logical_id, resource in wanted.items()}
        self.types = {logical_id: resource["Type"] for logical_id, resource in wanted.items()}
        self.source = wanted
        self.resources = {
            self.names[logical_id]: self.resource(resource)
            for logical_id, resource in wanted.items()
            if self.names[logical_id] is not None
        }
        self.outputs = {
            name: self.value(output["Value"])
            for name, output in template.get("Outputs", {}).items()
            if "Condition" not in output or self.condition(output["Condition"])
        }

    def resource(self, resource):
        kind = resource["Type"]
        properties = self.value(resource.get("Properties", {}))
        properties = DEFAULTS.get(kind, {}) | properties
        for name in IGNORED.get(kind, ()):
            properties.pop(name, None)
        depends = resource.get("DependsOn", [])
        return {
            "Type": kind,
            "Properties": properties,
            # CloudFormation deletes unless it is told otherwise.
            "DeletionPolicy": resource.get("DeletionPolicy", "Delete"),
            "UpdateReplacePolicy": resource.get("UpdateReplacePolicy", "Delete"),
            "DependsOn": {self.names[one] for one in ([depends] if isinstance(depends, str) else depends)},
        }

    def condition(self, name):
        return self.decide(self.conditions[name])

    def decide(self, node):
        ((function, argument),) = node.items()
        match function:
            case "Condition":
                return self.condition(argument)
            case "Fn::Equals":
                return self.value(argument[0]) == self.value(argument[1])
            case "Fn::Not":
                return not self.decide(argument[0])
            case "Fn::And":
                return all(self.decide(one) for one in argument)
            case "Fn::Or":
                return any(self.decide(one) for one in argument)
        raise ValueError(f"a condition that is not known here: {function}")

    def value(self, node):
        """A node with all in it carried out. Scalars are texts, as CloudFormation takes 90 and "90" for the same."""
        match node:
            case bool():
                return "true" if node else "false"
            case int() | float():
                return str(node)
            case str():
                return node
            case list():
                return [value for value in map(self.value, node) if value is not NOTHING]
            case dict() if len(node) == 1 and (next(iter(node)) == "Ref" or next(iter(node)).startswith("Fn::")):
                ((function, argument),) = node.items()
                return self.call(function, argument)
            case dict():
                values = {name: self.value(value) for name, value in node.items()}
                return {name: value for name, value in values.items() if value is not NOTHING}
        raise ValueError(f"a node that is not known here: {node!r}")

    def call(self, function, argument):
        match function:
            case "Ref":
                return self.ref(argument)
            case "Fn::GetAtt":
                logical_id, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
                return self.attribute(logical_id, attribute)
            case "Fn::If":
                return self.value(argument[1] if self.condition(argument[0]) else argument[2])
            case "Fn::Join":
                return argument[0].join(self.value(argument[1]))
            case "Fn::Split":
                return self.value(argument[1]).split(argument[0])
            case "Fn::Select":
                return self.value(argument[1])[int(argument[0])]
            case "Fn::Sub":
                return self.substitute(*([argument, {}] if isinstance(argument, str) else argument))
        raise ValueError(f"an intrinsic function that is not known here: {function}")

    def ref(self, name):
        if name == "AWS::NoValue":
            return NOTHING
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.values:
            return self.value(self.values[name])
        match self.types[name]:
            case "AWS::SNS::Topic":
                return self.attribute(name, "Arn")
            case "AWS::SSM::Parameter":
                # Its own name, which its ARN and the functions' settings are made with.
                return self.value(self.source[name]["Properties"]["Name"])
        return self.names[name]

    def attribute(self, logical_id, attribute):
        name, kind = self.names[logical_id], self.types[logical_id]
        if attribute == "Arn" or attribute == "TopicArn":
            return ARNS[kind].format(name)
        return f"{name}.{attribute}"

    def substitute(self, text, values):
        def one(match):
            name = match[1]
            if name in values:
                return self.value(values[name])
            return self.attribute(*name.split(".", 1)) if "." in name else self.ref(name)

        return re.sub(r"\$\{([^!}]+)\}", one, text)


def listed(value):
    return value if isinstance(value, list) else [value]


def statements(document):
    """A policy document as one tuple for each principal, action and resource; how they were grouped says nothing."""
    found = set()
    for statement in listed(document["Statement"]):
        unknown = set(statement) - {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
        if unknown:
            raise ValueError(f"a policy statement with {unknown}")
        for action in listed(statement["Action"]):
            for resource in listed(statement.get("Resource", "")):
                found.add(
                    (
                        statement["Effect"],
                        json.dumps(statement.get("Principal"), sort_keys=True),
                        action,
                        resource,
                        json.dumps(statement.get("Condition"), sort_keys=True),
                    )
                )
    return found


def permissions(stack, role):
    """All that a role may do, from its own policies and those attached to it."""
    properties = stack.resources[role]["Properties"]
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
    documents += [
        resource["Properties"]["PolicyDocument"]
        for resource in stack.resources.values()
        if resource["Type"] == "AWS::IAM::Policy" and role in resource["Properties"]["Roles"]
    ]
    return set().union(*map(statements, documents))


def described(stack):
    """Every resource of a stack in a form that is equal when the resources are the same."""
    result = {}
    for name, resource in stack.resources.items():
        properties = copy.deepcopy(resource["Properties"])
        for key in ("PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument"):
            if key in properties:
                properties[key] = sorted(statements(properties[key]), key=repr)
        if "AccessLogSettings" in properties:
            # JSON, with or without spaces.
            properties["AccessLogSettings"]["Format"] = json.loads(properties["AccessLogSettings"]["Format"])
        for target in properties.get("Targets", []):
            target.pop("Id")  # A name inside the rule.
        if "AlarmActions" in properties and not properties["AlarmActions"]:
            del properties["AlarmActions"]
        result[name] = {key: value for key, value in resource.items() if key != "DependsOn"} | {
            "Properties": properties
        }
    return result


def differences(one, other):
    """What two stacks differ in, as lines `name: path: this, not that`."""
    return sorted(compare("", described(one), described(other))) + sorted(
        compare("output ", one.outputs, other.outputs)
    )


def compare(path, one, other):
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            inner = f"{path}.{name}" if path.strip() and not path.endswith(" ") else f"{path}{name}"
            if name not in other:
                yield f"{inner}: only in the first"
            elif name not in one:
                yield f"{inner}: only in the second"
            else:
                yield from compare(inner, one[name], other[name])
    elif one != other:
        yield f"{path}: {one!r}, not {other!r}"
