"""Every call counts once, by what became of it."""

from typing import Any

import pytest

from mcpgateway.common.errors import UpstreamTimeout
from mcpgateway.common.metrics.exposition import Sample
from mcpgateway.common.metrics.instruments import OTHER, Registry
from mcpgateway.data_plane.pipeline import counted
from support.endpoint import Endpoint
from support.registries import prompt, server, tool, upstream

RECORDS = (upstream(), tool(), prompt(), server("s1", tools=("t1",)))
CALL = {"name": "u1-t1", "arguments": {}}


def numbers(registry: Registry, name: str) -> dict[tuple[str, ...], float]:
    found = next(family for family in registry.families() if family.name == name)
    return {sample.values: sample.value for sample in found.samples if sample.value}


def calls(endpoint: Endpoint) -> dict[tuple[str, ...], float]:
    return numbers(endpoint.registry, "mcpgateway_calls_total")


def in_flight(endpoint: Endpoint) -> float:
    return sum(numbers(endpoint.registry, "mcpgateway_calls_in_flight").values())


def durations(endpoint: Endpoint) -> list[Sample]:
    families = endpoint.registry.families()
    return next(each for each in families if each.kind == "histogram").samples


@pytest.mark.parametrize("ask", [Endpoint.modern, Endpoint.legacy])
def test_an_answered_call_is_ok_and_is_timed_and_its_bytes_count(ask: Any) -> None:
    endpoint = Endpoint(RECORDS)
    ask(endpoint, "tools/call", CALL)
    assert (calls(endpoint), in_flight(endpoint)) == ({}, 1)
    endpoint.upstreams.last.sink.answer(b"0123456789")
    key = ("", "u1", "tools/call")
    assert (calls(endpoint), in_flight(endpoint)) == ({(*key, "ok"): 1}, 0)
    assert [(each.values, sum(each.counts)) for each in durations(endpoint)] == [(key, 1)]
    assert numbers(endpoint.registry, "mcpgateway_call_response_bytes_total") == {key: 10}


def test_a_relayed_answer_counts_at_its_end_with_all_its_bytes() -> None:
    endpoint = Endpoint(RECORDS)
    endpoint.modern("tools/call", CALL)
    sink = endpoint.upstreams.last.sink
    sink.relay_head(200, [(b"content-type", b"text/event-stream")])
    sink.relay_chunk(b"12345")
    sink.relay_chunk(b"678")
    assert calls(endpoint) == {}
    sink.relay_end()
    key = ("", "u1", "tools/call")
    assert calls(endpoint) == {(*key, "ok"): 1}
    assert numbers(endpoint.registry, "mcpgateway_call_response_bytes_total") == {key: 8}


def test_a_failed_call_counts_by_the_code_of_its_error() -> None:
    endpoint = Endpoint(RECORDS)
    endpoint.modern("tools/call", CALL)
    endpoint.upstreams.last.sink.failed(UpstreamTimeout("too late"))
    assert calls(endpoint) == {("", "u1", "tools/call", UpstreamTimeout.code): 1}
    assert in_flight(endpoint) == 0


def test_a_call_whose_client_leaves_is_cancelled_once_and_the_upstream_hears_of_it() -> None:
    endpoint = Endpoint(RECORDS)
    endpoint.modern("tools/call", CALL).leave()
    assert calls(endpoint) == {("", "u1", "tools/call", "cancelled"): 1}
    assert endpoint.upstreams.last.ticket.asked == ["cancel"]
    endpoint.upstreams.last.sink.failed(UpstreamTimeout("after all"))
    assert sum(calls(endpoint).values()) == 1


def test_a_reader_s_pace_reaches_the_upstream_through_the_count() -> None:
    endpoint = Endpoint(RECORDS)
    exchange = endpoint.modern("tools/call", CALL)
    endpoint.upstreams.last.sink.relay_head(200, [(b"content-type", b"text/event-stream")])
    exchange.clog()
    exchange.unclog()
    assert endpoint.upstreams.last.ticket.asked == ["pause", "resume"]


def test_calls_by_a_virtual_server_name_it() -> None:
    endpoint = Endpoint(RECORDS)
    endpoint.modern("tools/call", CALL, server="s1")
    endpoint.upstreams.last.sink.answer(b"{}")
    assert [key[0] for key in calls(endpoint)] == [RECORDS[3].name]


@pytest.mark.parametrize(
    ("method", "params", "outcome"),
    [
        ("tools/list", {}, "ok"),
        ("initialize", {}, "refused"),
        ("tools/list", {"cursor": "x"}, "refused"),
        ("tools/call", {"name": "unknown"}, "refused"),
        ("ping", {}, "ok"),
    ],
)
def test_what_needs_no_upstream_counts_without_one(
    method: str, params: dict[str, Any], outcome: str
) -> None:
    endpoint = Endpoint(RECORDS)
    endpoint.legacy(method, params)
    assert calls(endpoint) == {("", "", method, outcome): 1}
    assert durations(endpoint) == []


def test_unknown_methods_make_no_series() -> None:
    endpoint = Endpoint(RECORDS)
    endpoint.legacy("no/such/method")
    assert calls(endpoint) == {}


def test_series_are_bounded_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counted, "SERIES", 2)
    endpoint = Endpoint(RECORDS)
    for method in ("tools/list", "prompts/list", "resources/list", "ping", "tools/list"):
        endpoint.legacy(method)
    assert calls(endpoint) == {
        ("", "", "tools/list", "ok"): 2,
        ("", "", "prompts/list", "ok"): 1,
        (OTHER, OTHER, OTHER, "ok"): 2,
    }
