"""Makes the zip files of a release from the functions' binaries. Usage: functions.py BINARIES DIRECTORY

BINARIES holds ARCHITECTURE/FUNCTION/bootstrap, as cargo-lambda writes them. Each must be there, built for that
architecture.
"""

import pathlib
import sys

from zips import write_zip

FUNCTIONS = ("callback", "notifier")

# By what name Lambda knows each architecture: Rust's target, and the `e_machine` of its ELF files (elf.h: EM_AARCH64,
# EM_X86_64).
ARCHITECTURES = {
    "arm64": ("aarch64-unknown-linux-gnu", 183),
    "x86_64": ("x86_64-unknown-linux-gnu", 62),
}


class Refused(Exception):
    """Something is wrong with what a release is to be made of."""


def zip_name(function, architecture):
    return f"countersign-{function}-{architecture}.zip"


def binary(binaries, architecture, function):
    return binaries / architecture / function / "bootstrap"


def built_for(path):
    """The architecture that an ELF file is built for."""
    with path.open("rb") as file:
        header = file.read(20)
    # 64 bits, little endian; `e_machine` follows after 18 bytes.
    if len(header) < 20 or header[:6] != b"\x7fELF\x02\x01":
        return "no machine that Lambda has"
    machine = int.from_bytes(header[18:20], "little")
    return next((name for name, (_, number) in ARCHITECTURES.items() if number == machine), f"ELF machine {machine}")


def check(binaries):
    """Refuses a directory that does not hold every function for every architecture, and nothing else."""
    if not binaries.is_dir():
        raise Refused(f"{binaries}: expected a directory with ARCHITECTURE/FUNCTION/bootstrap")
    unknown = sorted(path.name for path in binaries.iterdir() if path.name not in ARCHITECTURES)
    if unknown:
        raise Refused(f"{binaries}: unknown architecture {', '.join(unknown)}; expected {', '.join(ARCHITECTURES)}")
    for architecture in ARCHITECTURES:
        for function in FUNCTIONS:
            path = binary(binaries, architecture, function)
            if not path.is_file():
                raise Refused(f"{path} is missing; expected {' and '.join(FUNCTIONS)} for {' and '.join(ARCHITECTURES)}")
            if (found := built_for(path)) != architecture:
                raise Refused(f"{path} is built for {found}; expected {architecture}")


def main():
    binaries, directory = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    try:
        check(binaries)
    except Refused as refused:
        sys.exit(str(refused))
    for architecture in ARCHITECTURES:
        for function in FUNCTIONS:
            write_zip(binary(binaries, architecture, function), directory / zip_name(function, architecture))


if __name__ == "__main__":
    main()
