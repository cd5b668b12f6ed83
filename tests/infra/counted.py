"""Runs the tests of the file that calls it. The last line of what it prints is `N passed, N failed`."""

import unittest


def main():
    result = unittest.main(exit=False).result
    # A test counts as one failure, however many of its subtests fail.
    failed = len({getattr(case, "test_case", case).id() for case, _ in result.failures + result.errors})
    print(f"{result.testsRun - failed} passed, {failed} failed")
    raise SystemExit(failed > 0)
