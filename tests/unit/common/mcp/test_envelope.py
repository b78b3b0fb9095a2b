"""The rules of 2026-07-28 for headers and `_meta`, held against the official SDK's own."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.inbound import InboundLadderRejection, classify_inbound_request

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import envelope
from mcpgateway.common.mcp.revisions import (
    META_CLIENT_CAPABILITIES,
    META_PROTOCOL_VERSION,
    SUPPORTED,
    V2026_07_28,
)

COMPLETE = {META_PROTOCOL_VERSION: V2026_07_28, META_CLIENT_CAPABILITIES: {}}
HEADERS = {
    b"mcp-protocol-version": V2026_07_28.encode(),
    b"mcp-method": b"tools/call",
    b"mcp-name": b"echo",
}


def check(
    params: dict[str, Any], headers: dict[bytes, bytes], method: str = "tools/call"
) -> envelope.Problem | None:
    raw = msgspec.json.decode(msgspec.json.encode(params), type=jsonrpc.Params)
    return envelope.check_modern(method, raw, envelope.read_meta(raw), headers)


def code(problem: envelope.Problem | None) -> int:
    return 0 if problem is None else problem.code


_values = st.sampled_from(
    ["tools/call", "echo", V2026_07_28, "2025-11-25", "=?base64?ZWNobw==?=", "=?base64?ZWNob?=", ""]
)
_metas: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.just("text"),
    st.fixed_dictionaries(
        {},
        optional={
            META_PROTOCOL_VERSION: st.one_of(_values, st.integers(0, 3), st.none()),
            META_CLIENT_CAPABILITIES: st.just({}),
            "progressToken": st.integers(),
        },
    ),
    st.just(COMPLETE),
)
_params = st.fixed_dictionaries(
    {}, optional={"_meta": _metas, "name": st.one_of(_values, st.integers(0, 3), st.none())}
)
_headers = st.fixed_dictionaries(
    {},
    optional={
        name.decode(): st.one_of(st.just(value.decode()), _values)
        for name, value in HEADERS.items()
    },
)


@given(_params, _headers, st.sampled_from(["tools/call", "tools/list", "ping"]))
def test_every_message_is_judged_as_the_official_sdk_judges_it(
    params: dict[str, Any], headers: dict[str, str], method: str
) -> None:
    theirs = classify_inbound_request({"method": method, "params": params}, headers=headers)
    ours = check(params, {k.encode(): v.encode() for k, v in headers.items()}, method)
    assert code(ours) == (theirs.code if isinstance(theirs, InboundLadderRejection) else 0)


def test_a_complete_request_with_agreeing_headers_passes() -> None:
    assert check({"name": "echo", "_meta": COMPLETE}, HEADERS) is None


@pytest.mark.parametrize("missing", sorted(COMPLETE))
def test_a_missing_meta_member_is_named(missing: str) -> None:
    meta = {key: value for key, value in COMPLETE.items() if key != missing}
    problem = check({"name": "echo", "_meta": meta}, HEADERS)
    assert problem is not None
    assert (problem.code, problem.status) == (jsonrpc.INVALID_PARAMS, 400)
    assert missing in problem.message


@pytest.mark.parametrize("header", sorted(HEADERS))
def test_a_header_that_differs_from_the_body_is_named(header: bytes) -> None:
    problem = check({"name": "echo", "_meta": COMPLETE}, {**HEADERS, header: b"other"})
    assert problem is not None
    assert (problem.code, problem.status) == (jsonrpc.HEADER_MISMATCH, 400)
    assert header.decode() in problem.message.lower()


def test_a_name_beyond_ascii_is_compared_decoded() -> None:
    headers = {**HEADERS, b"mcp-name": b"=?base64?w6R0?="}
    assert check({"name": "ät", "_meta": COMPLETE}, headers) is None
    assert code(check({"name": "at", "_meta": COMPLETE}, headers)) == jsonrpc.HEADER_MISMATCH


def test_an_unknown_version_is_answered_with_those_that_are_supported() -> None:
    meta = {**COMPLETE, META_PROTOCOL_VERSION: "2099-01-01"}
    headers = {**HEADERS, b"mcp-protocol-version": b"2099-01-01"}
    problem = check({"name": "echo", "_meta": meta}, headers)
    assert problem is not None
    assert problem.code == jsonrpc.UNSUPPORTED_PROTOCOL_VERSION
    assert problem.data == {"supported": [V2026_07_28], "requested": "2099-01-01"}


def test_capabilities_that_are_no_object_are_refused() -> None:
    meta = {**COMPLETE, META_CLIENT_CAPABILITIES: []}
    assert code(check({"name": "echo", "_meta": meta}, HEADERS)) == jsonrpc.INVALID_PARAMS


@pytest.mark.parametrize(
    ("meta", "header", "era"),
    [
        (COMPLETE, None, "modern"),
        (COMPLETE, b"2025-11-25", "modern"),
        (None, b"2026-07-28", "modern"),
        (None, b"2025-11-25", "legacy"),
        ({"progressToken": 1}, None, "legacy"),
        (None, None, "legacy"),
    ],
)
def test_the_body_decides_the_era_before_the_header(
    meta: dict[str, Any] | None, header: bytes | None, era: str
) -> None:
    raw = None if meta is None else {k: msgspec.Raw(b"1") for k in meta}
    assert envelope.era_of("tools/list", raw, header) == era


def test_a_routing_header_sent_twice_is_refused_and_another_is_not() -> None:
    twice = [(b"mcp-name", b"a"), (b"accept", b"x"), (b"mcp-name", b"a")]
    assert code(envelope.duplicated(twice)) == jsonrpc.HEADER_MISMATCH
    assert envelope.duplicated([(b"accept", b"a"), (b"accept", b"b")]) is None


def test_a_legacy_message_may_lack_the_version_but_not_invent_one() -> None:
    assert envelope.check_version_header(None) is None
    assert envelope.check_version_header(b"2025-06-18") is None
    problem = envelope.check_version_header(b"1999-01-01")
    assert problem is not None
    assert problem.data == {"supported": list(SUPPORTED), "requested": "1999-01-01"}


def test_a_notification_needs_no_meta_but_no_unknown_version_either() -> None:
    assert envelope.check_modern_notification(None, b"2026-07-28") is None
    assert envelope.check_modern_notification({META_PROTOCOL_VERSION: msgspec.Raw(b'"x"')}, None)
