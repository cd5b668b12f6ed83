"""Made-up programs, in the place of those that a release is made of: binaries with what infra/release/build looks at in them.

As a program, `made_up.py DIRECTORY` adds those that are missing to a directory of programs.
"""

import functools
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUNCTIONS = ("callback", "notifier")
PROGRAMS = (*FUNCTIONS, "sandbox")
MACHINES = {"arm64": 183, "x86_64": 62}
# The crates of Cargo.lock with their versions. No parser of TOML: whoever deploys has none.
LOCKED = dict(re.findall(r'(?m)^name = "(.+)"\nversion = "(.+)"$', (ROOT / "Cargo.lock").read_text()))


@functools.cache
def rust():
    """What rustc says of itself."""
    said = subprocess.run(["rustc", "--version", "--verbose"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(line.split(": ", 1) for line in said.splitlines() if ": " in line)


def made_up(program, architecture, crate=("tokio", LOCKED["tokio"]), commit=None, machine=None, glibc="2.28"):
    """A made-up binary: the head of an ELF file, the versions of glibc that it needs, and the traces that panics leave."""
    head = b"\x7fELF\x02\x01" + bytes(12) + (machine or MACHINES[architecture]).to_bytes(2, "little")
    needed = f"\0GLIBC_2.2.5\0GLIBC_{glibc}\0GLIBC_2.9\0"
    traces = f"/cargo/registry/src/index.crates.io-1949cf8c6b5b557f/{'-'.join(crate)}/src/lib.rs" if crate else ""
    standard = f"/rustc/{commit or rust()['commit-hash']}/library/core/src/str/mod.rs"
    return head + f"{needed}{program} for {architecture}{traces}{standard}".encode()


def place(directory, architecture, program):
    """Where infra/release/build leaves a program, and takes it from."""
    folder = directory / architecture
    return folder / program / "bootstrap" if program in FUNCTIONS else folder / program


def programs(directory):
    """A directory with binaries of all programs. What is there already stays."""
    for architecture in MACHINES:
        for program in PROGRAMS:
            path = place(directory, architecture, program)
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.write_bytes(made_up(program, architecture))
    return directory


if __name__ == "__main__":
    programs(pathlib.Path(sys.argv[1]))
