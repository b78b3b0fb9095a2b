import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.runtime.http import wire

names = st.from_regex(rb"[a-z][a-z0-9-]{0,20}", fullmatch=True)
values = st.binary(max_size=30)


@given(st.lists(st.tuples(names, values), max_size=5))
def test_a_head_has_one_line_a_header_or_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    harmful = any(set(value) & {0, 10, 13} for _, value in headers)
    if harmful:
        with pytest.raises(ValueError, match="CR, LF or NUL"):
            wire.response_head(200, headers)
        return
    lines = wire.response_head(200, headers).split(b"\r\n")
    assert lines == [
        b"HTTP/1.1 200 OK",
        *[name + b": " + value for name, value in headers],
        b"",
    ]


def test_a_status_without_a_name_is_still_a_status() -> None:
    assert wire.response_head(299, []) == b"HTTP/1.1 299 \r\n"


@pytest.mark.parametrize(
    "value",
    [b"a", b"a.example:80", b"127.0.0.1", b"[::1]", b"[::1]:4444", b"a:", b"my_host", b"a%20b"],
)
def test_these_are_hosts(value: bytes) -> None:
    assert wire.is_host(value)


@pytest.mark.parametrize(
    "value", [b"", b":80", b"a b", b"a/b", b"a?b", b"u@a", b"::1", b"[::1", b"a:b", b"a\t", b"a\\b"]
)
def test_these_are_no_hosts(value: bytes) -> None:
    assert not wire.is_host(value)


def test_an_asterisk_is_a_target_for_options_alone() -> None:
    assert wire.split_target("OPTIONS", b"*") == ("*", "")
    with pytest.raises(ValueError, match="must be a path"):
        wire.split_target("GET", b"*")


@pytest.mark.parametrize(
    "value", [b"text/event-stream", b"Text/Event-Stream", b" text/event-stream ;charset=utf-8"]
)
def test_a_media_type_is_told_without_case_and_parameters(value: bytes) -> None:
    assert wire.media_type(value) == wire.EVENT_STREAM
    assert wire.content_type([(b"date", b""), (b"content-type", value)]) == wire.EVENT_STREAM


def test_no_content_type_is_no_media_type() -> None:
    assert wire.content_type([(b"date", b"")]) == wire.media_type(b"") == b""
