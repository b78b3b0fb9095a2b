"""What goes over the wire comes back the same, and damage is an error, not another table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.gen.gateway.v1 import routing_pb2 as pb
from mcpgateway.common.routing import codec
from mcpgateway.common.routing.delta import finish
from mcpgateway.common.routing.model import (
    Access,
    ApiToken,
    Credential,
    Delta,
    Key,
    Origin,
    Principal,
    Revocation,
    Role,
    Rule,
    SigningKey,
)
from support.registries import REGISTRY, deltas, prompt, resource, server, tool, upstream

ORIGIN = Origin("west", "t1", 7)
FULL = Delta(
    REGISTRY,
    3,
    2**40,
    (
        upstream(
            transport="SSE",
            era="legacy",
            protocol_version="2025-11-25",
            capabilities=b'{"tools":{}}',
            instructions="ß€😀",
            credential="c1",
            passthrough_headers=("x-a", "x-b"),
            timeout_ms=1,
            loopback_allowed=True,
            private_allowed=False,
            adds_result_type=False,
            origin=ORIGIN,
        ),
        tool(definition=b'{"a":1}', read_only=True, idempotent=True, origin=ORIGIN),
        prompt(access=Access("team", "red", "ann")),
        resource(template=True),
        server(tools=("t1", "t2"), prompts=("p1",), resources=("r1",), naming="original"),
        server(
            "s2",
            description="d",
            anonymous_access=True,
            protocol_versions=("2025-06-18",),
            access=Access("private", "", "ann"),
        ),
        Principal(
            "ann",
            active=False,
            admin=True,
            teams=("a",),
            grants=b'[["r1","global",""]]',
            attributes=b'{"department":"x"}',
            service=True,
            not_before=1.5,
        ),
        Credential("c1", b"\x00sealed"),
        SigningKey("k1", "HS256", b"m", True, "i", "a", False, False, "e", "s", ("upn",), "kid"),
        Role("r1", "reader", ("tools.read",), "r0"),
        Rule("d1", "no deletes", "deny", b'{"actions":["tools.execute"]}'),
        ApiToken("a1", "00ff", "ann", b'{"server":"s1"}', 2.5),
        Revocation("j1", 3.5),
    ),
    (Key("tool", "gone"), Key("signing_key", "old")),
)


def test_every_field_of_every_kind_survives() -> None:
    assert codec.decode(codec.encode(FULL)) == FULL


@given(deltas(5))
def test_every_delta_survives(delta: Delta) -> None:
    assert codec.decode(codec.encode(delta)) == delta


def test_a_body_is_one_protobuf_message_that_anyone_can_read() -> None:
    message = pb.RoutingDelta.FromString(codec.encode(FULL))
    assert (message.registry, message.base, message.revision) == (REGISTRY, 3, 2**40)
    assert [record.WhichOneof("record") for record in message.upserts][:2] == ["upstream", "tool"]
    assert codec.decode(message.SerializeToString()) == FULL


def test_a_large_body_is_decoded_in_slices() -> None:
    delta = Delta(REGISTRY, 0, 1, tuple(tool(f"t{n}") for n in range(100)))
    steps = codec.decoding(codec.encode(delta))
    assert sum(1 for _ in steps) >= 100 // codec.STEP
    assert finish(codec.decoding(codec.encode(delta))) == delta


def test_kinds_and_fields_of_a_newer_control_plane_are_passed_over() -> None:
    newer_field = b"\x7a\x03abc"  # field 15
    newer_kind = b"\x22\x05" + newer_field  # an upsert that is none of ours
    body = codec.encode(FULL) + newer_kind + newer_field + b"\x29" + b"12345678"
    extra = pb.RoutingDelta(deletes=[pb.Key(kind="agent", id="a1")]).SerializeToString()
    assert codec.decode(body + extra) == FULL


def test_a_resource_without_access_is_not_taken_for_public() -> None:
    record = pb.Record(tool=pb.Tool(id="t1"))
    body = pb.RoutingDelta(registry="r", upserts=[record]).SerializeToString()
    [decoded] = codec.decode(body).upserts
    assert decoded.access.visibility == ""  # type: ignore[union-attr]  # a tool


@given(st.data())
def test_a_damaged_body_is_an_error_or_another_delta_but_nothing_else(data: st.DataObject) -> None:
    body = bytearray(codec.encode(FULL))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        codec.decode(bytes(body))
    except codec.CodecError:
        return


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(raw: bytes) -> None:
    try:
        codec.decode(raw)
    except codec.CodecError:
        return


def test_a_body_that_is_cut_off_is_refused() -> None:
    with pytest.raises(codec.CodecError, match="cut off"):
        codec.decode(codec.encode(FULL)[:-1])
