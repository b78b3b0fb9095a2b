"""How clients show who they are, and PKCE."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.control_plane.identity.oauth_server.authorization import verifies
from mcpgateway.control_plane.identity.oauth_server.client_auth import Shown, shown
from mcpgateway.control_plane.identity.oauth_server.errors import OAuthError
from mcpgateway.control_plane.identity.oauth_server.parameters import decode, single
from support.oauth import challenge

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def basic(pair: str) -> str:
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def test_the_example_of_the_rfc_verifies() -> None:
    """RFC 7636 appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert verifies(verifier, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    assert not verifies(verifier, verifier)


@given(st.text(ALPHABET, min_size=1, max_size=130), st.text(ALPHABET, min_size=43, max_size=128))
def test_a_verifier_verifies_its_own_challenge_alone(one: str, other: str) -> None:
    assert verifies(one, challenge(other)) is (one == other)


def test_what_basic_says_is_encoded_as_in_a_form() -> None:
    found = shown(basic("https%3A%2F%2Fclient.example%2Fc:a%2Bsecret"), {})
    assert found == Shown("https://client.example/c", "a+secret", basic=True)


@pytest.mark.parametrize("header", ["Bearer x", "Basic !", basic("no colon"), basic(":x"), "Basic"])
def test_a_header_that_shows_nothing_is_refused(header: str) -> None:
    with pytest.raises(OAuthError) as caught:
        shown(header, {})
    assert caught.value.error == "invalid_client"
    assert caught.value.challenge


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (basic("a:b"), {"client_secret": "b"}),
        (basic("a:b"), {"client_assertion": "x"}),
        ("", {"client_id": "a", "client_secret": "b", "client_assertion": "x"}),
        (basic("a:b"), {"client_id": "another"}),
    ],
)
def test_two_ways_at_once_are_refused(header: str, body: dict[str, str]) -> None:
    with pytest.raises(OAuthError) as caught:
        shown(header, body)
    assert caught.value.error == "invalid_request"


@given(st.binary(max_size=200))
def test_any_bytes_are_parameters_or_refused(encoded: bytes) -> None:
    try:
        found = single(decode(encoded))
    except OAuthError:
        return
    assert all(found.values())
