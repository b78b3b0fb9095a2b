"""Signed texts (JWS compact serialization, RFC 7515): their form, their head, their signature.

Pure. A text is taken apart here, strictly: what a lenient reader would read in two ways is
refused. Of its head `alg` and `kid` choose among keys that are known already; nothing in it can
bring a key (`jwk`, `jku`, `x5c`, `x5u` are not looked at) or another algorithm for one.
"""

import base64
import re
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import Unauthenticated

MAX_TEXT = 16 * 1024  # characters
ALGORITHMS = (
    *("HS256", "HS384", "HS512"),
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512"),
    *("EdDSA", "Ed25519"),
)
_FORM = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_TYPES = frozenset(("", "jwt", "application/jwt", "at+jwt", "application/at+jwt"))
_EDWARDS = frozenset(("EdDSA", "Ed25519"))  # RFC 9864: two names for one, with such a key


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """One key and the only algorithm it may be used with (no confusion of HS and RS). `published`
    is its `kid` in the key set of its issuer, "" for a key that has none: `kid` is how we call
    it."""

    kid: str
    algorithm: str
    key: Key
    published: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """A text that has the right form; nothing in it is believed before `verifies`."""

    algorithm: str
    kid: str | None
    payload: bytes
    covered: bytes
    signature: bytes

    def fits(self, key: VerifyKey) -> bool:
        """Whether it may be signed with this key at all, by what its head says."""
        same = self.algorithm == key.algorithm or {self.algorithm, key.algorithm} <= _EDWARDS
        return same and (self.kid is None or key.published in ("", self.kid))

    def verifies(self, key: VerifyKey) -> bool:
        """Whether the signature is that of a key which fits."""
        algorithm = JWSRegistry.algorithms[key.algorithm]
        try:
            algorithm.check_key(key.key)
            return algorithm.verify(self.covered, self.signature, key.key)
        except (JoseError, ValueError, TypeError):
            return False  # the key is of another kind, or the signature no signature of that kind


def read(text: str) -> Signed:
    """Raises Unauthenticated, saying what of the form is wrong."""
    if len(text) > MAX_TEXT:
        raise Unauthenticated(f"token is over {MAX_TEXT} characters")
    parts = _FORM.fullmatch(text)
    if parts is None:
        raise Unauthenticated("token is malformed: three parts of base64url are needed")
    head = read_object(_bytes(parts[1]), "head")
    algorithm, kid, kind = head.get("alg"), head.get("kid"), head.get("typ", "")
    if algorithm not in ALGORITHMS:
        raise Unauthenticated("token is signed with an algorithm that is not accepted (alg)")
    if "crit" in head:
        raise Unauthenticated("token asks for an extension that is not known here (crit)")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise Unauthenticated("token is of a type that is no access token (typ)")
    if kid is not None and not isinstance(kid, str):
        raise Unauthenticated("token is malformed: kid must be a string")
    covered = text.rpartition(".")[0].encode()
    return Signed(algorithm, kid, _bytes(parts[2]), covered, _bytes(parts[3]))


def read_object(raw: bytes, what: str) -> dict[str, Any]:
    """A JSON object in which no member is named twice. Raises Unauthenticated."""
    try:
        found = jsonrpc.decode_strict(raw)
    except jsonrpc.DuplicateKey:
        raise Unauthenticated(f"token is malformed: its {what} names a member twice") from None
    except (ValueError, RecursionError):
        raise Unauthenticated(f"token is malformed: its {what} is not JSON") from None
    if not isinstance(found, dict):
        raise Unauthenticated(f"token is malformed: its {what} is no JSON object")
    return found


def _bytes(part: str) -> bytes:
    """Only of the one text that the bytes are written as: a text with other bits at its end would
    be another token with the same signature."""
    try:
        found = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        found = b""
    if base64.urlsafe_b64encode(found).rstrip(b"=") != part.encode():
        raise Unauthenticated("token is malformed: a part is not base64url")
    return found
