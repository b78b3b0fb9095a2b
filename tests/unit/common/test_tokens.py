"""A token is accepted only when key, times and names are right; a refusal says what is not."""

import base64
import json
from typing import Any

import pytest
from joserfc import jws, jwt
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
def test_a_head_that_no_library_would_read_is_a_bad_token(head: str) -> None:
    head_part = base64.urlsafe_b64encode(head.encode()).decode().rstrip("=")
    with pytest.raises(Unauthenticated):
        tokens.verify(f"{head_part}.e30.AA", KEYS, RULES, NOW)


def test_a_token_without_a_time_of_issue_counts_as_old() -> None:
    assert tokens.verify(mint({**GOOD, "iat": None}), KEYS, RULES, NOW).issued == 0


def bound(**more: Any) -> dict[str, Any]:
    return {**GOOD, "aud": "https://gateway.example.com/mcp", **more}


def test_a_token_for_a_url_counts_only_where_somebody_asks_which() -> None:
    with pytest.raises(Unauthenticated, match="audience must be"):
        tokens.verify(mint(bound()), KEYS, RULES, NOW)
    claims = tokens.verify(mint(bound()), KEYS, tokens.TokenRules(resources=True), NOW)
    assert claims.resources == ("https://gateway.example.com/mcp",)


def test_a_token_for_the_api_and_for_a_url_counts_everywhere() -> None:
    named = ["mcpgateway-api", "https://gateway.example.com/mcp"]
    rules = tokens.TokenRules(resources=True)
    assert tokens.verify(mint(bound(aud=named)), KEYS, rules, NOW).resources == ()


@pytest.mark.parametrize("audience", ["other", ["other"], [5], {"https://a": 1}, [["https://a"]]])
def test_an_audience_that_is_no_url_is_foreign_all_the_same(audience: Any) -> None:
    rules = tokens.TokenRules(resources=True)
    with pytest.raises(Unauthenticated, match="audience must be"):
        tokens.verify(mint(bound(aud=audience)), KEYS, rules, NOW)


def test_who_acts_for_the_subject_is_named_from_the_outermost_inward() -> None:
    act = {"sub": "agent", "act": {"client_id": "sub-agent"}}
    assert tokens.verify(mint({**GOOD, "act": act}), KEYS, RULES, NOW).chain == (
        "agent",
        "sub-agent",
    )


def _deep(depth: int) -> dict[str, Any]:
    return {"sub": "agent"} if depth == 1 else {"sub": "agent", "act": _deep(depth - 1)}


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ("agent", "must be an object"),
        ([], "must be an object"),
        ({}, "act names nobody"),
        ({"sub": 5}, "act names nobody"),
        ({"sub": "agent", "act": {}}, "act names nobody"),
        (_deep(tokens.MAX_CHAIN + 1), "over 8 actors"),
    ],
)
def test_a_chain_of_actors_that_can_not_be_told_is_refused(act: Any, reason: str) -> None:
    with pytest.raises(Unauthenticated, match=reason):
        tokens.verify(mint({**GOOD, "act": act}), KEYS, RULES, NOW)
    assert len(tokens.verify(mint({**GOOD, "act": _deep(8)}), KEYS, RULES, NOW).chain) == 8


@pytest.mark.parametrize("jti", [5, ["1"], "x" * 513])
def test_an_id_by_which_a_token_can_not_be_revoked_is_refused(jti: Any) -> None:
    with pytest.raises(Unauthenticated, match="jti must be a string"):
        tokens.verify(mint({**GOOD, "jti": jti}), KEYS, RULES, NOW)


def test_two_tokens_of_somebody_say_the_same_that_lasts() -> None:
    later = {**GOOD, "jti": "2", "iat": NOW, "exp": NOW + 90}
    one = tokens.verify(mint(GOOD), KEYS, RULES, NOW).lasting
    assert one == tokens.verify(mint(dict(reversed(later.items()))), KEYS, RULES, NOW).lasting
    assert one != tokens.verify(mint({**GOOD, "dept": "x"}), KEYS, RULES, NOW).lasting


def test_text_that_is_not_unicode_is_refused_and_nothing_breaks() -> None:
    payload = json.dumps({**GOOD, "name": "\ud800"})
    text = jws.serialize_compact({"alg": "HS256"}, payload, HS)
    with pytest.raises(Unauthenticated, match="no Unicode"):
        tokens.verify(text, KEYS, RULES, NOW)


def test_the_subject_is_read_from_the_claims_that_the_issuer_uses() -> None:
    rules = tokens.TokenRules(subject_claims=("preferred_username", "email"))
    named = mint({**GOOD, "preferred_username": "ann"})
    assert tokens.verify(named, KEYS, rules, NOW).subject == "ann"
    with pytest.raises(Unauthenticated, match="preferred_username or email"):
        tokens.verify(mint(GOOD), KEYS, rules, NOW)


def test_a_claim_that_is_made_twice_is_refused() -> None:
    payload = json.dumps(GOOD)[:-1] + ',"sub":"root@example.com"}'
    text = jws.serialize_compact({"alg": "HS256"}, payload, HS)
    with pytest.raises(Unauthenticated, match="payload names a member twice"):
        tokens.verify(text, KEYS, RULES, NOW)


def test_a_key_that_is_trusted_twice_takes_the_tokens_of_both_rules() -> None:
    other = tokens.TokenRules(audience="other")
    trusted = [tokens.Trusted(KEYS[0], RULES), tokens.Trusted(KEYS[0], other)]
    _, by = tokens.verify_any(mint({**GOOD, "aud": "other"}), trusted, NOW)
    assert by.rules is other
    with pytest.raises(Unauthenticated, match="audience must be other"):
        tokens.verify_any(mint({**GOOD, "aud": "third"}), trusted, NOW)


def test_the_key_of_one_issuer_signs_for_no_other() -> None:
    foreign = tokens.TokenRules(issuer="https://idp.example.com", audience="")
    trusted = [tokens.Trusted(KEYS[0], RULES), tokens.Trusted(KEYS[1], foreign)]
    with pytest.raises(Unauthenticated, match=r"issuer must be https://idp\.example\.com"):
        tokens.verify_any(mint(GOOD, ED, "Ed25519"), trusted, NOW)
