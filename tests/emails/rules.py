"""The rules for every email. Each rule is a function that yields what is wrong; it looks at structure and at links, never
at sentences, so that texts and languages may change."""

import json
import pathlib
import re

from letter import MARK, Html, Message, open_directions, plain

# Gmail clips an email at 102 KB, and the links are near its end.
MOST_HTML = 50_000
# RFC 5322, 2.1.1.
MOST_OCTETS = 998

HEADERS = {
    "message-id", "date", "from", "to", "subject", "references", "auto-submitted", "x-auto-response-suppress", "mime-version",
    "content-type",
}
SOMETIMES = {"reply-to", "content-language"}
PART_HEADERS = {"content-type", "content-transfer-encoding", "content-language"}
ENCODINGS = {"7bit", "quoted-printable", "base64"}

FEATURES = json.loads(pathlib.Path(__file__).with_name("features.json").read_text())
ELEMENTS = set(FEATURES["elements"])
ATTRIBUTES = set(FEATURES["attributes"])
PROPERTIES = set(FEATURES["properties"])

# The characters of a URL, without what could end it in a text or an attribute.
WEB_ADDRESS = re.compile(r"https?://[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")


def lines(letter, message, html):
    """The message is ASCII in lines that end with CR LF and have fewer than 998 octets."""
    if not message.raw.isascii():
        yield "not ASCII"
    rest = message.raw.replace(b"\r\n", b"")
    if b"\r" in rest or b"\n" in rest:
        yield "CR or LF alone"
    if re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", rest):
        yield "control characters"
    longest = max(len(line) for line in message.raw.split(b"\r\n"))
    if longest >= MOST_OCTETS:
        yield f"a line of {longest} octets"


def headers(letter, message, html):
    """The header is a closed list of fields, each once, in one piece; both parsers see the same ones."""
    names = []
    for field in message.header_fields():
        name, colon, value = field.partition(b":")
        if not colon or not re.fullmatch(rb"[A-Za-z-]+", name):
            yield f"not a field: {field[:80]!r}"
            continue
        names.append(name.decode().lower())
        if name.lower() != b"to" and MARK.search(value.decode()):
            yield f"foreign text in {name!r}"
    if len(set(names)) != len(names):
        yield f"a field twice: {sorted(names)}"
    if strange := set(names) - HEADERS - SOMETIMES:
        yield f"fields that nobody asked for: {strange}"
    if missing := HEADERS - set(names):
        yield f"no {missing}"
    if names != [name.lower() for name in letter["read"]["headers"]]:
        yield f"the other parser has {letter['read']['headers']}"
    expected = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "MIME-Version": "1.0"}
    for name, value in expected.items():
        if message.message[name] != value:
            yield f"{name}: {message.message[name]}"


def people(letter, message, html):
    """The email is from the sender, to one person by their whole name, and replies go where the policy says."""
    to = letter["to"]
    for parser, found in ("Python", message.people("To")), ("Rust", letter["read"]["to"]):
        if len(found) != 1 or found[0]["address"] != to["address"] or plain(found[0]["name"] or "") != plain(to["name"] or ""):
            yield f"{parser}: to {found}, not {to}"
    for parser, found in ("Python", message.people("From")), ("Rust", letter["read"]["from"]):
        if [one["address"] for one in found] != ["approvals@example.com"]:
            yield f"{parser}: from {found}"
    reply_to = [one["address"] for one in message.people("Reply-To")]
    if reply_to != ([letter["reply_to"]] if letter["reply_to"] else []):
        yield f"answers go to {reply_to}, not {letter['reply_to']}"


def defects(letter, message, html):
    """Python's `email` finds no defect in the message, in its parts, or in any field."""
    yield from message.defects()


def structure(letter, message, html):
    """multipart/alternative: the text first, then the HTML, both UTF-8, and nothing else."""
    if message.message.get_content_type() != "multipart/alternative":
        yield message.message.get_content_type()
    kinds = [part.get_content_type() for part in message.parts]
    if kinds != ["text/plain", "text/html"]:
        yield f"the parts are {kinds}"
    if (message.message.preamble or "").strip() or (message.message.epilogue or "").strip():
        yield "text beside the parts"
    for part in message.parts:
        if part.get_content_charset() != "utf-8":
            yield f"charset {part.get_content_charset()}"
        if str(part["Content-Transfer-Encoding"]) not in ENCODINGS:
            yield f"encoding {part['Content-Transfer-Encoding']}"
        if strange := {name.lower() for name in part.keys()} - PART_HEADERS:
            yield f"a part has {strange}"
    if not message.text.strip() or not message.html.strip():
        yield "an empty part"


def agreement(letter, message, html):
    """Two parsers that know nothing of each other read the same."""
    read = letter["read"]
    for name, ours in ("text", message.text), ("html", message.html), ("subject", str(message.message["Subject"])):
        if read[name].replace("\r\n", "\n") != ours:
            yield f"{name}: they differ"


def size(letter, message, html):
    """The HTML has less than 50 KB."""
    octets = len(message.html.encode())
    if octets >= MOST_HTML:
        yield f"{octets} octets of HTML"


def markup(letter, message, html):
    """The HTML is well-formed and made of known elements and attributes; foreign text is in text nodes, and in `href`."""
    yield from html.faults
    if strange := html.elements - ELEMENTS:
        yield f"elements {strange}"
    for element, name, value in html.attributes:
        if name not in ATTRIBUTES and name != "#text":
            yield f"attribute {name} of <{element}>"
        if name in ("style", "#text") and "url(" in value:
            yield f"style {value!r}"
        if name == "style":
            properties = {one.split(":", 1)[0].strip() for one in value.split(";") if one.strip()}
            if strange := properties - PROPERTIES:
                yield f"properties {strange}"
        if name != "href" and MARK.search(value or ""):
            yield f"foreign text in {name} of <{element}>"


def attributes(letter, message, html):
    """Each attribute but `href` has a value that it also has in an email without hostile content."""
    for element, name, value in html.attributes:
        if name != "href" and (element, name, value) not in letter["known"]:
            yield f'<{element} {name}="{value}">'


def presentation(letter, message, html):
    """Tables are for layout alone, a language and both colour schemes are declared, and there is one title."""
    tables = [None for element, name, value in html.attributes if (element, name, value) == ("table", "role", "presentation")]
    if len(tables) != message.html.count("<table"):
        yield "a table without role"
    declared = {(element, name): value for element, name, value in html.attributes}
    if declared.get(("html", "lang")) != (letter["language"] or "en"):
        yield f"lang {declared.get(('html', 'lang'))}"
    metas = {value for element, name, value in html.attributes if (element, name) == ("meta", "name")}
    if not {"color-scheme", "supported-color-schemes", "viewport"} <= metas:
        yield f"metas {metas}"
    if not html.title.strip():
        yield "no title"


def names_host(shown, href):
    """Whether what is shown of a link names the very host that it leads to, with its port if it has one, and no other."""
    host = re.match(r"https?://([^/?#]*)", href)
    named = re.findall(r"[0-9A-Za-z_-]+(?:\.[0-9A-Za-z_-]+)+(?::[0-9]+)?", shown)
    return host is not None and set(named) == {host.group(1)}


def links(letter, message, html):
    """The links survive byte for byte in both parts, as links and for the eye; nothing else is a link that must not be one."""
    for link in letter["links"]:
        if link not in html.hrefs:
            yield f"no href is {link}"
    for link in letter["hrefs"]:
        # What the HTML shows of it is checked below: all of it, or a line that names its host.
        if link not in message.text or link not in html.hrefs:
            yield f"{link} is not shown"
    for link in letter["links"]:
        if not any(link in line.split() for line in message.text.splitlines() if not line.startswith(">")):
            yield f"the text has no {link}"
    for href in html.hrefs:
        if not WEB_ADDRESS.fullmatch(href):
            yield f"href {href!r}"
        if href not in message.text:
            yield f"{href} is in the HTML alone"
        if any(kind == "x" for kind in MARK.findall(href)):
            yield f"{href} is a link"
    for href, shown in html.anchors:
        # One of our own may be a button, beside a line that names its host.
        is_button = href in letter["links"] and any(other == href and names_host(text, href) for other, text in html.anchors)
        # The callback's own pages are at `http` in the sandbox alone.
        is_short = href.startswith(("https://", f"{letter['callback']}/")) and names_host(shown, href)
        if shown.strip() != href and not is_short and not is_button:
            yield f"{href} cannot be read in {shown!r}"
    ours = {href for href in html.hrefs if href.startswith(f"{letter['callback']}/approval?")}
    if ours != set(letter["links"]):
        yield f"links to the callback: {ours}"


def content(letter, message, html):
    """The content is in both parts, in full unless it is cut on purpose."""
    text = plain("\n".join(re.sub("^> ?", "", line) for line in message.text.split("\n")))
    said_in = {"text": letter["says"] + letter["says_in_text"], "HTML": letter["says"]}
    for name, part in ("text", text), ("HTML", plain(html.text)):
        for said in said_in[name]:
            if plain(said) not in part:
                yield f"the {name} does not say {said[:200]!r}"
        # The HTML may have a web address as a link alone, which `links` checks.
        linked = html.hrefs if name == "HTML" else []
        for mark in letter["shown"]:
            if mark not in part and not any(mark in href for href in linked):
                yield f"the {name} does not show the web address with {mark}"


def quotation(letter, message, html):
    """In the text part, each line of somebody else's text is marked, whatever a reader takes for a line, and in the HTML it
    is in the component for it."""
    for line in message.text.splitlines():
        if not {"b", "u", "x"}.isdisjoint(MARK.findall(line)) and not line.startswith(">"):
            yield f"not marked: {line[:100]!r}"
    for text in html.ours:
        if not {"b", "u", "x"}.isdisjoint(MARK.findall(text)):
            yield f"not in the component: {text[:100]!r}"


def direction(letter, message, html):
    """No word of ours can be turned round by a direction that somebody else's text opens and does not close."""
    for text in html.directions:
        yield f"HTML: {text[:100]!r}"
    for line in message.text.split("\n"):
        if not line.startswith(">") and open_directions(line):
            yield f"text: {line[:100]!r}"
    for name in "Subject", "To":
        value = str(message.message[name])
        if open_directions(value):
            yield f"{name}: {value[:100]!r}"


RULES = [
    lines, headers, people, defects, structure, agreement, size, markup, attributes, presentation, links, content, quotation,
    direction,
]


def known_attributes(letters):
    """The attributes, other than `href`, of emails without hostile content."""
    known = set()
    for letter in letters:
        html = Html(Message(letter["raw"]).html)
        known |= {attribute for attribute in html.attributes if attribute[1] != "href"}
    return known


def findings(rule, letter, message, html):
    """The findings of one rule. Python's parser refuses to read some headers at all, which is a finding."""
    try:
        return list(rule(letter, message, html))
    except ValueError as error:
        return [f"it cannot be read: {error!r}"]


def check(letter):
    """The findings about one email, rule by rule, with the facts that the later checks need."""
    message = Message(letter["raw"])
    html = Html(message.html)
    wrong = {rule.__name__: found for rule in RULES if (found := findings(rule, letter, message, html))}
    subject = str(message.message["Subject"])
    return {
        "wrong": wrong,
        "references": str(message.message["References"] or ""),
        "message_id": str(message.message["Message-ID"] or ""),
        "subject": subject.removeprefix("Re: "),
        "answers": subject.startswith("Re: "),
        "octets": len(message.html.encode()),
        "features": sorted({(e, n, v if n == "style" else "") for e, n, v in html.attributes} | {(e, "", "") for e in html.elements}),
        "html": message.html,
    }


def threads(letters, checked):
    """One approval is one thread, and no two are the same: by reference, and by subject where a client goes by that."""
    wrong = []
    by_case = {}
    ids = {one["message_id"] for one in checked}
    if len(ids) != len(checked):
        wrong.append("two emails have the same Message-ID")
    for letter, one in zip(letters, checked):
        known = by_case.setdefault((letter["case"], letter["kind"] == "policy"), one)
        if not re.fullmatch(r"<[!-;=?-~]+@[!-;=?-~]+>", one["references"]):
            wrong.append(f"case {letter['case']}: References {one['references']!r}")
        if one["references"] in ids:
            wrong.append(f"case {letter['case']}: it refers to a Message-ID that SES makes anew")
        if (one["references"], one["subject"]) != (known["references"], known["subject"]):
            wrong.append(f"case {letter['case']}: {letter['kind']} is in another thread")
        if one["answers"] != (letter["kind"] in ("reminder", "receipt", "unreached", "outcome")):
            wrong.append(f"case {letter['case']}: {letter['kind']} with the subject of another kind")
    references = {one["references"] for one in by_case.values()}
    if len(references) != len(by_case):
        wrong.append("two approvals are one thread")
    return wrong
