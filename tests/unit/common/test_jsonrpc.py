"""JSON-RPC messages are read once, strictly, and carried untouched."""

import json
from collections.abc import Callable
from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common import jsonrpc

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
ids = st.integers(-(2**63), 2**63 - 1) | st.text()


@given(ids, st.text(min_size=1), st.dictionaries(st.text(), values, max_size=4))
def test_a_request_survives_being_read_and_emitted_again(
    id: int | str, method: str, params: dict[str, object]
) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).encode()
    frame = jsonrpc.decode_frame(body)
    assert frame.is_request
    assert isinstance(frame.params, dict)
    emitted = jsonrpc.request(id, method, jsonrpc.join_params(frame.params))
    assert json.loads(emitted) == json.loads(body)
    assert type(json.loads(emitted)["id"]) is type(id)


@given(values)
def test_the_bytes_of_a_member_are_not_touched(value: object) -> None:
    raw = json.dumps(value, indent=1).encode()
    body = b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"arguments":%b}}' % raw
    params = jsonrpc.decode_frame(body).params
    assert isinstance(params, dict)
    assert bytes(params["arguments"]) == raw
    assert raw in jsonrpc.join_params(params)


@pytest.mark.parametrize("number", ["1.10", "123456789012345678901234567890", "1e400", "-0"])
def test_numbers_keep_their_spelling(number: str) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"n":%b}}' % number.encode()
    params = jsonrpc.decode_frame(body).params
    assert isinstance(params, dict)
    assert jsonrpc.join_params(params) == b'{"n":%b}' % number.encode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", jsonrpc.PARSE_ERROR),
        (b"{", jsonrpc.PARSE_ERROR),
        (b'{"jsonrpc":"2.0","id":1,"method":"m"} x', jsonrpc.PARSE_ERROR),
        (b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":"\xff"}}', jsonrpc.PARSE_ERROR),
        (b"[]", jsonrpc.INVALID_REQUEST),
        (b'{"jsonrpc":"1.0","id":1,"method":"m"}', jsonrpc.INVALID_REQUEST),
        (b'{"id":1,"method":"m"}', jsonrpc.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":null,"method":"m"}', jsonrpc.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"m"}', jsonrpc.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":1,"method":"m","params":[]}', jsonrpc.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":1,"method":7}', jsonrpc.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":1}', jsonrpc.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":1,"method":"m","result":{}}', jsonrpc.INVALID_REQUEST),
        (
            b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":'
            + b"[" * 100_000
            + b"]" * 100_000
            + b"}}",
            jsonrpc.INVALID_REQUEST,
        ),
    ],
)
def test_what_is_no_message_is_refused_with_the_right_code(body: bytes, code: int) -> None:
    with pytest.raises(jsonrpc.FrameError) as refused:
        jsonrpc.decode_frame(body)
    assert refused.value.code == code
    assert refused.value.message


def test_a_refusal_names_the_id_when_it_could_be_read() -> None:
    with pytest.raises(jsonrpc.FrameError) as refused:
        jsonrpc.decode_frame(b'{"jsonrpc":"1.0","id":"seven","method":"m"}')
    assert refused.value.id == "seven"


def test_a_message_without_id_is_a_notification_and_one_with_result_a_response() -> None:
    assert jsonrpc.decode_frame(b'{"jsonrpc":"2.0","method":"m"}').is_notification
    assert jsonrpc.decode_frame(b'{"jsonrpc":"2.0","id":1,"result":{}}').is_response
    assert jsonrpc.decode_frame(b'{"jsonrpc":"2.0","id":1,"error":{"code":1}}').is_response


def test_of_a_duplicate_envelope_key_only_what_was_read_is_sent_on() -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"name":"evil","name":"good"}}'
    params = jsonrpc.decode_frame(body).params
    assert isinstance(params, dict)
    assert jsonrpc.join_params(params) == b'{"name":"good"}'


@pytest.mark.parametrize("raw", [b'{"a":1,"a":2}', b'{"x":[{"p":1,"q":2,"p":3}]}'])
def test_a_strict_decode_refuses_a_duplicate_key_at_any_depth(raw: bytes) -> None:
    with pytest.raises(jsonrpc.DuplicateKey, match="duplicate key"):
        jsonrpc.decode_strict(raw)


@given(values)
def test_a_strict_decode_reads_what_json_reads(value: object) -> None:
    assert jsonrpc.decode_strict(json.dumps(value).encode()) == value


def test_error_responses_say_code_message_and_data() -> None:
    assert json.loads(jsonrpc.error(None, -32700, "bad", {"at": 3})) == {
        "jsonrpc": "2.0",
        "id": None,
        "error": {"code": -32700, "message": "bad", "data": {"at": 3}},
    }
    assert "data" not in json.loads(jsonrpc.error(1, -1, "x"))["error"]


def test_a_malformed_error_member_becomes_an_internal_error() -> None:
    assert jsonrpc.decode_error(b'"boom"').code == jsonrpc.INTERNAL_ERROR
    read = jsonrpc.decode_error(msgspec.Raw(b'{"code":-5,"message":"m","data":{"k":1}}'))
    assert (read.code, read.message) == (-5, "m")


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        (rb'"cut \ud83d"', rb'"cut \ufffd"'),
        (rb'"\uDE00 cut"', rb'"\ufffd cut"'),
        (rb'"\ud83d\ud83d\ude00"', rb'"\ufffd\ud83d\ude00"'),
        (rb'"\\ud83d \\\\ud83d \n \" \u00fc"', rb'"\\ud83d \\\\ud83d \n \" \u00fc"'),
    ],
)
def test_halves_of_characters_are_mended_and_nothing_else_is_touched(
    text: bytes, mended: bytes
) -> None:
    assert jsonrpc.mended(text) == mended
    msgspec.json.decode(mended)


@given(st.text())
def test_whole_text_is_never_mended(text: str) -> None:
    for written in (json.dumps(text).encode(), json.dumps(text, ensure_ascii=False).encode()):
        assert jsonrpc.mended(written) == written


def deeper(levels: int, do: Callable[[], object]) -> object:
    return do() if not levels else deeper(levels - 1, do)


def test_what_is_taken_can_be_decoded_from_deeper_in_the_stack() -> None:
    refused = 0
    for depth in range(600, 1000):
        body = b'{"jsonrpc":"2.0","id":1,"result":{"a":%b}}' % (b"[" * depth + b"]" * depth)
        try:
            frame = jsonrpc.decode_frame(body)
        except jsonrpc.FrameError:
            refused += 1
        else:
            assert isinstance(frame.result, msgspec.Raw)
            deeper(60, partial(msgspec.json.decode, frame.result))
    assert 0 < refused < 400


@pytest.mark.parametrize(
    "raw",
    [b"1.10", b"-0", b"1E5", b"123456789012345678901234567890", b'"\\u00e9"', b'{ "a" : [ ] }'],
)
@pytest.mark.parametrize("inside", [b"%b", b'{"k":%b}', b"[%b]"])
def test_what_is_written_otherwise_than_we_would_is_read_as_it_is(
    raw: bytes, inside: bytes
) -> None:
    document = inside % raw
    assert repr(jsonrpc.decode_strict(document)) == repr(json.loads(document))


@given(st.dictionaries(st.text(max_size=3), values, min_size=1, max_size=4), values)
def test_a_key_that_is_there_twice_is_never_passed_over(
    members: dict[str, object], other: object
) -> None:
    compact = msgspec.json.encode(members)
    first = next(iter(members))
    twice = compact[:-1] + b",%b:%b}" % (msgspec.json.encode(first), msgspec.json.encode(other))
    for document in (twice, b"[%b]" % twice, b'{"deeper":%b}' % twice):
        with pytest.raises(jsonrpc.DuplicateKey):
            jsonrpc.decode_strict(document)
