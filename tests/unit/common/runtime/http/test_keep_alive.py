"""What a Keep-Alive header promises, and how much of it is believed."""

import pytest

from mcpgateway.common.runtime.http.keep_alive import LONGEST_IDLE, offered


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"timeout=5", 4.0),
        (b"timeout=5, max=100", 4.0),
        (b"max=100,timeout = 5", 4.0),
        (b"timeout=1", 0.5),
        (b"timeout=0", 0.0),
        (b"timeout=999999", LONGEST_IDLE),
    ],
)
def test_an_offer_is_believed_but_for_the_last_second(value: bytes, seconds: float) -> None:
    assert offered(value) == seconds


@pytest.mark.parametrize("value", [b"", b"max=100", b"timeout", b"notimeout=5", b"timeout=-1"])
def test_no_offer_changes_nothing(value: bytes) -> None:
    assert offered(value) is None
