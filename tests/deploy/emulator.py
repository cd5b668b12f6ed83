"""MiniStack, except that its CloudFormation names a parameter as AWS's does: without a slash, and each anew.

By itself, MiniStack makes the name `/STACK/LOGICAL-ID`. With it, a role may not read what it may read in AWS, and what
is kept of one deployment is in the way of the next.
"""

import secrets

from ministack.app import main
from ministack.services.cloudformation import provisioners

PARAMETERS = provisioners._RESOURCE_HANDLERS["AWS::SSM::Parameter"]
create = PARAMETERS["create"]


def create_with_name(logical_id, properties, stack):
    name = f"CFN-{logical_id}-{secrets.token_hex(6)}"
    return create(logical_id, {"Name": name} | properties, stack)


PARAMETERS["create"] = create_with_name
main()
