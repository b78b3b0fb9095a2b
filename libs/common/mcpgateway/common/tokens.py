"""Bearer tokens (JWT, RFC 7519): which keys verify them, what they must say. Time is passed in.

Both planes use this room, so a token means the same on both. Whether the subject still exists
and what it may do is not decided here, nor whether the token was revoked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common import jws
from mcpgateway.common.errors import Unauthenticated
from mcpgateway.common.jws import VerifyKey

__all__ = ["Claims", "TokenRules", "Trusted", "UnknownSigner", "VerifyKey", "verify", "verify_any"]

MAX_TOKEN = jws.MAX_TEXT
MAX_CHAIN = 8  # actors
_FOREVER = 1 << 62  # seconds; what is not less may be NaN, which no comparison refuses
_SUBJECT = ("sub", "email", "username")
_ACTOR = ("sub", "client_id")
_PASSING = frozenset(("jti", "iat", "exp", "nbf"))
_LONGEST = 512  # characters of a name or an id


class UnknownSigner(Unauthenticated):
    """No key of those asked verifies the signature; another one may."""


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must say. An empty issuer or audience is not checked. `subject_claims` are
    tried in order for whom it names; none: `sub`, `email`, `username`. With `resources` an
    audience may be a URL instead, and who verifies looks at `Claims.resources`."""

    issuer: str = "mcpgateway"
    audience: str = "mcpgateway-api"
    require_jti: bool = True
    require_exp: bool = True
    environment: str = ""
    leeway: int = 0  # seconds
    subject_claims: tuple[str, ...] = ()
    resources: bool = False


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says. Times are Unix seconds; `expires` is None when it never does.

    `resources` are the URLs that it is made for (RFC 8707), and nowhere else it counts; none: it
    counts everywhere. `chain` are those who act for the subject (RFC 8693 `act`), outermost first.
    `lasting` is a JSON object of all but what differs from one token of somebody to the next.
    """

    subject: str
    issuer: str
    jti: str | None
    issued: float
    expires: float | None
    raw: Mapping[str, Any]
    resources: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    lasting: bytes = b"{}"


class Trusted(NamedTuple):
    """A key, and what tokens signed with it must say."""

    key: VerifyKey
    rules: TokenRules


def verify(token: str, keys: Sequence[VerifyKey], rules: TokenRules, now: float) -> Claims:
    """Raises Unauthenticated, saying which rule failed. Never tells which key was tried."""
    return verify_any(token, [Trusted(key, rules) for key in keys], now)[0]


def verify_any(token: str, trusted: Iterable[Trusted], now: float) -> tuple[Claims, Trusted]:
    """And what it was verified by. Raises as `verify`; UnknownSigner when no key did. One key may
    be trusted twice, under different rules: one of them is enough."""
    signed = jws.read(token)
    refusal: Unauthenticated | None = None
    for each in trusted:
        if not signed.fits(each.key) or not signed.verifies(each.key):
            continue
        try:
            return _claims(jws.read_object(signed.payload, "payload"), each.rules, now), each
        except Unauthenticated as error:
            refusal = error
    raise refusal or UnknownSigner(
        "token signature does not verify with any key that is known here"
    )


def _claims(claims: dict[str, Any], rules: TokenRules, now: float) -> Claims:
    expires = _check_times(claims, rules, now)
    _check_names(claims, rules)
    return Claims(
        subject=_subject(claims, rules),
        issuer=str(claims.get("iss", "")),
        jti=_jti(claims, rules),
        issued=_number(claims, "iat") or 0.0,
        expires=expires,
        raw=claims,
        resources=_resources(claims, rules),
        chain=_chain(claims),
        lasting=_lasting(claims),
    )


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
    environment = claims.get("env")
    if rules.environment and environment is not None and environment != rules.environment:
        raise Unauthenticated(f"token was made for environment {environment!r}")


def _jti(claims: Mapping[str, Any], rules: TokenRules) -> str | None:
    jti = claims.get("jti")
    if jti is None or jti == "":
        if rules.require_jti:
            raise Unauthenticated("token has no jti claim (REQUIRE_JTI)")
        return None
    if not isinstance(jti, str) or len(jti) > _LONGEST:
        raise Unauthenticated(f"token claim jti must be a string of at most {_LONGEST} characters")
    return jti


def _resources(claims: Mapping[str, Any], rules: TokenRules) -> tuple[str, ...]:
    """Raises Unauthenticated for a token that is made for others."""
    audience = claims.get("aud", ())
    named = audience if isinstance(audience, list) else [audience]
    if not rules.audience or rules.audience in named:
        return ()
    urls = [each for each in named if isinstance(each, str) and is_url(each)]
    if not rules.resources or not urls:
        raise Unauthenticated(f"token audience must be {rules.audience}")
    return tuple(urls)


def is_url(audience: str) -> bool:
    """Whether an audience names a resource (RFC 8707), not an API by a word."""
    return audience[:8].lower().startswith(("https://", "http://"))


def _name(claims: Mapping[str, Any], names: Sequence[str], wrong: str) -> str:
    for name in names:
        value = claims.get(name)
        if isinstance(value, str) and 0 < len(value) <= _LONGEST:
            return value
    raise Unauthenticated(f"{wrong}: {' or '.join(names)} is needed")


def _subject(claims: Mapping[str, Any], rules: TokenRules) -> str:
    """An address that its issuer says is not verified is anybody's. Principals' are in lower case,
    and other issuers' as somebody wrote them."""
    names = rules.subject_claims or _SUBJECT
    subject = _name(claims, names, "token names nobody")
    unverified = claims.get("email_verified") in (False, "false")
    if unverified and "email" in names and subject == claims.get("email"):
        raise Unauthenticated("token names an email that was not verified (email_verified)")
    return subject.lower() if rules.subject_claims else subject


def _chain(claims: Mapping[str, Any]) -> tuple[str, ...]:
    chain: list[str] = []
    act = claims.get("act")
    while act is not None:
        if not isinstance(act, dict):
            raise Unauthenticated("token claim act must be an object (RFC 8693)")
        chain.append(_name(act, _ACTOR, "token claim act names nobody"))
        if len(chain) > MAX_CHAIN:
            raise Unauthenticated(f"token claim act names over {MAX_CHAIN} actors")
        act = act.get("act")
    return tuple(chain)


def _lasting(claims: Mapping[str, Any]) -> bytes:
    kept = {name: value for name, value in claims.items() if name not in _PASSING}
    try:
        return msgspec.json.encode(kept, order="deterministic")
    except (ValueError, RecursionError, OverflowError):
        raise Unauthenticated("token has a claim that is no Unicode text or no number") from None
