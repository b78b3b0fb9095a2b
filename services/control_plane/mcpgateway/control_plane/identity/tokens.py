"""The tokens that the control plane issues itself (Ed25519 JWTs), and the keys that verify any."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from mcpgateway.common import ids, keys
from mcpgateway.common.browser import claims_said
from mcpgateway.common.errors import Unavailable
from mcpgateway.common.tokens import TokenRules, Trusted, VerifyKey
from mcpgateway.control_plane.settings.process import Settings

ED25519 = "Ed25519"


def rules(settings: Settings) -> TokenRules:
    return TokenRules(
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        require_jti=settings.require_jti,
        require_exp=settings.require_exp,
        environment=settings.environment,
    )


def own_public_keys(settings: Settings) -> dict[str, OKPKey]:
    """The public halves of what an `Issuer` signs with, or signed with before the secret changed,
    by an id of their own."""
    found = {}
    for secret in settings.secrets:
        public = keys.token_signer(secret, settings.cluster).public_key()
        found[f"own-{keys.public_bytes(public).hex()[:16]}"] = OKPKey.import_key(public)
    return found


def shared_rules(settings: Settings) -> TokenRules:
    """Of tokens that others sign with JWT_SECRET_KEY, or with the key that belongs to
    JWT_PUBLIC_KEY_PATH."""
    strict = rules(settings)
    return replace(
        strict,
        issuer=strict.issuer if settings.jwt_issuer_checked else "",
        audience=strict.audience if settings.jwt_audience_checked else "",
    )


def shared_key(settings: Settings) -> Key:
    """That verifies such tokens. Raises Unavailable, which names the setting that is wrong."""
    if settings.jwt_algorithm.startswith("HS"):
        return OctKey.import_key(settings.jwt_secret)
    pem = settings.jwt_public_key or settings.jwt_private_key
    if not pem:
        needed = "JWT_PUBLIC_KEY_PATH or JWT_PRIVATE_KEY_PATH"
        raise Unavailable(f"JWT_ALGORITHM={settings.jwt_algorithm} needs {needed}")
    try:
        public = _kind(settings.jwt_algorithm).import_key(pem).as_dict(private=False)
        key = JWKRegistry.import_key(public)
        JWSRegistry.algorithms[settings.jwt_algorithm].check_key(key)
    except (JoseError, ValueError, TypeError):
        name = "JWT_PUBLIC_KEY_PATH" if settings.jwt_public_key else "JWT_PRIVATE_KEY_PATH"
        message = f"{name} holds no PEM key for JWT_ALGORITHM={settings.jwt_algorithm}"
        raise Unavailable(message) from None
    return key


def _kind(algorithm: str) -> type[RSAKey] | type[ECKey] | type[OKPKey]:
    if algorithm.startswith("ES"):
        return ECKey
    return OKPKey if algorithm.startswith("Ed") else RSAKey


def trusted(settings: Settings) -> tuple[Trusted, ...]:
    """The keys that the settings say, and what tokens of each must say."""
    own = rules(settings)
    return (
        *(
            Trusted(VerifyKey(id, ED25519, key), own)
            for id, key in own_public_keys(settings).items()
        ),
        Trusted(
            VerifyKey("shared", settings.jwt_algorithm, shared_key(settings)),
            shared_rules(settings),
        ),
    )


def expiry_of(token: str) -> float | None:
    """When a token that was verified expires, in Unix seconds; None: never, or it is no JWT."""
    expires = claims_said(token).get("exp")
    return float(expires) if isinstance(expires, int | float) else None


class Issuer:
    """Issues login tokens, as JWT_ISSUER to JWT_AUDIENCE."""

    def __init__(self, settings: Settings) -> None:
        signer = keys.token_signer(settings.encryption_secret, settings.cluster)
        self._key = OKPKey.import_key(signer)
        self._settings = settings
        minutes = min(settings.token_minutes, settings.idle_minutes or settings.token_minutes)
        self.lifetime = minutes * 60  # seconds

    def issue(
        self, email: str, now: datetime, entropy: bytes, more: Mapping[str, Any] | None = None
    ) -> str:
        """`entropy`: 16 fresh bytes, which become the token's id. `more` are claims beside the
        usual ones, or instead of them. `iat` is no whole number: what is issued right after all
        tokens of before were made void counts."""
        issued = now.timestamp()
        claims = {
            "sub": email,
            "iss": self._settings.jwt_issuer,
            "aud": self._settings.jwt_audience,
            "iat": issued,
            "exp": int(issued) + self.lifetime,
            "jti": ids.make_id(entropy),
            "env": self._settings.environment,
        }
        return jwt.encode({"alg": ED25519}, claims | dict(more or {}), self._key, [ED25519])
