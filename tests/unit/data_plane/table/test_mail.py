"""The mail keeps order, and when it overflows it says so instead of losing something silently."""

import asyncio

from mcpgateway.data_plane.table.mail import BYTES, MESSAGES, Mail


async def test_messages_come_in_order() -> None:
    mail = Mail()
    for n in range(3):
        mail.put(bytes((n,)))
    assert [await mail.next(1) for _ in range(3)] == [b"\x00", b"\x01", b"\x02"]


async def test_a_message_wakes_who_waits() -> None:
    mail = Mail()
    waiting = asyncio.ensure_future(mail.next(10))
    await asyncio.sleep(0)
    mail.put(b"x")
    assert await asyncio.wait_for(waiting, 1) == b"x"


async def test_it_is_time_to_compare_when_nothing_came_or_somebody_asked() -> None:
    mail = Mail()
    assert await mail.next(0.001) is None
    mail.put(b"x")
    mail.ask_to_compare()
    assert await mail.next(10) is None
    assert await mail.next(10) == b"x"


async def test_too_many_messages_or_bytes_are_dropped_for_a_comparison() -> None:
    for messages in ([b"x"] * (MESSAGES + 1), [bytes(BYTES), b"x"]):
        mail = Mail()
        for message in messages:
            mail.put(message)
        assert await mail.next(10) is None
        mail.put(b"after")
        assert await mail.next(10) == b"after"
