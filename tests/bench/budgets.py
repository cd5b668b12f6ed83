"""Checks the functions against their budgets, in figures that a busy machine does not change: sizes in bytes, and
instructions as callgrind counts them. Another compiler changes them, and another processor may: the budgets leave some
room. Usage: budgets.py BINARIES ZIPS

A figure over its budget fails. A figure far below it fails too: then lower the budget, so that a later loss of the gain
is noticed. The budgets are for x86_64.
"""

import subprocess
import sys
from pathlib import Path

# The measurements of 2026-11-27, with a little room.
SIZES = {
    "callback": 10_500_000,
    "callback.zip": 4_200_000,
    "notifier": 13_500_000,
    "notifier.zip": 5_280_000,
}
INSTRUCTIONS = {
    "verify": 600_000,
    "page": 226_000,
    "email": 565_000,
}
# Verifying a link, in terms of the one Ed25519 verification in it.
MOST_OVER_SIGNATURE = 1.3
# How much less than its budget a figure may be.
LEAST = 0.8


def main():
    binaries, zips = Path(sys.argv[1]), Path(sys.argv[2])
    here = Path(__file__).parent
    zipping = here.parents[1] / "infra/release/zips.py"
    subprocess.run([sys.executable, zipping, binaries, zips, "callback", "notifier"], check=True)
    counted = subprocess.run(
        [sys.executable, here / "instructions.py", binaries / "instructions"], stdout=subprocess.PIPE, text=True, check=True
    )
    instructions = {name: int(number) for name, number in map(str.split, counted.stdout.splitlines())}
    checks = [
        (f"{name}: bytes", (zips if name.endswith(".zip") else binaries).joinpath(name).stat().st_size, budget)
        for name, budget in SIZES.items()
    ]
    checks += [(f"{name}: instructions", instructions[name], budget) for name, budget in INSTRUCTIONS.items()]
    failed = 0
    for name, figure, budget in checks:
        failed += not report(name, figure, budget, LEAST * budget <= figure <= budget)
    ratio = instructions["verify"] / instructions["signature"]
    failed += not report("verify: times its signature", round(ratio, 3), MOST_OVER_SIGNATURE, ratio <= MOST_OVER_SIGNATURE)
    print(f"{len(checks) + 1 - failed} passed, {failed} failed")
    sys.exit(failed > 0)


def report(name, figure, budget, good):
    why = "" if good else ": too much" if figure > budget else ": so little that the budget should be lowered"
    print(f"{'ok    ' if good else 'FAILED'}  {name}: {figure:,}, of {budget:,}{why}")
    return good


main()
