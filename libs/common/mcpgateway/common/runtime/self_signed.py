"""A certificate that nobody vouches for, made where one is wanted at once. Its file is what
clients are told to trust."""

import fcntl
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mcpgateway.common.runtime.server_tls import TlsFiles

ALWAYS = ("localhost", "127.0.0.1", "::1")
ANYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - read, not bound
VALID = timedelta(days=397)  # what browsers accept at most
RENEW = timedelta(days=30)  # made anew when less is left
_BACK = timedelta(hours=1)  # clocks differ


def files(folder: Path) -> TlsFiles:
    return TlsFiles(folder / "cert.pem", folder / "key.pem")


def ensure(folder: Path, names: Sequence[str], now: float) -> TlsFiles:
    """The pair in `folder`, made (0600 in a folder of 0700) unless a good one for all `names` is
    there. Replicas may ask at once. `now` is in seconds of Unix time. Raises OSError."""
    wanted = tuple(dict.fromkeys((*ALWAYS, *(name for name in names if name not in ANYWHERE))))
    pair = files(folder)
    today = datetime.fromtimestamp(now, UTC)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_good(pair, wanted, today):
            key = ec.generate_private_key(ec.SECP256R1())
            private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            _write(pair.key, private)
            _write(pair.certificate, make(key, wanted, today).public_bytes(Encoding.PEM))
    return pair


def make(key: ec.EllipticCurvePrivateKey, names: Sequence[str], now: datetime) -> x509.Certificate:
    """For the names, which may be addresses."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACK)
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([_name(n) for n in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def _name(name: str) -> x509.GeneralName:
    address = _address(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None


def _is_good(pair: TlsFiles, names: Sequence[str], now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
        key = load_pem_private_key(pair.key.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        return False
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (
        key.public_key() == certificate.public_key()
        and certificate.not_valid_after_utc - now > RENEW
        and all(_name(name) in found for name in names)
    )


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, and at no moment readable by others."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    new.replace(path)
