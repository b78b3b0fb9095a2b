"""Options of one kind of upstream are none of another's."""

from typing import Any

import pytest

from mcpgateway.control_plane.registry.model import Transport
from mcpgateway.control_plane.registry.transports import fitting
from mcpgateway.control_plane.registry.transports.grpc import GrpcOptions
from mcpgateway.control_plane.registry.transports.grpc import kept as grpc_kept
from mcpgateway.control_plane.registry.transports.openapi import Choice, OpenApiOptions
from mcpgateway.control_plane.registry.transports.openapi import kept as openapi_kept
from mcpgateway.control_plane.registry.transports.stdio import Stdio, written

OPTIONS: dict[Transport, dict[str, Any]] = {
    "OPENAPI": openapi_kept(OpenApiOptions(tags=("a",), exclude=Choice(methods=("DELETE",)))),
    "GRPC": grpc_kept(GrpcOptions(include=("a.B",), exclude=("a.C",))),
    "STDIO": written(Stdio("uvx", args=("mcp-server-time",), env=("KEY",))),
}


@pytest.mark.parametrize("transport", OPTIONS)
def test_options_are_of_the_kind_that_they_were_read_for(transport: Transport) -> None:
    assert [each for each in OPTIONS if fitting.are_of(each, OPTIONS[transport])] == [transport]


def test_what_is_there_by_itself_has_no_options() -> None:
    for transport in ("TUNNEL", "SSE", "STREAMABLEHTTP"):
        assert fitting.are_of(transport, {})
        assert not any(fitting.are_of(transport, each) for each in OPTIONS.values())


def test_the_same_member_of_another_kind_is_none_of_this() -> None:
    assert not fitting.are_of("GRPC", openapi_kept(OpenApiOptions(exclude=Choice(tags=("a",)))))


def test_what_runners_have_is_at_no_url() -> None:
    assert not fitting.has_place("STDIO")
    assert not fitting.has_place("TUNNEL")
    assert fitting.has_place("OPENAPI")


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        (["A", "B"], ["B", "A"], []),
        (["A", "B"], ["A"], ["B"]),
        (["A"], ["A", "C"], ["C"]),
        (["A"], ["C"], ["A", "C"]),
    ],
)
def test_values_that_stay_belong_to_the_names_that_there_were(
    before: list[str], after: list[str], names: list[str]
) -> None:
    assert fitting.valueless({"env": before}, {"env": after}) == names
    assert fitting.valueless({}, {}) == []
