"""A signed text is read in one way only, and nothing in its head brings a key to verify it by."""

import base64
import hmac
import json
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as library
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from mcpgateway.common import jws
from mcpgateway.common.errors import Unauthenticated

HS = OctKey.import_key("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
RS = RSAKey.generate_key(2048)
ED = OKPKey.generate_key("Ed25519")
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
PAYLOAD = b'{"sub":"ann"}'


def key_of(algorithm: str) -> Key:
    if algorithm in CURVES:
        return ECKey.generate_key(CURVES[algorithm])
    return HS if algorithm[:2] == "HS" else RS if algorithm[1:2] == "S" else ED


def sign(key: Key, algorithm: str, **head: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # EdDSA is a name that RFC 9864 gave up
        registry = library.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
        return library.serialize_compact(
            {"alg": algorithm, **head}, PAYLOAD, key, registry=registry
        )


def part(raw: bytes | str) -> str:
    raw = raw.encode() if isinstance(raw, str) else raw
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def with_head(head: str) -> str:
    return f"{part(head)}.{part(PAYLOAD)}.AAAA"


@pytest.mark.parametrize("algorithm", jws.ALGORITHMS)
def test_each_algorithm_verifies_with_its_own_key_and_no_other(algorithm: str) -> None:
    key = key_of(algorithm)
    signed = jws.read(sign(key, algorithm))
    known = jws.VerifyKey("k", algorithm, key)
    assert signed.fits(known)
    assert signed.verifies(known)
    assert signed.payload == PAYLOAD
    for other in (ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519"), HS, RS):
        if other is not key:
            assert not signed.verifies(jws.VerifyKey("k", algorithm, other))


def test_both_names_of_one_algorithm_mean_the_same_key() -> None:
    assert jws.read(sign(ED, "EdDSA")).fits(jws.VerifyKey("k", "Ed25519", ED))
    assert jws.read(sign(ED, "Ed25519")).verifies(jws.VerifyKey("k", "EdDSA", ED))


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "", "HS1", "A128KW", None, 5, ["HS256"]])
def test_no_algorithm_and_unknown_ones_are_refused(alg: Any) -> None:
    with pytest.raises(Unauthenticated, match="algorithm that is not accepted"):
        jws.read(with_head(json.dumps({"alg": alg})))


def test_a_public_key_is_never_taken_for_a_shared_secret() -> None:
    public = RS.as_pem(private=False)
    covered = with_head('{"alg":"HS256"}').rpartition(".")[0]
    forged = jws.read(f"{covered}.{part(hmac.digest(public, covered.encode(), 'sha256'))}")
    known = jws.VerifyKey("k", "RS256", RSAKey.import_key(public))
    assert not forged.fits(known)
    assert not forged.verifies(known)


def test_a_key_that_the_text_brings_along_is_not_used() -> None:
    theirs = RSAKey.generate_key(2048)
    brought = {
        "jwk": theirs.as_dict(private=False),
        "jku": "https://evil.example/keys",
        "x5u": "https://evil.example/cert",
        "x5c": ["MIIB"],
    }
    forged = jws.read(sign(theirs, "RS256", **brought))
    assert not forged.verifies(jws.VerifyKey("k", "RS256", RS))
    assert jws.read(sign(RS, "RS256", **brought)).verifies(jws.VerifyKey("k", "RS256", RS))


def test_a_key_id_chooses_among_known_keys_and_does_nothing_else() -> None:
    named = jws.VerifyKey("a", "HS256", HS, published="2026")
    nameless = jws.VerifyKey("b", "HS256", HS)
    assert jws.read(sign(HS, "HS256", kid="2026")).fits(named)
    assert not jws.read(sign(HS, "HS256", kid="2025")).fits(named)
    assert jws.read(sign(HS, "HS256")).fits(named)
    for kid in ("../../dev/null", "' or 1=1 --", "https://evil.example", ""):
        text = jws.read(sign(HS, "HS256", kid=kid))
        assert text.fits(nameless)
        assert not text.fits(named)
        assert not text.verifies(jws.VerifyKey("c", "HS256", OctKey.import_key(b"0" * 32)))


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ('{"alg":"HS256","alg":"none"}', "head names a member twice"),
        ('{"alg":"HS256","crit":["exp"]}', "crit"),
        ('{"alg":"HS256","crit":[]}', "crit"),
        ('{"alg":"HS256","b64":false,"crit":["b64"]}', "crit"),
        ('{"alg":"HS256","kid":5}', "kid"),
        ('{"alg":"HS256","typ":"logout+jwt"}', "typ"),
        ('{"alg":"HS256","typ":5}', "typ"),
        ("[]", "head is no JSON object"),
        ("{", "head is not JSON"),
        ('{"alg":' + "[" * 9000, "head is not JSON"),
        (b"\xff\xfe", "head is not JSON"),
    ],
)
def test_a_head_that_can_be_read_in_two_ways_or_in_none_is_refused(
    head: str | bytes, reason: str
) -> None:
    with pytest.raises(Unauthenticated, match=reason):
        jws.read(f"{part(head)}.{part(PAYLOAD)}.AAAA")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text + ".",
        lambda text: text + ".AA",
        lambda text: text.rpartition(".")[0] + ".",
        lambda text: text + "=",
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text.replace(".", "..", 1),
        lambda text: text[:-4] + "!" + text[-4:],
        lambda text: text[:-1] + chr(ord(text[-1]) + 1),
        lambda _: "",
    ],
)
def test_each_text_has_one_form(spoil: Any) -> None:
    with pytest.raises(Unauthenticated):
        jws.read(spoil(sign(HS, "HS256")))


def test_a_text_that_is_too_long_is_not_even_taken_apart() -> None:
    with pytest.raises(Unauthenticated, match="over 16384 characters"):
        jws.read("a" * (jws.MAX_TEXT + 1))


@given(st.integers(0, 200), st.integers(1, 255))
def test_no_changed_byte_of_what_is_signed_verifies(at: int, by: int) -> None:
    good = sign(HS, "HS256")
    covered = good.rpartition(".")[0]
    at %= len(covered)
    changed = covered[:at] + chr((ord(covered[at]) + by) % 128) + covered[at + 1 :]
    if changed == covered:
        return
    try:
        signed = jws.read(f"{changed}.{good.rpartition('.')[2]}")
    except Unauthenticated:
        return
    assert not signed.verifies(jws.VerifyKey("k", "HS256", HS))
