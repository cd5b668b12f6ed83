"""Checks the emails that `mails` wrote, one JSON object a line: `check.py FILE SAMPLES`. Writes the HTML of one email for
each set of features to the folder SAMPLES, and ends with `N passed, N failed`, counted by rule."""

import collections
import json
import multiprocessing
import pathlib
import sys

import rules
import selftest

SHOWN = 5


def main(file, samples):
    with open(file, encoding="utf-8") as stream:
        letters = [json.loads(line) for line in stream]
    known = rules.known_attributes(letter for letter in letters if letter["tame"])
    for letter in letters:
        letter["known"] = known
    with multiprocessing.Pool() as pool:
        checked = pool.map(rules.check, letters, chunksize=50)

    kinds = collections.Counter(letter["kind"] for letter in letters)
    cases = {letter["case"] for letter in letters}
    print(f"{len(cases)} requests, {len(letters)} emails: {dict(kinds)}")
    largest = max(zip(checked, letters), key=lambda pair: pair[0]["octets"])
    print(f"the largest HTML has {largest[0]['octets']} octets: case {largest[1]['case']}, {largest[1]['kind']}")

    wrong = {rule.__name__: [] for rule in rules.RULES}
    for letter, one in zip(letters, checked):
        for name, found in one["wrong"].items():
            wrong[name].append((letter, found))
    passed = failed = 0
    for rule in rules.RULES:
        passed, failed = report(rule.__name__, rule.__doc__, [
            f"case {letter['case']}, {letter['kind']} {letter['ending']}: {found[0]}" for letter, found in wrong[rule.__name__]
        ], passed, failed)
    passed, failed = report("threads", rules.threads.__doc__, rules.threads(letters, checked), passed, failed)
    passed, failed = report("selftest", selftest.__doc__, selftest.run(letters, wrong), passed, failed)

    samples = pathlib.Path(samples)
    samples.mkdir(parents=True, exist_ok=True)
    seen = set()
    for letter, one in zip(letters, checked):
        features = (letter["kind"], letter["language"], tuple(one["features"]))
        if features not in seen:
            seen.add(features)
            name = f"{letter['case']}-{letter['kind']}-{len(seen)}.html"
            (samples / name).write_text(one["html"], encoding="utf-8")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def report(name, about, wrong, passed, failed):
    print(f"== {name}: {about}")
    if not wrong:
        return passed + 1, failed
    print(f"FAILED {name}: {len(wrong)} times")
    for line in wrong[:SHOWN]:
        print(f"    {line[:400]}")
    return passed, failed + 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
