"""What is sealed opens only under a key of the ring, whole, and in its own context."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common import seal

KEY = bytes(range(32))
OTHER = bytes(reversed(range(32)))
SEALER = seal.Sealer((KEY,))
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
        seal.Sealer((OTHER,)).open(sealed, seal.context("a", "b"))


def test_after_rotation_the_old_key_still_opens_and_the_new_one_seals() -> None:
    old = SEALER.seal(b"x", b"", b"0" * 12)
    ring = seal.Sealer((OTHER, KEY))
    assert ring.open(old, b"") == b"x"
    new = ring.seal(b"x", b"", b"0" * 12)
    assert seal.Sealer((OTHER,)).open(new, b"") == b"x"
    with pytest.raises(seal.SealError):
        ring.newest.open(old, b"")


keys = st.binary(min_size=32, max_size=32)


@given(st.lists(keys, min_size=1, max_size=4, unique=True), st.data())
def test_what_one_ring_seals_every_ring_with_that_key_opens(
    ring: list[bytes], data: st.DataObject
) -> None:
    sealed = seal.Sealer(tuple(ring)).seal(b"x", b"", b"0" * 12)
    others = data.draw(st.permutations([*ring, KEY]))
    assert seal.Sealer(tuple(others)).open(sealed, b"") == b"x"


def test_two_keys_of_one_id_open_each_what_it_sealed() -> None:
    by_id: dict[int, list[bytes]] = {}
    for number in range(300):  # more than there are ids
        key = number.to_bytes(32, "big")
        by_id.setdefault(seal.key_id(key), []).append(key)
    key, twin, *_ = max(by_id.values(), key=len)
    sealed = [seal.Sealer((each,)).seal(b"x", b"", b"0" * 12) for each in (key, twin)]
    assert sealed[0][0] == sealed[1][0]
    for ring in ((key, twin), (twin, key)):
        assert [seal.Sealer(ring).open(each, b"") for each in sealed] == [b"x", b"x"]


def test_a_ring_is_not_shown() -> None:
    assert repr(SEALER) == "Sealer()"


@given(st.lists(st.text(max_size=8), max_size=4), st.lists(st.text(max_size=8), max_size=4))
def test_contexts_are_unambiguous(one: list[str], other: list[str]) -> None:
    assert (seal.context(*one) == seal.context(*other)) == (one == other)


@pytest.mark.parametrize("text", ["ä", "a b", "a+b", "abcde"])
def test_text_that_is_not_base64url_is_refused(text: str) -> None:
    with pytest.raises(seal.SealError):
        seal.from_text(text)


def test_a_ring_without_a_key_or_with_a_short_one_is_refused() -> None:
    for ring in ((), (b"short",), (KEY, b"")):
        with pytest.raises(ValueError, match="at least one key, and keys are 32 bytes"):
            seal.Sealer(ring)
