"""Bytes cut into frames, no faster than they are granted."""

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.runtime.carried.frames import CREDIT, FRAME
from mcpgateway.common.runtime.carried.outgoing import Outgoing


@given(
    st.lists(st.integers(0, 3 * FRAME), max_size=12),
    st.lists(st.integers(1, 4), max_size=60),
)
def test_all_bytes_come_out_in_order_and_no_frame_without_credit(
    sizes: list[int], grants: list[int]
) -> None:
    frames: list[tuple[bytes, bool]] = []
    outgoing = Outgoing(lambda piece, last: frames.append((piece, last)))
    written = b"".join(bytes([n]) * size for n, size in enumerate(sizes))
    for n, size in enumerate(sizes):
        outgoing.write(bytes([n]) * size)
        assert len(frames) <= CREDIT
    outgoing.end()
    allowed = CREDIT
    for grant in grants:
        outgoing.grant(grant)
        allowed += grant
        assert len(frames) <= allowed
    outgoing.grant(1000)
    assert b"".join(piece for piece, _ in frames) == written
    assert outgoing.waiting == 0
    assert [last for _, last in frames] == [False] * (len(frames) - 1) + [True]
    assert max(len(piece) for piece, _ in frames) <= FRAME


def test_what_waits_for_credit_goes_out_in_few_frames() -> None:
    frames: list[bytes] = []
    outgoing = Outgoing(lambda piece, _last: frames.append(piece))
    for _ in range(CREDIT):
        outgoing.write(b"x")
    for _ in range(1000):
        outgoing.write(b"y")
    assert outgoing.waiting == 1000
    outgoing.grant(1)
    assert frames[-1] == b"y" * 1000
