"""An email as it was sent, read with Python's own parsers: `email` for the message, `html.parser` for its HTML."""

import email
import email.policy
import html.parser
import re
import unicodedata

# The elements without an end tag.
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# The elements that begin a new line.
BLOCKS = {"title", "body", "div", "table", "tr", "td", "th", "p", "h1", "h2", "h3", "ul", "ol", "li", "pre", "blockquote"}

# The marks that the generator puts into what it writes: `zz` CASE KIND NUMBER `zz`.
MARK = re.compile(r"zz\d+([blux])\d+zz")

# The class of the elements that hold foreign text.
FOREIGN = "said"

OVERRIDES = {"\u202a", "\u202b", "\u202d", "\u202e"}
POP_OVERRIDE = "\u202c"
ISOLATES = {"\u2066", "\u2067", "\u2068"}
POP_ISOLATE = "\u2069"
DIRECTIONS = OVERRIDES | ISOLATES | {POP_OVERRIDE, POP_ISOLATE, "\u200e", "\u200f", "\u061c"}


# What fills a gap and is not seen, though Unicode takes it for letters or symbols.
FILLERS = {"\u115f", "\u1160", "\u2800", "\u3164", "\uffa0"}


def plain(text):
    """A text without what a mail may change in it: white space, control and format characters, combining marks."""
    return "".join(
        c
        for c in text
        if not (c.isspace() or c in DIRECTIONS or c in FILLERS or unicodedata.category(c) in ("Cc", "Cf", "Mn", "Me", "Zl", "Zp"))
    )


def open_directions(text):
    """How many marks of direction a text opens and does not close: they reach into what is written after it."""
    stack = []
    for c in text:
        if c in OVERRIDES or c in ISOLATES:
            stack.append(c)
        elif c == POP_OVERRIDE and stack and stack[-1] in OVERRIDES:
            stack.pop()
        elif c == POP_ISOLATE and any(one in ISOLATES for one in stack):
            while stack.pop() not in ISOLATES:
                pass
    return len(stack)


class Html(html.parser.HTMLParser):
    """The contents of an HTML document, and the errors in its form."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.faults = []
        self.elements = set()
        # (element, attribute, value)
        self.attributes = []
        self.hrefs = []
        # (href, what is shown of it)
        self.anchors = []
        self.texts = []
        self.title = ""
        self._open = []
        # What is said outside of the elements for foreign text.
        self.ours = []
        # Texts that leave a direction open, though they are not in an element with a direction of its own.
        self.directions = []
        self.feed(source)
        self.close()
        if self._open:
            self.faults.append(f"not closed: {self._open}")

    @property
    def text(self):
        return "".join(self.texts)

    def handle_decl(self, decl):
        if decl.lower() != "doctype html":
            self.faults.append(f"declaration {decl!r}")

    def unknown_decl(self, data):
        self.faults.append(f"declaration {data!r}")

    def handle_pi(self, data):
        self.faults.append(f"processing instruction {data!r}")

    def handle_comment(self, data):
        self.faults.append(f"comment {data!r}")

    def handle_startendtag(self, tag, attrs):
        self.faults.append(f"<{tag}/>")

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        names = [name for name, _ in attrs]
        if len(set(names)) != len(names):
            self.faults.append(f"<{tag}> has an attribute twice")
        for name, value in attrs:
            self.attributes.append((tag, name, value))
            if name == "href":
                self.hrefs.append(value)
                self.anchors.append((value, ""))
        if tag in VOID:
            if tag == "br":
                self.texts.append("\n")
            return
        within = bool(self._open) and self._open[-1][2]
        self._open.append((tag, tag == "bdi" or "dir" in names and tag != "html", within or ("class", FOREIGN) in attrs))
        if tag in BLOCKS:
            self.texts.append("\n")

    def handle_endtag(self, tag):
        if not self._open or self._open[-1][0] != tag:
            self.faults.append(f"</{tag}> where {self._open[-1:]} is open")
            return
        self._open.pop()
        if tag in BLOCKS:
            self.texts.append("\n")

    def handle_data(self, data):
        if self._open and self._open[-1][0] in self.CDATA_CONTENT_ELEMENTS:
            # Nobody reads it; it must be ours, as an attribute must.
            self.attributes.append((self._open[-1][0], "#text", data))
            return
        if self._open and self._open[-1][0] == "title":
            self.title += data
        if self.anchors and any(tag == "a" for tag, *_ in self._open):
            href, shown = self.anchors[-1]
            self.anchors[-1] = (href, shown + data)
        if open_directions(data) and not (self._open and self._open[-1][1]):
            self.directions.append(data)
        self.texts.append(data)
        if not (self._open and self._open[-1][2]):
            self.ours.append(data)


class Message:
    """The message, its parts decoded."""

    def __init__(self, raw):
        self.raw = raw.encode("utf-8", "surrogatepass")
        self.message = email.message_from_bytes(self.raw, policy=email.policy.default)
        self.parts = list(self.message.iter_parts()) if self.message.is_multipart() else []
        self.text = self._content(0, "text/plain")
        self.html = self._content(1, "text/html")

    def _content(self, index, kind):
        if index >= len(self.parts) or self.parts[index].get_content_type() != kind:
            return ""
        data = self.parts[index].get_payload(decode=True)
        return data.decode("utf-8", "strict").replace("\r\n", "\n")

    def header_fields(self):
        """The header's lines as bytes, each field with its continuations."""
        head = self.raw.split(b"\r\n\r\n", 1)[0]
        return re.split(rb"\r\n(?![ \t])", head)

    def defects(self):
        found = []
        for part in self.message.walk():
            found += [f"{part.get_content_type()}: {defect!r}" for defect in part.defects]
            for name, value in part.items():
                found += [f"{name}: {defect!r}" for defect in value.defects]
        return found

    def people(self, name):
        header = self.message[name]
        if header is None:
            return []
        return [{"name": one.display_name or None, "address": one.addr_spec} for one in header.addresses]
