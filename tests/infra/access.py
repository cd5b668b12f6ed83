"""Whether a policy that is attached to a resource refuses a request, as IAM evaluates it.

It supports only what the policies of this repository use, and fails on anything else.
"""

import dataclasses
import fnmatch


@dataclasses.dataclass(frozen=True)
class Request:
    """A request over TLS. `principal` is its `aws:PrincipalArn`, or None for an AWS service, which has none.

    `source` is the `aws:SourceArn` that a service may state.
    """

    principal: str | None
    action: str
    resource: str
    source: str | None = None

    def context(self):
        """The condition keys of the request, each with its values."""
        known = {
            "aws:principalarn": self.principal,
            "aws:principalisawsservice": "true" if self.principal is None else "false",
            "aws:securetransport": "true",
            "aws:sourcearn": self.source,
        }
        return {key: [value] for key, value in known.items() if value is not None}


def refuses(document, request):
    """Whether a statement denies the request. Nothing that allows it, in any policy or grant, makes up for that."""
    return any(
        statement["Effect"] == "Deny" and applies(statement, request) for statement in as_list(document["Statement"])
    )


def applies(statement, request):
    unknown = set(statement) - {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
    if unknown or statement["Effect"] not in ("Allow", "Deny"):
        raise ValueError(f"{statement} is not supported; add it to access.py")
    return (
        is_principal(statement["Principal"], request)
        and any(like(request.action.lower(), one.lower()) for one in as_list(statement["Action"]))
        and any(like(request.resource, one) for one in as_list(statement["Resource"]))
        and all(
            holds(operator, as_list(expected), request.context().get(key.lower()))
            for operator, keys in statement.get("Condition", {}).items()
            for key, expected in keys.items()
        )
    )


def is_principal(principal, request):
    if principal in ("*", {"AWS": "*"}):
        return True
    account = principal.get("AWS", "")
    if account.startswith("arn:aws:iam::") and account.endswith(":root"):
        # Everybody in the account, as far as their own policies allow it.
        return request.principal is not None
    raise ValueError(f"principal {principal} is not supported; add it to access.py")


def holds(operator, expected, values):
    """Whether a condition holds. `values` is None if the request does not have the key."""
    match operator:
        # AWS treats ArnEquals and ArnLike alike.
        case "ArnNotEquals" | "ArnNotLike":
            # Negated operators hold when the key is missing.
            return values is None or not any(arn_like(value, one) for value in values for one in expected)
        case "Bool":
            return values is not None and any(value.lower() == one.lower() for value in values for one in expected)
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
