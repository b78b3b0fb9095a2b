"""Work that takes too long or too much is ended, and the next goes on."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from mcpgateway.common.errors import Unavailable
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
        (ENDLESS, "takes longer than 0.5 s"),
        (Work("filter", b'"x" * 1000000000', b"0"), "memory"),
        (Work("filter", b".a", b"1"), "Cannot index"),
        (Work("schema", b'{"type":1}', b"1"), "/type"),
        (Work("filter", b".", b" " * (bounded.MAX_DOCUMENT + 1)), "too many"),
    ],
)
async def test_what_fails_says_why_and_the_next_goes_on(
    one: Bounded, work: Work, said: str
) -> None:
    assert said in (await one.do(work)).failed
    assert (await one.do(QUICK)).value == b"2"


async def test_a_work_that_nobody_waits_for_any_more_leaves_no_answer_to_the_next(
    one: Bounded,
) -> None:
    await one.do(QUICK)
    abandoned = asyncio.create_task(one.do(ENDLESS))
    await asyncio.sleep(0)
    abandoned.cancel()
    await asyncio.wait([abandoned])
    assert (await one.do(QUICK)).value == b"2"


async def test_more_work_than_may_wait_is_refused(one: Bounded) -> None:
    works = [asyncio.create_task(one.do(QUICK)) for _ in range(bounded.MAX_WAITING + 2)]
    done = await asyncio.gather(*works, return_exceptions=True)
    refused = [each for each in done if isinstance(each, Unavailable)]
    assert len(refused) == 1
    assert (await one.do(QUICK)).value == b"2"


async def test_the_environment_is_not_passed_on(
    one: Bounded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "s")
    await one.do(QUICK)
    (process,) = one._started
    with open(f"/proc/{process.pid}/environ", "rb") as environ:  # noqa: ASYNC230  # of the kernel
        assert b"A_SECRET" not in environ.read()
