"""What wrk is told, and what is read from what it prints."""

import math

import pytest

from bench.messages import NUMBER
from bench.wrk import Load, Refused, microseconds, parse

SHOWN = """Running 1s test @ http://127.0.0.1:1/mcp
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   299.00us  100.00us   4.00ms   99.11%
    Req/Sec    23.94k     2.54k   26.51k    85.71%
  Latency Distribution
     50%  200.00us
     75%  214.00us
     90%    1.50ms
     99%    1.02s
  20000 requests in 1.00s, 94.36MB read
Requests/sec:  19997.50
Transfer/sec:     42.93MB
"""


def test_rate_latency_and_cost_of_a_request_are_read() -> None:
    run = parse(SHOWN, used=0.5)
    assert (run.rate, run.p50, run.p99, run.cpu) == (19997.5, 200.0, 1.02e6, 25.0)


def test_a_process_that_was_not_watched_has_no_cost() -> None:
    assert math.isnan(parse(SHOWN).cpu)


@pytest.mark.parametrize(
    ("percent", "expected"), [(50, 200.0), (75, 214.0), (90, 1500.0), (99, 1_020_000.0)]
)
def test_latencies_come_in_several_units(percent: int, expected: float) -> None:
    assert microseconds(SHOWN, percent) == expected


def test_a_percentile_that_was_not_printed_is_not_a_number() -> None:
    assert math.isnan(microseconds(SHOWN, 95))


@pytest.mark.parametrize(
    "shown",
    [
        SHOWN + "  Non-2xx or 3xx responses: 3\n",
        SHOWN + "  Socket errors: connect 0, read 0, write 0, timeout 2\n",
        SHOWN.replace("20000 requests", "0 requests"),
        "unable to connect to 127.0.0.1:1 Connection refused\n",
    ],
)
def test_a_run_with_other_answers_than_200_is_refused_with_what_was_printed(shown: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(shown, "http://127.0.0.1:1/mcp")
    assert "http://127.0.0.1:1/mcp" in str(refused.value)
    assert shown in str(refused.value)


def test_a_script_quotes_what_it_sends() -> None:
    script = Load("/mcp", {"Accept": 'a "quoted" one'}, '{"a":"\\n]]"}').script
    assert 'wrk.method="POST"' in script
    assert r'wrk.headers["Accept"]="a \"quoted\" one"' in script
    assert r'wrk.body="{\"a\":\"\\n]]\"}"' in script


def test_without_a_body_it_is_a_get() -> None:
    assert 'wrk.method="GET"' in Load("/x.json", {}).script


def test_what_differs_in_each_request_is_put_in_by_the_script() -> None:
    assert "function request()" not in Load("/mcp", {}, '{"id":1}').script
    script = Load("/mcp", {}, f'{{"id":{NUMBER},"text":"{NUMBER}"}}').script
    assert f"return form:format({NUMBER} + n, {NUMBER} + n)" in script


def test_a_traced_load_sends_another_traceparent_each_time() -> None:
    assert "traceparent" not in Load("/mcp", {}, "{}").script
    script = Load("/mcp", {}, "{}", traced=True).script
    assert 'wrk.headers["traceparent"]="@trace@"' in script
    assert "return form:format(n, n)" in script
