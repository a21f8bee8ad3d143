"""A certificate for this machine alone, and the trust store by which Java knows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, NamedTuple

from crime_pipelines.localcloud.processes import HOST

#: Java wants one; it protects nothing.
TRUST_PASSWORD: Final = "changeit"  # noqa: S105
_DAYS: Final = 30


class Certificate(NamedTuple):
    """The files of a certificate.

    Attributes:
        certificate: the certificate.
        key: its key.
        trust_store: a trust store of Java's with the certificate.
    """

    certificate: Path
    key: Path
    trust_store: Path


def make_certificate(folder: Path) -> Certificate:
    """Make a certificate that signs itself.

    Args:
        folder: where to put the files.

    Returns:
        The files.

    Raises:
        OSError: they can't be written.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import pkcs12

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address(HOST))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(folder / "certificate.pem", folder / "key.pem", folder / "trust.p12")
    made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    # Its owner's alone before there is anything in it, whatever the folder.
    made.key.unlink(missing_ok=True)
    made.key.touch(mode=0o600)
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    made.trust_store.write_bytes(
        pkcs12.serialize_java_truststore(
            [pkcs12.PKCS12Certificate(certificate, b"localcloud")],
            serialization.BestAvailableEncryption(TRUST_PASSWORD.encode()),
        )
    )
    return made
