"""Zips functions as Lambda takes them, with the same bytes whenever and wherever that is done.

Usage: zips.py BINARIES ZIPS NAME..., which makes ZIPS/NAME.zip of BINARIES/NAME
"""

import pathlib
import sys
import zipfile

# The earliest time that a zip can hold.
TIME = (1980, 1, 1, 0, 0, 0)


def write_zip(binary, path):
    """Writes a zip file with a function's binary, as the `bootstrap` that Lambda starts."""
    member = zipfile.ZipInfo("bootstrap", TIME)
    member.create_system = 3  # Unix, so that the next line counts.
    member.external_attr = 0o100755 << 16
    member.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr(member, pathlib.Path(binary).read_bytes(), compresslevel=9)


def main():
    binaries, zips = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    zips.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[3:]:
        write_zip(binaries / name, zips / f"{name}.zip")


if __name__ == "__main__":
    main()
