"""Zips functions as Lambda takes them. Usage: zips.py BINARIES ZIPS NAME..."""

import sys
import zipfile
from pathlib import Path

binaries, zips = Path(sys.argv[1]), Path(sys.argv[2])
zips.mkdir(parents=True, exist_ok=True)
for name in sys.argv[3:]:
    with zipfile.ZipFile(zips / f"{name}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        zipped.write(binaries / name, "bootstrap")
