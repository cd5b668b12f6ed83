"""Packs the documents that the templates and the notes of a release name. Usage: documents.py DIRECTORY

They are those of the tree that the release is made of: what git knows below docs, and at the top.
"""

import pathlib
import subprocess
import sys

from tarballs import write_files

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = ("docs", "LICENSE", ":(glob)*.md")
NAME = "countersign-docs"


def main():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *DOCUMENTS], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    names = sorted(name for name in listed.stdout.split("\0") if name)
    write_files(ROOT, names, pathlib.Path(sys.argv[1], f"{NAME}.tar.gz"), NAME)


if __name__ == "__main__":
    main()
