"""Runs checks, prints the result of each, and counts."""

import time
import traceback


class Checks:
    """The results so far. A check is a function whose name is the sentence that it checks."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def run(self, label, check, *arguments):
        """Runs one check. Returns its result, or None if it failed."""
        name = f"{label}: {check.__name__.replace('_', ' ')}"
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
    """Asserts that two values are equal, and reports both if not."""
    if found != expected:
        raise AssertionError(f"{what}: expected {expected!r}, found {found!r}")


def until(what, probe, seconds=20):
    """Waits until `probe` returns something true, and returns that. Fails after `seconds`."""
    end = time.monotonic() + seconds
    while not (found := probe()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: did not happen within {seconds} s")
        time.sleep(0.05)
    return found
