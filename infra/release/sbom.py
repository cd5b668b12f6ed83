"""Writes what each program of a release is made of, as CycloneDX. Usage: sbom.py VERSION BINARIES DIRECTORY

BINARIES is what programs.py takes, and DIRECTORY holds the files that it made. The crates are those that Cargo links into
the program for either architecture, with the features that it has when it is built on its own. Whatever only runs while it
is built is left out: build scripts, procedural macros, and what they need.

Binaries remember where the code of a panic came from. So each must have traces of crates, all of them listed here, and of
the standard library of the compiler that is installed.
"""

import functools
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import uuid

import tomlkit
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from programs import ARCHITECTURES, PROGRAMS, Refused, binary, packed_name

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSION = SchemaVersion.V1_6
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"

# What `cargo tree --prefix depth` prints of a crate, and ` (*)` after one whose dependencies it has printed before.
TREE_LINE = re.compile(r"(?P<depth>\d+)(?P<name>[\w-]+) v(?P<version>\S+)")
# What a binary says of a crate of a registry: .../registry/src/INDEX/NAME-VERSION/src/lib.rs, by Cargo's home.
TRACE = re.compile(rb"/registry/src/[\w.-]+/(?P<name>[\w-]+?)-(?P<version>\d+\.\d+\.\d+[\w.+-]*)/")
# And of the standard library: /rustc/COMMIT/library/core/src/str/mod.rs.
STANDARD_TRACE = re.compile(rb"/rustc/([0-9a-f]{40})/library/")


def run(*command):
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def tree(program, target):
    """The crates of a program for a target, each as (name, version) with those that it depends on."""
    text = run(
        "cargo", "tree", "--locked", "--quiet", "--package", program, "--target", target,
        "--edges", "normal,no-proc-macro", "--prefix", "depth", "--format", "{p}",
    )  # fmt: skip
    found, path = {}, []
    for line in text.splitlines():
        match = TREE_LINE.match(line)
        if not match:
            raise ValueError(f"cargo tree printed {line!r}; expected DEPTH, NAME and VERSION")
        crate = match["name"], match["version"]
        del path[int(match["depth"]) :]
        if path:
            found[path[-1]].add(crate)
        found.setdefault(crate, set())
        path.append(crate)
    return found


@functools.cache
def crates(program):
    """The crates of a program for each architecture, as `tree` gives them."""
    return {architecture: tree(program, target) for architecture, (target, _) in ARCHITECTURES.items()}


@functools.cache
def packages():
    """What Cargo knows of every package, by (name, version)."""
    metadata = json.loads(run("cargo", "metadata", "--locked", "--quiet", "--format-version", "1"))
    return {(package["name"], package["version"]): package for package in metadata["packages"]}


@functools.cache
def checksums():
    """The SHA-256 of every crate that comes from crates.io, by (name, version)."""
    lock = tomlkit.parse((ROOT / "Cargo.lock").read_text())
    return {
        (str(package["name"]), str(package["version"])): str(package["checksum"])
        for package in lock["package"]
        if package.get("source") == CRATES_IO
    }


@functools.cache
def compiler():
    """The version of the compiler that is installed, and the commit that it was built from."""
    said = dict(line.split(": ", 1) for line in run("rustc", "--version", "--verbose").splitlines() if ": " in line)
    return said["release"], said["commit-hash"]


def check_traces(path, listed):
    """Refuses a binary with traces of other crates than those listed, or of another compiler; or without any."""
    content = path.read_bytes()
    traces = {(match["name"].decode(), match["version"].decode()) for match in TRACE.finditer(content)}
    if not traces:
        raise Refused(f"{path} has no traces of crates; expected a binary that Cargo built for release")
    if strays := sorted(traces - set(listed)):
        raise Refused(
            f"{path} has crates that Cargo.lock does not put into it: {', '.join(' '.join(one) for one in strays)}; "
            "was it built from other sources?"
        )
    release, commit = compiler()
    if others := {match[1].decode() for match in STANDARD_TRACE.finditer(content)} - {commit}:
        raise Refused(f"{path} was built by the Rust of commit {', '.join(sorted(others))}; expected {release}, {commit}")


def licenses(expression):
    """The licence of a crate, in which some write a slash for OR."""
    return [LicenseFactory().make_from_string(re.sub(r"\s*/\s*", " OR ", expression))] if expression else []


def component(crate, package, checksum, architectures):
    """A crate of a program. One that is not from crates.io is ours, and has no package URL."""
    name, version = crate
    purl = PackageURL("cargo", None, name, version) if checksum else None
    only = [] if len(architectures) == len(ARCHITECTURES) else architectures
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        bom_ref=f"{name}@{version}",
        description=" ".join(package["description"].split()) if package["description"] else None,
        purl=purl,
        licenses=licenses(package["license"]),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=checksum)] if checksum else [],
        properties=[Property(name="countersign:architecture", value=architecture) for architecture in only],
    )


def standard_library():
    """Rust's standard library, which brings crates of its own, in the versions that its lock file has."""
    release, commit = compiler()
    return Component(
        type=ComponentType.LIBRARY,
        name="rust-std",
        version=release,
        bom_ref=f"rust-std@{release}",
        description="Rust's standard library",
        purl=PackageURL("generic", None, "rust-std", release, {"vcs_url": f"git+https://github.com/rust-lang/rust@{commit}"}),
        licenses=licenses("MIT OR Apache-2.0"),
    )


def distribution(path):
    """A file of the release, with its digest."""
    return ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(path.name),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(path.read_bytes()).hexdigest())],
    )


def bill(program, version, files):
    """What a program is made of."""
    found, known, digests = crates(program), packages(), checksums()
    root = next(crate for crate in found["arm64"] if crate[0] == program)
    subject = Component(
        type=ComponentType.APPLICATION,
        name=f"countersign-{program}",
        version=version,
        bom_ref=f"countersign-{program}@{version}",
        description=known[root]["description"],
        licenses=licenses(known[root]["license"]),
        external_references=[distribution(path) for path in files],
    )
    components = {root: subject}
    for crate in sorted(set().union(*found.values()) - {root}):
        architectures = [architecture for architecture in ARCHITECTURES if crate in found[architecture]]
        components[crate] = component(crate, known[crate], digests.get(crate), architectures)
    standard = standard_library()
    bom = Bom(
        metadata=BomMetaData(component=subject),
        components=[one for one in components.values() if one is not subject] + [standard],
    )
    for crate, one in components.items():
        needed = set().union(*(graph.get(crate, set()) for graph in found.values()))
        bom.register_dependency(one, [components[other] for other in sorted(needed)] + [standard])
    # The same release has the same bill, so it has neither a time nor a random number.
    bom.metadata.timestamp = None
    bom.serial_number = uuid.UUID(int=0)
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, serialized(bom))
    return bom


def serialized(bom):
    return make_outputter(bom, OutputFormat.JSON, VERSION).output_as_string(indent=2) + "\n"


def main():
    version, binaries, directory = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    try:
        for program in PROGRAMS:
            for architecture, graph in crates(program).items():
                check_traces(binary(binaries, architecture, program), graph)
            files = [directory / packed_name(program, architecture) for architecture in ARCHITECTURES]
            text = serialized(bill(program, version, files))
            if error := JsonStrictValidator(VERSION).validate_str(text):
                raise ValueError(f"the bill of the {program} does not have the form of CycloneDX: {error}")
            (directory / f"countersign-{program}.cdx.json").write_text(text)
    except Refused as refused:
        sys.exit(str(refused))


if __name__ == "__main__":
    main()
