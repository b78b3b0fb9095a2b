"""Receipts survive the wire, and never grow past what a message may hold."""

import pytest

from mcpgateway.common.routing.codec import CodecError
from mcpgateway.common.routing.model import Fault
from mcpgateway.common.routing.receipt import (
    MAX_FAULTS,
    MAX_PROBLEM,
    MAX_SIZE,
    MAX_TEXT,
    Receipt,
    decode,
    encode,
)

RECEIPT = Receipt(
    replica="host-1-ab",
    registry="r",
    revision=5,
    applied_at=1.5,
    faults=(Fault("tool", "t1", "no upstream"),),
    address="127.0.0.1:1",
    started_at=1.0,
    version="0.1.0",
    draining=True,
    source="disk",
)


def test_a_receipt_survives() -> None:
    assert decode(encode(RECEIPT)) == RECEIPT


def test_a_receipt_with_endless_faults_is_cut() -> None:
    faults = tuple(Fault("tool", str(n), "x" * 10_000) for n in range(10_000))
    cut = decode(encode(Receipt("r", "", 0, 0.0, faults, "", 0.0, "")))
    assert len(cut.faults) == MAX_FAULTS
    assert {len(fault.problem) for fault in cut.faults} == {MAX_PROBLEM}
    assert len(encode(cut)) < 512 * 1024


def test_bytes_that_are_no_receipt_are_refused() -> None:
    with pytest.raises(CodecError):
        decode(b"\xff\xff\xff")


def test_a_receipt_of_endless_texts_is_cut_or_refused() -> None:
    long = Receipt("r", "", 0, 0.0, (Fault("tool", "i" * 9000, "p"),), "a" * 9000, 0.0, "v" * 9000)
    cut = decode(encode(long))
    assert {len(cut.address), len(cut.version), len(cut.faults[0].id)} == {MAX_TEXT}
    with pytest.raises(CodecError, match="at most"):
        decode(encode(Receipt("r", "", 0, 0.0, (), "a" * MAX_SIZE, 0.0, "")))
