"""What is sealed opens only under a key of the ring, whole, and in its own context."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common import seal

KEY = bytes(range(32))
OTHER = bytes(reversed(range(32)))
SEALER = seal.Sealer({1: KEY}, 1)
nonces = st.binary(min_size=12, max_size=12)


@given(st.binary(), st.binary(), nonces)
def test_sealing_is_undone_by_opening_in_the_same_context(
    plain: bytes, context: bytes, nonce: bytes
) -> None:
    sealed = SEALER.seal(plain, context, nonce)
    assert SEALER.open(sealed, context) == plain
    assert seal.from_text(seal.to_text(sealed)) == sealed


@given(st.binary(max_size=64), nonces, st.data())
def test_one_changed_bit_anywhere_does_not_open(
    plain: bytes, nonce: bytes, data: st.DataObject
) -> None:
    sealed = bytearray(SEALER.seal(plain, b"here", nonce))
    at = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[at // 8] ^= 1 << at % 8
    with pytest.raises(seal.SealError):
        SEALER.open(bytes(sealed), b"here")


@given(st.binary(max_size=64), nonces)
def test_another_context_or_key_does_not_open(plain: bytes, nonce: bytes) -> None:
    sealed = SEALER.seal(plain, seal.context("a", "b"), nonce)
    with pytest.raises(seal.SealError):
        SEALER.open(sealed, seal.context("ab"))
    with pytest.raises(seal.SealError):
        seal.Sealer({1: OTHER}, 1).open(sealed, seal.context("a", "b"))


def test_after_rotation_the_old_key_still_opens_and_the_new_one_seals() -> None:
    old = SEALER.seal(b"x", b"", b"0" * 12)
    ring = seal.Sealer({1: KEY, 2: OTHER}, 2)
    assert ring.open(old, b"") == b"x"
    assert ring.seal(b"x", b"", b"0" * 12)[0] == 2


@given(st.lists(st.text(max_size=8), max_size=4), st.lists(st.text(max_size=8), max_size=4))
def test_contexts_are_unambiguous(one: list[str], other: list[str]) -> None:
    assert (seal.context(*one) == seal.context(*other)) == (one == other)


@pytest.mark.parametrize("text", ["ä", "a b", "a+b", "abcde"])
def test_text_that_is_not_base64url_is_refused(text: str) -> None:
    with pytest.raises(seal.SealError):
        seal.from_text(text)


def test_a_ring_without_its_current_key_or_with_a_short_one_is_refused() -> None:
    with pytest.raises(ValueError, match="no key 2"):
        seal.Sealer({1: KEY}, 2)
    with pytest.raises(ValueError, match="32 bytes"):
        seal.Sealer({1: b"short"}, 1)
