"""Whether a policy that is attached to a resource allows or refuses a request, as IAM evaluates it.

It supports only what the policies of this repository use, and fails on anything else.
"""

import dataclasses
import fnmatch


@dataclasses.dataclass(frozen=True)
class Request:
    """A request over TLS. `principal` is its `aws:PrincipalArn`, or None for an AWS service, which has none.

    `source` is the `aws:SourceArn` that a service may state. `keys` are further condition keys, each with its value or
    its list of values.
    """

    principal: str | None
    action: str
    resource: str = ""
    source: str | None = None
    keys: dict = dataclasses.field(default_factory=dict)

    def context(self):
        """The condition keys of the request, each with its values."""
        known = {
            "aws:principalarn": self.principal,
            "aws:principalisawsservice": "true" if self.principal is None else "false",
            "aws:securetransport": "true",
            "aws:sourcearn": self.source,
        } | {key.lower(): value for key, value in self.keys.items()}
        return {key: as_list(value) for key, value in known.items() if value is not None}


def refuses(document, request):
    """Whether a statement denies the request. Nothing that allows it, in any policy or grant, makes up for that."""
    return any(effect == "Deny" for effect in effects(document, request))


def allows(document, request):
    """Whether a statement allows the request, and none denies it. A caller's own policies may have to allow it too."""
    found = effects(document, request)
    return "Allow" in found and "Deny" not in found


def effects(document, request):
    return {statement["Effect"] for statement in as_list(document["Statement"]) if applies(statement, request)}


def applies(statement, request):
    unknown = set(statement) - {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
    if unknown or statement["Effect"] not in ("Allow", "Deny"):
        raise ValueError(f"{statement} is not supported; add it to access.py")
    return (
        is_principal(statement["Principal"], request)
        and any(like(request.action.lower(), one.lower()) for one in as_list(statement["Action"]))
        # A trust policy has no resource: it is that of its role.
        and any(like(request.resource, one) for one in as_list(statement.get("Resource", "*")))
        and all(
            holds(operator, as_list(expected), request.context().get(key.lower()))
            for operator, keys in statement.get("Condition", {}).items()
            for key, expected in keys.items()
        )
    )


def is_principal(principal, request):
    if principal in ("*", {"AWS": "*"}):
        return True
    if principal == {"Service": "events.amazonaws.com"}:
        return request.principal is None
    if set(principal) != {"AWS"}:
        raise ValueError(f"principal {principal} is not supported; add it to access.py")
    return any(is_in_account(account, request) for account in as_list(principal["AWS"]))


def is_in_account(account, request):
    """Whether the request comes from an account: from anybody in it, as far as their own policies allow it."""
    if account.startswith("arn:aws:iam::") and account.endswith(":root"):
        account = account.split(":")[4]
    if not (account.isdigit() and len(account) == 12):
        raise ValueError(f"principal {account} is not supported; add it to access.py")
    return request.principal is not None and request.principal.split(":")[4] == account


def holds(operator, expected, values):
    """Whether a condition holds. `values` is None if the request does not have the key."""
    found = values or []
    match operator:
        # AWS treats ArnEquals and ArnLike alike.
        case "ArnEquals" | "ArnLike":
            return any(arn_like(value, one) for value in found for one in expected)
        case "ArnNotEquals" | "ArnNotLike":
            # Negated operators hold when the key is missing.
            return not any(arn_like(value, one) for value in found for one in expected)
        case "Bool":
            return any(value.lower() == one.lower() for value in found for one in expected)
        case "StringEquals":
            return any(value in expected for value in found)
        case "StringLike":
            return any(like(value, one) for value in found for one in expected)
        case "ForAllValues:StringEquals":
            # It also holds when the key is missing.
            return all(value in expected for value in found)
        case "Null":
            return expected == ["true" if values is None else "false"]
    raise ValueError(f"condition {operator} is not supported; add it to access.py")


def arn_like(arn, pattern):
    """Whether an ARN matches a pattern. No wildcard matches across the first five colons."""
    parts, patterns = arn.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) and all(map(like, parts, patterns))


def like(text, pattern):
    # Brackets have no meaning in IAM.
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def as_list(value):
    return value if isinstance(value, list) else [value]
