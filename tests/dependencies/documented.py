"""Compares docs/dependencies.md with the manifests and the dependency graph: every direct dependency of the functions and
the shared crate, who uses it, with which features, and how many crates each function is made of."""

import json
import pathlib
import re
import subprocess
import sys

PAGE = pathlib.Path("docs/dependencies.md")
OURS = {"callback", "countersign", "notifier"}
KINDS = {None: "", "build": "build", "dev": "tests"}
# The default architecture of a deployment.
PLATFORM = "aarch64-unknown-linux-gnu"


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def declared():
    """(crate, when it is needed) → (users, features), from the manifests."""
    found = {}
    for package in json.loads(cargo("metadata", "--no-deps", "--format-version", "1", "--locked"))["packages"]:
        if package["name"] not in OURS:
            continue
        for dependency in package["dependencies"]:
            features = set(dependency["features"]) | ({"default"} if dependency["uses_default_features"] else set())
            key = dependency["name"], " ".join(sorted(features))
            entry = found.setdefault(key, {})
            entry.setdefault(package["name"], set()).add(KINDS[dependency["kind"]])
    table = {}
    for (name, features), users in found.items():
        by_kinds = {}
        for user, kinds in users.items():
            by_kinds.setdefault(", ".join(sorted(kinds)), set()).add(user)
        for kinds, names in by_kinds.items():
            table[name, kinds] = (", ".join(sorted(names)), features)
    return table


def documented(text):
    """The same mapping from the page, and the rows without a reason."""
    table, silent = {}, []
    for line in text.splitlines():
        row = re.fullmatch(r"\| `([\w-]+)`(?: \(([\w, ]+)\))? \| ([^|]+) \|([^|]*)\|([^|]*)\|", line)
        if row is None:
            continue
        name, kinds, users, features, why = row.groups()
        table[name, kinds or ""] = (users, " ".join(sorted(features.replace(",", " ").split())))
        if not why.strip():
            silent.append(name)
    return table, silent


def crates(function):
    tree = cargo("tree", "--locked", "--quiet", "--package", function, "--edges", "normal,no-proc-macro", "--prefix", "none", "--target", PLATFORM)
    return len({line.removesuffix(" (*)") for line in tree.splitlines() if line})


def problems(text):
    expected, (found, silent) = declared(), documented(text)
    for key in sorted(expected.keys() | found.keys()):
        name = key[0] + (f" ({key[1]})" if key[1] else "")
        if key not in found:
            yield f"{name} is not on the page; used by {expected[key][0]}, features {expected[key][1] or 'none'}"
        elif key not in expected:
            yield f"{name} is on the page and in no manifest"
        elif expected[key] != found[key]:
            yield f"{name}: the manifests say {expected[key]}, the page {found[key]}"
    for name in silent:
        yield f"{name}: why is it there?"
    said = dict(re.findall(r"the (callback|notifier) (?:is made )?of (\d+)", " ".join(text.split())))
    for function in ("callback", "notifier"):
        if said.get(function) != str(crates(function)):
            yield f"the {function} is made of {crates(function)} crates, the page says {said.get(function, 'nothing')}"


def main():
    found = list(problems(PAGE.read_text()))
    for problem in found:
        print(f"{PAGE}: {problem}", file=sys.stderr)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
