"""A token is accepted only when key, times and names are right; a refusal says what is not."""

import base64
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from mcpgateway.common import tokens
from mcpgateway.common.errors import Unauthenticated

NOW = 1_800_000_000
HS = OctKey.import_key("0123456789abcdef0123456789abcdef")
ED = OKPKey.generate_key("Ed25519")
KEYS = (tokens.VerifyKey("hs", "HS256", HS), tokens.VerifyKey("ed", "Ed25519", ED))
RULES = tokens.TokenRules()
GOOD: dict[str, Any] = {
    "sub": "admin@example.com",
    "iss": "mcpgateway",
    "aud": "mcpgateway-api",
    "jti": "1",
    "iat": NOW - 10,
    "exp": NOW + 60,
}


def mint(claims: dict[str, Any], key: Any = HS, alg: str = "HS256") -> str:
    return jwt.encode({"alg": alg}, claims, key, algorithms=[alg])


@pytest.mark.parametrize(("key", "alg"), [(HS, "HS256"), (ED, "Ed25519")])
def test_a_good_token_of_either_key_says_who_it_is(key: Any, alg: str) -> None:
    claims = tokens.verify(mint(GOOD, key, alg), KEYS, RULES, NOW)
    assert (claims.subject, claims.jti, claims.expires) == ("admin@example.com", "1", NOW + 60)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"exp": NOW}, "expired"),
        ({"exp": None}, "no exp"),
        ({"exp": "soon"}, "exp must be a number"),
        ({"exp": float("nan")}, "exp must be a number"),
        ({"exp": 10**400}, "exp must be a number"),
        ({"nbf": NOW + 120}, "not valid yet"),
        ({"iat": NOW + 120}, "issued in the future"),
        ({"iss": "evil"}, "issuer must be"),
        ({"iss": None}, "issuer must be"),
        ({"aud": "other"}, "audience must be"),
        ({"aud": None}, "audience must be"),
        ({"aud": 5}, "audience must be"),
        ({"jti": None}, "no jti"),
        ({"sub": None}, "names nobody"),
    ],
)
def test_a_wrong_claim_is_named(change: dict[str, Any], reason: str) -> None:
    claims = {key: value for key, value in {**GOOD, **change}.items() if value is not None}
    with pytest.raises(Unauthenticated, match=reason):
        tokens.verify(mint(claims), KEYS, RULES, NOW)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "a.b.c",
        mint(GOOD, OctKey.import_key("another key of thirty-two bytes!")),
        "eyJhbGciOiJub25lIn0." + mint(GOOD).split(".")[1] + ".",
        "x" * (tokens.MAX_TOKEN + 1),
    ],
)
def test_an_unsigned_foreign_or_oversized_token_is_refused(token: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.verify(token, KEYS, RULES, NOW)


def test_a_public_key_can_not_be_used_as_a_shared_secret() -> None:
    public = OctKey.import_key(str(ED.as_dict(private=False)["x"]))
    with pytest.raises(Unauthenticated):
        tokens.verify(mint(GOOD, public), KEYS, RULES, NOW)


def test_rules_can_be_loosened_one_by_one() -> None:
    bare = {"username": "bob"}
    rules = tokens.TokenRules(issuer="", audience="", require_jti=False, require_exp=False)
    claims = tokens.verify(mint(bare), KEYS, rules, NOW)
    assert (claims.subject, claims.expires, claims.jti) == ("bob", None, None)


def test_an_audience_may_be_one_of_a_list() -> None:
    claims = {**GOOD, "aud": ["other", "mcpgateway-api"]}
    assert tokens.verify(mint(claims), KEYS, RULES, NOW).subject == "admin@example.com"


def test_a_token_of_another_environment_is_refused_when_ours_is_named() -> None:
    rules = tokens.TokenRules(environment="production")
    with pytest.raises(Unauthenticated, match="environment"):
        tokens.verify(mint({**GOOD, "env": "development"}), KEYS, rules, NOW)
    assert tokens.verify(mint(GOOD), KEYS, rules, NOW).subject


@pytest.mark.parametrize(
    "head", ['{"alg":"HS256","crit":1}', '{"alg":"HS256","crit":' + "[" * 9000]
)
def test_a_head_that_the_library_stumbles_over_is_a_bad_token(head: str) -> None:
    head_part = base64.urlsafe_b64encode(head.encode()).decode().rstrip("=")
    with pytest.raises(tokens.UnknownSigner):
        tokens.verify(f"{head_part}.e30.AA", KEYS, RULES, NOW)


def test_a_token_without_a_time_of_issue_counts_as_old() -> None:
    assert tokens.verify(mint({**GOOD, "iat": None}), KEYS, RULES, NOW).issued == 0
