"""Only what this group's control plane signed for this use is taken; blobs are as committed."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.gen.gateway.v1 import routing_pb2 as pb
from mcpgateway.common.routing.codec import CodecError
from mcpgateway.common.routing.signed import (
    CHUNK,
    Manifest,
    Untrusted,
    check,
    manifest_of,
    sign,
    split,
    verify,
)
from mcpgateway.common.subjects import Subjects

HERE = Subjects("local", "default")
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key()
MANIFEST = manifest_of("r", 1, 2, b"body")


@given(st.binary(max_size=64), st.sampled_from(["delta", "snapshot"]))
def test_what_was_signed_is_what_is_verified(body: bytes, role: str) -> None:
    assert verify([PUBLIC], HERE, role, sign(KEY, HERE, role, body)) == body  # type: ignore[arg-type]  # a role


def test_while_the_key_changes_what_either_signed_is_verified() -> None:
    other = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
    known = [other.public_key(), PUBLIC]
    for key in (KEY, other):
        assert verify(known, HERE, "delta", sign(key, HERE, "delta", b"body")) == b"body"
    with pytest.raises(Untrusted):
        verify([], HERE, "delta", sign(KEY, HERE, "delta", b"body"))


def test_a_signed_manifest_comes_back() -> None:
    assert verify([PUBLIC], HERE, "snapshot", sign(KEY, HERE, "snapshot", MANIFEST)) == MANIFEST


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff\xff",
        pb.SignedRouting(delta=b"body").SerializeToString(),
        pb.SignedRouting(delta=b"body", signature=b"s" * 64).SerializeToString(),
        pb.SignedRouting(signature=b"s" * 64).SerializeToString(),
        sign(Ed25519PrivateKey.from_private_bytes(b"x" * 32), HERE, "delta", b"body"),
        sign(KEY, Subjects("local", "other"), "delta", b"body"),
        sign(KEY, Subjects("other", "default"), "delta", b"body"),
        sign(KEY, HERE, "snapshot", b"body"),
    ],
    ids=[
        "empty",
        "no protobuf",
        "unsigned",
        "wrong signature",
        "no body",
        "other key",
        "other group",
        "other cluster",
        "snapshot as delta",
    ],
)
def test_anything_else_is_refused(message: bytes) -> None:
    with pytest.raises(Untrusted):
        verify([PUBLIC], HERE, "delta", message)


def test_a_body_is_not_taken_for_a_manifest_of_the_same_bytes() -> None:
    signed = pb.SignedRouting.FromString(sign(KEY, HERE, "delta", b""))
    forged = pb.SignedRouting(manifest=b"", signature=signed.signature).SerializeToString()
    with pytest.raises(Untrusted):
        verify([PUBLIC], HERE, "delta", forged)


@pytest.mark.parametrize(
    "change",
    [{"chunks": 2}, {"size": 0}, {"size": 1 << 40}, {"blob": "a.b"}, {"sha256": b"short"}],
)
def test_a_manifest_that_makes_no_sense_is_an_error(change: dict[str, object]) -> None:
    fields = {name: getattr(MANIFEST, name) for name in MANIFEST.__struct_fields__}
    with pytest.raises(CodecError):
        verify([PUBLIC], HERE, "delta", sign(KEY, HERE, "delta", Manifest(**(fields | change))))


@pytest.mark.parametrize("size", [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_a_body_split_into_chunks_is_joined_again(size: int) -> None:
    body = bytes(size)
    manifest = manifest_of("r", 0, 1, body)
    chunks = split(body)
    assert len(chunks) == manifest.chunks
    assert max(len(chunk) for chunk in chunks) <= CHUNK
    check(manifest, b"".join(chunks))


def test_chunks_in_another_order_or_changed_are_refused() -> None:
    body = b"a" * CHUNK + b"b" * CHUNK
    manifest = manifest_of("r", 0, 1, body)
    first, second = split(body)
    for chunks in ([second, first], [first], [first, second + b"c"], [first, b"c" * CHUNK]):
        with pytest.raises(CodecError):
            check(manifest, b"".join(chunks))
