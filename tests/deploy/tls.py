"""A certificate authority for the tests, and its certificate for the names of this machine.

The queues and the topic refuse requests without TLS, and links are `https`, so MiniStack needs a certificate.
"""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# The domain of MiniStack's API Gateway, and one that a deployment gives its API.
API_DOMAIN, OWN_DOMAIN = "execute-api.localhost", "approve.example.com"


class Certificate:
    """The files with the authority's certificate, the server's certificate and its key."""

    def __init__(self, directory):
        self.authority = directory / "authority.pem"
        self.certificate = directory / "server.pem"
        self.key = directory / "server.key"
        authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        issuer = name("Countersign's deployment tests")
        authority = (
            unsigned(issuer, issuer, authority_key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(authority_key, hashes.SHA256())
        )
        names = [
            x509.DNSName("localhost"),
            x509.DNSName(f"*.{API_DOMAIN}"),
            x509.DNSName(OWN_DOMAIN),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
        server = (
            unsigned(name("localhost"), issuer, server_key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(authority_key, hashes.SHA256())
        )
        self.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        self.certificate.write_bytes(server.public_bytes(serialization.Encoding.PEM))
        self.key.write_bytes(
            server_key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


def name(common):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def unsigned(subject, issuer, key):
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
    )
