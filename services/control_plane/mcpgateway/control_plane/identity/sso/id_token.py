"""ID tokens of providers (OpenID Connect Core 3.1.3.7) and the keys that verify them. Pure: time is
passed in.

Only public keys count, each with the algorithms of its type, so that neither `none` nor a client
secret or a public key taken for a shared one verifies anything.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from authlib.oidc.core.claims import CodeIDToken
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError
from joserfc.jwk import JWKRegistry, Key, KeySet

from mcpgateway.common.errors import Unauthenticated
from mcpgateway.control_plane.registry.people.sso import Claims

MAX_TOKEN = 64 * 1024  # characters; groups make them long
MAX_KEYS = 50  # of one set
LEEWAY = 60  # seconds that clocks may differ

_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_EC = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
ALGORITHMS = (*_RSA, *_EC.values())


class UnknownKey(Unauthenticated):
    """Signed by a key that is not in the set; a newer set may have it."""


class PublicKey(NamedTuple):
    """One of a key set. `algorithms`: the one that it names, else those of its type."""

    kid: str
    algorithms: tuple[str, ...]
    key: Key
    jwk: Mapping[str, Any]


class Expected(NamedTuple):
    """What an ID token must say. `access_token` "" and `nonce` "": not looked at."""

    issuers: tuple[str, ...]
    client_id: str
    nonce: str = ""
    access_token: str = ""


def public_keys(key_set: Mapping[str, Any]) -> tuple[PublicKey, ...]:
    """Of a JWK Set, those that verify signatures; what can not be used is passed over."""
    listed = key_set.get("keys")
    found = (_public(each) for each in listed[:MAX_KEYS]) if isinstance(listed, list) else ()
    return tuple(each for each in found if each is not None)


def _public(jwk: object) -> PublicKey | None:
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    usual = _usual(jwk)
    named = jwk.get("alg")
    algorithms = tuple(each for each in usual if named in (None, each))
    kid = jwk.get("kid", "")
    if not algorithms or not isinstance(kid, str) or len(kid) > 255:
        return None
    try:
        key = JWKRegistry.import_key(jwk)
        public = key.as_dict(private=False)
    except (JoseError, ValueError, TypeError):
        return None
    return PublicKey(kid, algorithms, key, public)


def _usual(jwk: Mapping[str, Any]) -> tuple[str, ...]:
    """The algorithms of a key's type and curve."""
    if jwk.get("kty") == "RSA":
        return _RSA
    curve = jwk.get("crv") if jwk.get("kty") == "EC" else None
    return (_EC[curve],) if isinstance(curve, str) and curve in _EC else ()


def verified(token: str, keys: Sequence[PublicKey], expected: Expected, now: float) -> Claims:
    """The claims. Raises UnknownKey, and Unauthenticated that names the claim."""
    header, claims = signed(token, keys)
    options: Any = {
        "iss": {"essential": True, "values": list(expected.issuers)},
        "aud": {"essential": True, "value": expected.client_id},
    }
    params = {"client_id": expected.client_id}
    params |= {"nonce": expected.nonce} if expected.nonce else {}
    params |= {"access_token": expected.access_token} if expected.access_token else {}
    checked = CodeIDToken(claims, header, options, params)
    try:
        checked.validate(round(now), LEEWAY)
    except ExpiredTokenError:
        raise Unauthenticated("the ID token has expired") from None
    except MissingClaimError as error:
        raise Unauthenticated(f"the ID token has no claim {error.claim!r}") from None
    except InvalidClaimError as error:
        raise Unauthenticated(f"the ID token's claim {error.claim!r} is wrong") from None
    except (JoseError, TypeError, ValueError):
        raise Unauthenticated("the ID token's claims are malformed") from None
    return claims


def signed(token: str, keys: Sequence[PublicKey]) -> tuple[dict[str, Any], Claims]:
    """Header and claims of what one of these keys signed. Raises UnknownKey, Unauthenticated."""
    header = _header(token)
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise Unauthenticated(
            f"the token is signed by {str(algorithm)[:20]!r}; accepted are {', '.join(ALGORITHMS)}"
        )
    fitting = [each for each in keys if kid is None or each.kid == kid]
    if not fitting:
        raise UnknownKey("the token is signed by a key that the provider's key set does not have")
    for each in fitting:
        if algorithm not in each.algorithms:
            continue
        try:
            decoded = jwt.decode(token, KeySet([each.key]), algorithms=[algorithm])
        except (JoseError, ValueError, TypeError, RecursionError):
            continue
        return header, decoded.claims
    raise Unauthenticated("the token's signature does not verify")


def _header(token: str) -> dict[str, Any]:
    if len(token) > MAX_TOKEN:
        raise Unauthenticated(f"the token is over {MAX_TOKEN} characters")
    head = token.partition(".")[0]
    try:
        raw = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))
        return msgspec.json.decode(raw, type=dict[str, Any])
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise Unauthenticated("the token is no signed JWT") from None
