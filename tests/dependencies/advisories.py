"""Known vulnerabilities of the npm and Python packages that the CDK app and the tests use. None of them is in a function.

`advisories.py PIP_AUDIT` runs `npm audit` on every package-lock.json and pip-audit on every Python package that is
pinned. If a database is out of reach, a line that begins with `NOT CHECKED` says so; that never counts as an answer.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

# Advisories that do not concern us, with the reason.
IGNORED = {}

PINNED_IN = (
    "tests/run",
    "tests/deploy/run",
    "tests/infra/requirements.txt",
    "tests/package/requirements.txt",
    "tests/release/requirements.txt",
    "infra/cdk/requirements.txt",
    "infra/release/build",
    "infra/release/requirements.txt",
)


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def lock_files():
    """The lock files of the tree, whether git tracks them or not."""
    found = sorted(
        str(path) for path in pathlib.Path().rglob("package-lock.json") if not {"node_modules", "target"} & set(path.parts)
    )
    if not found:
        sys.exit("no package-lock.json was found: is this the project's folder?")
    return found


def npm_audit(lock):
    """The advisories of one lock file, as (id, what it is about); `None` if the registry does not answer."""
    directory = str(pathlib.Path(lock).parent)
    answer = run("npm", "audit", "--json", "--package-lock-only", "--prefix", directory)
    try:
        report = json.loads(answer.stdout)
    except ValueError:
        return None
    if "auditReportVersion" not in report or "metadata" not in report:
        return None
    causes = [cause for found in report["vulnerabilities"].values() for cause in found["via"] if isinstance(cause, dict)]
    return {(cause["url"].rsplit("/", 1)[-1], f"{cause['name']} {cause['range']}: {cause['title']}") for cause in causes}


def pinned():
    """Every `name==version` of the tests and of releases, shell variables filled in."""
    found = set()
    for file in PINNED_IN:
        text = pathlib.Path(file).read_text()
        values = dict(re.findall(r"\b([A-Z_][A-Z0-9_]*)=([\w.]+)", text))
        for name, version in re.findall(r"([\w-]+)(?:\[[\w-]+\])?==(\$?[\w.]+)", text):
            found.add(f"{name}=={values[version[1:]] if version.startswith('$') else version}")
    return sorted(found)


def pip_audit(program, requirements):
    """The advisories of these packages, each in one version; `None` if PyPI does not answer for all of them."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(requirements))
        file.flush()
        answer = run(program, "--requirement", file.name, "--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off")
    try:
        report = json.loads(answer.stdout)["dependencies"]
    except (ValueError, KeyError):
        # Our own mistake must not pass for a database that is out of reach.
        if "requirement" in answer.stderr.lower() and "duplicate" in answer.stderr.lower():
            sys.exit(f"pip-audit does not take the requirements: {answer.stderr}")
        return None
    if len(report) < len(requirements) or any("skip_reason" in package for package in report):
        return None
    return {(found["id"], f"{package['name']} {package['version']}") for package in report for found in package["vulns"]}


def resolved(requirement):
    """A package with everything that pip would install with it."""
    answer = run(sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-", requirement)
    packages = [item["metadata"] for item in json.loads(answer.stdout)["install"]]
    return {f"{package['name']}=={package['version']}" for package in packages}


def python(program):
    """The advisories of all Python packages. If PyPI does not answer for our pins, it is not asked for more."""
    direct = pinned()
    if pip_audit(program, direct) is None:
        return None
    # Each is resolved by itself, since two may need different versions of a third.
    answers = [pip_audit(program, sorted(resolved(requirement))) for requirement in direct]
    return None if None in answers else set().union(*answers)


def main(program):
    bad = 0
    answers = [(lock, "npm's registry", npm_audit(lock)) for lock in lock_files()]
    answers.append(("the tests' Python packages", "PyPI", python(program)))
    for what, database, found in answers:
        if found is None:
            print(f"NOT CHECKED: security advisories of {what}. {database} did not answer")
            continue
        concerning = sorted((name, text) for name, text in found if name not in IGNORED)
        print(f"{what}: {len(concerning)} known vulnerabilities")
        for name, text in concerning:
            print(f"  {name}, {text}", file=sys.stderr)
        bad += len(concerning)
    sys.exit(bool(bad))


if __name__ == "__main__":
    main(*sys.argv[1:])
