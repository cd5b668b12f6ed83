"""Instructions as callgrind counts them, one line each: `NAME INSTRUCTIONS`. Usage: instructions.py BINARY

The binary does one thing many times. It is run twice, with different numbers; the difference is the thing's own, and
its start, which both have, drops out.
"""

import re
import subprocess
import sys

FEW, MANY = 20, 60


def collected(binary, what, times):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", binary, what, str(times)]
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return int(found.group(1))


for what in ("signature", "verify", "page", "email"):
    print(what, (collected(sys.argv[1], what, MANY) - collected(sys.argv[1], what, FEW)) // (MANY - FEW), flush=True)
