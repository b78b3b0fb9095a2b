"""The tokens that the control plane issues itself (Ed25519 JWTs), and the keys that verify any."""

from datetime import datetime

from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from mcpgateway.common import ids, keys
from mcpgateway.common.tokens import TokenRules, VerifyKey
from mcpgateway.control_plane.settings import Settings

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


def verify_keys(settings: Settings) -> tuple[VerifyKey, ...]:
    return (
        *(VerifyKey(id, ED25519, key) for id, key in own_public_keys(settings).items()),
        VerifyKey("shared", settings.jwt_algorithm, OctKey.import_key(settings.jwt_secret)),
    )


class Issuer:
    """Issues login tokens, as JWT_ISSUER to JWT_AUDIENCE."""

    def __init__(self, settings: Settings) -> None:
        signer = keys.token_signer(settings.encryption_secret, settings.cluster)
        self._key = OKPKey.import_key(signer)
        self._settings = settings
        self.lifetime = settings.token_minutes * 60  # seconds

    def issue(self, email: str, now: datetime, entropy: bytes) -> str:
        """`entropy`: 16 fresh bytes, which become the token's id."""
        issued = int(now.timestamp())
        claims = {
            "sub": email,
            "iss": self._settings.jwt_issuer,
            "aud": self._settings.jwt_audience,
            "iat": issued,
            "exp": issued + self.lifetime,
            "jti": ids.make_id(entropy),
            "env": self._settings.environment,
        }
        return jwt.encode({"alg": ED25519}, claims, self._key, algorithms=[ED25519])
