"""Redirect URIs: what matches leads where it was registered, whatever is asked."""

from urllib.parse import parse_qsl, urlsplit

from hypothesis import example, given
from hypothesis import strategies as st

from mcpgateway.control_plane.identity.oauth_server.redirects import (
    LOOPBACK,
    form_target,
    is_local,
    matches,
    problem,
    with_query,
)

SITE, MACHINE = "https://app.example.com/callback?a=1", "http://127.0.0.1/callback"
pieces = st.lists(
    st.sampled_from(
        [
            "http://",
            "https://",
            "127.0.0.1",
            "localhost",
            "[::1]",
            ":80",
            ":",
            "@",
            "\\",
            "/",
            "callback",
            "..",
            "%2e",
            "#",
            "?",
            "*",
            "app.example.com",
            "evil.example",
            "a=1",
            "\t",
        ]
    ),
    max_size=8,
).map("".join)


@given(pieces | st.text(max_size=60))
@example("http://127.0.0.1:99@evil.example/callback")
@example("http://127.0.0.1:99\\@evil.example/callback")
def test_what_matches_leads_to_where_it_was_registered(asked: str) -> None:
    if matches([SITE, MACHINE], asked):
        parts = urlsplit(asked)
        assert asked == SITE or (parts.hostname == "127.0.0.1" and parts.path == "/callback")


@given(st.integers(1, 65535))
def test_any_port_of_the_machine_matches(port: int) -> None:
    assert matches([MACHINE], f"http://127.0.0.1:{port}/callback")
    assert not matches([MACHINE], f"http://127.0.0.1:{port}/callback/")
    assert not matches([SITE], f"https://app.example.com:{port}/callback?a=1")


@given(pieces | st.text(max_size=60))
def test_what_may_be_registered_is_https_or_of_this_machine(uri: str) -> None:
    if problem(uri, ()) is None:
        parts = urlsplit(uri)
        assert "#" not in uri
        assert parts.username is None
        assert parts.scheme != "http" or parts.hostname in LOOPBACK
        assert parts.scheme in ("http", "https") or "." in parts.scheme


def test_a_scheme_without_a_dot_has_to_be_named() -> None:
    assert problem("cursor://callback", ()) is not None
    assert problem("cursor://callback", ("cursor",)) is None
    assert problem("com.example.app:/callback", ()) is None


def test_programs_of_a_machine_are_told_from_sites() -> None:
    assert is_local("cursor://callback")
    assert is_local("http://localhost:1/callback")
    assert not is_local(SITE)


@given(st.dictionaries(st.text(min_size=1, max_size=9), st.text(min_size=1, max_size=9)))
def test_what_is_added_comes_after_what_was_there_and_is_read_as_it_was(
    said: dict[str, str],
) -> None:
    made = with_query(SITE, said.items())
    assert parse_qsl(urlsplit(made).query) == [("a", "1"), *said.items()]
    assert made.startswith(SITE)


def test_a_policy_names_an_origin_or_a_scheme_and_no_path() -> None:
    assert form_target(SITE) == "https://app.example.com"
    assert form_target("cursor://anysphere/callback") == "cursor:"
