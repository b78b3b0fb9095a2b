"""What calls were and whether they were allowed, as control planes are told."""

import gc
from typing import Any

import pytest

from mcpgateway.common.usage import Done
from mcpgateway.data_plane.pipeline import decided
from mcpgateway.data_plane.pipeline.decided import Decisions
from support.endpoint import USER, Endpoint
from support.registries import prompt, server, tool, upstream

RECORDS = (upstream(), tool(), prompt(), server("s1", tools=("t1",)))
CALL = {"name": "u1-t1", "arguments": {}}
NOW = 1_800_000_000.0


def told(endpoint: Endpoint) -> list[Done]:
    return sorted(endpoint.decisions.drain(NOW), key=lambda each: (each.method, each.verdict))


@pytest.mark.parametrize("ask", [Endpoint.modern, Endpoint.legacy])
def test_calls_that_are_alike_are_told_once_with_their_number(ask: Any) -> None:
    endpoint = Endpoint(RECORDS)
    for text in ("one", "two", "three"):
        ask(endpoint, "tools/call", {"name": "u1-t1", "arguments": {"secret": text}})
    [done] = told(endpoint)
    assert (done.principal, done.action, done.verdict) == (USER.id, "tools.execute", "allow")
    assert (done.kind, done.id, done.name, done.count) == ("tool", "t1", "u1-t1", 3)
    assert (done.at, done.source) == (NOW, "127.0.0.1")
    assert not [each for each in done.__struct_fields__ if "secret" in str(getattr(done, each))]
    assert told(endpoint) == []


def test_what_is_not_offered_is_told_as_denied_and_a_malformed_call_as_no_decision() -> None:
    endpoint = Endpoint(RECORDS)
    endpoint.modern("tools/call", {"name": "u1-hidden", "arguments": {}})
    endpoint.modern("tools/list", {})
    lists, call = sorted(told(endpoint), key=lambda each: each.action)
    assert (lists.method, lists.action, lists.verdict) == ("tools/list", "", "allow")
    assert (call.action, call.verdict, call.id, call.name) == (
        "tools.execute",
        "deny",
        "",
        "u1-hidden",
    )


def test_a_cell_that_nobody_else_has_is_forgotten_and_one_in_use_never_loses_a_call() -> None:
    endpoint = Endpoint(RECORDS)
    endpoint.modern("tools/call", CALL)
    [cell] = endpoint.decisions._recent.values()
    told(endpoint)
    for _ in range(100):
        assert told(endpoint) == []
    cell.count += 1  # as a shortcut does, after more than a minute
    [done] = told(endpoint)
    assert done.count == 1
    for _ in range(100):
        told(endpoint)
    endpoint.upstreams.calls.clear()  # the call under way had it too
    del cell
    gc.collect()
    assert not list(endpoint.decisions._cells)


def test_over_the_limit_calls_are_counted_as_untold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decided, "CELLS", 2)
    endpoint = Endpoint(RECORDS)
    for number in range(5):
        endpoint.modern("tools/call", {"name": f"u1-hidden-{number}", "arguments": {}})
    assert len(told(endpoint)) == 2
    assert endpoint.decisions.untold == 3


def test_names_that_no_database_keeps_are_told_all_the_same() -> None:
    endpoint = Endpoint(RECORDS)
    endpoint.modern("tools/call", {"name": "a\0b" + "x" * 2000, "arguments": {}})
    [done] = told(endpoint)
    assert "\0" not in done.name
    assert len(done.name) <= 512


def test_nothing_is_told_of_nothing() -> None:
    assert Decisions(lambda exchange: "").drain(NOW) == []
