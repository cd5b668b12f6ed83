"""A template as the stack that it makes, with parameters, conditions and intrinsic functions resolved.

Resources get their names from the SAM template, so that two templates of one system come out equal, and a reference to
a resource becomes a text with its name. It supports only what these templates use, and fails on anything else.
"""

import copy
import json
import re

ACCOUNT, REGION = "123456789012", "eu-west-1"
PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::StackName": "countersign",
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE = object()

# The ARN of a resource in a region, as far as it matters to policies.
ARNS = {
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{{region}}:{ACCOUNT}:alarm:{{name}}",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{{region}}:{ACCOUNT}:table/{{name}}",
    "AWS::Events::EventBus": f"arn:aws:events:{{region}}:{ACCOUNT}:event-bus/{{name}}",
    "AWS::Events::Rule": f"arn:aws:events:{{region}}:{ACCOUNT}:rule/{{name}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{name}}",
    "AWS::KMS::Key": f"arn:aws:kms:{{region}}:{ACCOUNT}:key/{{name}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{{region}}:{ACCOUNT}:function:{{name}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{{region}}:{ACCOUNT}:log-group:{{name}}:*",
    "AWS::SNS::Topic": f"arn:aws:sns:{{region}}:{ACCOUNT}:{{name}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{{region}}:{ACCOUNT}:{{name}}",
}

# The property with the name of a resource that others refer to by its real name, because policies or settings have it.
NAMES = {
    "AWS::ApiGatewayV2::DomainName": "DomainName",
    "AWS::Events::EventBus": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::SES::ConfigurationSet": "Name",
}

# Properties that one template states and the other leaves out, with the value that CloudFormation then assumes.
DEFAULTS = {
    "AWS::Events::Rule": {"EventBusName": "default"},
}

# Properties that may differ, and why.
IGNORED = {
    # Each tool uploads the zip to a place of its own.
    "AWS::Lambda::Function": {"Code", "Tags"},
    # Only the template itself uses this name.
    "AWS::IAM::Policy": {"PolicyName"},
}


class Refused(Exception):
    """The values of the parameters break a rule of the template."""


class Stack:
    """A template with values for its parameters, in a region. `name` gives the name of a resource by its logical id.

    It raises `Refused` if the values break one of the template's rules.
    """

    def __init__(self, template, parameters=None, name=lambda logical_id, resource: logical_id, region=REGION):
        self.region = region
        self.pseudo_parameters = PSEUDO_PARAMETERS | {"AWS::Region": region}
        self.conditions = template.get("Conditions", {})
        declared = template.get("Parameters", {})
        unknown = set(parameters or {}) - set(declared)
        if unknown:
            raise KeyError(f"the template has no parameter {', '.join(sorted(unknown))}")
        self.values = {name: one.get("Default") for name, one in declared.items()} | (parameters or {})
        lists = [parameter for parameter, one in declared.items() if one["Type"] == "CommaDelimitedList"]
        self.values |= {parameter: [one.strip() for one in self.values[parameter].split(",")] for parameter in lists}
        self.check(template.get("Rules", {}))
        self.declared = {
            logical_id: resource for logical_id, resource in template["Resources"].items() if self.exists(resource)
        }
        self.names = {logical_id: name(logical_id, resource) for logical_id, resource in self.declared.items()}
        self.resources = {
            self.names[logical_id]: self.resource(resource) for logical_id, resource in self.declared.items()
        }
        self.real_names = {name: self.real_name(logical_id) for logical_id, name in self.names.items()}
        self.outputs = {
            name: self.resolve(output["Value"])
            for name, output in template.get("Outputs", {}).items()
            if self.exists(output)
        }

    def check(self, rules):
        for rule in rules.values():
            reject_unknown(rule, {"RuleCondition", "Assertions"})
            if "RuleCondition" not in rule or self.evaluate(rule["RuleCondition"]):
                for assertion in rule["Assertions"]:
                    if not self.evaluate(assertion["Assert"]):
                        raise Refused(assertion["AssertDescription"])

    def exists(self, declaration):
        return "Condition" not in declaration or self.condition(declaration["Condition"])

    def resource(self, resource):
        reject_unknown(
            resource,
            {"Type", "Properties", "DeletionPolicy", "UpdateReplacePolicy", "DependsOn", "Condition", "Metadata"},
        )
        kind = resource["Type"]
        properties = DEFAULTS.get(kind, {}) | self.resolve(resource.get("Properties", {}))
        for name in IGNORED.get(kind, ()):
            properties.pop(name, None)
        return {
            "Type": kind,
            "Properties": properties,
            # CloudFormation's defaults.
            "DeletionPolicy": resource.get("DeletionPolicy", "Delete"),
            "UpdateReplacePolicy": resource.get("UpdateReplacePolicy", "Delete"),
            "DependsOn": {self.names[one] for one in as_list(resource.get("DependsOn", []))}
            # DependsOn can name nothing that a condition may leave out, but what metadata refers to is made first, too.
            | set(self.referred(resource.get("Metadata", {}).get("DependsOn", ""))),
        }

    def referred(self, node):
        """The names of the resources that a node of metadata refers to."""
        match node:
            case {"Fn::If": [condition, one, other]}:
                yield from self.referred(one if self.condition(condition) else other)
            case {"Ref": logical_id}:
                yield self.names[logical_id]

    def properties(self, name):
        return self.resources[name]["Properties"]

    def of_type(self, kind):
        """The properties of all resources of a type, by name."""
        return {name: one["Properties"] for name, one in self.resources.items() if one["Type"] == kind}

    def condition(self, name):
        return self.evaluate(self.conditions[name])

    def evaluate(self, node):
        ((function, argument),) = node.items()
        match function:
            case "Condition":
                return self.condition(argument)
            case "Fn::Equals":
                return self.resolve(argument[0]) == self.resolve(argument[1])
            case "Fn::Not":
                return not self.evaluate(argument[0])
            case "Fn::And":
                return all(self.evaluate(one) for one in argument)
            case "Fn::Or":
                return any(self.evaluate(one) for one in argument)
            case "Fn::Contains":
                return self.resolve(argument[1]) in self.resolve(argument[0])
            case "Fn::EachMemberIn":
                return set(self.resolve(argument[0])) <= set(self.resolve(argument[1]))
        raise ValueError(f"{function} is not supported in a condition; add it to Stack.evaluate")

    def resolve(self, node):
        """A node with everything in it resolved. Scalars become text, as CloudFormation treats 90 and "90" alike."""
        match node:
            case bool():
                return "true" if node else "false"
            case int() | float():
                return str(node)
            case str():
                return node
            case list():
                return [value for value in map(self.resolve, node) if value is not NO_VALUE]
            case dict() if len(node) == 1 and (next(iter(node)) == "Ref" or next(iter(node)).startswith("Fn::")):
                ((function, argument),) = node.items()
                return self.call(function, argument)
            case dict():
                values = {name: self.resolve(value) for name, value in node.items()}
                return {name: value for name, value in values.items() if value is not NO_VALUE}
        raise ValueError(f"{node!r} is not supported; add its type to Stack.resolve")

    def call(self, function, argument):
        match function:
            case "Ref":
                return self.ref(argument)
            case "Fn::GetAtt":
                logical_id, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
                return self.attribute(logical_id, attribute)
            case "Fn::If":
                return self.resolve(argument[1] if self.condition(argument[0]) else argument[2])
            case "Fn::Join":
                return argument[0].join(self.resolve(argument[1]))
            case "Fn::Split":
                return self.resolve(argument[1]).split(argument[0])
            case "Fn::Select":
                return self.resolve(argument[1])[int(argument[0])]
            case "Fn::Sub":
                return self.substitute(*([argument, {}] if isinstance(argument, str) else argument))
        raise ValueError(f"{function} is not supported; add it to Stack.call")

    def ref(self, name):
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.pseudo_parameters:
            return self.pseudo_parameters[name]
        if name in self.values:
            return self.resolve(self.values[name])
        if self.declared[name]["Type"] == "AWS::SNS::Topic":
            return self.attribute(name, "Arn")
        return self.real_name(name)

    def attribute(self, logical_id, attribute):
        if attribute in ("Arn", "TopicArn"):
            arn = ARNS[self.declared[logical_id]["Type"]]
            return arn.format(region=self.region, name=self.path(logical_id) + self.real_name(logical_id))
        return f"{self.names[logical_id]}.{attribute}"

    def path(self, logical_id):
        """The path of a role, as its ARN has it."""
        path = self.resolve(self.declared[logical_id].get("Properties", {}).get("Path", "/"))
        return "" if path is NO_VALUE else path[1:]

    def real_name(self, logical_id):
        """The name that a template gives a resource, as far as others need it, or that of the SAM template."""
        resource = self.declared[logical_id]
        name = resource.get("Properties", {}).get(NAMES.get(resource["Type"]))
        return self.names[logical_id] if name is None else self.resolve(name)

    def substitute(self, text, values):
        def one(match):
            name = match[1]
            if name in values:
                return self.resolve(values[name])
            return self.attribute(*name.split(".", 1)) if "." in name else self.ref(name)

        return re.sub(r"\$\{([^!}]+)\}", one, text)


def as_list(value):
    return value if isinstance(value, list) else [value]


def reject_unknown(node, known):
    """Fails on keys that would otherwise be ignored."""
    if unknown := set(node) - known:
        raise ValueError(f"{', '.join(unknown)} is not supported; expected only {', '.join(sorted(known))}")


def statements(document):
    """A policy document as one tuple per action and resource, so that how they are grouped makes no difference."""
    reject_unknown(document, {"Version", "Statement"})
    if document.get("Version") != "2012-10-17":
        raise ValueError(f"policy version {document.get('Version')} is not supported; expected 2012-10-17")
    found = set()
    for statement in as_list(document["Statement"]):
        reject_unknown(statement, {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"})
        for action in as_list(statement["Action"]):
            for resource in as_list(statement.get("Resource", "")):
                found.add(
                    (
                        statement["Effect"],
                        json.dumps(one_form(statement.get("Principal")), sort_keys=True),
                        action,
                        resource,
                        json.dumps(statement.get("Condition"), sort_keys=True),
                    )
                )
    return found


def one_form(principal):
    """A principal in the one form of those that mean the same: several of a kind are a list, and one is not."""
    if not isinstance(principal, dict):
        return principal
    values = {kind: sorted(as_list(value)) for kind, value in principal.items()}
    return {kind: value[0] if len(value) == 1 else value for kind, value in values.items()}


def permissions(stack, role):
    """Every statement of a role's own policies and of those attached to it."""
    documents = [policy["PolicyDocument"] for policy in stack.properties(role).get("Policies", [])]
    documents += [
        policy["PolicyDocument"]
        for policy in stack.of_type("AWS::IAM::Policy").values()
        if stack.real_names[role] in policy["Roles"]
    ]
    return set().union(*map(statements, documents))


def normalized(stack):
    """Every resource of a stack, in a form that is equal when the resources are the same."""
    result = {}
    for name, resource in stack.resources.items():
        properties = copy.deepcopy(resource["Properties"])
        for key in ("PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument"):
            if key in properties:
                properties[key] = sorted(statements(properties[key]))
        if resource["Type"] == "AWS::Events::EventBus" and "Policy" in properties:
            properties["Policy"] = sorted(statements(properties["Policy"]))
        for policy in properties.get("Policies", []):
            reject_unknown(policy, {"PolicyName", "PolicyDocument"})
            policy["PolicyDocument"] = sorted(statements(policy["PolicyDocument"]))
        if "ResourcePolicy" in properties:
            policy = properties["ResourcePolicy"]
            policy["PolicyDocument"] = sorted(statements(policy["PolicyDocument"]))
        if "AccessLogSettings" in properties:
            # JSON, with or without spaces.
            properties["AccessLogSettings"]["Format"] = json.loads(properties["AccessLogSettings"]["Format"])
        for target in properties.get("Targets", []):
            target.pop("Id", None)  # A name within the rule.
        if "DashboardBody" in properties:
            properties["DashboardBody"] = json.loads(properties["DashboardBody"])
        for actions in ("AlarmActions", "OKActions"):
            if not properties.get(actions, True):
                del properties[actions]
        result[name] = {key: value for key, value in resource.items() if key != "DependsOn"} | {
            "Properties": properties
        }
    return result


def differences(one, other):
    """What differs between two stacks, as lines of the form `path: this, not that`."""
    return resource_differences(one, other) + sorted(compare("output ", one.outputs, other.outputs))


def resource_differences(one, other):
    """The same without the outputs, which a stack of somebody's own need not have."""
    return sorted(compare("", normalized(one), normalized(other)))


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
