"""Handles open for the same purpose, place and time, and for nothing else."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.mcp.handles import (
    MAX_HANDLE,
    Handle,
    HandleError,
    Place,
    Purpose,
    is_handle,
    open_handle,
    seal_handle,
    stable_nonce,
)
from mcpgateway.common.seal import Sealer

NOW = 1_800_000_000
SEALER = Sealer((b"k" * 32,))
NONCE = b"n" * 12
PLACE = Place("local", "default", "s1", "ann@example.com\nmcpgateway")
HANDLE = Handle("host-7-abc", "42", NOW + 60, b"extra")

_SAFE = set(string.ascii_letters + string.digits + "-_.")
_handles = st.builds(
    Handle,
    owner=st.text(max_size=60),
    key=st.text(max_size=60),
    expires=st.just(0) | st.integers(NOW + 1, NOW + 10_000),
    extra=st.binary(max_size=500),
)


@given(_handles, st.binary(min_size=12, max_size=12))
def test_a_handle_is_header_safe_and_opens_to_what_was_sealed(handle: Handle, nonce: bytes) -> None:
    text = seal_handle(SEALER, "park", PLACE, handle, nonce)
    assert is_handle(text)
    assert text.isascii()
    assert set(text) <= _SAFE
    assert open_handle(SEALER, "park", PLACE, text, NOW) == handle


@pytest.mark.parametrize(
    ("purpose", "place"),
    [
        ("question", PLACE),
        ("park", Place("local", "default", "s2", PLACE.principal)),
        ("park", Place("local", "default", "s1", "bob@example.com\nmcpgateway")),
        ("park", Place("local", "other", "s1", PLACE.principal)),
        ("park", Place("elsewhere", "default", "s1", PLACE.principal)),
    ],
)
def test_a_handle_is_worth_nothing_elsewhere(purpose: Purpose, place: Place) -> None:
    text = seal_handle(SEALER, "park", PLACE, HANDLE, NONCE)
    with pytest.raises(HandleError):
        open_handle(SEALER, purpose, place, text, NOW)


def test_a_handle_expires() -> None:
    text = seal_handle(SEALER, "park", PLACE, HANDLE, NONCE)
    assert open_handle(SEALER, "park", PLACE, text, NOW + 59) == HANDLE
    with pytest.raises(HandleError, match="expired"):
        open_handle(SEALER, "park", PLACE, text, NOW + 60)


def test_a_handle_from_before_a_rotation_opens_as_long_as_its_key_is_in_the_ring() -> None:
    text = seal_handle(SEALER, "park", PLACE, HANDLE, NONCE)
    rotated = Sealer((b"j" * 32, b"k" * 32))
    assert open_handle(rotated, "park", PLACE, text, NOW) == HANDLE
    with pytest.raises(HandleError):
        open_handle(Sealer((b"j" * 32,)), "park", PLACE, text, NOW)


@given(st.integers(0, 200))
def test_a_handle_changed_anywhere_does_not_open(position: int) -> None:
    text = seal_handle(SEALER, "park", PLACE, HANDLE, NONCE)
    position %= len(text)
    other = "A" if text[position] != "A" else "B"
    with pytest.raises(HandleError):
        open_handle(SEALER, "park", PLACE, text[:position] + other + text[position + 1 :], NOW)


@pytest.mark.parametrize("text", ["", "gw1.", "gw1.!!", "x" * 5000, "gw1." + "A" * 5000, "ü"])
def test_what_is_no_handle_is_refused(text: str) -> None:
    with pytest.raises(HandleError):
        open_handle(SEALER, "park", PLACE, text, NOW)


def test_too_much_for_a_handle_is_an_error_of_the_gateway() -> None:
    with pytest.raises(ValueError, match=str(MAX_HANDLE)):
        seal_handle(SEALER, "park", PLACE, Handle("a", "b", 0, b"x" * MAX_HANDLE), NONCE)


def test_a_stable_handle_is_the_same_text_each_time_and_differs_with_all_that_it_says() -> None:
    def text(place: Place, handle: Handle) -> str:
        nonce = stable_nonce(SEALER, "task", place, handle)
        return seal_handle(SEALER, "task", place, handle, nonce)

    place, handle = Place("c", "g", "s", "ann"), Handle("", "7", extra=b"u1")
    assert text(place, handle) == text(place, handle)
    others = [
        text(Place("c", "g", "s", "bob"), handle),
        text(Place("c", "g", "", "ann"), handle),
        text(place, Handle("", "8", extra=b"u1")),
        text(place, Handle("", "7", extra=b"u2")),
    ]
    assert len({text(place, handle)[:20], *(each[:20] for each in others)}) == 5
