"""Packs a program as a tarball, with the same bytes whenever and wherever that is done."""

import gzip
import io
import pathlib
import tarfile

# The earliest time that GNU tar does not call implausible, with room for every time zone; the same as in a zip.
TIME = 315532800  # 1980-01-01


def member(name, **properties):
    """An entry that belongs to whoever unpacks it."""
    entry = tarfile.TarInfo(name)
    entry.mtime = TIME
    for key, value in properties.items():
        setattr(entry, key, value)
    return entry


def write_tarball(binary, path, name, links):
    """Writes a tarball with a program under a name, and symbolic links to it under others."""
    content = pathlib.Path(binary).read_bytes()
    # Without a name and a time in its header.
    with open(path, "wb") as file, gzip.GzipFile("", "wb", compresslevel=9, fileobj=file, mtime=0) as zipped:
        with tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            archive.addfile(member(name, size=len(content), mode=0o755), io.BytesIO(content))
            for link in links:
                archive.addfile(member(link, type=tarfile.SYMTYPE, mode=0o777, linkname=name))
