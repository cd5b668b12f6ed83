"""The templates of a release are plain CloudFormation, and make the system of the SAM template and of the CDK app."""

import copy
import functools
import json
import re
import sys
import unittest

import yaml
from samtranslator.yaml_helper import yaml_parse

import counted
from stack import Stack, differences
from templates import (
    CONFIGURATIONS,
    MEMBER_CONFIGURATIONS,
    REQUIRED,
    ROOT,
    cdk_stack,
    member_cdk_stack,
    member_template,
    sam_source,
    ses_template,
    unchanged_sam_template,
)

sys.path.insert(0, str(ROOT / "infra/release"))
import expand  # noqa: E402

VERSION = "1.2.3"
CODE = {"CodeBucket": "code-bucket"}

# A template can be this long in S3, and this long in a request: CloudFormation User Guide, "Understand CloudFormation
# quotas". The former is 1 MB by now; this is what it was for years.
LONGEST_IN_S3, LONGEST_IN_REQUEST = 460_800, 51_200


@functools.cache
def text(name):
    """The text of a template of a release."""
    if name == "countersign.yaml":
        return expand.rendered(expand.expanded(expand.source(), VERSION), VERSION)
    return expand.stamped((ROOT / expand.PLAIN[name]).read_text(), VERSION)


def released(name="countersign.yaml"):
    """A template of a release, as CloudFormation reads it."""
    return json.loads(json.dumps(yaml_parse(text(name))))


def without_builds(template):
    """A template without how the SAM CLI builds the functions."""
    template = copy.deepcopy(template)
    # The translator copies it to what it makes of a function.
    for resource in template["Resources"].values():
        for how in ("BuildMethod", "BuildProperties"):
            resource.get("Metadata", {}).pop(how, None)
    return template


class Expanded(unittest.TestCase):
    """`countersign.yaml`, which is made from the SAM template."""

    maxDiff = None

    def test_it_needs_no_transform(self):
        template = released()
        self.assertNotIn("Transform", template)
        self.assertNotIn("Globals", template)
        for name, resource in template["Resources"].items():
            self.assertNotRegex(resource["Type"], "Serverless", name)

    def test_it_is_what_sam_makes_but_for_the_place_of_the_code(self):
        expected, found = without_builds(unchanged_sam_template()), released()
        for name in expand.FUNCTIONS:
            code = found["Resources"][name]["Properties"].pop("Code")
            self.assertEqual(set(code), {"S3Bucket", "S3Key"})
            del expected["Resources"][name]["Properties"]["Code"]
        for name in expand.CODE_PARAMETERS:
            del found["Parameters"][name]
        interface = expected["Metadata"]["AWS::CloudFormation::Interface"]
        interface["ParameterGroups"].append({"Label": {"default": "Code"}, "Parameters": list(expand.CODE_PARAMETERS)})
        expected["Metadata"] = {"Countersign": {"Version": VERSION}, "AWS::CloudFormation::Interface": interface}
        self.assertEqual(found, expand.renamed(expected))
        # In the order of the SAM template, which a person can follow.
        names = list(sam_source()["Resources"])
        names.insert(names.index("NotifierFunction") + 1, "NotifierFunctionEventInvokeConfig")
        self.assertEqual(list(found["Resources"]), names)

    def test_it_makes_the_system_of_the_cdk_app(self):
        for title, parameters in CONFIGURATIONS.items():
            with self.subTest(title):
                self.assertEqual(differences(Stack(released(), parameters | CODE), cdk_stack(parameters)), [])

    def test_a_change_of_the_sam_template_changes_it(self):
        source = sam_source()
        source["Resources"]["NotifierFunction"]["Properties"]["Timeout"] = 60
        stack = Stack(expand.expanded(source, VERSION), REQUIRED | CODE)
        self.assertEqual(
            differences(stack, cdk_stack(REQUIRED)), ["NotifierFunction.Properties.Timeout: '60', not '300'"]
        )

    def test_the_code_is_that_of_the_version_and_the_architecture(self):
        for parameters, prefix, architecture in (
            ({}, "countersign/", "arm64"),
            ({"Architecture": "x86_64"}, "countersign/", "x86_64"),
            ({"CodeKeyPrefix": ""}, "", "arm64"),
            ({"CodeKeyPrefix": "builds/of-ours/"}, "builds/of-ours/", "arm64"),
        ):
            stack = Stack(released(), REQUIRED | CODE | parameters)
            for name, function in expand.FUNCTIONS.items():
                with self.subTest(f"{parameters}, {function}"):
                    self.assertEqual(
                        stack.resolve(stack.declared[name]["Properties"]["Code"]),
                        {"S3Bucket": "code-bucket", "S3Key": f"{prefix}1.2.3/countersign-{function}-{architecture}.zip"},
                    )

    def test_an_update_brings_the_new_code_though_parameters_keep_their_values(self):
        # The previous values are passed explicitly, which includes those that were defaults.
        before = expand.expanded(expand.source(), "1.2.3")
        kept = {name: one["Default"] for name, one in before["Parameters"].items() if "Default" in one}
        kept |= REQUIRED | CODE
        stack = Stack(expand.expanded(expand.source(), "1.3.0"), {name: str(value) for name, value in kept.items()})
        for name, function in expand.FUNCTIONS.items():
            key = stack.resolve(stack.declared[name]["Properties"]["Code"])["S3Key"]
            self.assertEqual(key, f"countersign/1.3.0/countersign-{function}-arm64.zip")

    def test_the_parameters_of_the_code_take_good_values_and_refuse_bad_ones(self):
        for name, good, bad in (
            (
                "CodeBucket",
                ("code", "my.code-bucket.1", "a" * 63),
                ("", "ab", "a" * 64, "Code", "s3://code", "arn:aws:s3:::code", "code/", "-code"),
            ),
            (
                "CodeKeyPrefix",
                ("", "countersign/", "a/b.c/d_e-f!*'()/"),
                ("countersign", "/countersign/", "a//b/", "a b/", "${x}/", "ä/"),
            ),
        ):
            pattern = released()["Parameters"][name]["AllowedPattern"]
            for values, expected in ((good, True), (bad, False)):
                for value in values:
                    with self.subTest(f"{name}: {value!r}"):
                        self.assertEqual(re.fullmatch(pattern, value) is not None, expected)

    def test_each_parameter_is_described_and_in_one_group(self):
        template = released()
        groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        grouped = [name for group in groups for name in group["Parameters"]]
        self.assertEqual(sorted(grouped), sorted(template["Parameters"]))
        for name, parameter in template["Parameters"].items():
            self.assertTrue(parameter["Description"].endswith("."), name)

    def test_it_is_short_enough_for_s3_and_needs_it(self):
        length = len(text("countersign.yaml").encode())
        self.assertLess(length, LONGEST_IN_S3)
        # If this fails, the quick start needs no --s3-bucket any more.
        self.assertGreater(length, LONGEST_IN_REQUEST)

    def test_its_text_is_what_any_reader_of_yaml_reads(self):
        # Without the translator's reader: tags and strings, and no alias that CloudFormation would have to follow.
        self.assertNotRegex(text("countersign.yaml"), r"(?m)^[^'\"#]*[:-] [&*]\w")
        loader = type("Loader", (yaml.SafeLoader,), {})
        loader.add_multi_constructor("!", lambda loader, suffix, node: suffix)
        self.assertEqual(list(yaml.load(text("countersign.yaml"), loader)), list(released()))

    def test_what_it_cannot_write_is_an_error(self):
        with self.assertRaisesRegex(ValueError, "!Join of {} is not supported"):
            expand.rendered({"Fn::Join": {}}, VERSION)

    def test_functions_of_rules_are_in_their_long_form(self):
        self.assertIn("- Fn::Contains:\n", text("countersign.yaml"))
        self.assertNotRegex(text("countersign.yaml"), "!(Contains|EachMemberIn)")


class Plain(unittest.TestCase):
    """The templates that need no transform."""

    # As they are in the tree, by their names in a release.
    ORIGINALS = {"countersign-member.yaml": member_template, "countersign-ses.yaml": ses_template}

    def test_each_is_that_of_the_tree_with_its_version(self):
        self.assertEqual(set(expand.PLAIN), set(self.ORIGINALS))
        for name, original in self.ORIGINALS.items():
            with self.subTest(name):
                found = released(name)
                self.assertEqual(found.pop("Metadata"), {"Countersign": {"Version": VERSION}})
                self.assertEqual(found, original())

    def test_that_of_members_makes_what_the_cdk_app_makes(self):
        for title, parameters in MEMBER_CONFIGURATIONS.items():
            with self.subTest(title):
                stack = Stack(released("countersign-member.yaml"), parameters)
                self.assertEqual(differences(stack, member_cdk_stack(parameters)), [])

    def test_a_template_that_has_no_place_for_the_version_is_an_error(self):
        for given in ("Resources: {}\n", "A: 1\nDescription: b\nMetadata: {}\n"):
            with self.subTest(given), self.assertRaisesRegex(ValueError, "expected a template with a Description"):
                expand.stamped(given, VERSION)


class Names(unittest.TestCase):
    def test_each_template_names_the_others_as_a_release_does(self):
        for name in ("countersign.yaml", *expand.PLAIN):
            with self.subTest(name):
                self.assertNotRegex(text(name), "infra/(member|ses)/template")
        self.assertIn("a stack of countersign-member.yaml", text("countersign.yaml"))
        self.assertIn("which countersign-ses.yaml makes", text("countersign.yaml"))
        self.assertIn("file://countersign-member.yaml", text("countersign-member.yaml"))


if __name__ == "__main__":
    counted.main()
