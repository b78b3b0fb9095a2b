import logging

import pytest

from mcpgateway.common.runtime.http.exchange import BodyPlan, Exchange
from support.http import ScriptedApp, talking

GET = b"GET /here HTTP/1.1\r\nHost: a\r\n\r\n"


def fail(exchange: Exchange) -> None:
    if exchange.path == "/here":
        raise LookupError("a secret detail")
    exchange.respond(200, [])


def fail_to_plan(exchange: Exchange) -> BodyPlan:
    fail(exchange)
    raise AssertionError("not reached")


@pytest.mark.parametrize("app", [ScriptedApp(fail), ScriptedApp(plan=fail_to_plan)])
async def test_a_failing_application_is_answered_500_logged_and_keeps_the_connection(
    app: ScriptedApp, caplog: pytest.LogCaptureFixture
) -> None:
    async with talking(app) as client:
        client.send(GET * 2)
        for _ in range(2):
            response = await client.response()
            assert response.status == 500
            assert b"secret" not in response.body
    failures = [record for record in caplog.records if record.exc_info]
    assert [record.getMessage() for record in failures] == ["GET /here: the application failed"] * 2


async def test_a_failure_after_the_start_cuts_the_response_off() -> None:
    def start_and_fail(exchange: Exchange) -> None:
        exchange.start(200, [])
        raise LookupError

    async with talking(ScriptedApp(start_and_fail)) as client:
        client.send(GET)
        with pytest.raises((EOFError, ConnectionError)):
            await client.response()


async def test_no_plan_and_no_answer_is_a_failure_too(caplog: pytest.LogCaptureFixture) -> None:
    async with talking(ScriptedApp(plan=lambda exchange: None)) as client:
        client.send(GET)
        assert (await client.response()).status == 500
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
