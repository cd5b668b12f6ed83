"""Checks answers of the sandbox's stand-ins for AWS against the service models that AWS publishes, as botocore has them
inside the AWS CLI. Run it with the AWS CLI's own Python.

    check.py operations SERVICE...   the operations in the models, as JSON
    check.py answers                 reads answers, one JSON a line: {service, operation, status, body}

`answers` prints a line for each fault and closes with the number of answers. It exits with 1 if there is a fault. It does
not look at lengths, ranges and patterns, which are for inputs: the services' own answers do not always keep to them."""

import base64
import binascii
import importlib.util
import json
import pathlib
import re
import sys
from datetime import datetime
from xml.etree import ElementTree

# Every service may answer these, whatever the models declare: "Common errors" in the services' API references, and what
# the protocols bring along. Value: the status.
COMMON = {
    "AccessDenied": 403,
    "AccessDeniedException": 400,
    "InternalFailure": 500,
    "InvalidAction": 400,
    "InvalidParameterValue": 400,
    "MissingParameter": 400,
    "SerializationException": 400,
    "Throttling": 400,
    "ThrottlingException": 400,
    "UnknownOperationException": 400,
    "ValidationError": 400,
    "ValidationException": 400,
}

# The services answer values that these enumerations of theirs lack. CustomerMasterKeySpec is deprecated, and KMS gives
# the key's spec there all the same: an output of `create-key` with ML_DSA_65 shows it.
OPEN_ENUMS = {"CustomerMasterKeySpec"}


class Model:
    """A service's model."""

    def __init__(self, service):
        folder = pathlib.Path(importlib.util.find_spec("awscli.botocore").origin).parent / "data" / service
        newest = max(path for path in folder.iterdir() if path.is_dir())
        model = json.loads((newest / "service-2.json").read_text())
        self.operations, self.shapes, self.metadata = model["operations"], model["shapes"], model["metadata"]

    def shape(self, reference):
        return self.shapes[reference["shape"]]

    def errors(self, operation):
        """The operation's declared errors: code → (shape, status)."""
        found = {}
        for reference in self.operations[operation].get("errors", []):
            shape = self.shape(reference)
            error = shape.get("error", {})
            status = error.get("httpStatusCode", 500 if shape.get("fault") else 400)
            found[error.get("code", reference["shape"])] = (shape, status)
        return found


class Json:
    """The AWS JSON protocols."""

    @staticmethod
    def members(value):
        return list(value.items()) if isinstance(value, dict) else None

    entries = members

    @staticmethod
    def items(value, _):
        return value if isinstance(value, list) else None

    @staticmethod
    def is_scalar(value, shape):
        kind = shape["type"]
        if kind in ("string", "blob"):
            return isinstance(value, str)
        if kind == "boolean":
            return isinstance(value, bool)
        if kind in ("integer", "long"):
            return isinstance(value, int) and not isinstance(value, bool)
        iso = kind == "timestamp" and shape.get("timestampFormat") == "iso8601"
        return isinstance(value, str) if iso else isinstance(value, (int, float)) and not isinstance(value, bool)

    @staticmethod
    def text(value):
        return value


class Xml:
    """The results of the AWS Query protocol."""

    @staticmethod
    def members(value):
        return [(tag(child), child) for child in value]

    @staticmethod
    def entries(value):
        if any([tag(part) for part in child] != ["key", "value"] or tag(child) != "entry" for child in value):
            return None
        return [(entry[0].text, entry[1]) for entry in value]

    @staticmethod
    def items(value, reference):
        name = reference.get("locationName", "member")
        return list(value) if all(tag(child) == name for child in value) else None

    @staticmethod
    def is_scalar(value, shape):
        text, kind = value.text or "", shape["type"]
        if len(value):
            return False
        if kind == "boolean":
            return text in ("true", "false")
        try:
            if kind in ("integer", "long"):
                int(text)
            elif kind in ("float", "double"):
                float(text)
            elif kind == "timestamp":
                datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            return False
        return True

    @staticmethod
    def text(value):
        return value.text or ""


def tag(element):
    return element.tag.rpartition("}")[2]


def faults(model, protocol, reference, value, place):
    """What is wrong with a value of this shape."""
    shape = model.shape(reference)
    kind = shape["type"]
    if kind == "structure":
        yield from structure_faults(model, protocol, shape, value, place)
    elif kind == "list":
        items = protocol.items(value, shape["member"])
        if items is None:
            yield f"{place}: is no list"
            return
        for index, item in enumerate(items):
            yield from faults(model, protocol, shape["member"], item, f"{place}[{index}]")
    elif kind == "map":
        entries = protocol.entries(value)
        if entries is None:
            yield f"{place}: is no map"
            return
        for key, item in entries:
            yield from enum_faults(model, shape["key"], key, f"{place}, a key")
            yield from faults(model, protocol, shape["value"], item, f"{place}.{key}")
    elif not protocol.is_scalar(value, shape):
        yield f"{place}: is no {kind}"
    elif kind == "string":
        yield from enum_faults(model, reference, protocol.text(value), place)
    elif kind == "blob":
        try:
            base64.b64decode(protocol.text(value), validate=True)
        except binascii.Error:
            yield f"{place}: is no base64"


def structure_faults(model, protocol, shape, value, place):
    members = protocol.members(value)
    if members is None:
        yield f"{place}: is no structure"
        return
    known = {reference.get("locationName", name): reference for name, reference in shape["members"].items()}
    required = [shape["members"][name].get("locationName", name) for name in shape.get("required", [])]
    present = [name for name, _ in members]
    for name in required:
        if name not in present:
            yield f"{place}.{name}: is missing"
    if shape.get("union") and len(present) != 1:
        yield f"{place}: is a union with {len(present)} members"
    for name, member in members:
        if name in known:
            yield from faults(model, protocol, known[name], member, f"{place}.{name}")
        else:
            yield f"{place}.{name}: is unknown"
        if present.count(name) > 1:
            yield f"{place}.{name}: is there more than once"


def enum_faults(model, reference, text, place):
    values = model.shape(reference).get("enum", [text])
    if text not in values and reference["shape"] not in OPEN_ENUMS:
        yield f"{place}: {text!r} is none of the model's values"


def answer_faults(model, operation, status, body):
    """What is wrong with an answer."""
    if operation not in model.operations:
        if status == 200:
            yield "there is no such operation"
        return
    is_query = model.metadata["protocol"] == "query"
    if status != 200:
        yield from error_faults(model, operation, status, *(query_error(body) if is_query else json_error(body)))
        return
    output = model.operations[operation].get("output")
    if is_query:
        try:
            root = ElementTree.fromstring(body)
        except ElementTree.ParseError:
            yield "is no XML"
            return
        namespace = model.metadata["xmlNamespace"]
        if root.tag != f"{{{namespace}}}{operation}Response":
            yield f"the answer is {root.tag}"
        parts = {tag(child): child for child in root}
        if parts.pop("ResponseMetadata", None) is None:
            yield "there is no ResponseMetadata"
        if output is not None:
            result = parts.pop(output["resultWrapper"], None)
            if result is None:
                yield f"there is no {output['resultWrapper']}"
            else:
                yield from faults(model, Xml, output, result, "$")
        for name in parts:
            yield f"{name}: is unknown"
    elif output is not None:
        yield from faults(model, Json, output, json.loads(body), "$")
    elif body not in ("", "{}"):
        yield "there is an output, and the model has none"


def json_error(body):
    error = json.loads(body)
    code = error.pop("__type", "").rpartition("#")[2]
    message = error.pop("message", error.pop("Message", None))
    return code, message, error


def query_error(body):
    error = ElementTree.fromstring(body)
    parts = {tag(part): part.text or "" for part in error.iter() if not len(part)}
    return parts.get("Code", ""), parts.get("Message"), {}


def error_faults(model, operation, status, code, message, members):
    shape, expected = model.errors(operation).get(code, (None, COMMON.get(code)))
    if expected is None:
        yield f"the model declares no error {code!r}"
        return
    if status != expected:
        yield f"{code} has the status {status} instead of {expected}"
    if not isinstance(message, str) or not message:
        yield f"{code} has no message"
    if shape is not None:
        required = [name for name in shape.get("required", []) if name.lower() != "message"]
        shape = {**shape, "required": required}
        yield from structure_faults(model, Json, shape, members, f"$ ({code})")
    for name in members if shape is None else ():
        yield f"{code} has a member {name}"


def check(lines):
    models, number, found = {}, 0, set()
    for number, line in enumerate(lines, 1):
        answer = json.loads(line)
        service, operation = answer["service"], answer["operation"]
        if service not in models:
            models[service] = Model(service)
        for fault in answer_faults(models[service], operation, answer["status"], answer["body"]):
            # Of a list, the first item says it all.
            fault = f"{service} {operation}: " + re.sub(r"\[\d+\]", "[]", fault)
            if fault not in found:
                print(fault)
                found.add(fault)
    print(f"{number} answers")
    return 1 if found else 0


def main():
    match sys.argv[1:]:
        case ["operations", *services]:
            print(json.dumps({service: sorted(Model(service).operations) for service in services}))
        case ["answers"]:
            sys.exit(check(sys.stdin))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
