"""Packs programs and documents as tarballs, with the same bytes whenever and wherever that is done."""

import contextlib
import gzip
import io
import pathlib
import tarfile

# The earliest time that GNU tar does not call implausible, with room for every time zone; the same as in a zip.
TIME = 315532800  # 1980-01-01


@contextlib.contextmanager
def tarball(path):
    """A tarball to be written."""
    # Without a name and a time in its header.
    with open(path, "wb") as file, gzip.GzipFile("", "wb", compresslevel=9, fileobj=file, mtime=0) as zipped:
        with tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            yield archive


def add(archive, name, content=b"", **properties):
    """Adds an entry that belongs to whoever unpacks it."""
    entry = tarfile.TarInfo(name)
    entry.mtime, entry.size = TIME, len(content)
    for key, value in properties.items():
        setattr(entry, key, value)
    archive.addfile(entry, io.BytesIO(content))


def write_program(binary, path, name, links):
    """Writes a tarball with a program under a name, and symbolic links to it under others."""
    with tarball(path) as archive:
        add(archive, name, pathlib.Path(binary).read_bytes(), mode=0o755)
        for link in links:
            add(archive, link, type=tarfile.SYMTYPE, mode=0o777, linkname=name)


def write_files(root, names, path, folder):
    """Writes a tarball with these files of a folder, below another one."""
    with tarball(path) as archive:
        for name in names:
            add(archive, f"{folder}/{name}", pathlib.Path(root, name).read_bytes(), mode=0o644)
