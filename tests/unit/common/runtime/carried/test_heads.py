"""What a stranger's head may say on a connection that others use next."""

import pytest

from mcpgateway.common.runtime.carried import heads
from mcpgateway.common.runtime.carried.heads import Lines

JSON = (b"content-type", b"application/json")


@pytest.mark.parametrize("status", [-1, 0, 99, 100, 101, 103, 199, 600, 1000])
def test_an_interim_response_is_no_answer(status: int) -> None:
    """What follows one would be taken for the response itself, and the body's rest for the next."""
    for check in (heads.of_whole, heads.of_streamed):
        with pytest.raises(ValueError, match="status"):
            check(status, [JSON])


@pytest.mark.parametrize(
    "name", [b"", b"Content-Length", b"a b", b"a:", b"content-length ", b"\xe9"]
)
def test_names_are_those_of_headers_in_lower_case(name: bytes) -> None:
    for check in (heads.of_whole, heads.of_streamed):
        with pytest.raises(ValueError, match="name"):
            check(200, [JSON, (name, b"1")])


def test_what_frames_a_response_is_not_taken_from_who_made_it() -> None:
    framing: Lines = [
        (b"transfer-encoding", b"chunked"),
        (b"connection", b"keep-alive"),
        (b"keep-alive", b"timeout=9999"),
        (b"upgrade", b"websocket"),
    ]
    size = (b"content-length", b"2")
    assert heads.of_whole(200, [JSON, *framing, size]) == [JSON]
    assert heads.of_streamed(200, [JSON, *framing, size]) == [JSON, size]


@pytest.mark.parametrize("value", [b"", b"-1", b"+1", b"1_0", b"0x1", b"1, 1", b" 1", b"9" * 19])
def test_a_length_is_a_number(value: bytes) -> None:
    with pytest.raises(ValueError, match="content-length"):
        heads.of_streamed(200, [(b"content-length", value)])


def test_there_is_one_length() -> None:
    with pytest.raises(ValueError, match="content-length"):
        heads.of_streamed(200, [(b"content-length", b"1"), (b"content-length", b"2")])
