"""The indented blocks of README.md and docs/install.md, and what runs each of them as it is printed there.

Whoever runs one takes it from here, by its name: `printed.block("the quick start")`, or `printed.py NAME` in a shell. What
they replace in it, such as PIPELINE, is beside that call. test_docs.py fails for a block that has no name here.
"""

import pathlib
import sys
import typing

import markdown

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Block(typing.NamedTuple):
    """Where a block is: the first below its heading, unless `number` says otherwise. And the file that runs it."""

    document: str
    heading: str
    runner: str
    number: int = 0


INSTALL = "docs/install.md"
BLOCKS = {
    "the sandbox": Block("README.md", "Countersign", "infra/sandbox/tests/command.rs"),
    "the README's policy": Block("README.md", "Policy", "infra/sandbox/tests/command.rs"),
    "the README's quick start": Block("README.md", "Quick start", "tests/docs/test_docs.py"),
    "the README's doctor": Block("README.md", "Quick start", "tests/docs/test_docs.py", 1),
    "the quick start": Block(INSTALL, "Deploy a release", "tests/deploy/release.py"),
    "SAM": Block(INSTALL, "Deploy with SAM", "tests/deploy/sam.py"),
    "the CDK": Block(INSTALL, "Deploy with the CDK", "tests/deploy/cdk.py"),
    "an app in TypeScript": Block(INSTALL, "Use the construct in an app of your own", "tests/package/run"),
    "an app in Python": Block(INSTALL, "Use the construct in an app of your own", "tests/package/run", 1),
    "StackSets": Block(INSTALL, "Deploy with StackSets", "tests/deploy/stack_sets.py"),
    "the doctor": Block(INSTALL, "Check the deployment", "tests/deploy/documented.py"),
    "a pipeline": Block(INSTALL, "Check the deployment", "tests/deploy/documented.py", 1),
    "the parameters in a file": Block(INSTALL, "Where the policy is", "tests/infra/test_infra.py"),
    "the emulator": Block(INSTALL, "Try a deployment without an account", "tests/docs/test_docs.py"),
}
# Blocks that are nothing to run.
PICTURES = {("README.md", "How it works", 0)}


def blocks(document):
    """The indented blocks of a document, by heading and number below it."""
    return markdown.indented((ROOT / document).read_text())


def block(name):
    """The text of a block, without its indentation."""
    document, heading, _, number = BLOCKS[name]
    return blocks(document)[heading, number]


if __name__ == "__main__":
    print(block(sys.argv[1]), end="")
