"""The tables of parameters in the documents, which are made from the templates.

    tests/infra/run parameters

writes them. The test of this folder fails while a document has another table than its template makes.
"""

import json
import pathlib
import re
import sys

from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "infra/release"))
import expand  # noqa: E402

SAM_TEMPLATE = "infra/sam/template.yaml"
# Which document has the parameters of which template.
TABLES = {
    "docs/install.md": SAM_TEMPLATE,
    "docs/operations.md": "infra/ses/template.yaml",
    "docs/organisation.md": "infra/member/template.yaml",
}
COMMAND = "tests/infra/run parameters"
END = "<!-- end of the parameters -->"
# What a text can contain that Markdown would not show as it is.
SPECIAL = re.compile(r"([\\`*_<\[\]|])")


def read(path):
    """A template, with the parameters that it has in a release."""
    # YAML's anchors make several references to one object. In JSON each is a copy.
    template = json.loads(json.dumps(yaml_parse((ROOT / path).read_text())))
    if path == SAM_TEMPLATE:
        expand.add_code_parameters(template, "VERSION")
    return template


def begin(template):
    return f"<!-- the parameters of {template}, written by {COMMAND} -->"


def anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def prose(text, names):
    """A description as Markdown: parameters and files as code, and documents as links."""
    text = SPECIAL.sub(r"\\\1", " ".join(text.split()))
    text = re.sub(
        r'"([A-Z][^"]+)" in docs/([\w-]+\.md)', lambda found: f"[{found[1]}]({found[2]}#{anchor(found[1])})", text
    )
    text = re.sub(r"(?<![\w(/])docs/([\w-]+\.md)", r"[\1](\1)", text)
    text = re.sub(r"\binfra/[\w/-]+\.yaml\b", r"`\g<0>`", text)
    return re.sub(rf"(?<![\w`/])({'|'.join(names)})(?![\w`/])", r"`\1`", text)


def default(parameter):
    if "Default" not in parameter:
        return "required"
    return f"`{parameter['Default']}`" if parameter["Default"] != "" else "empty"


def allowed(parameter, names):
    """The values that are allowed: all of them, or from which to which, or what the template says of them."""
    if "AllowedValues" in parameter:
        return ", ".join(f"`{value}`" for value in parameter["AllowedValues"])
    if "MaxValue" in parameter:
        return f"{parameter['MinValue']:,} to {parameter['MaxValue']:,}"
    said = prose(parameter.get("ConstraintDescription", ""), names).removeprefix("must be ").removesuffix(".")
    longest = f"at most {parameter['MaxLength']:,} characters" if "MaxLength" in parameter else ""
    if longest and longest not in said:
        return f"{said}; {longest}" if said else longest
    return said


def groups(template):
    """(label, names) of each group in which the console shows the parameters. No label where there are no groups."""
    interface = template.get("Metadata", {}).get("AWS::CloudFormation::Interface")
    if interface is None:
        return [(None, list(template["Parameters"]))]
    return [(group["Label"]["default"], group["Parameters"]) for group in interface["ParameterGroups"]]


def table(template):
    parameters = template["Parameters"]
    names = sorted(parameters, key=len, reverse=True)
    lines = ["| parameter | default | allowed | what it is |", "|---|---|---|---|"]
    for label, members in groups(template):
        if label:
            lines.append(f"| **{label}** | | | |")
        for name in members:
            parameter = parameters[name]
            described = prose(parameter["Description"], names).removesuffix(".")
            lines.append(f"| `{name}` | {default(parameter)} | {allowed(parameter, names)} | {described} |")
    return "\n".join(lines)


def with_table(text, path, template):
    """The text of a document with the table of a template in the place of the one that it has."""
    mark = begin(path)
    if text.count(mark) != 1 or text.count(END) != 1 or text.index(mark) > text.index(END):
        raise ValueError(f"expected one line `{mark}`, and one line `{END}` after it")
    before, rest = text.split(mark)
    return f"{before}{mark}\n\n{table(template)}\n\n{END}{rest.split(END)[1]}"


def main():
    for document, path in TABLES.items():
        file = ROOT / document
        try:
            text = with_table(file.read_text(), path, read(path))
        except ValueError as error:
            sys.exit(f"{document}: {error}")
        file.write_text(text)


if __name__ == "__main__":
    main()
