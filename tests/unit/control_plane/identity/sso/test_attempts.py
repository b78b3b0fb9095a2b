"""A login under way, in the browser that began it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.errors import Unauthenticated
from mcpgateway.common.seal import Sealer
from mcpgateway.control_plane.identity.sso import attempts
from mcpgateway.control_plane.identity.sso.attempts import Attempt

SEALER = Sealer((b"k" * 32,))
ATTEMPT = Attempt("nonce", "verifier", "https://gateway.example.com/cb", "/admin", 600.0)


def test_it_is_read_by_its_own_provider_and_state_only() -> None:
    cookie = attempts.write(SEALER, "corp", "state", ATTEMPT, b"n" * 12)
    assert attempts.read(SEALER, "corp", "state", cookie, 599.0) == ATTEMPT
    for provider, state, text in (
        ("other", "state", cookie),
        ("corp", "another", cookie),
        ("corps", "tate", cookie),
        ("corp", "state", cookie[:-2]),
        ("corp", "state", ""),
    ):
        with pytest.raises(Unauthenticated, match="began in this browser"):
            attempts.read(SEALER, provider, state, text, 0.0)
    with pytest.raises(Unauthenticated, match="more than 600 s"):
        attempts.read(SEALER, "corp", "state", cookie, 600.0)


def test_a_cookie_with_the_longest_path_fits_into_what_browsers_keep() -> None:
    longest = "/" + "x" * (attempts.MAX_PATH - 1)
    assert attempts.own_path(longest) == longest
    fresh = attempts.fresh(bytes(96))
    attempt = Attempt(fresh.nonce, fresh.verifier, "https://" + "g" * 200, longest, 1795348800.5)
    cookie = attempts.write(SEALER, "p" * 64, fresh.state, attempt, b"n" * 12)
    assert len(attempts.cookie_of(fresh.state)) + len(cookie) < 4096


@given(st.text(max_size=40))
def test_a_path_is_of_this_site_or_none(path: str) -> None:
    for text in (path, "/" + path, "//" + path, "/\\" + path):
        found = attempts.own_path(text)
        assert found == "/admin" or (found == text and found[0] == "/" and found[1:2] != "/")
        assert "\\" not in found
