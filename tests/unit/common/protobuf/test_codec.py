"""What arguments become which messages, and what messages say as JSON."""

import json
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common import strict_json
from mcpgateway.common.protobuf import codec
from mcpgateway.common.protobuf.codec import BadArguments, Codec, Unshown
from support.grpc_service import message, pool

ECHO = Codec(pool(), "probe.v1.Probe.Echo")
CHAT = Codec(pool(), "routeguide.RouteGuide.RouteChat")


def echoed(**fields: Any) -> Any:
    """What is told of the members that were given, on their way there and back."""
    (sent,) = ECHO.requests(json.dumps(fields).encode())
    told = ECHO.result([ECHO.response(sent)])
    return {name: told[name] for name in fields}


def problem(arguments: Any, of: Codec = ECHO) -> str:
    with pytest.raises(BadArguments) as bad:
        of.requests(json.dumps(arguments).encode())
    return str(bad.value)


def test_every_kind_of_field_comes_back_in_the_form_of_its_schema() -> None:
    given: dict[str, Any] = {
        "a_double": 1.5,
        "an_int64": str(2**53 + 1),
        "a_bool": True,
        "some_bytes": "AAE=",
        "colour": "RED",
        "colours": ["GREEN"],
        "counts": {"a": "1"},
        "at": "2024-01-01T00:00:00Z",
        "lasts": "1.500s",
        "object": {"a": [1.0, None]},
        "value": "any",
        "wrapped": "5",
        "mask": "aB,c",
        "nothing": {},
        "by_name": "x",
    }
    assert echoed(**given) == given
    whole = {"@type": "type.googleapis.com/probe.v1.Tree", "label": "x", "children": []}
    assert echoed(anything=whole) == {"anything": whole}


def test_fields_may_be_named_in_camel_case_and_are_told_by_their_own_names() -> None:
    (sent,) = ECHO.requests(b'{"anInt32":7,"otherName":"x"}')
    told = ECHO.response(sent)
    assert (told["an_int32"], told["renamed"]) == (7, "x")


def test_what_is_always_there_is_always_told_and_what_may_be_missing_is_not() -> None:
    told = ECHO.response(b"")
    assert (told["an_int32"], told["numbers"], told["colour"]) == (0, [], "COLOUR_UNSPECIFIED")
    assert not {"maybe", "tree", "by_name"} & told.keys()


@given(st.integers(-(2**63), 2**63 - 1), st.text(), st.binary())
def test_no_number_text_or_byte_is_changed(number: int, text: str, data: bytes) -> None:
    fields = {"an_int64": number, "a_string": text, "some_bytes": data}
    sent: Message = message("probe.v1.Everything", **fields)
    told = ECHO.response(sent.SerializeToString())
    (again,) = ECHO.requests(json.dumps(told).encode())
    assert sent == type(sent).FromString(again)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "must be an object"),
        ({"foo": 1}, "Everything has no field 'foo'; the fields of probe.v1.Everything: a_double"),
        ({"tree": {"children": [{"lbl": 1}]}}, "Everything.tree.children[0] has no field 'lbl'"),
        ({"an_int32": 2**40}, "an_int32: Value out of range"),
        ({"a_bool": 3}, "a_bool: Expected true or false"),
        ({"anything": {"@type": "type.googleapis.com/x.Y"}}, "type.googleapis.com/x.Y"),
        ({"a_string": "\ud800"}, "surrogate"),
        ({"value": json.loads("[" * 200 + "]" * 200)}, "deep"),
    ],
)
def test_arguments_that_are_no_message_are_told_with_their_place(arguments: Any, says: str) -> None:
    assert says in problem(arguments)


def test_a_tree_that_is_too_deep_is_no_crash() -> None:
    tree: dict[str, Any] = {}
    for _ in range(200):
        tree = {"children": [tree]}
    assert "deep" in problem({"tree": tree})


@pytest.mark.parametrize("raw", [b"{", b'{"a_bool":true,"a_bool":false}', b"[" * 100_000])
def test_what_can_not_be_read_or_says_something_twice_is_not_sent(raw: bytes) -> None:
    with pytest.raises(strict_json.Unreadable):
        ECHO.requests(raw)


def test_a_stream_is_an_array_of_messages_both_ways() -> None:
    sent = CHAT.requests(b'{"messages":[{"message":"a"},{}]}')
    assert len(sent) == 2
    told = CHAT.result([CHAT.response(each) for each in sent])
    assert [each["message"] for each in told["messages"]] == ["a", ""]
    assert CHAT.result([]) == {"messages": []}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "one member, 'messages'"),
        ({"messages": [], "message": "x"}, "one member, 'messages'"),
        ({"messages": {}}, "/messages: must be an array"),
        ({"messages": [{}, 1]}, "/messages/1: must be an object"),
        ({"messages": [{}] * (codec.MAX_MESSAGES + 1)}, "at most 1000 are sent"),
    ],
)
def test_a_stream_is_nothing_else(arguments: Any, says: str) -> None:
    assert says in problem(arguments, CHAT)


def test_an_answer_that_is_another_message_is_said_to_be_none() -> None:
    with pytest.raises(Unshown, match=r"no probe\.v1\.Everything"):
        ECHO.response(b"\xff\xff")


def test_an_any_of_a_type_that_nobody_knows_is_not_shown() -> None:
    (sent,) = [message("probe.v1.Everything")]
    sent.anything.type_url = "type.googleapis.com/x.Y"
    with pytest.raises(Unshown, match=r"x\.Y"):
        ECHO.response(sent.SerializeToString())


def test_a_method_has_the_path_of_grpc_and_one_that_is_not_there_is_none() -> None:
    assert ECHO.path == "/probe.v1.Probe/Echo"
    with pytest.raises(KeyError):
        Codec(pool(), "probe.v1.Probe.Missing")
