"""Prints the notes of a release: the changelog's section about its version. Usage: notes.py VERSION CHANGELOG [--released]

With `--released`, the version must have a section with a date. Without it, a version that has none gets what is not
released yet, with a warning above it.
"""

import re
import sys

HEADING = re.compile(r"^## \[(?P<version>[^]]+)\](?P<date> - \d{4}-\d{2}-\d{2})?$")
UNRELEASED = "Unreleased"

WARNING = (
    "> **This is no release.** It was built from sources that are ahead of the last release, and may change again under "
    "the same version."
)


class Refused(Exception):
    """The changelog does not have the section that is asked for."""


def sections(changelog):
    """The sections of a changelog, as (version, whether it has a date, text)."""
    found = []
    for line in changelog.splitlines():
        if heading := HEADING.match(line):
            found.append((heading["version"], heading["date"] is not None, []))
        elif line.startswith("## "):
            raise Refused(f"{line!r} is no heading of a version; expected ## [VERSION] - YYYY-MM-DD or ## [{UNRELEASED}]")
        elif found:
            found[-1][2].append(line)
    return [(version, dated, "\n".join(lines).strip()) for version, dated, lines in found]


def notes(version, changelog, released):
    """The notes of a version, from the text of a changelog."""
    texts = {name: text for name, dated, text in sections(changelog) if dated or name == UNRELEASED}
    warning = []
    section = version
    if version not in texts:
        if released:
            raise Refused(f"there is no section about {version}; expected ## [{version}] - YYYY-MM-DD")
        warning = [WARNING, ""]
        section = UNRELEASED
    if not texts.get(section):
        raise Refused(f"the section [{section}] is missing or empty; expected what changed in {version}")
    return "\n".join(
        [
            f"# Countersign {version}",
            "",
            *warning,
            "Before you update, read what to do in `docs/upgrade.md`, which is in `countersign-docs.tar.gz` with all other",
            "documents. To check what you have downloaded, run `sha256sum --check SHA256SUMS`.",
            "",
            texts[section],
            "",
        ]
    )


def main():
    version, path = sys.argv[1:3]
    with open(path, encoding="utf-8") as file:
        changelog = file.read()
    try:
        print(notes(version, changelog, "--released" in sys.argv[3:]), end="")
    except Refused as refused:
        sys.exit(f"{path}: {refused}")


if __name__ == "__main__":
    main()
