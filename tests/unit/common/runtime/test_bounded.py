"""Filters and schemas end, whatever they say."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from mcpgateway.common.runtime import bounded
from mcpgateway.common.runtime.bounded import Bounded
from mcpgateway.common.runtime.bounded_work import Work

ENDLESS = Work("filter", b"def f: f; f", b"0")
QUICK = Work("filter", b". + 1", b"1")


@pytest.fixture
async def one() -> AsyncIterator[Bounded]:
    made = Bounded(0.5, 1)
    yield made
    await made.aclose()


async def test_filters_and_schemas_are_applied(one: Bounded) -> None:
    assert (await one.do(QUICK)).value == b"2"
    done = await one.do(Work("schema", b'{"type":"string"}', b"1"))
    assert [each.problem for each in done.problems] == ['1 is not of type "string"']


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (ENDLESS, "takes over 0.5 s"),
        (Work("filter", b'"x" * 1000000000', b"0"), "takes over 512 MiB of memory"),
        (Work("filter", b".a", b"1"), "Cannot index"),
        (Work("filter", b". * 8999999", b'"x"'), "makes over 8388608 bytes"),
        (Work("schema", b'{"type":1}', b"1"), "/type"),
        (Work("filter", b".", b" " * (bounded.MAX_DOCUMENT + 1)), "too many"),
    ],
)
async def test_what_fails_says_why_and_the_next_goes_on(
    one: Bounded, work: Work, said: str
) -> None:
    assert said in (await one.do(work)).failed
    assert (await one.do(QUICK)).value == b"2"


async def test_a_filter_that_does_not_end_delays_no_other() -> None:
    two = Bounded(2.0, 2)
    stuck = [asyncio.create_task(two.do(ENDLESS)) for _ in range(2)]
    await asyncio.sleep(0)
    assert (await two.do(QUICK)).value == b"2"
    assert not any(each.done() for each in stuck)
    await two.aclose()
    await asyncio.wait(stuck)
    assert all(each.exception() for each in stuck)
