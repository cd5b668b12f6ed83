"""Each rule finds its kind of mistake: a valid email with one thing made wrong fails by that rule."""

import base64
import copy
import re

import rules
from letter import Message


def rebuilt(letter, text=None, html=None):
    """The same email with other parts."""
    message = Message(letter["raw"])
    head = letter["raw"].split("\r\n\r\n", 1)[0]
    boundary = re.search('boundary="?([^"\r\n;]+)', head).group(1)
    raw = head + "\r\n\r\n"
    for kind, part in ("plain", message.text if text is None else text), ("html", message.html if html is None else html):
        encoded = base64.encodebytes(part.replace("\n", "\r\n").encode()).decode().replace("\n", "\r\n")
        raw += f"--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n"
    return raw + f"--{boundary}--\r\n"


def named(html, host, other):
    """The same HTML with another name where links name this host, in whatever language."""
    return re.sub(rf">([^<]*){re.escape(host)}([^<]*)</a>", lambda link: f">{link[1]}{other}{link[2]}</a>", html)


def changes(letter):
    """Pairs of a rule, and the email with a mistake that the rule must find."""
    raw, link = letter["raw"], letter["links"][0]
    message = Message(raw)
    text, html = message.text, message.html
    yield "lines", raw.replace("\r\n", "\n", 1)
    yield "lines", raw.replace("Auto-Submitted", "X: " + "x" * 1000 + "\r\nAuto-Submitted")
    yield "lines", raw.replace("Auto-Submitted", "X: ü\r\nAuto-Submitted")
    yield "headers", raw.replace("\r\nAuto-Submitted", "\r\nBcc: thief@evil.example\r\nAuto-Submitted")
    yield "headers", raw.replace("\r\nAuto-Submitted", "\r\nTo: thief@evil.example\r\nAuto-Submitted")
    yield "headers", raw.replace("auto-generated", "no")
    yield "headers", raw.replace("\r\nAuto-Submitted", "\r\nReply-To: zz1l1zz\r\nAuto-Submitted")
    yield "people", raw.replace(f"<{letter['to']['address']}>", "<thief@evil.example>")
    yield "people", raw.replace("\r\nAuto-Submitted", "\r\nReply-To: thief@evil.example\r\nAuto-Submitted")
    yield "defects", re.sub(r"\r\n--[^\r\n]*--\r\n$", "\r\n", raw)
    yield "defects", raw.replace(f"<{letter['to']['address']}>", f"<{letter['to']['address']}")
    yield "structure", raw.replace("text/plain", "text/x", 1)
    yield "structure", raw.replace("multipart/alternative", "multipart/mixed")
    yield "structure", raw.replace("charset=\"utf-8\"", "charset=\"latin1\"").replace("charset=utf-8", "charset=latin1")
    yield "agreement", rebuilt(letter, text=text + "x")
    yield "size", rebuilt(letter, html=html.replace("</body>", "<p>" + "x" * 50_000 + "</p></body>"))
    for foreign in "<script>", "<img>", "</td>", "<!-- -->", "<p/>", "<p onclick=x></p>", "<p style=\"position:fixed\"></p>":
        yield "markup", rebuilt(letter, html=html.replace("</h1>", f"{foreign}</h1>"))
    yield "markup", rebuilt(letter, html=html.replace("<h1 ", "<h1 dir=\"zz1b1zz\" "))
    yield "attributes", rebuilt(letter, html=html.replace("<h1 class=\"text\" style=\"", "<h1 class=\"text\" style=\"color:#fff;"))
    yield "presentation", rebuilt(letter, html=html.replace("role=\"presentation\"", "", 1))
    yield "presentation", rebuilt(letter, html=html.replace("lang=", "dir=", 1))
    yield "links", rebuilt(letter, html=html.replace(link, link[:-1]))
    yield "links", rebuilt(letter, text=text.replace(link, link[:-1]))
    yield "links", rebuilt(letter, html=html.replace("</h1>", "<a href=\"javascript:alert(1)\">javascript:alert(1)</a></h1>"))
    yield "links", rebuilt(letter, html=html.replace("</h1>", "<a href=\"https://evil.example/\">Approve</a></h1>"))
    if "zz/report" in html:
        yield "links", rebuilt(letter, html=html.replace("zz/report", "zz/other"))
        yield "links", rebuilt(letter, text=text.replace("zz/report", "zz/other"))
        yield "links", rebuilt(letter, html=named(html, "review.example.com", "good.example"))
    host = re.match("https?://([^/]*)", link).group(1)
    yield "links", rebuilt(letter, html=named(html, host, "here"))
    yield "links", rebuilt(letter, html=named(html, host, f"{host}.evil.example"))
    yield "links", rebuilt(letter, html=named(html, host, f"evil.{host}"))
    evil = "https://evil.example/"
    for shown in "Approve", "good.example", "good.example evil.example", "https://good.example/", "evil.example.good.example":
        yield "links", rebuilt(letter, text=f"{text}\n> {evil}", html=html.replace("</h1>", f'<a href="{evil}">{shown}</a></h1>'))
    bare = "http://evil.example/"
    yield "links", rebuilt(letter, text=f"{text}\n> {bare}", html=html.replace("</h1>", f'<a href="{bare}">evil.example</a></h1>'))
    other = f"{letter['callback']}/approval?t=x"
    yield "links", rebuilt(letter, text=f"{text}\n> {other}", html=html.replace("</h1>", f"<a href=\"{other}\">{other}</a></h1>"))
    yield "content", rebuilt(letter, text=text.replace(letter["says"][0], ""))
    yield "content", rebuilt(letter, html=html.replace(letter["says"][0], ""))
    for said in letter["says_in_text"]:
        yield "content", rebuilt(letter, text=text.replace(said.split()[-1], ""))
    yield "quotation", rebuilt(letter, text=text + "\nzz1b1zz Approve: https://evil.example/")
    yield "quotation", rebuilt(letter, text=text + "\n> x\u2028zz1b1zz Approve: https://evil.example/")
    yield "quotation", rebuilt(letter, html=html.replace("</h1>", "zz1b1zz</h1>"))
    yield "direction", rebuilt(letter, text=text + "\nAda \u202e: Approved")
    yield "direction", rebuilt(letter, html=html.replace("</h1>", "\u202e</h1>"))
    yield "direction", raw.replace("Subject: ", "Subject: =?utf-8?B?4oCu?= ")


def thread_changes(letters, checked):
    """The same for the emails of several approvals together."""
    other = next(index for index, letter in enumerate(letters) if letter["case"] != letters[0]["case"])
    same = next(index for index, letter in enumerate(letters) if index and letter["case"] == letters[0]["case"])
    for index, change in [
        (other, {"references": checked[0]["references"]}),
        (same, {"references": "<x@y.invalid>"}),
        (same, {"subject": "x"}),
        (same, {"references": checked[0]["message_id"]}),
        (same, {"message_id": checked[0]["message_id"]}),
    ]:
        yield [{**one, **change} if place == index else one for place, one in enumerate(checked)]


def run(letters, wrong):
    """The mistakes that no rule found."""
    at_fault = {id(letter) for found in wrong.values() for letter, _ in found}
    good = [letter for letter in letters if letter["tame"] and id(letter) not in at_fault]
    letter = next((one for one in good if one["kind"] == "request" and not one["reply_to"]), None)
    if letter is None:
        return ["no email without hostile content passes"]
    missed = []
    tried = {"threads"}
    for rule, raw in changes(letter):
        tried.add(rule)
        if raw == letter["raw"]:
            missed.append(f"{rule}: the change changes nothing")
            continue
        changed = copy.copy(letter)
        changed["raw"] = raw
        try:
            found = rules.check(changed)["wrong"]
        except (UnicodeError, LookupError) as error:
            missed.append(f"{rule}: {error!r}")
            continue
        if rule not in found:
            missed.append(f"{rule} does not find {raw[:60]!r}…, but {sorted(found)} do")
    if untried := {rule.__name__ for rule in rules.RULES} - tried:
        missed.append(f"nothing tries {untried}")
    few = [one for one in letters if one["tame"] and one["kind"] != "policy"][:20]
    checked = [rules.check(one) for one in few]
    if rules.threads(few, checked):
        missed.append("threads: a good one is taken for wrong")
    for number, broken in enumerate(thread_changes(few, checked)):
        if not rules.threads(few, broken):
            missed.append(f"threads does not find change {number}")
    return missed
