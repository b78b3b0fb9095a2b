"""Who asks the gateway for its roots, by plain HTTP, is shown those that it may see."""

from typing import Any

import pytest

from mcpgateway.common.routing.model import Access, Principal, Root
from support.endpoint import SECRET, Endpoint, answer_of, token
from support.registries import server

ROOTS = (
    Root("2", "file:///b", "Bees"),
    Root("1", "file:///a"),
    Root("3", "file:///secret", access=Access("private", owner="someone@example.com")),
)
BUNDLE = "5" * 32
BOB = Principal("bob@example.com")


def roots(endpoint: Endpoint, method: str, authorization: str | None = None, **params: Any) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    exchange = endpoint.plain("POST", "/rpc", body, authorization=authorization)
    return answer_of(exchange)["result"]["roots"]


@pytest.mark.parametrize("method", ["roots/list", "list_roots"])
def test_an_administrator_sees_all_in_order(method: str) -> None:
    assert roots(Endpoint(ROOTS), method) == [
        {"uri": "file:///a"},
        {"uri": "file:///b", "name": "Bees"},
        {"uri": "file:///secret"},
    ]


def test_others_see_what_they_may() -> None:
    bearer = f"Bearer {token(BOB.id, SECRET)}"
    seen = roots(Endpoint((*ROOTS, BOB)), "roots/list", bearer)
    assert [each["uri"] for each in seen] == ["file:///a", "file:///b"]


def test_strangers_at_an_open_server_see_none() -> None:
    endpoint = Endpoint((*ROOTS, server(BUNDLE, anonymous_access=True)))
    assert roots(endpoint, "roots/list", "", server_id=BUNDLE) == []
