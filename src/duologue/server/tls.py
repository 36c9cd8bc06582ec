"""TLS: a certificate from files, or one of our own that is made once and kept. Some SDK sockets always use `wss` (C§2.2)."""

from __future__ import annotations

import datetime
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from duologue.errors import Violation

LIFETIME_DAYS = 825
"""The longest that all platforms accept for a certificate somebody installs by hand."""
RENEW_DAYS = 30


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files for the server, and what a person needs to trust them."""

    cert: Path
    key: Path
    fingerprint: str
    """SHA-256 in pairs of hexadecimal digits, as browsers show it."""


def read_certificate(cert: Path, key: Path) -> Certificate:
    """A certificate from files. Raises `Violation("tls")` for files that cannot be read or do not belong together."""
    try:
        parsed = x509.load_pem_x509_certificate(cert.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except OSError as error:
        raise Violation("tls", f"cannot read {error.filename}: {error.strerror}", path="tls") from None
    except (ValueError, TypeError):
        raise Violation(
            "tls", f"{cert} or {key} is not PEM", path="tls", expected="a certificate and its unencrypted key"
        ) from None
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*form) != parsed.public_key().public_bytes(*form):
        raise Violation("tls", f"{key} is not the key of {cert}", path="tls.key")
    return Certificate(cert, key, _fingerprint(parsed))


def own_certificate(folder: Path, names: tuple[str, ...], now: float) -> Certificate:
    """The self-signed certificate kept in `folder`; made anew when it is missing, soon over, or does not name all `names`.

    `now` is seconds since 1970. Raises `Violation("tls")` when the folder cannot be written.
    """
    cert, key = folder / "self-signed.pem", folder / "self-signed.key"
    wanted = tuple(dict.fromkeys((*names, "localhost", "127.0.0.1", "::1")))
    moment = datetime.datetime.fromtimestamp(now, datetime.UTC)
    try:
        if not _serves(cert, key, wanted, moment):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make(cert, key, wanted, moment)
        return read_certificate(cert, key)
    except OSError as error:
        raise Violation("tls", f"cannot write {error.filename}: {error.strerror}", path="server.data_dir") from None


def _serves(cert: Path, key: Path, names: tuple[str, ...], now: datetime.datetime) -> bool:

    if not cert.exists() or not key.exists():
        return False
    try:
        parsed = x509.load_pem_x509_certificate(cert.read_bytes())
        found = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    if parsed.not_valid_after_utc - now < datetime.timedelta(days=RENEW_DAYS):
        return False
    known = {str(value) for value in found.get_values_for_type(x509.DNSName)}
    known |= {str(value) for value in found.get_values_for_type(x509.IPAddress)}
    return set(names) <= known


def _make(cert: Path, key: Path, names: tuple[str, ...], now: datetime.datetime) -> None:

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "duologue (self-signed)")])
    parsed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=LIFETIME_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(each) for each in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(private.public_key()), critical=False)
        # Trusting it means trusting this server only: it may sign nothing.
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key.unlink(missing_ok=True)
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    cert.write_bytes(parsed.public_bytes(serialization.Encoding.PEM))


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _fingerprint(parsed: x509.Certificate) -> str:
    return parsed.fingerprint(hashes.SHA256()).hex(":").upper()
