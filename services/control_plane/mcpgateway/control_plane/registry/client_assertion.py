"""What a client signs to prove who it is, in place of showing a secret (private_key_jwt, RFC 7523
2.2). Pure."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME = 60  # seconds
RSA_BITS = 2048
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


def is_signing_key(pem: str) -> bool:
    try:
        signing_key(pem)
    except ValueError:
        return False
    return True


def signing_key(pem: str) -> tuple[str, ECKey | RSAKey]:
    """With the algorithm that it is for. Raises ValueError, which repeats nothing of it."""
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("no private key in PEM") from None
    match key:
        case EllipticCurvePrivateKey() if key.curve.name in _CURVES:
            return _CURVES[key.curve.name], ECKey.import_key(key)
        case RSAPrivateKey() if key.key_size >= RSA_BITS:
            return "RS256", RSAKey.import_key(key)
    raise ValueError("no private key of a kind that signs here")


def assertion(pem: str, client_id: str, audience: str, now: float, jti: str) -> str:
    """Good for LIFETIME. `audience` is the issuer (RFC 7523 as of 2025), `now` in Unix seconds,
    `jti` never the same twice. Raises ValueError."""
    algorithm, key = signing_key(pem)
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": int(now),
        "exp": int(now) + LIFETIME,
        "jti": jti,
    }
    return jwt.encode({"alg": algorithm, "typ": "JWT"}, claims, key, algorithms=[algorithm])
