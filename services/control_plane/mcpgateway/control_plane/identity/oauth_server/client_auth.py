"""How a client proves who it is at the token endpoint: what it shows, and whether that proves it.
Pure."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from mcpgateway.control_plane.identity.oauth_server.errors import invalid_client, invalid_request
from mcpgateway.control_plane.identity.oauth_server.metadata import SIGNATURES

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_ASSERTION_AGE = 600  # seconds that an assertion may be good for
_SKEW = 30  # seconds that a client's clock may be ahead


class Shown(NamedTuple):
    """`secret` and `assertion` are "" where there is none. `basic`: it came in a header."""

    client_id: str
    secret: str = ""
    assertion: str = ""
    basic: bool = False


class Assertion(NamedTuple):
    """`expires` in Unix seconds."""

    jti: str
    expires: float


def shown(authorization: str, parameters: Mapping[str, str]) -> Shown:
    """What a request shows, by one method alone (RFC 6749 2.3). Raises OAuthError."""
    in_body = parameters.get("client_id", "")
    secret, assertion = parameters.get("client_secret", ""), parameters.get("client_assertion", "")
    if sum(map(bool, (authorization, secret, assertion))) > 1:
        raise invalid_request("the client shows who it is by more than one method")
    if authorization:
        found = _basic(authorization)
        if in_body not in ("", found.client_id):
            raise invalid_request("client_id is another one than that of the Authorization header")
        return found
    if assertion:
        if parameters.get("client_assertion_type") != ASSERTION:
            raise invalid_request(f"client_assertion_type must be {ASSERTION}")
        return Shown(in_body or _claimed(assertion), assertion=assertion)
    if not in_body:
        raise invalid_client("client_id is missing")
    return Shown(in_body, secret)


def _basic(authorization: str) -> Shown:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise invalid_client("the Authorization scheme of a client must be Basic", challenge=True)
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise invalid_client("Basic must be base64 of client_id:secret", challenge=True) from None
    id, colon, secret = pair.partition(":")
    if not colon or not id or not secret:
        raise invalid_client("Basic must be base64 of client_id:secret", challenge=True)
    # Both are encoded as in a form before (RFC 6749 2.3.1).
    return Shown(unquote_plus(id), unquote_plus(secret), basic=True)


def _claimed(assertion: str) -> str:
    """Whom an assertion is about, to look for his keys. Not verified yet."""
    try:
        payload = assertion.split(".")[1]
        padded = payload + "=" * (-len(payload) % 4)
        claims = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=dict[str, Any])
    except (IndexError, ValueError, msgspec.DecodeError):
        raise invalid_client("client_assertion is no JWT") from None
    return str(claims.get("sub", ""))


def digest(secret: str) -> str:
    """What is kept of codes, tokens and secrets, which all are of 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def proves(secret: str, sha256: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(digest(secret).encode(), sha256.encode())


def check_assertion(
    assertion: str, client_id: str, keys: KeySet, audiences: frozenset[str], now: float
) -> Assertion:
    """RFC 7523 section 3. Raises OAuthError. That it was not used before is to be seen to."""
    try:
        claims = jwt.decode(assertion, keys, algorithms=list(SIGNATURES)).claims
    except (JoseError, ValueError, TypeError, RecursionError):
        raise invalid_client("client_assertion does not verify with the client's keys") from None
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise invalid_client("client_assertion must have the client_id as iss and as sub")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(each, str) and each in audiences for each in named):
        raise invalid_client("client_assertion is for another audience: use the issuer")
    expires, jti = claims.get("exp"), claims.get("jti")
    if not isinstance(expires, int | float) or not now < expires <= now + MAX_ASSERTION_AGE + _SKEW:
        raise invalid_client(
            f"client_assertion must have an exp at most {MAX_ASSERTION_AGE} s ahead"
        )
    starts = claims.get("nbf", 0)
    if not isinstance(starts, int | float) or starts > now + _SKEW:
        raise invalid_client("client_assertion is not valid yet")
    if not isinstance(jti, str) or not 0 < len(jti) <= 200:
        raise invalid_client("client_assertion must have a jti")
    return Assertion(jti, float(expires))
