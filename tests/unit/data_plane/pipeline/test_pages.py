"""Long lists come in pages that fit together, by cursors that are good for nothing else."""

from typing import Any

import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.routing.model import Principal, Record
from mcpgateway.data_plane.pipeline.pages import SECONDS
from support.endpoint import USER, Endpoint, answer_of, bearer, token
from support.registries import prompt, resource, server, tool, upstream

MANY = 300
LISTS = ("tools/list", "prompts/list", "resources/list", "resources/templates/list")
ANN = Principal("other@example.com", admin=True)
RECORDS: tuple[Record, ...] = (
    upstream(),
    ANN,
    *(tool(f"t{n:03}", definition=b'{"title":"x"}') for n in range(MANY)),
    *(prompt(f"p{n:03}") for n in range(MANY)),
    *(resource(f"r{n:03}") for n in range(MANY)),
    *(resource(f"e{n:03}", uri=f"memo://{n:03}/{{id}}", template=True) for n in range(MANY)),
    server("s1", tools=tuple(f"t{n:03}" for n in range(MANY))),
)
SIZE = 2_000  # bytes of a page


def ask(endpoint: Endpoint, era: str, method: str, server: str = "", **params: Any) -> Any:
    send = endpoint.modern if era == "modern" else endpoint.legacy
    return answer_of(send(method, params, server))


def refused(answer: Any) -> str:
    assert answer["error"]["code"] == jsonrpc.INVALID_PARAMS
    return str(answer["error"]["message"])


def items(result: dict[str, Any]) -> list[dict[str, Any]]:
    (listed,) = (value for value in result.values() if isinstance(value, list))
    return listed


@pytest.mark.parametrize("era", ["modern", "legacy"])
@pytest.mark.parametrize("method", LISTS)
def test_the_pages_of_a_long_list_are_together_the_list(era: str, method: str) -> None:
    whole = ask(Endpoint(RECORDS), era, method)["result"]
    assert "nextCursor" not in whole
    endpoint, found = Endpoint(RECORDS, page_size=SIZE), []
    params: dict[str, Any] = {}
    while True:
        page = ask(endpoint, era, method, **params)["result"]
        assert items(page)
        found += items(page)
        if "nextCursor" not in page:
            break
        params = {"cursor": page["nextCursor"]}
    assert found == items(whole)
    assert len(found) == MANY


def cursor_of(endpoint: Endpoint, method: str = "tools/list", server: str = "") -> str:
    return str(ask(endpoint, "modern", method, server)["result"]["nextCursor"])


def test_a_cursor_is_worth_nothing_in_another_list_server_or_era_or_to_another_caller() -> None:
    endpoint = Endpoint(RECORDS, page_size=SIZE)
    cursor = cursor_of(endpoint)
    assert "another list" in refused(ask(endpoint, "modern", "prompts/list", cursor=cursor))
    assert "another list" in refused(ask(endpoint, "legacy", "tools/list", cursor=cursor))
    assert "unknown" in refused(ask(endpoint, "modern", "tools/list", "s1", cursor=cursor))
    other = endpoint.modern(
        "tools/list", {"cursor": cursor}, authorization=bearer(token(ANN.id))[1].decode()
    )
    assert "unknown" in refused(answer_of(other))
    assert "result" in ask(endpoint, "modern", "tools/list", cursor=cursor)


def test_a_cursor_expires() -> None:
    endpoint = Endpoint(RECORDS, page_size=SIZE)
    cursor = cursor_of(endpoint)
    endpoint.clock.now += SECONDS + 1
    assert "expired" in refused(ask(endpoint, "modern", "tools/list", cursor=cursor))


def test_a_list_that_changed_is_noticed_and_a_change_elsewhere_is_not() -> None:
    endpoint = Endpoint(RECORDS, page_size=SIZE)
    cursor = cursor_of(endpoint)
    endpoint.change(prompt("another"))
    assert "result" in ask(endpoint, "modern", "tools/list", cursor=cursor)
    endpoint.change(tool("t001", definition=b'{"title":"y"}'))
    assert "has changed" in refused(ask(endpoint, "modern", "tools/list", cursor=cursor))


def test_a_cursor_leads_on_at_a_replica_whose_list_came_together_otherwise() -> None:
    one, other = (Endpoint(RECORDS, page_size=SIZE) for _ in range(2))
    assert "nextCursor" in ask(one, "modern", "tools/list")["result"]
    for endpoint in (one, other):
        endpoint.change(tool("t0005"))
    cursor = cursor_of(one)
    assert ask(other, "modern", "tools/list", cursor=cursor) == ask(
        one, "modern", "tools/list", cursor=cursor
    )


@pytest.mark.parametrize("cursor", ["", "gw1.AAAA", "x" * 10_000, 7, [], {}])
def test_what_was_never_given_is_no_cursor_the_empty_string_too(cursor: object) -> None:
    endpoint = Endpoint(RECORDS, page_size=SIZE)
    for era in ("modern", "legacy"):
        for method in LISTS:
            assert "cursor" in refused(ask(endpoint, era, method, cursor=cursor))


@pytest.mark.parametrize("key", ["20", "tasks 20", ""])
def test_a_cursor_that_is_no_lists_is_refused(key: str) -> None:
    endpoint = Endpoint(RECORDS, page_size=SIZE)
    owner = f"{USER.id}\nmcpgateway"
    cursor = endpoint.conversations.handles.make("cursor", "", owner, key, 60)
    assert "another list" in refused(ask(endpoint, "modern", "tools/list", cursor=cursor))
