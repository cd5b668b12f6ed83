"""Packs the programs of a release. Usage: programs.py BINARIES DIRECTORY

The functions become zip files, as Lambda takes them. The sandbox becomes a tarball, which keeps that it may be run. BINARIES
holds ARCHITECTURE/FUNCTION/bootstrap, as cargo-lambda writes them, and ARCHITECTURE/sandbox. Each must be there, built for
that architecture.
"""

import pathlib
import re
import sys

from tarballs import write_program
from zips import write_zip

FUNCTIONS = ("callback", "notifier")
SANDBOX = "sandbox"
PROGRAMS = (*FUNCTIONS, SANDBOX)

# By what name Lambda knows each architecture: Rust's target, and the `e_machine` of its ELF files (elf.h: EM_AARCH64,
# EM_X86_64).
ARCHITECTURES = {
    "arm64": ("aarch64-unknown-linux-gnu", 183),
    "x86_64": ("x86_64-unknown-linux-gnu", 62),
}

# What the sandbox is called in its tarball, and the name by which it has the commands alone (infra/sandbox/src/main.rs).
SANDBOX_NAME, COMMANDS_NAME = "countersign-sandbox", "countersign"

# The sandbox runs where glibc is 2.28 or later: that of RHEL 8 and Debian 10, and what Python's `manylinux_2_28` stands for.
GLIBC = 28
GLIBC_SYMBOL = re.compile(rb"\0GLIBC_2\.(\d+)")


class Refused(Exception):
    """Something is wrong with what a release is to be made of."""


def packed_name(program, architecture):
    """The name of the file of a release that has a program."""
    if program == SANDBOX:
        return f"{SANDBOX_NAME}-linux-{architecture}.tar.gz"
    return f"countersign-{program}-{architecture}.zip"


def binary(binaries, architecture, program):
    folder = binaries / architecture
    return folder / SANDBOX if program == SANDBOX else folder / program / "bootstrap"


def pack(program, path, packed):
    if program == SANDBOX:
        write_program(path, packed, SANDBOX_NAME, [COMMANDS_NAME])
    else:
        write_zip(path, packed)


def built_for(path):
    """The architecture that an ELF file is built for."""
    with path.open("rb") as file:
        header = file.read(20)
    # 64 bits, little endian; `e_machine` follows after 18 bytes.
    if len(header) < 20 or header[:6] != b"\x7fELF\x02\x01":
        return "no machine of 64 bits"
    machine = int.from_bytes(header[18:20], "little")
    return next((name for name, (_, number) in ARCHITECTURES.items() if number == machine), f"ELF machine {machine}")


def check_glibc(path):
    """Refuses a program that needs a newer glibc than many systems have."""
    needed = max((int(minor) for minor in GLIBC_SYMBOL.findall(path.read_bytes())), default=0)
    if needed > GLIBC:
        raise Refused(f"{path} needs glibc 2.{needed}; expected 2.{GLIBC} or earlier, as infra/release/build links it")


def check(binaries):
    """Refuses a directory that does not hold every program for every architecture, and nothing else."""
    if not binaries.is_dir():
        raise Refused(f"{binaries}: expected a directory with ARCHITECTURE/FUNCTION/bootstrap and ARCHITECTURE/{SANDBOX}")
    unknown = sorted(path.name for path in binaries.iterdir() if path.name not in ARCHITECTURES)
    if unknown:
        raise Refused(f"{binaries}: unknown architecture {', '.join(unknown)}; expected {', '.join(ARCHITECTURES)}")
    for architecture in ARCHITECTURES:
        for program in PROGRAMS:
            path = binary(binaries, architecture, program)
            if not path.is_file():
                raise Refused(f"{path} is missing; expected {', '.join(PROGRAMS)} for {' and '.join(ARCHITECTURES)}")
            if (found := built_for(path)) != architecture:
                raise Refused(f"{path} is built for {found}; expected {architecture}")
        check_glibc(binary(binaries, architecture, SANDBOX))


def main():
    binaries, directory = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    try:
        check(binaries)
    except Refused as refused:
        sys.exit(str(refused))
    for architecture in ARCHITECTURES:
        for program in PROGRAMS:
            pack(program, binary(binaries, architecture, program), directory / packed_name(program, architecture))


if __name__ == "__main__":
    main()
