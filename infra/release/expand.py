"""Writes the templates of a release: plain CloudFormation, which needs no transform. Usage: expand.py VERSION DIRECTORY

`countersign.yaml` is what SAM's translator makes of infra/sam/template.yaml, with the place of the code as parameters.
The templates of members and of SES need no transform, and are copied. Each names the version that it belongs to.
"""

import copy
import json
import logging
import os
import pathlib
import sys

import yaml
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

INFRA = pathlib.Path(__file__).resolve().parents[1]
SAM_TEMPLATE = INFRA / "sam/template.yaml"

# The templates that need no transform, by their names in a release.
PLAIN = {"countersign-member.yaml": "infra/member/template.yaml", "countersign-ses.yaml": "infra/ses/template.yaml"}

FUNCTIONS = {"NotifierFunction": "notifier", "CallbackFunction": "callback"}

# `CodeKeyPrefix` is the only part of the keys that a stack remembers: the rest is fixed by the template. A parameter with
# the whole key would keep its value in an update, even if that was a default, since `aws cloudformation deploy` passes
# `UsePreviousValue` for what it is not given (awscli/customizations/cloudformation/deploy.py). So the old code would run
# under the new template. The version is in the key because CloudFormation does not see a change of the object itself: "To
# update the function code, change the object key or version in the template" (AWS::Lambda::Function Code, which also says
# that the bucket must be in the region of the function, and may be another account's).
CODE_PARAMETERS = {
    "CodeBucket": {
        "Type": "String",
        "Description": (
            "The S3 bucket with the zip files of the functions. It must be in the region of this stack, because Lambda "
            "reads code from no other; it may belong to another account."
        ),
        "AllowedPattern": "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        "ConstraintDescription": "must be the name of an S3 bucket, not its ARN or URL.",
    },
    "CodeKeyPrefix": {
        "Type": "String",
        "Description": (
            "How the keys of the zip files in that bucket begin, up to the version: "
            "PREFIX{version}/countersign-notifier-arm64.zip."
        ),
        "Default": "countersign/",
        "MaxLength": 512,
        "AllowedPattern": r"([A-Za-z0-9!_.*'()-]+/)*",
        "ConstraintDescription": "must be empty, or one or more names that each end with a slash, such as countersign/.",
    },
}


def source():
    """The SAM template as it is written."""
    # YAML's anchors make several references to one object. In JSON each is a copy, so a change to one is no change to all.
    return json.loads(json.dumps(yaml_parse(SAM_TEMPLATE.read_text())))


def add_code_parameters(template, version):
    """Adds the parameters that say where the code is, in a group of their own, to a SAM template."""
    template["Parameters"] |= copy.deepcopy(CODE_PARAMETERS)
    prefix = template["Parameters"]["CodeKeyPrefix"]
    prefix["Description"] = prefix["Description"].format(version=version)
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    groups.append({"Label": {"default": "Code"}, "Parameters": list(CODE_PARAMETERS)})


def expanded(template, version):
    """A SAM template after its transform, with the place of the code as parameters."""
    template = copy.deepcopy(template)
    for name, function in FUNCTIONS.items():
        resource = template["Resources"][name]
        for how_the_sam_cli_builds_it in ("BuildMethod", "BuildProperties"):
            del resource["Metadata"][how_the_sam_cli_builds_it]
        resource["Properties"]["CodeUri"] = {
            "Bucket": {"Ref": "CodeBucket"},
            "Key": {"Fn::Sub": f"${{CodeKeyPrefix}}{version}/countersign-{function}-${{Architecture}}.zip"},
        }
    add_code_parameters(template, version)
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    template["Metadata"] = {"Countersign": {"Version": version}, "AWS::CloudFormation::Interface": interface}

    # The translator wants a region, though nothing in this template depends on it, and complains about metrics of its own
    # that it cannot send.
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    no_managed_policies = type("NoManagedPolicies", (), {"load": staticmethod(dict)})()
    result = transform(copy.deepcopy(template), {}, no_managed_policies)
    result["Resources"] = in_order(result["Resources"], list(template["Resources"]))
    return renamed(result)


def in_order(resources, names):
    """Resources in the order of the SAM template. One that the transform adds follows that whose name its own begins with."""

    def place(resource):
        name = max((name for name in names if resource.startswith(name)), key=len)
        return names.index(name), resource

    return {name: resources[name] for name in sorted(resources, key=place)}


def renamed(node):
    """A node whose texts name the templates as a release does."""
    match node:
        case dict():
            return {key: renamed(value) for key, value in node.items()}
        case list():
            return [renamed(value) for value in node]
        case str():
            for name, path in PLAIN.items():
                node = node.replace(path, name)
    return node


# The functions of this template that the CloudFormation Template Reference, "Intrinsic function reference", gives a short
# form. Those of rules, such as Fn::Contains, have none there, and not every reader knows one.
SHORT = {
    "Fn::And",
    "Fn::Equals",
    "Fn::GetAtt",
    "Fn::If",
    "Fn::Join",
    "Fn::Not",
    "Fn::Or",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Ref",
}


class Dumper(yaml.SafeDumper):
    """Writes intrinsic functions in their short form, and texts of several lines as such."""

    def ignore_aliases(self, data):
        return True

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)


def represent_text(dumper, text):
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def represent_mapping(dumper, mapping):
    if len(mapping) == 1:
        ((name, value),) = mapping.items()
        if name in SHORT:
            return represent_function(dumper, "!" + name.removeprefix("Fn::"), value)
    return dumper.represent_mapping("tag:yaml.org,2002:map", mapping.items())


def represent_function(dumper, tag, value):
    if tag == "!GetAtt" and isinstance(value, list) and all(isinstance(part, str) for part in value):
        value = ".".join(value)
    match value:
        case str():
            return dumper.represent_scalar(tag, value, style="|" if "\n" in value else None)
        case list():
            return dumper.represent_sequence(tag, value)
    raise ValueError(f"{tag} of {value!r} is not supported; add it to represent_function")


Dumper.add_representer(str, represent_text)
Dumper.add_representer(dict, represent_mapping)


def rendered(template, version):
    """A template as YAML that a person can read."""
    heading = (
        f"# Countersign {version} as plain CloudFormation. It is made from infra/sam/template.yaml, which explains each part.\n"
    )
    # A line break in a pattern would mean a space, and a description reads well on a long line too.
    return heading + yaml.dump(template, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=float("inf"))


def stamped(text, version):
    """The text of a template that needs no transform, with the version, and with the names of a release."""
    before, line, after = text.partition("\nDescription: ")
    if not line or "\nMetadata:" in text:
        raise ValueError("expected a template with a Description and without Metadata")
    description, end, rest = after.partition("\n")
    text = f"{before}{line}{description}{end}\nMetadata:\n  Countersign:\n    Version: {version}\n{rest}"
    return renamed(text)


def main():
    version, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    (directory / "countersign.yaml").write_text(rendered(expanded(source(), version), version))
    for name, path in PLAIN.items():
        (directory / name).write_text(stamped((INFRA.parent / path).read_text(), version))


if __name__ == "__main__":
    main()
