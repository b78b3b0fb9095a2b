"""The definitions of the tools that methods are."""

from contextlib import suppress
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.protobuf import pool
from mcpgateway.common.protobuf.pool import DescriptorError
from mcpgateway.control_plane.discovery.grpc import definitions
from mcpgateway.control_plane.discovery.grpc.definitions import catalogue
from mcpgateway.control_plane.registry.transports.grpc import GrpcOptions
from support.descriptor_sets import compiled

TALK = """
syntax = "proto3";
package talk.v1;
message Word { string text = 1; }
service Talk {
  // Says a word.
  rpc Say(Word) returns (Word) { option idempotency_level = IDEMPOTENT; }
  rpc Hear(Word) returns (stream Word) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Chat(stream Word) returns (stream Word) { option deprecated = true; }
}
"""


def _made(options: GrpcOptions) -> dict[str, Any]:
    found = catalogue(pool.read(compiled({"talk.proto": TALK})), options)
    assert found.problems == ()
    return {tool.name: msgspec.json.decode(tool.definition) for tool in found.tools}


def test_a_tool_says_what_its_method_does_takes_and_gives() -> None:
    word = {"type": "object", "properties": {"text": {"type": "string"}}}

    assert _made(GrpcOptions())["talk.v1.Talk.Say"] == {
        "title": "Talk.Say",
        "description": "Says a word.",
        "inputSchema": word,
        "outputSchema": word,
        "annotations": {"idempotentHint": True},
    }


def test_streams_are_told_in_words_too() -> None:
    made = _made(GrpcOptions())

    assert made["talk.v1.Talk.Hear"]["description"] == (
        "Calls Hear of the gRPC service talk.v1.Talk.\n"
        "It answers a stream, of which all messages are in `messages`."
    )
    assert made["talk.v1.Talk.Hear"]["annotations"] == {
        "readOnlyHint": True,
        "idempotentHint": True,
    }
    assert made["talk.v1.Talk.Chat"]["description"].splitlines()[1:] == [
        "It takes a stream: all of its messages at once, in `messages`.",
        "It answers a stream, of which all messages are in `messages`.",
        "Deprecated.",
    ]


def test_output_schemas_may_be_left_out() -> None:
    assert not any("outputSchema" in each for each in _made(_without()).values())


def _without() -> GrpcOptions:
    return GrpcOptions(output_schemas=False)


def test_too_many_methods_end_the_list_and_are_named() -> None:
    many = "\n".join(f"rpc Do{n}(W) returns (W);" for n in range(definitions.MAX_TOOLS + 2))
    source = f'syntax = "proto3"; package p; message W {{}} service S {{ {many} }}'

    found = catalogue(pool.read(compiled({"many.proto": source})), GrpcOptions())

    assert len(found.tools) == definitions.MAX_TOOLS
    assert found.problems == ("over 5000 methods: p.S.Do5000 and all after it are left out",)


SET = compiled({"talk.proto": TALK})


@given(st.lists(st.tuples(st.integers(0, len(SET) - 1), st.integers(0, 255)), max_size=4))
def test_descriptors_with_any_bytes_changed_make_tools_or_are_refused(
    changes: list[tuple[int, int]],
) -> None:
    data = bytearray(SET)
    for at, value in changes:
        data[at] = value

    with suppress(DescriptorError):
        files = pool.read(bytes(data))
        catalogue(files, GrpcOptions())
        pool.pack(files)
