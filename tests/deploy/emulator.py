"""MiniStack, except that its CloudFormation names a parameter as AWS's does: without a slash, and each anew.

Of itself, MiniStack names one without a name `/STACK/LOGICAL-ID`. Then a role that may read the parameter in AWS may not,
and what is kept of one deployment is in the way of the next.
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
