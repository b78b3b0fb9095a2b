"""Certificates in bodies of /gateways: PEM that is valid now and belongs together. Pure."""

from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec import UNSET, UnsetType

from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.shared_input import MASK
from mcpgateway.control_plane.registry.drafts import NewIdentity

_CA, _CERT, _KEY = "ca_certificate", "client_cert", "client_key"
_LIMITS = {_CA: 64 * 1024, _CERT: 32 * 1024, _KEY: 16 * 1024}  # characters
_PEM = "must be PEM text (-----BEGIN CERTIFICATE-----), not a path"


class Certificates(NamedTuple):
    """UNSET: keep what there is. None: none."""

    ca_certificate: str | UnsetType | None
    identity: NewIdentity | UnsetType | None


def read_certificates(fields: Fields, now: datetime, *, new: bool) -> Certificates:
    """`now` is aware. An empty text takes a certificate away; a masked key, as answers show it, is
    no new one."""
    ca = _text(fields, _CA)
    if ca:
        _certificates(fields, _CA, ca, now)
    return Certificates(ca if ca is UNSET else ca or None, _identity(fields, now, new))


def _identity(fields: Fields, now: datetime, new: bool) -> NewIdentity | UnsetType | None:
    cert, key = _text(fields, _CERT), _text(fields, _KEY)
    if key == MASK and not new:
        key = UNSET
    if not cert:
        if key:
            fields.problem(_CERT, f"is required with {_KEY}", "missing")
        return UNSET if cert is UNSET else None
    chain = _certificates(fields, _CERT, cert, now)
    if not key:
        if new:
            fields.problem(_KEY, f"is required with {_CERT}", "missing")
        return NewIdentity(cert)
    private = _private_key(fields, key)
    if private is not None and chain and private.public_key() != chain[0].public_key():
        fields.problem(_KEY, f"does not belong to the first certificate of {_CERT}", "pair")
    return NewIdentity(cert, key)


def _text(fields: Fields, name: str) -> str | UnsetType:
    return fields.text(name, _LIMITS[name])


def _certificates(fields: Fields, name: str, text: str, now: datetime) -> list[x509.Certificate]:
    """Empty when there is a problem."""
    try:
        found = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        fields.problem(name, _PEM, "pem")
        return []
    for certificate in found:
        problem = _validity_problem(certificate, now)
        if problem:
            fields.problem(name, problem, "validity")
            return []
    return found


def _validity_problem(certificate: x509.Certificate, now: datetime) -> str | None:
    who = certificate.subject.rfc4514_string() or "without a subject"
    if certificate.not_valid_after_utc < now:
        return f"holds a certificate ({who}) that expired on {certificate.not_valid_after_utc:%F}"
    if certificate.not_valid_before_utc > now:
        since = certificate.not_valid_before_utc
        return f"holds a certificate ({who}) that is not valid before {since:%F %H:%M} UTC"
    return None


def _private_key(fields: Fields, text: str) -> PrivateKeyTypes | None:
    """The problem never shows the key."""
    try:
        return load_pem_private_key(text.encode(), None)
    except TypeError:
        fields.problem(_KEY, "must not be encrypted: it is kept sealed here", "pem")
    except (ValueError, UnsupportedAlgorithm):
        fields.problem(_KEY, "must be a private key in PEM (-----BEGIN PRIVATE KEY-----)", "pem")
    return None
