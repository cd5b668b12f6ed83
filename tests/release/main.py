"""Releases that infra/release/build makes of made-up programs, in copies of the tree.

TREE and OTHER_TREE are the copies, in which everything is committed. What is made goes below WORK; `dist` is a release.
"""

import contextlib
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
import urllib.parse
import zipfile

import tomlkit
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import counted
from made_up import FUNCTIONS, LOCKED, MACHINES, PROGRAMS, made_up, programs, rust

TREE, OTHER_TREE, WORK = (pathlib.Path(os.environ[name]) for name in ("TREE", "OTHER_TREE", "WORK"))
sys.path.insert(0, str(TREE / "infra/release"))
import notes  # noqa: E402

TARGETS = {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}
ZIPS = [f"countersign-{function}-{architecture}.zip" for function in FUNCTIONS for architecture in MACHINES]
TARBALLS = [f"countersign-sandbox-linux-{architecture}.tar.gz" for architecture in MACHINES]
SBOMS = {program: f"countersign-{program}.cdx.json" for program in PROGRAMS}
def read(path):
    """A file of the tree that releases are made of."""
    return (TREE / path).read_text()


VERSION = str(tomlkit.parse(read("Cargo.toml"))["workspace"]["package"]["version"])
TARBALL_OF_NPM, WHEEL = f"countersign-cdk-{VERSION}.tgz", f"countersign_cdk-{VERSION}-py3-none-any.whl"
FILES = {
    *ZIPS,
    *TARBALLS,
    *SBOMS.values(),
    TARBALL_OF_NPM,
    WHEEL,
    "countersign.yaml",
    "countersign-member.yaml",
    "countersign-ses.yaml",
    "countersign-docs.tar.gz",
    "RELEASE_NOTES.md",
    "SHA256SUMS",
}


def build(*arguments, tree=TREE, **options):
    """Runs infra/release/build of a copy of the tree."""
    command = [tree / "infra/release/build", *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


@functools.cache
def release():
    """The release that most tests look at, once it is made, and what its build said."""
    binaries = programs(WORK / "programs")
    made = build("--programs", binaries, "--out", WORK / "dist")
    if made.returncode:
        raise AssertionError(made.stdout)
    return WORK / "dist", binaries, made.stdout


def digest_of(content):
    return hashlib.sha256(content).hexdigest()


def digest(path):
    return digest_of(path.read_bytes())


class Release(unittest.TestCase):
    """What a release contains."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.dist, cls.binaries, cls.said = release()

    def test_it_has_these_files_and_no_others(self):
        self.assertEqual({path.name for path in self.dist.iterdir()}, FILES)

    def test_the_packages_for_the_cdk_have_its_functions(self):
        with tarfile.open(self.dist / TARBALL_OF_NPM) as package:
            packed = {
                pathlib.PurePath(member.name).name: package.extractfile(member).read()
                for member in package
                if member.name.endswith(".zip")
            }
        self.assertEqual(packed, {name: (self.dist / name).read_bytes() for name in ZIPS})
        # A wheel has the tarball of npm in it.
        with zipfile.ZipFile(self.dist / WHEEL) as wheel:
            (inner,) = [name for name in wheel.namelist() if name.endswith(".tgz")]
            self.assertEqual(digest_of(wheel.read(inner)), digest(self.dist / TARBALL_OF_NPM))

    def test_it_has_the_documents_that_its_templates_and_notes_name(self):
        with tarfile.open(self.dist / "countersign-docs.tar.gz") as packed:
            found = {member.name: packed.extractfile(member).read() for member in packed}
        named = {"README.md", "LICENSE", "docs/approver.md", "docs/policy.schema.json"}
        for path in self.dist.glob("*.yaml"):
            named |= set(re.findall(r"\bdocs/[\w-]+\.md\b", path.read_text()))
        named |= set(re.findall(r"\bdocs/[\w-]+\.md\b", (self.dist / "RELEASE_NOTES.md").read_text()))
        self.assertIn("docs/operations.md", named)
        for name in named:
            self.assertEqual(found[f"countersign-docs/{name}"], (TREE / name).read_bytes(), name)

    def test_it_has_the_same_bytes_when_it_is_made_again_elsewhere(self):
        # In another copy, from another folder, with other settings of whoever makes it.
        environment = os.environ | {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "AWS_DEFAULT_REGION": "ap-south-1"}
        binaries = programs(OTHER_TREE.parent / "other programs")
        again = build(
            "--out", "dist again/", "--programs", binaries.name,
            tree=OTHER_TREE, cwd=WORK, env=environment, umask=0o077,
        )  # fmt: skip
        self.assertEqual(again.returncode, 0, again.stdout)
        other = WORK / "dist again"
        self.assertEqual({path.name for path in self.dist.iterdir()}, {path.name for path in other.iterdir()})
        for path in self.dist.iterdir():
            self.assertEqual(digest(path), digest(other / path.name), path.name)

    def test_the_digests_are_those_of_all_files_in_order(self):
        checked = subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=self.dist, text=True)
        self.assertEqual(checked.returncode, 0)
        names = [line.split("  ", 1)[1] for line in (self.dist / "SHA256SUMS").read_text().splitlines()]
        self.assertEqual(names, sorted(path.name for path in self.dist.iterdir() if path.name != "SHA256SUMS"))

    def test_each_zip_has_one_bootstrap_that_lambda_may_start(self):
        for function in FUNCTIONS:
            for architecture in MACHINES:
                with self.subTest(f"{function}, {architecture}"):
                    with zipfile.ZipFile(self.dist / f"countersign-{function}-{architecture}.zip") as zipped:
                        (member,) = zipped.infolist()
                        content = zipped.read(member)
                    self.assertEqual(member.filename, "bootstrap")
                    self.assertEqual(member.external_attr >> 16, 0o100755)
                    self.assertEqual((member.create_system, member.date_time), (3, (1980, 1, 1, 0, 0, 0)))
                    self.assertEqual(content, made_up(function, architecture))

    def test_each_tarball_has_the_sandbox_that_may_be_run_under_two_names(self):
        for architecture in MACHINES:
            name = f"countersign-sandbox-linux-{architecture}.tar.gz"
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                with tarfile.open(self.dist / name) as archive:
                    owners = {(one.uid, one.gid, one.uname, one.gname) for one in archive}
                # GNU tar has nothing to say of it, such as of a time that it does not believe.
                unpacked = subprocess.run(
                    ["tar", "-xzf", self.dist / name],
                    cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, umask=0o077,
                )  # fmt: skip
                self.assertEqual((unpacked.returncode, unpacked.stdout), (0, b""))
                found = sorted(path.name for path in pathlib.Path(folder).iterdir())
                self.assertEqual(found, ["countersign", "countersign-sandbox"])
                for one in found:
                    path = pathlib.Path(folder, one)
                    self.assertTrue(os.access(path, os.X_OK))
                    self.assertEqual(path.read_bytes(), made_up("sandbox", architecture))
                self.assertEqual(os.readlink(pathlib.Path(folder, "countersign")), "countersign-sandbox")
                self.assertEqual(owners, {(0, 0, "", "")})

    def test_the_templates_name_the_version_and_its_code(self):
        for name in sorted(FILES):
            if name.endswith(".yaml"):
                text = (self.dist / name).read_text()
                self.assertIn(f"\nMetadata:\n  Countersign:\n    Version: {VERSION}\n", text, name)
        # What the quick start uploads is what the template asks for.
        template = (self.dist / "countersign.yaml").read_text()
        keys = re.findall(r"S3Key: !Sub '\$\{CodeKeyPrefix\}([^']*)'", template)
        expected = {f"{VERSION}/{name}" for name in ZIPS}
        found = {key.replace("${Architecture}", architecture) for key in keys for architecture in MACHINES}
        self.assertEqual(found, expected)

    def test_the_notes_are_those_of_the_changelog(self):
        text = (self.dist / "RELEASE_NOTES.md").read_text()
        self.assertEqual(text, notes.notes(VERSION, read("CHANGELOG.md"), released=False))

    def test_it_says_where_it_is(self):
        self.assertEqual(self.said.splitlines()[-1], f"== release: Countersign {VERSION} is in {self.dist}")


class Bills(unittest.TestCase):
    """The SBOMs."""

    @classmethod
    def setUpClass(cls):
        cls.dist, _, _ = release()
        cls.bills = {program: json.loads((cls.dist / name).read_text()) for program, name in SBOMS.items()}

    def test_each_has_the_form_that_cyclonedx_demands(self):
        for program, name in SBOMS.items():
            with self.subTest(program):
                error = JsonStrictValidator(SchemaVersion.V1_6).validate_str((self.dist / name).read_text())
                self.assertIsNone(error)
        # The validator sees a mistake.
        broken = self.bills["notifier"] | {"components": [{"type": "crate", "name": "a"}]}
        self.assertIsNotNone(JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(broken)))

    @staticmethod
    def linked(program, target):
        """What Cargo plans to compile for the target and to link into a program, which no build is needed for.

        `--unit-graph` is unstable, so the stable Cargo has to be asked for it. `cargo tree`, which makes the SBOM, does
        not use it.
        """
        planned = subprocess.run(
            ["cargo", "build", "--unit-graph", "-Z", "unstable-options", "--release", "--locked", "--quiet",
             "--package", program, "--target", target],
            check=True, stdout=subprocess.PIPE, text=True, cwd=TREE, env=os.environ | {"RUSTC_BOOTSTRAP": "1"},
        )  # fmt: skip
        found = set()
        for unit in json.loads(planned.stdout)["units"]:
            if unit["platform"] == target and unit["mode"] == "build":
                place, _, rest = unit["pkg_id"].partition("#")
                name, _, version = rest.rpartition("@")
                found.add((name or place.rsplit("/", 1)[1], version))
        return found

    def listed(self, program, architecture):
        """The crates in a program's SBOM that are in it for an architecture."""
        found = set()
        for component in self.bills[program]["components"]:
            only = [one["value"] for one in component.get("properties", []) if one["name"] == "countersign:architecture"]
            if not only or architecture in only:
                found.add((component["name"], component["version"]))
        return found

    def test_each_has_exactly_the_crates_that_cargo_links_into_the_program(self):
        for program in PROGRAMS:
            for architecture, target in TARGETS.items():
                with self.subTest(f"{program}, {architecture}"):
                    expected = self.linked(program, target) - {(program, VERSION)}
                    self.assertGreater(len(expected), 100)
                    listed = self.listed(program, architecture) - {("rust-std", rust()["release"])}
                    self.assertEqual(listed, expected)

    def test_each_has_the_standard_library_of_the_compiler(self):
        for program, bill in self.bills.items():
            (component,) = [one for one in bill["components"] if one["name"] == "rust-std"]
            self.assertEqual(component["version"], rust()["release"], program)
            self.assertIn(rust()["commit-hash"], component["purl"], program)

    def test_each_crate_has_a_licence_and_each_from_crates_io_its_digest_and_url(self):
        lock = tomlkit.parse(read("Cargo.lock"))["package"]
        digests = {(one["name"], one["version"]): one["checksum"] for one in lock if "checksum" in one}
        for program, bill in self.bills.items():
            for component in bill["components"]:
                crate = component["name"], component["version"]
                with self.subTest(f"{program}: {' '.join(crate)}"):
                    self.assertEqual(len(component["licenses"]), 1)
                    if crate[0] in ("countersign", "rust-std", *FUNCTIONS):
                        continue
                    # A package URL writes a plus, as in 1.2.1+spec-1.1.0, in its percent-encoded form.
                    self.assertEqual(component["purl"], f"pkg:cargo/{crate[0]}@{urllib.parse.quote(crate[1])}")
                    self.assertEqual(component["hashes"], [{"alg": "SHA-256", "content": digests[crate]}])

    def test_each_says_what_depends_on_what(self):
        for program, bill in self.bills.items():
            needs = {one["ref"]: set(one.get("dependsOn", [])) for one in bill["dependencies"]}
            root = bill["metadata"]["component"]["bom-ref"]
            reached, left = set(), [root]
            while left:
                one = left.pop()
                if one not in reached:
                    reached.add(one)
                    left += needs[one]
            self.assertEqual(reached, {root, *(one["bom-ref"] for one in bill["components"])}, program)

    def test_each_names_the_files_of_its_program_and_nothing_that_changes(self):
        for program, bill in self.bills.items():
            subject = bill["metadata"]["component"]
            self.assertEqual((subject["name"], subject["version"]), (f"countersign-{program}", VERSION))
            found = {one["url"]: one["hashes"] for one in subject["externalReferences"]}
            expected = {
                name: [{"alg": "SHA-256", "content": digest(self.dist / name)}]
                for name in (*ZIPS, *TARBALLS)
                if f"-{program}-" in name
            }
            self.assertEqual(found, expected)
            self.assertNotIn("timestamp", bill["metadata"])
        # A number of its own for each, and for each content.
        self.assertEqual(len({bill["serialNumber"] for bill in self.bills.values()}), len(PROGRAMS))


class Refusals(unittest.TestCase):
    """What no release is made of. Each is refused with words that name it, and nothing is left behind."""

    @classmethod
    def setUpClass(cls):
        _, cls.binaries, _ = release()

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=WORK))
        self.out = self.folder / "dist"

    def refused(self, words, *arguments, tree=TREE):
        made = build("--out", self.out, *arguments, tree=tree)
        self.assertNotEqual(made.returncode, 0, made.stdout)
        self.assertIn(words, made.stdout)
        self.assertFalse(self.out.exists())
        self.assertEqual(list(self.folder.glob("dist.*")), [])

    @contextlib.contextmanager
    def changed(self, path, old, new, commit=True):
        """A change to a file of the tree, as long as the context lasts."""
        original = (TREE / path).read_text()
        self.assertIn(old, original)
        (TREE / path).write_text(original.replace(old, new, 1))
        git = ["git", "-c", "user.name=tests", "-c", "user.email=tests@example.com"]
        if commit:
            subprocess.run([*git, "commit", "--quiet", "--all", "--message", "A change"], cwd=TREE, check=True)
        try:
            yield
        finally:
            if commit:
                subprocess.run([*git, "reset", "--quiet", "--hard", "HEAD~1"], cwd=TREE, check=True)
            (TREE / path).write_text(original)

    def test_a_tree_with_changes_that_are_not_committed(self):
        with self.changed("README.md", "# Countersign", "# Countersigned", commit=False):
            self.refused(" M README.md", "--programs", self.binaries)
        new = TREE / "infra/new.yaml"
        new.write_text("")
        try:
            self.refused("?? infra/new.yaml", "--programs", self.binaries)
        finally:
            new.unlink()

    def test_but_one_that_is_told_to_be_dirty_is_taken_and_takes_the_place_of_another_release(self):
        self.out.mkdir()
        (self.out / "SHA256SUMS").write_text("")
        (self.out / "countersign-old.zip").write_text("")
        with self.changed("README.md", "# Countersign", "# Countersigned", commit=False):
            made = build("--out", self.out, "--programs", self.binaries, "--dirty")
        self.assertEqual(made.returncode, 0, made.stdout)
        self.assertEqual({path.name for path in self.out.iterdir()}, {path.name for path in release()[0].iterdir()})

    def test_a_tag_of_another_version(self):
        for tag in ("v9.9.9", VERSION, f"v{VERSION}-rc.1"):
            with self.subTest(tag):
                self.refused(f"the tag is {tag}, but the version in Cargo.toml is {VERSION}; expected v{VERSION}", "--tag", tag)

    def test_a_tag_of_a_version_that_the_changelog_does_not_date(self):
        with self.changed("CHANGELOG.md", "## [Unreleased]", f"## [Unreleased]\n\n## [{VERSION}]"):
            self.refused(f"there is no section about {VERSION}; expected ## [{VERSION}] - YYYY-MM-DD", "--tag", f"v{VERSION}")

    def test_a_changelog_without_anything_to_say(self):
        with self.changed("CHANGELOG.md", "## [Unreleased]", "## [Unreleased]\n\n## [0.0.1] - 2026-01-01"):
            self.refused("the section [Unreleased] is missing or empty", "--programs", self.binaries)

    def test_a_place_that_holds_something_else(self):
        self.out.mkdir()
        (self.out / "precious").write_text("")
        made = build("--out", self.out, "--programs", self.binaries)
        self.assertNotEqual(made.returncode, 0)
        self.assertIn(f"{self.out} is not empty, and has no SHA256SUMS", made.stdout)
        self.assertTrue((self.out / "precious").exists())

    def test_a_machine_without_what_the_last_step_needs(self):
        path = self.folder / "path"
        path.mkdir()
        for tool in ("bash", "dirname", "git", "cargo", "python3"):
            (path / tool).symlink_to(shutil.which(tool))
        made = build("--programs", self.binaries, env=os.environ | {"PATH": str(path)})
        said = "infra/release/build: there is no node; a release is built with Rust, git, Python and Node.js\n"
        self.assertEqual((made.returncode, made.stdout), (1, said))

    def test_options_that_it_does_not_have(self):
        for arguments in (("--fast",), ("--tag",), ("dist",)):
            with self.subTest(arguments):
                made = build(*arguments)
                self.assertNotEqual(made.returncode, 0)
                self.assertRegex(made.stdout, "usage: infra/release/build|--tag needs a tag")

    def test_binaries_that_are_missing_or_those_of_something_else(self):
        def missing(binaries):
            (binaries / "arm64/notifier/bootstrap").unlink()

        def misnamed(binaries):
            (binaries / "arm64").rename(binaries / "aarch64")

        def additional(binaries):
            shutil.copytree(binaries / "x86_64", binaries / "amd64")

        def exchanged(binaries):
            (binaries / "arm64/callback/bootstrap").write_bytes(made_up("callback", "x86_64"))

        def script(binaries):
            (binaries / "arm64/callback/bootstrap").write_text("#!/bin/sh\n")

        def risc(binaries):
            (binaries / "arm64/callback/bootstrap").write_bytes(made_up("callback", "arm64", machine=243))

        def bare(binaries):
            (binaries / "x86_64/notifier/bootstrap").write_bytes(made_up("notifier", "x86_64", crate=None))

        def other_version(binaries):
            (binaries / "x86_64/notifier/bootstrap").write_bytes(made_up("notifier", "x86_64", crate=("tokio", "1.0.0")))

        # A crate that only the other function has, and one that only the other architecture has.
        def other_function(binaries):
            crate = ("aws-sdk-sqs", LOCKED["aws-sdk-sqs"])
            (binaries / "x86_64/callback/bootstrap").write_bytes(made_up("callback", "x86_64", crate=crate))

        def other_architecture(binaries):
            crate = ("core_detect", LOCKED["core_detect"])
            (binaries / "arm64/callback/bootstrap").write_bytes(made_up("callback", "arm64", crate=crate))

        def without_sandbox(binaries):
            (binaries / "x86_64/sandbox").unlink()

        def exchanged_sandboxes(binaries):
            (binaries / "arm64/sandbox").write_bytes(made_up("sandbox", "x86_64"))

        def new_glibc(binaries):
            (binaries / "arm64/sandbox").write_bytes(made_up("sandbox", "arm64", glibc="2.30"))

        # A crate that only tests have.
        def tested(binaries):
            crate = ("proptest", LOCKED["proptest"])
            (binaries / "arm64/sandbox").write_bytes(made_up("sandbox", "arm64", crate=crate))

        def other_compiler(binaries):
            (binaries / "arm64/callback/bootstrap").write_bytes(made_up("callback", "arm64", commit="0" * 40))

        for change, words in (
            (missing, "arm64/notifier/bootstrap is missing; expected callback, notifier, sandbox for arm64 and x86_64"),
            (misnamed, "unknown architecture aarch64; expected arm64, x86_64"),
            (additional, "unknown architecture amd64; expected arm64, x86_64"),
            (exchanged, "arm64/callback/bootstrap is built for x86_64; expected arm64"),
            (script, "arm64/callback/bootstrap is built for no machine of 64 bits; expected arm64"),
            (risc, "arm64/callback/bootstrap is built for ELF machine 243; expected arm64"),
            (bare, "x86_64/notifier/bootstrap has no traces of crates"),
            (other_version, "crates that Cargo.lock does not put into it: tokio 1.0.0"),
            (other_function, "crates that Cargo.lock does not put into it: aws-sdk-sqs"),
            (other_architecture, "crates that Cargo.lock does not put into it: core_detect"),
            (without_sandbox, "x86_64/sandbox is missing; expected callback, notifier, sandbox"),
            (exchanged_sandboxes, "arm64/sandbox is built for x86_64; expected arm64"),
            (new_glibc, "arm64/sandbox needs glibc 2.30; expected 2.28 or earlier"),
            (tested, "arm64/sandbox has crates that Cargo.lock does not put into it: proptest"),
            (other_compiler, f"was built by the Rust of commit {'0' * 40}; expected {rust()['release']}"),
        ):
            with self.subTest(change.__name__):
                binaries = programs(self.folder / change.__name__)
                change(binaries)
                self.refused(words, "--programs", binaries)

    def test_programs_that_are_nowhere(self):
        words = "nowhere: expected a directory with ARCHITECTURE/FUNCTION/bootstrap and ARCHITECTURE/sandbox"
        self.refused(words, "--programs", "nowhere")


class Notes(unittest.TestCase):
    """The notes of a release."""

    CHANGELOG = (
        "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- New.\n\n"
        "## [1.1.0] - 2026-02-03\n\n### Fixed\n\n- Old.\n\n## [1.0.0] - 2026-01-02\n\n- Older.\n"
    )

    def test_they_are_the_section_of_the_version_and_no_other(self):
        for version, expected, others in (
            ("1.1.0", "\n### Fixed\n\n- Old.\n", ("New", "Older", "This is no release")),
            ("1.0.0", "\n- Older.\n", ("New", "Old.", "This is no release")),
        ):
            for released in (True, False):
                with self.subTest(f"{version}, {released}"):
                    text = notes.notes(version, self.CHANGELOG, released)
                    self.assertTrue(text.startswith(f"# Countersign {version}\n"))
                    self.assertTrue(text.endswith(expected))
                    for other in others:
                        self.assertNotIn(other, text)

    def test_what_is_not_released_is_said_to_be_so(self):
        text = notes.notes("1.2.0", self.CHANGELOG, released=False)
        self.assertIn("**This is no release.**", text)
        self.assertTrue(text.endswith("\n### Added\n\n- New.\n"))

    def test_a_section_that_is_not_there_is_an_error(self):
        for version, changelog, released, words in (
            ("1.2.0", self.CHANGELOG, True, "there is no section about 1.2.0; expected ## \\[1.2.0\\] - YYYY-MM-DD"),
            ("1.2.0", self.CHANGELOG.replace("- New.", "").replace("### Added", ""), False, "\\[Unreleased\\] is missing"),
            ("1.1.0", self.CHANGELOG.replace(" - 2026-02-03", ""), True, "there is no section about 1.1.0"),
            ("1.1.0", self.CHANGELOG.replace("## [1.1.0]", "## 1.1.0"), True, "is no heading of a version"),
        ):
            with self.subTest(words), self.assertRaisesRegex(notes.Refused, words):
                notes.notes(version, changelog, released)


class Versions(unittest.TestCase):
    """One number for everything, and the same tools everywhere."""

    def test_all_packages_have_the_version_of_the_workspace(self):
        found = {"infra/sam/template.yaml": re.search(r"(?m)^    SemanticVersion: (.*)$", read("infra/sam/template.yaml"))[1]}
        metadata = json.loads(
            subprocess.run(
                ["cargo", "metadata", "--no-deps", "--locked", "--quiet", "--format-version", "1"],
                check=True, stdout=subprocess.PIPE, text=True, cwd=TREE,
            ).stdout
        )  # fmt: skip
        found |= {package["manifest_path"]: package["version"] for package in metadata["packages"]}
        listed = subprocess.run(
            ["git", "ls-files", "*package.json", "*package-lock.json", "*pyproject.toml"],
            check=True, stdout=subprocess.PIPE, text=True, cwd=TREE,
        ).stdout.split()  # fmt: skip
        for path in listed:
            if path.endswith(".toml"):
                found[path] = str(tomlkit.parse(read(path))["project"]["version"])
                continue
            package = json.loads(read(path))
            found[path] = package["version"]
            if "packages" in package:
                found[f"{path}, itself"] = package["packages"][""]["version"]
        # The keys that the documents upload to.
        documents = subprocess.run(
            ["git", "ls-files", "*.md"], check=True, stdout=subprocess.PIPE, text=True, cwd=TREE
        ).stdout.split()
        keys = {path: re.findall(r"/countersign/(\d+\.\d+\.\d+)/", read(path)) for path in documents}
        self.assertTrue(any(keys.values()))
        found |= {f"{path}, {number}": version for path, versions in keys.items() for number, version in enumerate(versions)}
        self.assertGreater(len(found), 10)
        self.assertEqual({place: version for place, version in found.items() if version != VERSION}, {})

    def test_tools_that_several_use_have_one_version(self):
        pins = {}
        for path in (
            "tests/run", "tests/deploy/run", "tests/infra/requirements.txt", "infra/release/build",
            "infra/release/requirements.txt", "tests/release/requirements.txt",
        ):  # fmt: skip
            text = read(path)
            values = dict(re.findall(r"\b([A-Z_][A-Z0-9_]*)=([\w.]+)", text))
            for name, version in re.findall(r"([\w-]+)(?:\[[\w-]+\])?==(\$?[\w.]+)", text):
                pins.setdefault(name, {})[path] = values[version[1:]] if version.startswith("$") else version
        shared = {name: places for name, places in pins.items() if len(places) > 1}
        self.assertLessEqual({"aws-sam-translator", "cargo-lambda", "cfn-lint", "ziglang"}, set(shared))
        for name, places in shared.items():
            self.assertEqual(len(set(places.values())), 1, f"{name}: {places}")


class Workflows(unittest.TestCase):
    """What the workflows may do. actionlint and zizmor look at how they are written."""

    def workflow(self, name):
        # Not as YAML 1.1, in which `on` means true.
        return yaml.load(read(f".github/workflows/{name}.yml"), yaml.BaseLoader)

    def test_only_the_job_that_publishes_can_write(self):
        for name in ("ci", "release"):
            workflow = self.workflow(name)
            self.assertEqual(workflow["permissions"], {})
            for job, content in workflow["jobs"].items():
                with self.subTest(f"{name}: {job}"):
                    write = {"contents": "write", "id-token": "write", "attestations": "write"}
                    expected = write if job == "publish" else {"contents": "read"}
                    self.assertEqual(content["permissions"], expected)
        # It publishes what another job has built, after all tests.
        publish = self.workflow("release")["jobs"]["publish"]
        self.assertEqual(publish["needs"], ["test", "build", "deploy"])
        self.assertNotIn("actions/checkout", str(publish))

    def test_each_runs_what_a_person_would(self):
        runs = [step["run"] for step in self.workflow("ci")["jobs"]["test"]["steps"] if "run" in step]
        self.assertIn("bash .ci/run", runs)
        runs = [step["run"] for step in self.workflow("ci")["jobs"]["release"]["steps"] if "run" in step]
        self.assertIn("tests/run package release", runs)
        release = self.workflow("release")
        self.assertEqual(release["on"], {"push": {"tags": ["v*"]}})
        self.assertEqual(release["jobs"]["test"]["uses"], "./.github/workflows/ci.yml")
        runs = [step["run"] for step in release["jobs"]["build"]["steps"] if "run" in step]
        self.assertIn('infra/release/build --tag "$GITHUB_REF_NAME"', runs)
        deploy = release["jobs"]["deploy"]
        self.assertEqual(deploy["needs"], "build")
        self.assertIn("tests/deploy/run release --dist dist", [step["run"] for step in deploy["steps"] if "run" in step])

    def test_each_action_has_one_digest_and_says_of_which_version(self):
        found = {}
        for name in ("ci", "release"):
            for action, digest, version in re.findall(r"uses: (actions/\S+)@(\S+)(.*)", read(f".github/workflows/{name}.yml")):
                self.assertRegex(digest, r"^[0-9a-f]{40}$")
                self.assertRegex(version, r"^ # v\d+\.\d+\.\d+$")
                found.setdefault(action, set()).add((digest, version))
        self.assertEqual({action for action, pins in found.items() if len(pins) != 1}, set())
        self.assertGreaterEqual(len(found), 4)

    def test_they_install_the_rust_that_is_needed(self):
        needed = str(tomlkit.parse(read("Cargo.toml"))["workspace"]["package"]["rust-version"])
        for name in ("ci", "release"):
            versions = set(re.findall(r"rustup (?:toolchain install|default) (\S+)", read(f".github/workflows/{name}.yml")))
            self.assertEqual(versions, {f"{needed}.0"}, name)


if __name__ == "__main__":
    counted.main()
