"""What bodies of /gateways may say of a gRPC service."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import UNSET

from mcpgateway.common.errors import InvalidCall
from mcpgateway.common.protobuf import pool
from mcpgateway.control_plane.api.nouns.gateway_input import read_gateway
from mcpgateway.control_plane.registry.drafts import UpstreamDraft
from support.descriptor_sets import compiled

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GOOD = {"name": "a", "url": "grpc://a.example:50051", "transport": "GRPC"}
SET = compiled({"m.proto": 'syntax = "proto3"; package m; message M {}'})
GIVEN = base64.b64encode(SET).decode()


def read(new: bool = True, **members: Any) -> UpstreamDraft:
    return read_gateway(GOOD | members, new=new, now=NOW)


def problems(**members: Any) -> dict[str, str]:
    with pytest.raises(InvalidCall) as error:
        read(**members)
    return {problem.field: problem.problem for problem in error.value.errors}


def test_a_url_is_enough_and_says_what_it_is() -> None:
    assert read().transport_options == {}
    assert read(transport=None).transport == "GRPC"
    assert read(transport="AUTO", url="grpcs://a:1").transport == "GRPC"


def test_a_change_that_says_nothing_of_it_changes_nothing() -> None:
    draft = read_gateway({"name": "b"}, new=False, now=NOW)

    assert (draft.transport, draft.transport_options, draft.document) == (UNSET, UNSET, UNSET)


def test_all_options_are_read() -> None:
    said = {
        "include": ["a.*", "b.S.Do"],
        "exclude": "a.Old, a.Older",
        "deprecated": False,
        "outputSchemas": False,
    }

    assert read(grpc=said).transport_options == {
        "include": ["a.*", "b.S.Do"],
        "exclude": ["a.Old", "a.Older"],
        "deprecated": False,
        "output_schemas": False,
    }


def test_descriptors_that_are_given_take_the_place_of_reflection() -> None:
    draft = read(grpc={"descriptors": GIVEN})

    assert draft.transport_options == {"reflection": False}
    assert isinstance(draft.document, bytes)
    assert pool.read(draft.document) == pool.read(SET)


def test_what_is_shown_may_be_sent_back_in_a_change() -> None:
    draft = read(new=False, grpc={"reflection": False, "include": ["m.*"]})

    assert draft.transport_options == {"reflection": False, "include": ["m.*"]}
    assert draft.document is UNSET


@pytest.mark.parametrize(
    ("said", "field", "problem"),
    [
        ("x", "grpc", "must be an object"),
        ({"services": []}, "grpc.services", "is unknown"),
        ({"reflection": 1}, "grpc.reflection", "must be true or false"),
        ({"reflection": False}, "grpc.descriptors", "is required without reflection"),
        ({"reflection": True, "descriptors": GIVEN}, "grpc.reflection", "must be false where"),
        ({"include": ["a b"]}, "grpc.include", "is neither package.Service"),
        ({"exclude": ["/a.S/Do"]}, "grpc.exclude", "is neither package.Service"),
        ({"include": ["x"] * 501}, "grpc.include", "at most 500"),
        ({"descriptors": "?"}, "grpc.descriptors", "must be base64"),
        ({"descriptors": "é"}, "grpc.descriptors", "must be base64"),
        ({"descriptors": "AAAA"}, "grpc.descriptors", "can not be used: this is no FileDescriptor"),
        ({"descriptors": 7}, "grpc.descriptors", "must be a string"),
    ],
)
def test_what_can_not_be_used_is_named(said: Any, field: str, problem: str) -> None:
    assert problem in problems(grpc=said)[field]


@pytest.mark.parametrize(
    "url",
    [
        "grpc://a",
        "grpc://:1",
        "grpc://a:0",
        "grpc://a:b",
        "grpc://a:1/path",
        "grpc://a:1?q",
        "grpc://u:p@a:1",
        "grpc://a b:1",
    ],
)
def test_a_url_is_a_host_with_its_port_and_nothing_else(url: str) -> None:
    assert "must look like grpc://host:port" in problems(url=url)["url"]


def test_urls_and_transports_go_together() -> None:
    assert "must begin with grpc://" in problems(url="http://a/")["url"]
    assert "must begin with http://" in problems(transport="SSE")["url"]
