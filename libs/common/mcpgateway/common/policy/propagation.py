"""How a caller is named to an upstream that may know him: header lines, a member of `_meta`, or
both. Pure.

An upstream must believe them from the gateway alone. With a secret that both have, they are signed:
HMAC-SHA256 over the time and what is said, so that a copy is worth little after a minute.
"""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from mcpgateway.common.policy.access.subject import Subject

Mode = Literal["headers", "meta", "both"]
Lines = tuple[tuple[bytes, bytes], ...]
META = "user"
_MAX = 1024  # bytes of one value; more is left out
_PLAIN = "@.-_+:/|,= "  # what beside letters and digits is not percent-encoded


class Propagation(msgspec.Struct, frozen=True, omit_defaults=True):
    """`prefix` is that of the header names, `mode` where callers are named."""

    mode: Mode = "both"
    prefix: str = "X-Forwarded-User"


_decoder = msgspec.json.Decoder(Propagation)


def read(text: bytes) -> Propagation:
    """Of an upstream's record. Raises msgspec.DecodeError."""
    return _decoder.decode(text)


def said_of(subject: Subject) -> dict[str, Any]:
    """What an upstream learns; empty for nobody. `chain` are the actors, outermost first."""
    principal = subject.principal
    if principal is None:
        return {}
    said: dict[str, Any] = {"id": principal.id, "teams": list(principal.teams)}
    if principal.service:
        said["service"] = True
    if subject.chain:
        said["chain"] = list(subject.chain)
    return said


def header_lines(how: Propagation, said: Mapping[str, Any]) -> Lines:
    """Of what is said. Names and values are ASCII; other characters are percent-encoded (RFC
    3986), and so is a comma within one of several."""
    if how.mode == "meta":
        return ()
    prefix = how.prefix.lower()
    values = {
        f"{prefix}-id": _plain(str(said.get("id", ""))),
        f"{prefix}-teams": ",".join(quote(team, safe="") for team in said.get("teams", ())),
        f"{prefix}-service": "true" if said.get("service") else "",
        f"{prefix}-chain": ",".join(
            quote(actor, safe="@.-_+:/") for actor in said.get("chain", ())
        ),
    }
    found = ((name.encode(), value.encode()) for name, value in values.items() if value)
    return tuple((name, value) for name, value in found if len(value) <= _MAX)


def own_names(how: Propagation) -> frozenset[bytes]:
    """Lines that a client may not pass under these names: it could name somebody else."""
    names = ("id", "teams", "service", "chain", "signature")
    return frozenset(f"{how.prefix.lower()}-{name}".encode() for name in names)


def signature(said: Mapping[str, Any], audience: str, secret: bytes, at: int) -> str:
    """`t=<Unix seconds>,v1=<hex>`: HMAC-SHA256 of `<t>.<audience>.<JSON of what is said, sorted>`;
    `audience` is the upstream's id, so that one upstream can not show it to another."""
    text = f"{at}.{audience}.".encode() + msgspec.json.encode(said, order="sorted")
    return f"t={at},v1={hmac.new(secret, text, sha256).hexdigest()}"


def _plain(text: str) -> str:
    return quote(text, safe=_PLAIN).strip()
