"""The packages of the CDK construct hold what they should and no more, and apps that use them make the SAM template's system.

`tests/package/run` packs, installs and synthesizes, and passes where: ZIPS (the stand-ins for the functions), PACKAGES (the
npm tarball and the wheel), UNPACKED (the tarball's content), OUT (what the apps wrote), and TYPESCRIPT_APP.
"""

import ast
import email
import functools
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile

import tomlkit

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/infra"))

from stack import resource_differences  # noqa: E402
from templates import (  # noqa: E402
    CONFIGURATIONS,
    LANDING,
    MEMBER_CONFIGURATIONS,
    cdk_stack,
    member_cdk_stack,
    member_stack,
    sam_source,
    sam_stack,
)

ZIPS, PACKAGES, UNPACKED, OUT = (pathlib.Path(os.environ[name]) for name in ("ZIPS", "PACKAGES", "UNPACKED", "OUT"))
TYPESCRIPT_APP = pathlib.Path(os.environ["TYPESCRIPT_APP"])
FUNCTIONS = ("notifier", "callback")


def read_json(path):
    return json.loads(pathlib.Path(path).read_text())


MANIFEST = read_json(ROOT / "infra/cdk/package.json")
VERSION = MANIFEST["version"]
TARBALL = PACKAGES / f"countersign-cdk-{VERSION}.tgz"
WHEEL = PACKAGES / f"countersign_cdk-{VERSION}-py3-none-any.whl"

# The public API, by the names that TypeScript and Python share.
PUBLIC = {
    "ApprovalAlarms": "interface",
    "ApproversOptions": "interface",
    "DomainOptions": "interface",
    "EmailApprovals": "class",
    "EmailApprovalsProps": "interface",
    "KeyUse": "enum",
    "LogLevel": "enum",
    "Member": "class",
    "MemberProps": "interface",
    "Policy": "class",
}


@functools.cache
def assembly():
    """What jsii knows of the package."""
    return read_json(UNPACKED / ".jsii")


def template(app, stack):
    return read_json(OUT / app / f"{stack}.template.json")


def source(path):
    """The source of an app."""
    return (ROOT / "tests/package" / path).read_text()


class Versions(unittest.TestCase):
    def test_there_is_one_version_number_for_everything(self):
        manifest = tomlkit.parse((ROOT / "Cargo.toml").read_text())
        sam = sam_source()["Metadata"]["AWS::ServerlessRepo::Application"]
        lock = read_json(ROOT / "infra/cdk/package-lock.json")
        for place, version in (
            ("Cargo.toml", manifest["workspace"]["package"]["version"]),
            ("infra/sam/template.yaml", sam["SemanticVersion"]),
            ("infra/cdk/package-lock.json", lock["version"]),
            ("infra/cdk/package-lock.json, packages", lock["packages"][""]["version"]),
            ("the tarball", read_json(UNPACKED / "package.json")["version"]),
        ):
            with self.subTest(place):
                self.assertEqual(version, VERSION)

    def test_the_packages_are_built_with_the_least_versions_that_they_take(self):
        for name, least in MANIFEST["peerDependencies"].items():
            self.assertEqual(least, f"^{MANIFEST['devDependencies'][name]}")


class Tarball(unittest.TestCase):
    # What is in it beside the compiled modules.
    FILES = {".jsii", "API.md", "LICENSE", "README.md", "package.json"} | {
        f"functions/countersign-{function}-{architecture}.zip"
        for function in FUNCTIONS
        for architecture in ("arm64", "x86_64")
    }

    def files(self):
        with tarfile.open(TARBALL) as archive:
            return {member.name.removeprefix("package/") for member in archive.getmembers()}

    def test_it_holds_the_functions_the_compiled_modules_and_nothing_else(self):
        modules = {path.stem for path in (ROOT / "infra/cdk/lib").glob("*.ts")}
        compiled = {f"dist/{module}{suffix}" for module in modules for suffix in (".js", ".d.ts")}
        self.assertEqual(self.files(), self.FILES | compiled)

    def test_it_holds_no_source_map(self):
        for path in UNPACKED.glob("dist/*"):
            with self.subTest(path.name):
                self.assertNotIn("sourceMappingURL", path.read_text())

    def test_the_functions_are_those_that_were_given(self):
        for path in ZIPS.iterdir():
            with self.subTest(path.name):
                self.assertEqual((UNPACKED / "functions" / path.name).read_bytes(), path.read_bytes())

    def test_it_needs_only_the_construct_library(self):
        manifest = read_json(UNPACKED / "package.json")
        self.assertNotIn("dependencies", manifest)
        self.assertNotIn("bundledDependencies", manifest)
        self.assertEqual(set(manifest["peerDependencies"]), {"aws-cdk-lib", "constructs"})
        required = set()
        for path in UNPACKED.glob("dist/*.js"):
            required |= {name.split("/")[0] for name in re.findall(r'require\("([^."][^"]*)"\)', path.read_text())}
        self.assertEqual(required, {"aws-cdk-lib", "constructs", "node:fs", "node:path"})

    def test_it_names_no_folder_of_the_machine_that_packed_it(self):
        for path in (*UNPACKED.glob("*.*"), UNPACKED / ".jsii", *UNPACKED.glob("dist/*")):
            with self.subTest(path.name):
                self.assertNotIn(str(ROOT), path.read_text())

    def test_other_modules_cannot_be_loaded_from_outside(self):
        for module, expected in (
            ("countersign-cdk", "EmailApprovals,KeyUse,LogLevel,Member,Policy"),
            ("countersign-cdk/package.json", None),
            ("countersign-cdk/.jsii", None),
            ("countersign-cdk/dist/keys.js", "ERR_PACKAGE_PATH_NOT_EXPORTED"),
            ("countersign-cdk/dist/index.js", "ERR_PACKAGE_PATH_NOT_EXPORTED"),
        ):
            with self.subTest(module):
                if expected is None:
                    attempt = f"require.resolve('{module}'); console.log('resolved')"
                else:
                    attempt = f"console.log(Object.keys(require('{module}')).sort().join())"
                script = f"try {{ {attempt} }} catch (error) {{ console.log(error.code) }}"
                answer = subprocess.run(["node", "-e", script], cwd=TYPESCRIPT_APP, capture_output=True, text=True)
                self.assertEqual((answer.stdout.strip(), answer.stderr), (expected or "resolved", ""))


    def test_one_that_is_too_large_is_not_packed(self):
        with tempfile.TemporaryDirectory() as directory:
            zips, out = pathlib.Path(directory, "zips"), pathlib.Path(directory, "out")
            shutil.copytree(ZIPS, zips)
            with zipfile.ZipFile(zips / "countersign-notifier-arm64.zip", "w") as archive:
                # What does not compress.
                archive.writestr("bootstrap", os.urandom(18_000_000))
            command = [ROOT / "infra/cdk/package", zips, out]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(
                done.stderr,
                r"infra/cdk/package: countersign-cdk-[\d.]+\.tgz has 18\d{6} bytes, but must have at most 18000000\b",
            )
            self.assertFalse(out.exists())


class Wheel(unittest.TestCase):
    def test_it_holds_the_tarball(self):
        with zipfile.ZipFile(WHEEL) as wheel:
            inner = wheel.read(f"countersign_cdk/_jsii/countersign-cdk@{VERSION}.jsii.tgz")
        self.assertEqual(hashlib.sha256(inner).hexdigest(), hashlib.sha256(TARBALL.read_bytes()).hexdigest())

    def test_it_holds_the_module_and_nothing_else(self):
        info = f"countersign_cdk-{VERSION}.dist-info"
        with zipfile.ZipFile(WHEEL) as wheel:
            names = set(wheel.namelist())
        self.assertEqual(
            names,
            {f"countersign_cdk/{name}" for name in ("__init__.py", "py.typed", "_jsii/__init__.py")}
            | {f"countersign_cdk/_jsii/countersign-cdk@{VERSION}.jsii.tgz"}
            | {f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "licenses/LICENSE", "top_level.txt")},
        )

    def test_it_needs_only_the_construct_library_and_jsii(self):
        with zipfile.ZipFile(WHEEL) as wheel:
            metadata = email.message_from_bytes(wheel.read(f"countersign_cdk-{VERSION}.dist-info/METADATA"))
        needed = {re.match(r"[\w-]+", one)[0] for one in metadata.get_all("Requires-Dist")}
        self.assertEqual(needed, {"aws-cdk-lib", "constructs", "jsii", "publication"})
        self.assertEqual((metadata["Name"], metadata["Version"]), ("countersign-cdk", VERSION))


class Api(unittest.TestCase):
    def test_it_has_these_types_and_no_others(self):
        self.assertEqual({one["name"]: one["kind"] for one in assembly()["types"].values()}, PUBLIC)

    def test_everything_in_it_is_documented(self):
        for name, kind in assembly()["types"].items():
            members = kind.get("properties", []) + kind.get("methods", []) + kind.get("members", [])
            for title, one in [(name, kind), *((f"{name}.{member['name']}", member) for member in members)]:
                with self.subTest(title):
                    self.assertIn("summary", one.get("docs", {}))

    def test_the_reference_is_current(self):
        # Not by assertEqual, which takes a minute to show how two long texts differ.
        current = (ROOT / "infra/cdk/API.md").read_text() == (OUT / "API.md").read_text()
        self.assertTrue(current, "infra/cdk/API.md is out of date; run infra/cdk/package --api")


class Apps(unittest.TestCase):
    maxDiff = None
    # What the apps of docs/install.md and the hub of landing.ts say, beside the configurations of tests/infra.
    CONFIGURATIONS = CONFIGURATIONS | {
        "landing zone": LANDING | {
            "OrganizationId": "o-a1b2c3d4e5",
            "MemberAccounts": "210987654321",
            "ForwardBusArn": "arn:aws:events:us-east-1:345678901234:event-bus/releases",
            "AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms",
            "OkActions": "true",
            "Dashboard": "true",
            "RecordRetentionDays": "3653",
            "DeletionProtection": "true",
            "PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/landing/boundary",
            "RolePath": "/delivery/approvals/",
        },
        "printed": {
            "PolicySource": "approvers",
            "Approvers": "Ada <ada@example.com>,ben@example.com",
            "Sender": "approvals@example.com",
        }
    }
    # The stacks, each with the configuration that it should come to.
    STACKS = (
        ("typescript", "Countersign", "defaults"),
        ("python", "Countersign", "defaults"),
        ("printed-typescript", "Countersign", "printed"),
        ("printed-python", "Countersign", "printed"),
        ("everything", "Countersign", "everything"),
        ("everything", "Listed", "listed"),
        ("everything", "Elsewhere", "elsewhere"),
        ("everything", "Overrides", "overrides"),
        ("everything", "Landing", "landing"),
        ("landing", "Landing", "landing zone"),
    )
    # The apps that run cdk-nag, with the one of the same language in which it has something to find.
    CHECKED = (
        ("typescript", "typescript/app.ts", "finding-typescript", "typescript/finding.ts"),
        ("landing", "typescript/landing.ts", "finding-typescript", "typescript/finding.ts"),
        ("python", "python/app.py", "finding-python", "python/finding.py"),
        ("everything", "python/everything.py", "finding-python", "python/finding.py"),
    )

    def test_they_make_the_same_resources_as_the_sam_template(self):
        for app, stack, title in self.STACKS:
            with self.subTest(f"{app}, {stack}"):
                parameters = self.CONFIGURATIONS[title]
                found = cdk_stack(parameters, template(app, stack))
                self.assertEqual(resource_differences(sam_stack(parameters), found), [])

    def test_so_do_those_of_another_account(self):
        parameters = MEMBER_CONFIGURATIONS["everything"]
        for app in ("everything", "landing"):
            with self.subTest(app):
                found = member_cdk_stack(parameters, template(app, "CountersignMember"))
                self.assertEqual(resource_differences(member_stack(parameters), found), [])

    def test_one_of_them_uses_every_prop(self):
        given = {"EmailApprovals": set(), "Member": set()}
        for node in ast.walk(ast.parse(source("python/everything.py"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) in given:
                given[node.func.id] |= {keyword.arg for keyword in node.keywords}
        # Code of one's own, in the place of the package's.
        other = {"notifier_code", "callback_code"}
        for construct, names in given.items():
            with self.subTest(construct):
                props = assembly()["types"][f"countersign-cdk.{construct}Props"]["properties"]
                expected = {re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", prop["name"]) for prop in props}
                self.assertEqual(expected - other, names)

    def test_cdk_nag_finds_nothing(self):
        for app, *_ in self.CHECKED:
            with self.subTest(app):
                report = read_json(OUT / app / "validation-report.json")
                self.assertEqual(report["pluginReports"], [])

    def test_cdk_nag_would_find_something(self):
        # A report without findings looks the same as one of an app that did not run cdk-nag.
        for app, path, control, control_path in self.CHECKED:
            with self.subTest(app):
                (report,) = read_json(OUT / control / "validation-report.json")["pluginReports"]
                self.assertEqual(report["pluginName"], "AwsSolutions")
                rules = {one["ruleName"] for one in report["violations"]}
                self.assertIn("AwsSolutions-S1", rules)
                # The app asks for it as the control does, in its last two lines.
                self.assertEqual(source(path).splitlines()[-2:], source(control_path).splitlines()[-2:])

    def test_they_deploy_the_functions_of_the_package_by_architecture(self):
        for app, architecture in (("typescript", "arm64"), ("python", "arm64"), ("everything", "x86_64")):
            functions = {
                one["Properties"]["FunctionName"].rsplit("-", 1)[1]: one["Properties"]
                for one in template(app, "Countersign")["Resources"].values()
                if one["Type"] == "AWS::Lambda::Function"
            }
            self.assertEqual(set(functions), set(FUNCTIONS))
            for function, properties in functions.items():
                with self.subTest(f"{app}, {function}"):
                    self.assertEqual(properties["Architectures"], [architecture])
                    asset = OUT / app / f"asset.{properties['Code']['S3Key']}"
                    given = ZIPS / f"countersign-{function}-{architecture}.zip"
                    self.assertEqual(asset.read_bytes(), given.read_bytes())

    def test_the_two_small_apps_have_ten_lines_at_most(self):
        for path in ("typescript/app.ts", "python/app.py"):
            lines = source(path).splitlines()
            self.assertLessEqual(len([line for line in lines if line.strip()]), 10)


class Parts(unittest.TestCase):
    LEDGER = "EmailApprovals/LedgerTable"
    READING = ("BatchGetItem", "DescribeTable", "GetItem", "PartiQLSelect", "Query", "Scan")

    def results(self):
        return read_json(OUT / "parts" / "results.json")

    def grants(self, stack, role):
        """What a role of a stack may do: actions, each with the construct path of its resource or its ARN's end."""
        resources = template("parts", stack)["Resources"]
        paths = {logical_id: one["Metadata"]["aws:cdk:path"] for logical_id, one in resources.items() if "Metadata" in one}

        def readable(resource):
            if "Fn::GetAtt" in resource:
                return paths[resource["Fn::GetAtt"][0]].split("/", 1)[1].removesuffix("/Resource")
            parts = [one["Ref"] if isinstance(one, dict) else one for one in resource["Fn::Join"][1]]
            return "".join(paths.get(one, one).split("/", 1)[-1] if one in paths else one for one in parts)

        found = set()
        for one in resources.values():
            if one["Type"] == "AWS::IAM::Policy" and [paths[ref["Ref"]] for ref in one["Properties"]["Roles"]] == [
                f"{stack}/{role}/Resource"
            ]:
                for statement in one["Properties"]["PolicyDocument"]["Statement"]:
                    self.assertEqual(set(statement), {"Action", "Effect", "Resource"})
                    self.assertEqual(statement["Effect"], "Allow")
                    actions = statement["Action"]
                    for action in actions if isinstance(actions, list) else [actions]:
                        found.add((action, readable(statement["Resource"])))
        return found

    def test_each_grant_allows_what_it_says_and_no_more(self):
        own = "arn:AWS::Partition:ssm:AWS::Region:AWS::AccountId:parameter/EmailApprovals/PolicyParameter/Resource"
        other = "arn:AWS::Partition:ssm:AWS::Region:AWS::AccountId:parameter/releases/who-decides"
        for stack, role, expected in (
            ("Owning", "Operator", {("lambda:InvokeFunction", "EmailApprovals/Notifier/Function")}),
            ("Owning", "Editor", {("ssm:GetParameter", own), ("ssm:PutParameter", own)}),
            ("Owning", "Auditor", {(f"dynamodb:{action}", self.LEDGER) for action in self.READING}),
            ("Referring", "Editor", {("ssm:GetParameter", other), ("ssm:PutParameter", other)}),
        ):
            with self.subTest(f"{stack}, {role}"):
                self.assertEqual(self.grants(stack, role), expected)

    def test_the_tables_policy_denies_nothing_that_the_grant_allows(self):
        (table,) = [
            one["Properties"]
            for one in template("parts", "Owning")["Resources"].values()
            if one["Type"] == "AWS::DynamoDB::Table"
        ]
        (statement,) = table["ResourcePolicy"]["PolicyDocument"]["Statement"]
        self.assertEqual(statement["Effect"], "Deny")
        self.assertEqual(set(statement["Action"]) & {f"dynamodb:{action}" for action in self.READING}, set())
        # AWS's own key, which needs no permission of its own.
        self.assertEqual(table["SSESpecification"], {"SSEEnabled": True})

    def keyed(self, path):
        (one,) = [
            one["Properties"]
            for one in template("parts", "Keyed")["Resources"].values()
            if one.get("Metadata", {}).get("aws:cdk:path") == f"Keyed/{path}/Resource"
        ]
        return one

    def test_whoever_may_read_the_ledger_may_use_its_key_through_dynamodb(self):
        allowed = {}
        for statement in self.keyed("Auditor/DefaultPolicy")["PolicyDocument"]["Statement"]:
            self.assertEqual(statement["Effect"], "Allow")
            for action in statement["Action"]:
                allowed[action] = (statement["Resource"]["Fn::GetAtt"][0], statement.get("Condition"))
        (table,) = {resource for action, (resource, _) in allowed.items() if action.startswith("dynamodb:")}
        self.assertIn("LedgerTable", table)
        key = self.keyed("EmailApprovals/LedgerTable")["SSESpecification"]["KMSMasterKeyId"]["Fn::GetAtt"][0]
        via = {"StringLike": {"kms:ViaService": {"Fn::Join": ["", ["dynamodb.", {"Ref": "AWS::Region"}, ".*"]]}}}
        expected = {f"dynamodb:{action}": (table, None) for action in self.READING}
        expected |= {action: (key, via) for action in ("kms:Decrypt", "kms:DescribeKey")}
        self.assertEqual(allowed, expected)

    def test_cloudwatch_may_use_a_key_that_the_app_makes_for_the_three_log_groups_alone(self):
        *_, statement = self.keyed("LogKey")["KeyPolicy"]["Statement"]
        self.assertEqual(statement["Effect"], "Allow")
        self.assertEqual(list(statement["Principal"]), ["Service"])
        condition = statement["Condition"].pop("ArnEquals")
        self.assertEqual(statement["Condition"], {})
        (arns,) = condition.values()
        groups = [arn["Fn::Join"][1][-1].removeprefix(":log-group:") for arn in arns]
        names = ("/aws/lambda/countersign-notifier", "/aws/lambda/countersign-callback", "/aws/vendedlogs/apis/countersign")
        self.assertEqual(groups, list(names))

    def test_metrics_are_those_that_the_functions_write(self):
        # What the functions write, by the constants of both and of the ledger.
        sources = [ROOT / f"functions/{function}/src/metrics.rs" for function in FUNCTIONS]
        sources.append(ROOT / "shared/src/ledger/trust.rs")
        text = "\n".join(path.read_text() for path in sources)
        written = re.findall(r'Metric::(count|seconds)\("(\w+)"\)(?:\s*\.by\("(\w+)")?', text)
        self.assertGreater(len(written), 10)
        values = {"Decision": "Rejected", "Reason": "expired"}
        expected = {
            f"metric{name}": (name, {"Deployment": "countersign"} | ({by: values[by]} if by else {}), statistic)
            for kind, name, by in written
            for statistic in ["Sum" if kind == "count" else "Average"]
        }
        found = {}
        for method, metric in self.results()["metrics"].items():
            self.assertEqual(metric["namespace"], "Countersign")
            dimensions = {one["name"]: one["value"] for one in metric["dimensions"]}
            found[method] = (metric["metricName"], dimensions, metric["statistic"])
        # The general method, with a statistic and a period of its own.
        self.assertEqual(found.pop("metric"), ("Requested", {"Deployment": "countersign"}, "Maximum"))
        self.assertEqual(found, expected)

    def test_every_alarm_can_be_reached(self):
        alarms = {
            one["Properties"]["AlarmName"]: one["Properties"]
            for one in template("parts", "Owning")["Resources"].values()
            if one["Type"] == "AWS::CloudWatch::Alarm"
        }
        self.assertGreater(len(alarms), 5)
        names = self.results()["alarms"]
        self.assertEqual(set(names.values()), set(alarms))
        for name, alarm in names.items():
            with self.subTest(name):
                words = re.sub(r"([A-Z])", lambda match: f"-{match[1].lower()}", name)
                self.assertEqual(alarm, f"countersign-{words}")
        # An action that an app added.
        self.assertEqual([name for name, one in alarms.items() if one.get("AlarmActions")], ["countersign-forgeries"])

    def test_an_error_says_what_is_wrong(self):
        expected = {
            "editPolicy": r"^grantEditPolicy: the policy is a list of approvers .* use Policy\.parameter or Policy\.file$",
            "operate": r"^grantOperate: .*210987654321.* has no policy .* of this account$",
            "readLedger": r"^grantReadLedger: .*glue.* has no policy .* of this account$",
            "code": r"^functions/countersign-\w+-riscv64\.zip is not in this build of countersign-cdk\. .* infra/cdk/package",
            "rate": r"^throttle\.rateLimit is 0, but must be a number from 1 to 10000$",
            "timeout": r"^approvalTimeout, in days, is 1\.5, but must be a number from 1 to 60$",
            "keys": r'^voteKeys is \["signs","signs"\], but must be .* exactly one of them signs$',
            "approvers": r'^approvers is "ada", but must be email addresses',
            "quorum": r"^quorum is 2, but must be at most the number of approvers, 1$",
            "file": r"^policy file /dev/null is empty$",
            "subnets": r"^vpcSubnets is given, but vpc is missing$",
            "proxy": r"^httpsProxy is .*, but must be host and port in lower case",
        }
        errors = self.results()["errors"]
        self.assertEqual(set(errors), set(expected))
        for name, message in errors.items():
            with self.subTest(name):
                self.assertRegex(message, expected[name])


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    # A test counts as one failure, however many of its subtests fail.
    failed = len({getattr(case, "test_case", case).id() for case, _ in result.failures + result.errors})
    print(f"{result.testsRun - failed} passed, {failed} failed")
    raise SystemExit(failed > 0)
