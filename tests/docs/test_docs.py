"""The documents: whether what they refer to exists, and whether they have all that the code has.

The first half plays with small made-up repositories, so that it is known that the second half, about ours, can fail.
"""

import json
import pathlib
import re
import unittest

import code_facts
import markdown
import printed
import references

FILES = references.tracked()
DOCUMENTS = [name for name in FILES if name.endswith(".md")]
# These contain references that are meant to be broken.
MADE_UP = {"tests/docs/test_docs.py"}

PAGE = """\
# A page

## Rotate a key

## Check `and` explain: [how](other.md), it's "quoted"

## Rotate a key

    # No heading, but code

- An item.

      ## Nor this

```
## Nor this
```

<a name="by-hand"></a>
<a name="both" id="of-one.tag"></a>
"""


class Markdown(unittest.TestCase):
    def test_anchors_are_those_that_github_makes(self):
        expected = {"a-page", "rotate-a-key", "rotate-a-key-1", "check-and-explain-how-its-quoted", "by-hand"}
        expected |= {"both", "of-one.tag"}
        self.assertEqual(markdown.anchors(PAGE), expected)

    def test_indented_blocks_are_found_below_their_headings(self):
        text = "# A\n\n    one\n\n      two\n\nText\n    that goes on\n\n    three\n\n## `B` b\n- item\n\n      four\n\n    not code\n"
        expected = {("A", 0): "one\n\n  two\n", ("A", 1): "three\n", ("B b", 0): "four\n"}
        self.assertEqual(markdown.indented(text), expected)

    def test_links_are_found_in_every_form_and_not_in_code(self):
        for text, expected in [
            ("[a](b.md)", [(1, "b.md")]),
            ("\n[a\nlong text](b.md#c)", [(3, "b.md#c")]),
            ("![a](b.png) and [a `b` c](d.md \"title\")", [(1, "b.png"), (1, "d.md")]),
            ('<img src="b.png" width="800" alt="[a](c.md) is text">', [(1, "b.png"), (1, "c.md")]),
            ("[a]: b.md\n\n[a]", [(1, "b.md")]),
            ("| a | [b](c.md) |", [(1, "c.md")]),
            ("1. An item\n\n   [a](b.md)\n\n2. Another", [(3, "b.md")]),
            ("- An item\n\n  - One in it\n\n    [a](b.md)", [(5, "b.md")]),
            ("- An item\n\nA paragraph, and code:\n\n    [a](b.md)\n", []),
            ("- An item\n\n      [a](b.md)\n\n  [a](c.md)", [(5, "c.md")]),
            ("`[a](b.md)` and ``[a](`b`.md)``", []),
            ("```\n[a](b.md)\n```\n[a](c.md)", [(4, "c.md")]),
            ("<!-- [a](b.md) -->", []),
            ("[a](https://example.com/b.md), [b](mailto:ada@example.com), <https://example.com>", []),
        ]:
            with self.subTest(text):
                self.assertEqual(markdown.links(text), expected)


class References(unittest.TestCase):
    OURS = {"README.md": "# Read me\n", "docs/page.md": PAGE, "docs/picture.png": None, "infra/a.yaml": ""}

    def test_a_link_that_leads_nowhere_is_reported_with_its_line(self):
        for name, link, expected in [
            ("docs/a.md", "page.md", None),
            ("docs/a.md", "page.md#rotate-a-key-1", None),
            ("docs/a.md", "../README.md#read-me", None),
            ("docs/a.md", "#here", None),
            ("docs/a.md", "../infra", None),
            ("a.md", "docs/picture.png", None),
            ("docs/a.md", "PAGE.md", "there is no docs/PAGE.md"),
            ("docs/a.md", "docs/page.md", "there is no docs/docs/page.md"),
            ("a.md", "docs/missing.png", "there is no docs/missing.png"),
            ("docs/a.md", "page.md#rotate-a-key-2", "docs/page.md has no heading for #rotate-a-key-2"),
            ("docs/a.md", "#Here", "docs/a.md has no heading for #Here"),
            ("docs/a.md", "../infra#here", "infra is a folder and has no headings"),
            ("docs/a.md", "../infra/a.yaml#here", "infra/a.yaml is no document and has no headings"),
        ]:
            with self.subTest(f"{link} in {name}"):
                files = self.OURS | {name: f"# Here\n\n[a]({link})\n"}
                problem = f"{name}:3: the link to {link} is broken: {expected}"
                self.assertEqual(list(references.broken_links(files, name)), [problem] if expected else [])

    def test_a_document_that_is_named_and_does_not_exist_is_reported(self):
        for text, expected in [
            ("# See docs/page.md.", None),
            ('include_str!("../../docs/page.md")', None),
            ("See `docs/page.md#rotate-a-key`.", None),
            ("https://github.com/a/b/blob/main/docs/OTHER.md", None),
            ('see "Rotate a key" in docs/page.md', None),
            ('"as docs/page.md says under \\"Rotate \\\n                a key\\""', None),
            ('| docs/page.md, "Rotate a key" and "A page" |', None),
            ("    #:schema ./docs/page.md\n", None),
            ("a\n    #:schema ./page.json\n", "a.rs:2: it names a schema: there is no page.json"),
            ("# See docs/PAGE.md.", "a.rs:1: it names docs/PAGE.md: there is no docs/PAGE.md"),
            ("\ndocs/pages/*.png, docs/none.png", "a.rs:2: it names docs/none.png: there is no docs/none.png"),
            (
                'include_str!("../docs/page.json")',
                "a.rs:1: it names ../docs/page.json: there is no docs/page.json",
            ),
            (
                "# docs/page.md#rotate",
                "a.rs:1: it names docs/page.md#rotate: docs/page.md has no heading for #rotate",
            ),
            (
                '// See "Rotate\n// keys" in docs/page.md.',
                'a.rs: it names the section "Rotate keys" of docs/page.md, which has no such heading',
            ),
            (
                '"as docs/page.md says under \\"Rotate \\\n        keys\\""',
                'a.rs: it names the section "Rotate keys" of docs/page.md, which has no such heading',
            ),
            (
                '| docs/page.md, "Rotate a key" and "Pages" |',
                'a.rs: it names the section "Pages" of docs/page.md, which has no such heading',
            ),
        ]:
            with self.subTest(text):
                found = list(references.stale_mentions(self.OURS | {"a.rs": text}, "a.rs"))
                self.assertEqual(found, [expected] if expected else [])


class OurDocuments(unittest.TestCase):
    def assert_none(self, problems):
        if problems := list(problems):
            self.fail("\n".join(problems))

    def test_every_link_and_every_image_leads_somewhere(self):
        self.assertIn("README.md", DOCUMENTS)
        for name in DOCUMENTS:
            with self.subTest(name):
                self.assert_none(references.broken_links(FILES, name))

    def test_every_document_that_is_named_anywhere_exists(self):
        for name, text in FILES.items():
            if text is not None and name not in MADE_UP:
                with self.subTest(name):
                    self.assert_none(references.stale_mentions(FILES, name))

    def test_names_in_docs_are_in_lower_case(self):
        self.assertEqual([name for name in FILES if name.startswith("docs/") and name != name.lower()], [])

    def test_what_is_to_be_read_at_one_go_is_short(self):
        for name, most in (("README.md", 150), ("docs/approver.md", 80)):
            self.assertLessEqual(FILES[name].count("\n"), most, name)

    def test_every_indented_block_of_the_pages_for_newcomers_is_run_by_something(self):
        listed = [(one.document, one.heading, one.number) for one in printed.BLOCKS.values()]
        self.assertEqual(len(listed), len(set(listed)), "a block has two names")
        documents = {"README.md", printed.INSTALL}
        found = {(document, *place) for document in documents for place in printed.blocks(document)}
        self.assertEqual(found - printed.PICTURES - set(listed), set(), "tests/docs/printed.py does not say what runs these")
        self.assertEqual((printed.PICTURES | set(listed)) - found, set(), "tests/docs/printed.py lists what is not there")
        for name, block in printed.BLOCKS.items():
            # In Python, in a shell, or as a test in Rust that reads the document itself says.
            taken = (f'block("{name}")', f"printed.py '{name}'", f"// tests/docs/printed.py: {name}.\n#[test]")
            runner = FILES[block.runner]
            self.assertTrue(any(one in runner for one in taken), f"{block.runner} does not run {name!r}")

    def test_the_quick_start_is_that_of_the_page_that_is_tested(self):
        # Whoever checks the digests has read that page.
        checked, _, rest = printed.block("the quick start").partition("\n")
        self.assertEqual(checked, "sha256sum --check SHA256SUMS")
        self.assertEqual(printed.block("the README's quick start"), rest)
        self.assertEqual(printed.block("the README's doctor"), printed.block("the doctor"))

    def test_the_emulator_is_a_part_of_the_tests(self):
        program, part = printed.block("the emulator").split()
        self.assertIn(f"part_{part}()", FILES[program])

    def test_every_document_in_docs_can_be_reached_from_the_readme(self):
        reached, waiting = set(), ["README.md"]
        while waiting:
            name = waiting.pop()
            if name in reached or name not in DOCUMENTS:
                continue
            reached.add(name)
            folder = pathlib.PurePosixPath(name).parent
            targets = (target.partition("#")[0] for _, target in markdown.links(FILES[name]))
            waiting += [references.resolved(folder, target) for target in targets if target]
        self.assertEqual({name for name in DOCUMENTS if name.startswith("docs/")} - reached, set())


class Tables(unittest.TestCase):
    """The tables of the documents have what the code has: no more, and no less."""

    def section(self, document, heading):
        return markdown.section(FILES[document], heading)

    def test_the_metrics(self):
        listed = {}
        for cells in markdown.rows(self.section("docs/reference.md", "Metrics")):
            listed[markdown.names(cells[0])[0]] = (cells[1], cells[2])
        self.assertEqual(listed, code_facts.metrics(FILES))

    def test_the_fields_of_log_lines(self):
        rows = markdown.rows(self.section("docs/reference.md", "Log fields"))
        listed = [markdown.names(cells[0])[0] for cells in rows]
        self.assertEqual(len(listed), len(set(listed)), "a field has two rows")
        everywhere = {"timestamp", "level", "target", "message", "span"}
        self.assertEqual(set(listed), everywhere | code_facts.log_fields(FILES))

    def test_the_messages_that_are_quoted_of_log_lines(self):
        code = "\n".join(code_facts.sources(FILES).values())
        rows = markdown.rows(self.section("docs/reference.md", "Log fields"))
        quoted = {name for cells in rows if len(cells) == 3 for name in markdown.names(cells[1])}
        self.assertIn("a decision was answered", quoted)
        self.assertEqual({message for message in quoted if f'"{message}"' not in code}, set())

    def test_the_settings(self):
        listed = {"notifier": set(), "callback": set()}
        for name, notifier, callback, _ in markdown.rows(self.section("docs/reference.md", "Settings")):
            for function, cell in (("notifier", notifier), ("callback", callback)):
                if cell:
                    listed[function].update(markdown.names(name))
        self.assertEqual(listed, code_facts.settings(FILES))

    def test_the_commands(self):
        rows = markdown.rows(self.section("docs/reference.md", "Commands"))
        listed = [name for cells in rows for name in markdown.names(cells[0]) if name.startswith("{")]
        self.assertEqual({name.split('"')[1] for name in listed}, code_facts.commands(FILES))

    def test_the_alarms(self):
        listed = {markdown.names(cells[0])[0] for cells in markdown.rows(self.section("docs/operations.md", "Alarms"))}
        self.assertEqual(listed, code_facts.alarms(FILES))

    def test_what_the_alarms_cost(self):
        numbers = ("eight", "nine", "ten", "eleven", "twelve")
        number = len(code_facts.alarms(FILES))
        costs = {cells[0]: cells[1] for cells in markdown.rows(self.section("docs/install.md", "What it costs"))}
        self.assertEqual(costs.get(f"{numbers[number - 8]} alarms"), f"{number / 10:.2f}")

    def test_what_an_idle_deployment_costs_is_the_sum_of_its_parts(self):
        text = self.section("docs/install.md", "What it costs")
        least = most = 0
        for _, cost, *_ in markdown.rows(text.split("1,000 approvals")[0]):
            amounts = [round(100 * float(amount)) for amount in re.findall(r"\d+\.\d\d", cost)]
            self.assertTrue(amounts, cost)
            least += 0 if cost.startswith(("up to", "below")) else amounts[0]
            most += amounts[-1]
        for name, words in (("docs/install.md", ("between", "and")), ("README.md", ("about", "to"))):
            said = f"An idle deployment costs {words[0]} {least / 100:.2f} {words[1]} {most / 100:.2f} USD a month"
            self.assertTrue(said in FILES[name], f"{name} does not say: {said}")

    def test_the_fields_of_events_for_others(self):
        names = [name for name in FILES if re.fullmatch(r"docs/events/.*\.schema\.json", name)]
        schemas = [json.loads(FILES[name]) for name in names]
        rows = markdown.rows(self.section("docs/events.md", "What is in them"))
        listed = [name for cells in rows for name in markdown.names(cells[0])]
        self.assertEqual(set(listed), {name for schema in schemas for name in schema["properties"]})


def failures(result):
    """How many tests failed: a test counts as one failure, however many of its subtests fail."""
    return len({getattr(case, "test_case", case).id() for case, _ in result.failures + result.errors})


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    failed = failures(result)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    raise SystemExit(failed > 0)
