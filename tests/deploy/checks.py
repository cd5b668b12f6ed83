"""Runs checks, tells of each, and counts."""

import time
import traceback


class Checks:
    """What was checked so far. A check is a function; its name is the sentence that it checks."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def run(self, way, check, *arguments):
        """Runs one check. Gives what it returned, or None when it failed."""
        name = f"{way}: {check.__name__.replace('_', ' ')}"
        began = time.monotonic()
        result = None
        try:
            result = check(*arguments)
        except Exception:
            self.failed += 1
            print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
        else:
            self.passed += 1
            print(f"ok      {name} ({time.monotonic() - began:.1f} s)", flush=True)
        return result

    def closing_line(self):
        return f"{self.passed} passed, {self.failed} failed"


def equal(found, expected, what):
    """Like assert, and says what was found."""
    if found != expected:
        raise AssertionError(f"{what}: expected {expected!r}, found {found!r}")


def until(what, probe, seconds=20):
    """Waits until `probe` gives something true, and gives it. Fails after `seconds`."""
    end = time.monotonic() + seconds
    while not (found := probe()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.05)
    return found
