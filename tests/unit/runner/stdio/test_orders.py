"""An older ticket brings no older command back."""

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.processes import Process, StdioTicket
from mcpgateway.runner.stdio.orders import GRACE, MOST, Orders, digest_of


def test_the_first_ticket_is_believed() -> None:
    assert Orders().judge("u", "a", 5.0, now=0.0) == "newer"


def test_the_same_command_is_the_same_whenever_its_ticket_was_made() -> None:
    orders = Orders()
    orders.judge("u", "a", 5.0, now=0.0)
    assert [orders.judge("u", "a", issued, now=1000.0) for issued in (4.0, 9.0, 1.0)] == [
        "same"
    ] * 3


def test_an_older_command_is_served_for_a_moment_and_then_never() -> None:
    orders = Orders()
    orders.judge("u", "a", 5.0, now=0.0)
    assert orders.judge("u", "b", 6.0, now=10.0) == "newer"
    assert orders.judge("u", "a", 5.0, now=10.0 + GRACE / 2) == "same"
    assert orders.judge("u", "a", 5.0, now=10.0 + GRACE) == "older"
    assert orders.judge("u", "b", 6.0, now=10.0 + GRACE) == "same"


def test_a_ticket_of_two_versions_ago_is_older_at_once() -> None:
    orders = Orders()
    for issued, digest in enumerate("abc"):
        orders.judge("u", digest, float(issued), now=0.0)
    assert orders.judge("u", "a", 0.0, now=0.0) == "older"


def test_a_command_comes_back_by_a_newer_ticket() -> None:
    orders = Orders()
    orders.judge("u", "a", 1.0, now=0.0)
    orders.judge("u", "b", 2.0, now=0.0)
    assert orders.judge("u", "a", 3.0, now=100.0) == "newer"


def test_what_was_ended_is_started_by_newer_tickets_only() -> None:
    orders = Orders()
    orders.judge("u", "a", 1.0, now=0.0)
    assert orders.end("u", 2.0, now=0.0)
    assert orders.judge("u", "a", 1.0, now=0.0) == "ended"
    assert orders.judge("u", "z", 1.5, now=0.0) == "ended"
    assert orders.judge("u", "a", 3.0, now=0.0) == "newer"


def test_an_order_to_end_that_comes_late_ends_nothing_newer() -> None:
    orders = Orders()
    orders.judge("u", "a", 5.0, now=0.0)
    assert not orders.end("u", 4.0, now=0.0)
    assert orders.judge("u", "a", 5.0, now=0.0) == "same"


@given(st.permutations(range(6)))
def test_in_whatever_order_tickets_come_the_newest_stays(issued: list[int]) -> None:
    orders = Orders()
    for each in issued:
        orders.judge("u", f"command {each}", float(each), now=0.0)
    late = GRACE * 2
    assert orders.judge("u", "command 5", 5.0, now=late) == "same"
    assert all(orders.judge("u", f"command {n}", float(n), now=late) == "older" for n in range(5))


def test_upstreams_do_not_know_each_other() -> None:
    orders = Orders()
    orders.judge("u", "a", 5.0, now=0.0)
    assert orders.judge("v", "a", 1.0, now=0.0) == "newer"


def test_what_is_remembered_has_a_bound() -> None:
    orders = Orders()
    for number in range(MOST + 10):
        orders.judge(str(number), "a", 1.0, now=0.0)
    assert len(orders._last) == MOST


def test_what_makes_another_process_is_what_is_run_not_who_says_it_when() -> None:
    def digest(name: str = "", issued: float = 0.0, **process: object) -> str:
        made = Process(**({"command": "x"} | process))  # type: ignore[arg-type]  # by name
        return digest_of(StdioTicket(upstream="u", issued=issued, name=name, process=made))

    assert digest() == digest("another name", 7.0)
    assert digest() != digest(args=("y",))
    assert digest() != digest(memory_mb=7)
    told = StdioTicket(upstream="u", issued=0.0, process=Process("x"), environment=(("A", "b"),))
    assert digest() != digest_of(told)
