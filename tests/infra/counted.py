"""Runs the tests of the file that calls it. The last line of what it prints is `N passed, N failed`."""

import unittest


def main():
    result = unittest.main(exit=False).result
    # A test counts as one failure, however many of its subtests fail, and so does what a class needs for its tests.
    failed = len({getattr(case, "test_case", case).id() for case, _ in result.failures + result.errors})
    print(f"{max(result.testsRun - failed, 0)} passed, {failed} failed")
    raise SystemExit(failed > 0)
