"""What the code has that the documents list: settings, metrics, fields of log lines, commands, alarms."""

import re

# What the two functions are made of. Tests follow at the end of a file, or have one of their own.
SOURCES = re.compile(r"(?:shared|functions/(?:notifier|callback))/src/.*\.rs")
TEST_SOURCES = re.compile(r"(?:^|/|_)(?:tests|golden|properties)(?:/|\.rs$)")
LOG_CALL = re.compile(r"\btracing::(?:(?:error|warn|info|debug|trace)(?:_span)?|event|span)!\(")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def sources(files):
    """The code of the functions without its tests, by path."""
    return {
        name: text.split("#[cfg(test)]\nmod ")[0]
        for name, text in files.items()
        if SOURCES.fullmatch(name) and not TEST_SOURCES.search(name)
    }


def arguments(text, start):
    """The arguments of a call whose opening bracket is just before `start`."""
    depth, at, begin, found = 1, start, start, []
    while depth:
        if string := STRING.match(text, at):
            at = string.end()
            continue
        character = text[at]
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 or (depth == 1 and character == ","):
            found.append(text[begin:at].strip())
            begin = at + 1
        at += 1
    return [argument for argument in found if argument]


def log_fields(files):
    """The names of the fields that log lines have besides those that every line has."""
    found = set()
    for text in sources(files).values():
        for call in LOG_CALL.finditer(text):
            is_span = "span!" in call.group()
            for argument in arguments(text, call.end()):
                name = re.match(r"[%?]?([a-z_][\w.]*)\s*(?:=[^=]|$)", argument)
                if name and not is_span:
                    found.add(name.group(1))
    return found


def metrics(files):
    """Who writes each metric, and its unit. Both functions can write those of the shared code."""
    found = {}
    for name, text in sources(files).items():
        writer = name.split("/")[1] if name.startswith("functions/") else "both"
        for unit, metric in re.findall(r'Metric::(count|seconds)\("(\w+)"\)', text):
            found[metric] = (writer, unit)
    return found


def settings(files):
    """The settings that each function reads."""
    found = {}
    for function in ("notifier", "callback"):
        paths = (f"functions/{function}/src/settings.rs", "shared/src/accounts.rs")
        text = "".join(files[path].split("#[cfg(test)]")[0] for path in paths)
        found[function] = set(re.findall(r'"(COUNTERSIGN_\w+)"', text))
    return found


def commands(files):
    """The commands of the notifier."""
    text = files["functions/notifier/src/event.rs"]
    listed = re.search(r"const COMMANDS: \[&str; \d+\] =\s*\[(.*?)\];", text, re.DOTALL)
    return set(re.findall(r'"(\w+)"', listed.group(1)))


def alarms(files):
    """The names of the alarms, without that of the deployment."""
    return set(re.findall(r"AlarmName: !Sub \$\{DeploymentName\}-([\w-]+)", files["infra/sam/template.yaml"]))
