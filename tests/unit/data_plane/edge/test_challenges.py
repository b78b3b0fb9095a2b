"""What a refused client is told to do about it."""

import pytest

from mcpgateway.common.errors import Denied, GatewayError, Unauthenticated
from mcpgateway.common.policy.access import oauth_scopes
from mcpgateway.common.policy.access.scope import EVERYTHING, Scope
from mcpgateway.data_plane.edge.challenges import (
    NEEDED,
    InsufficientScope,
    WrongRequest,
    challenge,
    challenges,
    lacking,
    outside,
)
from support.exchange import RecordingExchange

BASE = "https://gw.example.com"
WHERE = f'resource_metadata="{BASE}/.well-known/oauth-protected-resource/mcp"'


def said(error: GatewayError, *, offered: bool = True, path: str = "/mcp", base: str = BASE) -> str:
    name, value = challenge(RecordingExchange(path=path), error, base, offered=offered)
    assert name == b"www-authenticate"
    return value.decode()


def test_a_stranger_is_told_where_tokens_are_to_be_had() -> None:
    told = said(Unauthenticated("who"), offered=False)
    assert told == f'Bearer realm="mcpgateway", {WHERE}, scope="mcp"'


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Unauthenticated("expired"), 'error="invalid_token"'),
        (WrongRequest("in the query"), 'error="invalid_request"'),
        (InsufficientScope("more", ("mcp:tools",)), 'error="insufficient_scope"'),
    ],
)
def test_each_refusal_has_its_own_word(error: GatewayError, words: str) -> None:
    assert words in said(error)
    assert WHERE in said(error)
    assert challenges(error)


def test_a_lack_of_scope_names_all_that_are_needed_and_no_others() -> None:
    assert said(InsufficientScope("more", ("mcp:tools", "a2a"))).endswith('scope="mcp:tools a2a"')


def test_no_path_breaks_out_of_the_line() -> None:
    assert '"' not in said(Unauthenticated(""), path='/mcp"x').partition("resource_metadata=")[
        2
    ].split('", ')[0].removeprefix('"')


def test_without_an_address_no_metadata_is_named() -> None:
    assert "resource_metadata" not in said(Unauthenticated(""), base="")


def test_other_errors_are_no_challenge() -> None:
    assert not challenges(Denied("no"))


@pytest.mark.parametrize("method", NEEDED)
def test_the_scope_that_is_asked_for_would_be_enough(method: str) -> None:
    lack = lacking(Scope(permissions=()), method)
    assert lack is not None
    granted = Scope(permissions=oauth_scopes.permissions(lack.scopes))
    assert lacking(granted, method) is None
    assert lacking(EVERYTHING, method) is None


def test_lists_are_asked_for_with_whatever_scope_there_is() -> None:
    assert lacking(Scope(permissions=()), "tools/list") is None


def test_a_token_without_anything_of_mcp_is_for_no_endpoint() -> None:
    assert outside(Scope(permissions=("a2a.invoke",))) is not None
    assert outside(Scope(permissions=("tools.read",))) is None
    assert outside(EVERYTHING) is None
