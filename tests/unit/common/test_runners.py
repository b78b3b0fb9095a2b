"""Which runner an upstream's process or tunnel is at."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common import runners

_URLS = st.lists(
    st.integers(0, 99).map(lambda n: f"http://runner-{n}:4447"), min_size=1, max_size=8, unique=True
)
_IDS = st.text("0123456789abcdef", min_size=32, max_size=32)


@given(_URLS, _IDS, st.randoms())
def test_whoever_asks_finds_the_same_runner_whatever_the_order(
    urls: list[str], upstream_id: str, random: Random
) -> None:
    shuffled = list(urls)
    random.shuffle(shuffled)

    assert runners.runner_of(shuffled, upstream_id) == runners.runner_of(urls, upstream_id)


@given(_URLS, _IDS)
def test_a_runner_that_is_taken_away_moves_only_what_is_its_own(
    urls: list[str], upstream_id: str
) -> None:
    owner = runners.runner_of(urls, upstream_id)

    for gone in urls:
        left = [url for url in urls if url != gone]
        if left and gone != owner:
            assert runners.runner_of(left, upstream_id) == owner


def test_upstreams_are_spread_over_all_runners() -> None:
    urls = [f"http://runner-{n}:4447" for n in range(4)]
    owners = [runners.runner_of(urls, f"{n:032x}") for n in range(400)]

    assert all(60 <= owners.count(url) <= 140 for url in urls)


def test_long_urls_that_differ_at_their_ends_are_two_runners() -> None:
    long = "http://" + "a" * 90
    owners = {runners.runner_of([long + "-1", long + "-2"], f"{n:032x}") for n in range(50)}

    assert len(owners) == 2


def test_without_runners_there_is_none() -> None:
    assert runners.runner_of((), "0" * 32) is None


def test_the_setting_holds_each_origin_once() -> None:
    text = "http://One:4447, https://two/ ,http://one:4447,"

    assert runners.parse(text) == ("http://one:4447", "https://two")


@pytest.mark.parametrize(
    "text",
    [
        "runner:4447",
        "ftp://one",
        "http://",
        "http://u:p@one",
        "http://one/x",
        "http://one?x",
        "http://one:x",
        "http://[",
        "http://one:0",
    ],
)
def test_what_is_no_origin_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        runners.parse(f"http://fine,{text}")


def test_more_runners_than_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="64"):
        runners.parse(",".join(f"http://r{n}" for n in range(65)))


def test_a_tunnel_is_served_below_its_runner() -> None:
    assert runners.tunnel_url("http://r:1", "ab") == "http://r:1/tunnels/ab/mcp"


def test_a_process_is_served_and_shown_below_its_runner() -> None:
    assert runners.stdio_url("http://r:1", "ab") == "http://r:1/stdio/ab/mcp"
    assert runners.process_url("http://r:1", "ab") == "http://r:1/stdio/ab"
