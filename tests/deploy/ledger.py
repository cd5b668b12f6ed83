"""The ledger, as somebody sees it who can write it.

In AWS the table's policy lets nobody do that but the functions' roles. MiniStack does not enforce it.
"""

import base64
import hashlib
import json

REQUEST = "SIGNED-REQUEST"


class Ledger:
    """The items of the requests."""

    def __init__(self, deployment):
        self.client = deployment.cloud.client("dynamodb")
        self.table = deployment.outputs["LedgerTableName"]

    def all_requests(self):
        pages = self.client.get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        return [item for page in pages for item in page["Items"] if item["sk"]["S"] == REQUEST]

    def requests(self, pending):
        """The requests about an approval, whatever else they say."""
        return [item for item in self.all_requests() if sealed(item)["token"] == pending.token]

    def request(self, pending):
        """The only request about an approval."""
        (item,) = self.requests(pending)
        return item

    def update(self, item, **attributes):
        """Sets attributes of a request."""
        self.client.update_item(
            TableName=self.table,
            Key={name: item[name] for name in ("pk", "sk")},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
            ExpressionAttributeNames={f"#{name}": name for name in attributes},
            ExpressionAttributeValues={f":{name}": value for name, value in attributes.items()},
        )


def sealed(item):
    """What is sealed in a request or a vote."""
    return json.loads(item["object"]["B"])


def altered(item, **changes):
    """A request or a vote with changes to what is sealed, under the seal that it had."""
    return item | {"object": {"B": json.dumps(sealed(item) | changes).encode()}}


def digest(item):
    """The digest of what is sealed."""
    return base64.urlsafe_b64encode(hashlib.sha256(item["object"]["B"]).digest()).rstrip(b"=").decode()


def header(token):
    """The header of a seal or a link's token."""
    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def votes(item):
    """The sealed votes in a request, by voter."""
    return {voter: vote["M"] for voter, vote in item["votes"]["M"].items()}
