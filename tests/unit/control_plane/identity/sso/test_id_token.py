"""Keys that count and tokens that they sign. What a login refuses is tested through the API."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from mcpgateway.common.errors import Unauthenticated
from mcpgateway.control_plane.identity.sso import id_token
from mcpgateway.control_plane.identity.sso.id_token import Expected, UnknownKey

RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-384", {"kid": "ec"})
WANTED = Expected(("https://login.example.com",), "gateway")
CLAIMS = {
    "iss": "https://login.example.com",
    "aud": "gateway",
    "sub": "anna",
    "iat": 1000,
    "exp": 1300,
}


def key_set(*keys: Any, **members: Any) -> dict[str, Any]:
    return {"keys": [{**key.as_dict(private=False), **members} for key in keys]}


def test_a_key_verifies_the_algorithms_of_its_type_and_no_others() -> None:
    keys = id_token.public_keys(key_set(RSA, EC))
    for key, algorithm in ((RSA, "RS256"), (RSA, "PS512"), (EC, "ES384")):
        token = jwt.encode({"alg": algorithm, "kid": key.kid}, CLAIMS, key, [algorithm])
        assert id_token.verified(token, keys, WANTED, 1000.0)["sub"] == "anna"
        confused = id_token.public_keys(key_set(RSA, EC, alg="RS512"))
        with pytest.raises(Unauthenticated):
            id_token.verified(token, confused, WANTED, 1000.0)


def test_keys_that_verify_nothing_here_are_passed_over() -> None:
    shared = {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "kid": "shared"}
    odd = [shared, "no key", {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"}, {}]
    assert id_token.public_keys({"keys": odd}) == ()
    assert id_token.public_keys(key_set(RSA, use="enc")) == ()
    assert id_token.public_keys(key_set(OKPKey.generate_key("X25519"))) == ()
    assert id_token.public_keys({"keys": "none"}) == ()
    assert id_token.public_keys({}) == ()


def test_a_private_key_in_a_set_is_kept_without_its_private_part() -> None:
    [key] = id_token.public_keys({"keys": [RSA.as_dict(private=True)]})
    assert "d" not in key.jwk


def test_a_token_without_a_key_id_is_tried_with_all_keys() -> None:
    token = jwt.encode({"alg": "ES384"}, CLAIMS, EC, ["ES384"])
    keys = id_token.public_keys(key_set(RSA, EC))
    assert id_token.verified(token, keys, WANTED, 1000.0)["sub"] == "anna"


def test_a_key_id_that_is_not_in_the_set_is_told_from_a_wrong_signature() -> None:
    keys = id_token.public_keys(key_set(RSA))
    unknown = jwt.encode({"alg": "ES384", "kid": "ec"}, CLAIMS, EC, ["ES384"])
    with pytest.raises(UnknownKey):
        id_token.verified(unknown, keys, WANTED, 1000.0)
    other = RSAKey.generate_key(2048)
    wrong = jwt.encode({"alg": "RS256", "kid": "rsa"}, CLAIMS, other)
    with pytest.raises(Unauthenticated, match="does not verify"):
        id_token.verified(wrong, keys, WANTED, 1000.0)


@pytest.mark.parametrize("text", ["", ".", "a.b.c", "x" * 70_000, "e30.e30.", "\u00e9.a.b"])
def test_what_is_no_token_is_refused(text: str) -> None:
    keys = id_token.public_keys(key_set(RSA))
    with pytest.raises(Unauthenticated):
        id_token.verified(text, keys, WANTED, 1000.0)


def test_clocks_may_differ_by_a_minute() -> None:
    keys = id_token.public_keys(key_set(RSA))
    token = jwt.encode({"alg": "RS256", "kid": "rsa"}, CLAIMS, RSA)
    assert id_token.verified(token, keys, WANTED, 1359.0)
    with pytest.raises(Unauthenticated, match="expired"):
        id_token.verified(token, keys, WANTED, 1361.0)


def test_a_client_secret_signs_nothing() -> None:
    token = jwt.encode({"alg": "HS256"}, CLAIMS, OctKey.import_key("a secret of the client, long"))
    with pytest.raises(Unauthenticated, match="HS256"):
        id_token.verified(token, id_token.public_keys(key_set(RSA)), WANTED, 1000.0)
