"""What a client signs, and which keys it may sign with."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from mcpgateway.control_plane.registry.client_assertion import (
    LIFETIME,
    assertion,
    is_signing_key,
    signing_key,
)

Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
CURVE = ec.generate_private_key(ec.SECP256R1())
LONG = rsa.generate_private_key(65537, 2048)


def pem(key: Private, password: bytes = b"") -> str:
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how).decode()


@pytest.mark.parametrize(
    ("text", "algorithm", "public"),
    [
        (pem(CURVE), "ES256", ECKey.import_key(CURVE.public_key())),
        (pem(LONG), "RS256", RSAKey.import_key(LONG.public_key())),
    ],
    ids=["EC", "RSA"],
)
def test_an_assertion_is_of_the_client_for_one_audience_and_for_a_minute(
    text: str, algorithm: str, public: ECKey | RSAKey
) -> None:
    made = assertion(text, "me", "https://as.example", 1000.5, "once")
    claims = jwt.decode(made, public, algorithms=[algorithm]).claims
    assert claims == {
        "iss": "me",
        "sub": "me",
        "aud": "https://as.example",
        "iat": 1000,
        "exp": 1000 + LIFETIME,
        "jti": "once",
    }


UNUSABLE = {
    "nothing": "",
    "no PEM": "no key",
    "public": CURVE.public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode(),
    "encrypted": pem(CURVE, b"a password"),
    "short": pem(rsa.generate_private_key(65537, 1024)),
    "Ed25519": pem(ed25519.Ed25519PrivateKey.generate()),
    "other curve": pem(ec.generate_private_key(ec.SECP256K1())),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_nothing_else_is_a_key_that_signs_and_the_refusal_repeats_none_of_it(kind: str) -> None:
    text = UNUSABLE[kind]
    assert not is_signing_key(text)
    with pytest.raises(ValueError, match="no private key") as caught:
        signing_key(text)
    assert not text or text not in str(caught.value)
