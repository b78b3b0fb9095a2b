"""What may run twice; whatever is not known to be harmless is not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import Record, Server, Tool, Upstream
from mcpgateway.common.routing.table import Table
from mcpgateway.data_plane.edge.routes import resolve
from mcpgateway.data_plane.front.safety import REPEATABLE, repeatable

SERVER = "0" * 32
UPSTREAM = Upstream("u", "up", "up", "http://up.example/mcp")


def tool(
    name: str, original: str = "", *, read_only: bool = False, idempotent: bool = False
) -> Tool:
    id = f"id-{name}-{original}"
    return Tool(id, "u", name, original or name, read_only=read_only, idempotent=idempotent)


READ, WRITE = tool("up-read", "read", read_only=True), tool("up-write", "write")
AGAIN = tool("up-again", "again", idempotent=True)


def table(*records: Record, naming: Any = "prefixed") -> Table:
    tools = records or (READ, WRITE, AGAIN)
    members = tuple(each.id for each in tools if isinstance(each, Tool))
    server = Server(SERVER, "bundle", tools=members, naming=naming)
    return build("a-registry", 1, (UPSTREAM, *tools, server))


def message(method: str, id: int | None = 1, **params: Any) -> bytes:
    found: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
    return json.dumps(found if id is None else {**found, "id": id}).encode()


def call(name: str) -> bytes:
    return message("tools/call", name=name)


def safe(body: bytes, path: str = "/mcp", of: Table | None = None, method: str = "POST") -> bool:
    return repeatable(method, resolve(method, path), body, of or table())


@pytest.mark.parametrize("path", ["/mcp", f"/servers/{SERVER}/mcp"])
def test_a_tool_may_be_called_twice_when_a_hint_says_so(path: str) -> None:
    named = {name: safe(call(name), path) for name in ("up-read", "up-again", "up-write", "gone")}
    assert named == {"up-read": True, "up-again": True, "up-write": False, "gone": False}


def test_original_names_count_where_they_are_offered_only() -> None:
    path = f"/servers/{SERVER}/mcp"
    assert safe(call("read"), path, table(naming="original"))
    assert not safe(call("write"), path, table(naming="original"))
    assert not safe(call("read"), path)
    assert not safe(call("read"))


def test_a_name_that_may_mean_a_harmful_tool_is_harmful() -> None:
    """Which of two the caller is offered under one name depends on what it may see."""
    two = table(READ, tool("other-read", "read"), naming="original")
    assert not safe(call("read"), f"/servers/{SERVER}/mcp", two)


def test_where_names_are_numbered_nothing_is_taken_for_harmless() -> None:
    clash = table(READ, tool("x", "up-read", read_only=True), naming="original")
    assert not safe(call("up-read"), f"/servers/{SERVER}/mcp", clash)


def test_an_unknown_server_and_an_empty_table_make_every_tool_harmful() -> None:
    assert not safe(call("up-read"), f"/servers/{'1' * 32}/mcp")
    assert not safe(call("up-read"), of=Table.empty())


@pytest.mark.parametrize("method", sorted(REPEATABLE))
def test_methods_without_side_effects_may_run_twice(method: str) -> None:
    assert safe(message(method))


@given(st.text(max_size=20).filter(lambda name: name not in REPEATABLE))
def test_any_other_request_may_not(method: str) -> None:
    assert not safe(message(method, name="up-read")) or method == "tools/call"


def test_notifications_and_answers_may_come_twice() -> None:
    assert safe(message("notifications/cancelled", None, requestId=1))
    assert safe(b'{"jsonrpc":"2.0","id":1,"result":{}}')


def test_a_batch_is_as_harmful_as_the_worst_in_it() -> None:
    assert safe(b"[" + call("up-read") + b"," + message("ping") + b"]")
    assert not safe(b"[" + call("up-read") + b"," + call("up-write") + b"]")
    assert not safe(b"[]")
    assert not safe(b"[" + b",".join([message("ping")] * 1000 + [call("up-write")]) + b"]")


@pytest.mark.parametrize("body", [b"", b"{", b"[{]", b"null", b"7", b"\xff", b"[" * 100_000])
def test_what_can_not_be_read_may_not_run_twice(body: bytes) -> None:
    assert not safe(body)


def test_a_body_that_names_its_method_twice_is_judged_as_it_is_carried_out() -> None:
    """The last one counts, here as in a replica."""
    twice = b'{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"w"}}'
    assert not safe(twice)


def test_by_plain_http_a_method_that_is_a_tools_name_may_be_that_tool() -> None:
    assert safe(message("tools/list"), "/rpc")
    assert safe(call("up-read"), "/rpc")
    assert not safe(message("up-write"), "/rpc")
    assert not safe(message("tasks/get"), "/rpc", table(tool("tasks/get")))


def test_by_plain_http_params_may_name_the_server() -> None:
    assert safe(message("tools/call", name="up-read", server_id=SERVER), "/rpc")
    assert not safe(message("tools/call", name="up-write", server_id=SERVER), "/rpc")
    assert not safe(message("tools/call", name="up-read", server_id="nonsense"), "/rpc")


def test_reading_may_be_repeated_and_writing_to_the_registry_may_not() -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        assert safe(b"", "/tools", method=method)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert not safe(b"", "/tools/x", method=method)


def test_the_end_of_a_session_and_what_comes_by_sse() -> None:
    assert safe(b"", "/mcp", method="DELETE")
    assert not safe(message("ping"), "/message")  # its answer goes elsewhere, perhaps it has


def test_protocol_routes_by_their_method() -> None:
    assert safe(b"{}", "/protocol/ping")
    assert not safe(b"{}", "/protocol/sampling/createMessage")
