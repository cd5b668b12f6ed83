"""What a Markdown text refers to, and what in it can be referred to. It knows as much of Markdown as we write."""

import re
import textwrap

# An item of a list, whose text begins at the end of the match.
ITEM = re.compile(r" *(?:[-*+]|\d+\.) +")
HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
FENCE = re.compile(r" *(`{3,}|~{3,})")
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
# Inline links and images, definitions of reference links, and HTML.
INLINE = re.compile(r"\]\(\s*<?([^()\s<>]+(?:\([^()\s]*\)[^()\s<>]*)*)>?(?:\s+\"[^\"]*\")?\s*\)")
DEFINITION = re.compile(r"^ {0,3}\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
HTML = re.compile(r"<(?:a|img|source)\b[^>]*?\s(?:href|src|srcset)=\"([^\"]*)\"")
HTML_TAG = re.compile(r"<[a-z]+\b[^>]*>")
HTML_ANCHOR = re.compile(r"\s(?:id|name)=\"([^\"]+)\"")
HTML_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
EXTERNAL = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)


def blank(match):
    """Spaces in place of a match, so that the lines keep their numbers."""
    return re.sub(r"[^\n]", " ", match.group())


def without_blocks(text):
    """The text with spaces in place of blocks of code."""
    lines, fence, base, is_code, after_blank = [], None, 0, False, True
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip(" "))
        if fence:
            is_end = line.strip().startswith(fence) and not line.strip().strip(fence[0])
            fence = None if is_end else fence
            lines.append("")
        elif opening := FENCE.match(line):
            fence = opening.group(1)
            lines.append("")
        elif not line.strip():
            after_blank = True
            lines.append("")
        else:
            if after_blank and indent < base:
                # A list ends where a paragraph is not indented as far as its text; an outer one may go on.
                base = indent if indent < 2 else min(base, indent)
            is_code = indent >= base + 4 and (after_blank or is_code)
            if not is_code and (item := ITEM.match(line)):
                base = item.end()
            lines.append("" if is_code else line)
            after_blank = False
    return "\n".join(lines)


def indented(text):
    """The blocks of code, without their indentation, by the heading above each and its number below that."""
    found, heading, block = {}, "", []
    # A paragraph after the last line ends its block.
    for line, kept in zip([*text.split("\n"), "."], [*without_blocks(text).split("\n"), "."]):
        if not kept.strip():
            block.append(line)
            continue
        if any(block):
            number = sum(above == heading for above, _ in found)
            found[heading, number] = textwrap.dedent("\n".join(block)).strip("\n") + "\n"
        block = []
        if match := HEADING.match(kept):
            heading = read_as(match.group(2))
    return found


def without_code(text):
    """The text with spaces in place of all code and comments."""
    return HTML_COMMENT.sub(blank, CODE_SPAN.sub(blank, without_blocks(text)))


def headings(text):
    """The headings, as they are read: without the marks of code, links and emphasis."""
    for line in without_blocks(text).split("\n"):
        if heading := HEADING.match(line):
            yield read_as(heading.group(2))


def read_as(heading):
    """A heading without its marks."""
    words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    words = re.sub(r"<[^>]+>", "", words)
    return words.replace("`", "").replace("**", "")


def anchors(text):
    """What a link to the document can name after its `#`.

    GitHub makes an anchor of each heading: in lower case, without anything but letters, digits, `_`, `-` and spaces,
    which become `-`; one that occurs again gets `-1`, `-2` and so on. Source: GitHub's own filter for that,
    lib/html/pipeline/toc_filter.rb of html-pipeline.
    """
    found, seen = set(), {}
    for heading in headings(text):
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = seen.get(anchor, 0)
        seen[anchor] = number + 1
        found.add(f"{anchor}-{number}" if number else anchor)
    tags = " ".join(HTML_TAG.findall(without_code(text)))
    return found | set(HTML_ANCHOR.findall(tags))


def links(text):
    """(line, target) of each link and image that leads to a file or a heading, none that leads elsewhere."""
    text = without_code(text)
    matches = (match for pattern in (INLINE, DEFINITION, HTML) for match in pattern.finditer(text))
    found = ((text.count("\n", 0, match.start(1)) + 1, match.group(1)) for match in matches)
    return sorted(link for link in found if not EXTERNAL.match(link[1]))


def section(text, heading):
    """The text below a heading, down to the next of the same or a higher level."""
    lines, level, found = text.split("\n"), None, []
    for line in lines:
        mark = HEADING.match(line)
        if level and mark and len(mark.group(1)) <= level:
            break
        if level:
            found.append(line)
        elif mark and mark.group(2) == heading:
            level = len(mark.group(1))
    if level is None:
        raise KeyError(heading)
    return "\n".join(found)


def rows(text):
    """The cells of each row of the tables in a text, without the rows of headings and of dashes."""
    found, lines = [], text.split("\n")
    for number, line in enumerate(lines):
        follows = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("|") and not follows.startswith("|--") and not line.startswith("|--"):
            found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found


def names(cell):
    """What stands in backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)
