"""Bearer tokens (JWT, RFC 7519): which keys verify them, what they must say. Time is passed in.

Both planes use this room, so a token means the same on both. Whether the subject still exists
and what it may do is not decided here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from mcpgateway.common.errors import Unauthenticated

MAX_TOKEN = 16 * 1024  # characters
_FOREVER = 1 << 62  # seconds; what is not less may be NaN, which no comparison refuses


class UnknownSigner(Unauthenticated):
    """No key of those asked verifies the signature; another one may."""


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """One key and the only algorithm it may be used with (no confusion of HS and RS)."""

    kid: str
    algorithm: str
    key: Key


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must say. An empty issuer or audience is not checked."""

    issuer: str = "mcpgateway"
    audience: str = "mcpgateway-api"
    require_jti: bool = True
    require_exp: bool = True
    environment: str = ""
    leeway: int = 0  # seconds


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says. Times are Unix seconds; `expires` is None when it never does."""

    subject: str
    issuer: str
    jti: str | None
    issued: float
    expires: float | None
    raw: Mapping[str, Any]


def verify(token: str, keys: Sequence[VerifyKey], rules: TokenRules, now: float) -> Claims:
    """Raises Unauthenticated, saying which rule failed. Never tells which key was tried."""
    if len(token) > MAX_TOKEN:
        raise Unauthenticated(f"token is over {MAX_TOKEN} characters")
    claims = _decode(token, keys)
    expires = _check_times(claims, rules, now)
    _check_names(claims, rules)
    return Claims(
        subject=_subject(claims),
        issuer=str(claims.get("iss", "")),
        jti=str(claims["jti"]) if "jti" in claims else None,
        issued=_number(claims, "iat") or 0.0,
        expires=expires,
        raw=claims,
    )


def _decode(token: str, keys: Sequence[VerifyKey]) -> dict[str, Any]:
    for candidate in keys:
        try:
            decoded = jwt.decode(token, KeySet([candidate.key]), algorithms=[candidate.algorithm])
        except (JoseError, ValueError, TypeError, RecursionError):
            continue  # the last two: its members are of no type that the library reckons with
        return decoded.claims
    raise UnknownSigner("token is malformed or its signature does not verify")


def _number(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _FOREVER:
        raise Unauthenticated(f"token claim {name} must be a number of seconds")
    return float(value)


def _check_times(claims: Mapping[str, Any], rules: TokenRules, now: float) -> float | None:
    """When it expires; None: never."""
    expires = _number(claims, "exp")
    if expires is None and rules.require_exp:
        raise Unauthenticated("token has no exp claim (REQUIRE_TOKEN_EXPIRATION)")
    if expires is not None and expires + rules.leeway <= now:
        raise Unauthenticated("token has expired")
    for name, what in (("nbf", "is not valid yet"), ("iat", "was issued in the future")):
        moment = _number(claims, name)
        if moment is not None and moment - max(rules.leeway, 60) > now:
            raise Unauthenticated(f"token {what}")
    return expires


def _check_names(claims: Mapping[str, Any], rules: TokenRules) -> None:
    if rules.issuer and claims.get("iss") != rules.issuer:
        raise Unauthenticated(f"token issuer must be {rules.issuer}")
    audience = claims.get("aud", ())
    audiences = audience if isinstance(audience, list) else [audience]
    if rules.audience and rules.audience not in audiences:
        raise Unauthenticated(f"token audience must be {rules.audience}")
    if rules.require_jti and not claims.get("jti"):
        raise Unauthenticated("token has no jti claim (REQUIRE_JTI)")
    environment = claims.get("env")
    if rules.environment and environment is not None and environment != rules.environment:
        raise Unauthenticated(f"token was made for environment {environment!r}")


def _subject(claims: Mapping[str, Any]) -> str:
    for name in ("sub", "email", "username"):
        value = claims.get(name)
        if isinstance(value, str) and value:
            return value
    raise Unauthenticated("token names nobody: sub, email or username is needed")
