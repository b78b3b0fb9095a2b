"""What is done with a tool's calls is worked out once for each record of it."""

import logging

import msgspec
import pytest

from mcpgateway.common.routing.model import Tool
from mcpgateway.common.runtime.bounded import Bounded
from mcpgateway.data_plane.pipeline.handling.judging import (
    MAX_CHECKED,
    Judgings,
    TooLarge,
    is_handled,
)

DEFINITION = b'{"inputSchema":{"type":"object"},"outputSchema":{"type":"object"}}'


def tool(**more: object) -> Tool:
    return Tool(**{"id": "t", "upstream": "u", "name": "n", "original_name": "n"} | more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "more",
    [
        {"request": b"{}"},
        {"validation": "input"},
        {"result_filter": "."},
        {"timeout_ms": 1},
        {"max_concurrency": 1},
    ],
)
def test_a_tool_with_which_more_is_done_is_told_from_one_that_is_passed_on(
    more: dict[str, object],
) -> None:
    assert not is_handled(tool(definition=DEFINITION))
    assert is_handled(tool(**more))


@pytest.mark.parametrize(
    ("validation", "sides"),
    [("", (False, False)), ("input", (True, False)), ("output", (False, True)),
     ("both", (True, True))],
)  # fmt: skip
def test_the_sides_that_are_named_are_checked(validation: str, sides: tuple[bool, bool]) -> None:
    made = Judgings(Bounded()).of(tool(definition=DEFINITION, validation=validation))
    assert (made.input is not None, made.output is not None) == sides
    assert made.promises


def test_a_record_is_worked_out_once_and_another_one_again() -> None:
    judgings = Judgings(Bounded())
    first = tool(definition=DEFINITION, validation="both")
    made = judgings.of(first)
    assert judgings.of(first) is made
    assert judgings.of(msgspec.structs.replace(first, validation="input")) is not made


def test_a_schema_that_can_not_be_used_is_logged_once_and_the_other_side_checked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = b'{"inputSchema":{"type":1},"outputSchema":{"type":"object"}}'
    judgings = Judgings(Bounded())
    record = tool(definition=broken, validation="both")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            made = judgings.of(record)
            assert made.input is None
            assert made.output is not None
    assert [each.getMessage().split(":")[0] for each in caplog.records] == ["tool 'n'"]


async def test_more_than_is_checked_is_refused() -> None:
    made = Judgings(Bounded()).of(tool(definition=DEFINITION, validation="input"))
    assert made.input is not None
    with pytest.raises(TooLarge, match="at most"):
        await made.input.problems(b" " * (MAX_CHECKED + 1))


async def test_what_is_large_is_checked_by_another_process() -> None:
    bounded = Bounded()
    made = Judgings(bounded).of(tool(definition=DEFINITION, validation="input"))
    assert made.input is not None
    large = b'{"a":"%b"}' % (b"x" * 100_000)
    assert await made.input.problems(large) == []
    assert (await made.input.problems(b"[%b]" % large)) != []
    await bounded.aclose()
