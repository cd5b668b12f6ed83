"""What Cargo, cargo-lambda and npm do not find in the home of a test."""

import os
import pathlib

HOME = pathlib.Path.home()
# cargo-lambda keeps its linker in the cache, and for a linker elsewhere Cargo builds everything again.
BUILD = {
    "CARGO_HOME": os.environ.get("CARGO_HOME", str(HOME / ".cargo")),
    "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(HOME / ".rustup")),
    "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(HOME / ".cache")),
    "CARGO_TARGET_DIR": os.environ["CARGO_TARGET_DIR"],
}
