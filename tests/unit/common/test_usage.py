"""What data planes tell of calls, on the wire."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.usage import (
    MAX,
    MAX_BYTES,
    NAME,
    TEXT,
    Done,
    UsageError,
    cut,
    decode,
    messages,
)

DONE = Done(
    at=1_800_000_000.5, principal="ann@example.com", token="t", method="tools/call",
    action="tools.execute", kind="tool", id="1", name="add", server="", source="::1", rule="",
    verdict="allow", count=3,
)  # fmt: skip


def test_what_is_told_is_heard_in_messages_of_at_most_so_many() -> None:
    done = [msgspec.structs.replace(DONE, count=n + 1) for n in range(2 * MAX + 1)]
    sent = list(messages(done))
    assert len(sent) == 3
    assert [each for message in sent for each in decode(message)] == done


def test_no_message_is_too_long_for_nats() -> None:
    wide = "\N{GRINNING FACE}"
    texts = {
        name: wide * TEXT
        for name in ("principal", "token", "method", "id", "server", "source", "rule")
    }
    largest = [msgspec.structs.replace(DONE, name=wide * NAME, **texts)] * MAX
    sent = list(messages(largest))
    assert max(map(len, sent)) <= MAX_BYTES
    assert [each for message in sent for each in decode(message)] == largest


@pytest.mark.parametrize(
    "changes",
    [
        {"count": 0},
        {"count": 1 << 60},
        {"at": 0.0},
        {"at": float("nan")},
        {"principal": "a" * (TEXT + 1)},
        {"name": "a\0b"},
        {"verdict": "maybe"},
    ],
)
def test_what_is_over_its_limits_is_no_report(changes: dict[str, Any]) -> None:
    message = msgspec.msgpack.encode([msgspec.structs.replace(DONE, **changes)])
    with pytest.raises(UsageError):
        decode(message)


def test_too_many_at_once_are_no_report() -> None:
    with pytest.raises(UsageError):
        decode(msgspec.msgpack.encode([DONE] * (MAX + 1)))


@given(st.binary(max_size=200))
def test_rubbish_is_no_report(message: bytes) -> None:
    with suppress(UsageError):
        assert isinstance(decode(message), list)


@given(st.text(), st.integers(1, 20))
def test_a_text_that_is_cut_can_be_kept(text: str, limit: int) -> None:
    kept = cut(text, limit)
    assert len(kept) <= limit
    assert "\0" not in kept
    assert kept.encode().decode() == kept
