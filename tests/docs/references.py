"""References that lead nowhere: links of the documents, and what code, templates and scripts say about documents."""

import pathlib
import posixpath
import re
import subprocess
import urllib.parse

import markdown

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A document or another file in docs/, named anywhere. Not if it is part of a URL or of a longer path.
MENTION = re.compile(r"(?<![\w/.-])((?:\.\./)*)docs/([\w./-]*[\w-]\.(?:md|png|json|toml|yaml))(?:#([\w-]+))?(?![\w/])")
# A section of a document, named by its heading: `"Rotate a key" in docs/operations.md`, `docs/operations.md says under
# "Rotate a key"`, `docs/operations.md, "Rotate a key"` and, in a table, `"Settings" and "Limits"`.
QUOTED = r'"([A-Z][^"\n]{2,80})"'
SECTION_BEFORE = re.compile(QUOTED + r" (?:in|of) `?(docs/[\w./-]+\.md)")
SECTION_AFTER = re.compile(r"(docs/[\w./-]+\.md)`?(?:,| says under) ((?:(?:, | and )?" + QUOTED + ")+)")
# The schema by which an editor checks a file of TOML, from the file's folder.
SCHEMA = re.compile(r"^\s*#:schema (\S+)$", re.MULTILINE)
# What breaks a sentence over two lines: within a string of Rust, and in comments and texts.
CONTINUATION = re.compile(r"\\\n\s*")
BREAK = re.compile(r"\n\s*(?:///?!?|#|\*)?\s*")


def tracked(root=ROOT):
    """The texts of all files that are part of the repository, or will be, by their paths. None for what is no text."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=root, check=True, stdout=subprocess.PIPE, text=True).stdout.split("\0")
    texts = {}
    for name in sorted(filter(None, names)):
        path = root / name
        if path.is_file():
            try:
                texts[name] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                texts[name] = None
    return texts


def folders(paths):
    return {str(parent) for path in paths for parent in pathlib.PurePosixPath(path).parents}


def missing(files, path, anchor):
    """Why a reference leads nowhere, or None."""
    if path not in files:
        if path in folders(files):
            return f"{path} is a folder and has no headings" if anchor else None
        return f"there is no {path}"
    if not anchor:
        return None
    if not path.endswith(".md"):
        return f"{path} is no document and has no headings"
    return None if anchor in markdown.anchors(files[path]) else f"{path} has no heading for #{anchor}"


def resolved(folder, target):
    """The path of what a document in a folder links to, without its `#`."""
    return posixpath.normpath(posixpath.join(str(folder), urllib.parse.unquote(target)))


def broken_links(files, name):
    """What is wrong with the links of a document, each as a line of text."""
    for line, target in markdown.links(files[name]):
        path, _, anchor = target.partition("#")
        path = resolved(posixpath.dirname(name), path) if path else name
        if reason := missing(files, path, anchor):
            yield f"{name}:{line}: the link to {target} is broken: {reason}"


def stale_mentions(files, name):
    """What is wrong with the documents that a file names, each as a line of text."""
    text = files[name]
    for match in MENTION.finditer(text):
        path, anchor = posixpath.normpath(posixpath.join("docs", match.group(2))), match.group(3)
        if reason := missing(files, path, anchor):
            yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: it names {match.group()}: {reason}"
    for match in SCHEMA.finditer(text):
        if reason := missing(files, resolved(posixpath.dirname(name), match.group(1)), None):
            yield f"{name}:{text.count(chr(10), 0, match.start(1)) + 1}: it names a schema: {reason}"
    sentences = BREAK.sub(" ", CONTINUATION.sub("", text.replace('\\"', '"')))
    sections = [(path, heading) for heading, path in SECTION_BEFORE.findall(sentences)]
    for match in SECTION_AFTER.finditer(sentences):
        sections += [(match.group(1), heading) for heading in re.findall(QUOTED, match.group(2))]
    for path, heading in sections:
        if path in files and heading not in markdown.headings(files[path]):
            yield f'{name}: it names the section "{heading}" of {path}, which has no such heading'
