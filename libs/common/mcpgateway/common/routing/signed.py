"""What travels on the bus: a signed body, or the signed manifest of a body stored in chunks.

The signature is over role, cluster, group and payload, so nothing signed for one gateway group,
or as a snapshot, is taken for another group's, or for a delta.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from google.protobuf.message import DecodeError

from mcpgateway.common import seal
from mcpgateway.common.gen.gateway.v1 import routing_pb2 as pb
from mcpgateway.common.routing.codec import Body, CodecError
from mcpgateway.common.subjects import Subjects

CHUNK = 512 * 1024  # bytes; NATS takes 1 MiB at most
BODY_LIMIT = 1 << 30  # bytes
_BLOB_ID = re.compile(r"[0-9a-f-]{1,64}")

Role = Literal["delta", "snapshot"]


class Untrusted(Exception):
    """Not signed by this group's control plane for this use."""


class Manifest(msgspec.Struct, frozen=True):
    """Commits a body: `chunks` messages of `CHUNK` bytes (the last is shorter) under `blob`."""

    registry: str
    base: int
    revision: int
    blob: str
    chunks: int
    size: int  # bytes of the whole body
    sha256: bytes


def split(body: bytes) -> list[bytes]:
    return [body[at : at + CHUNK] for at in range(0, len(body), CHUNK)]


def manifest_of(registry: str, base: int, revision: int, body: bytes) -> Manifest:
    digest = hashlib.sha256(body).digest()
    blob = f"{revision}-{digest[:8].hex()}"
    return Manifest(registry, base, revision, blob, -(-len(body) // CHUNK), len(body), digest)


def check(manifest: Manifest, body: Body) -> None:
    """Raises CodecError when the body is not the one that the manifest commits."""
    if len(body) != manifest.size or hashlib.sha256(body).digest() != manifest.sha256:
        raise CodecError(f"blob {manifest.blob} is not what its manifest says")


def sign(
    key: Ed25519PrivateKey, subjects: Subjects, role: Role, payload: bytes | Manifest
) -> bytes:
    """A SignedRouting message of a body, or of a manifest."""
    if isinstance(payload, Manifest):
        fields = msgspec.structs.asdict(payload)
        raw = pb.BlobManifest(bytes=fields.pop("size"), **fields).SerializeToString()
        signature = key.sign(_context(subjects, role, "manifest") + raw)
        return pb.SignedRouting(manifest=raw, signature=signature).SerializeToString()
    signature = key.sign(_context(subjects, role, "body") + payload)
    return pb.SignedRouting(delta=payload, signature=signature).SerializeToString()


def verify(
    keys: Sequence[Ed25519PublicKey], subjects: Subjects, role: Role, message: bytes
) -> bytes | Manifest:
    """The body or manifest of a message that one of the keys signed. Raises Untrusted, or
    CodecError for a manifest that is signed but makes no sense."""
    try:
        signed = pb.SignedRouting.FromString(message)
    except DecodeError as error:
        raise Untrusted("not a signed routing message") from error
    form = signed.WhichOneof("body")
    if form is None or not signed.signature:
        raise Untrusted("an unsigned routing message")
    payload = signed.delta if form == "delta" else signed.manifest
    context = _context(subjects, role, "body" if form == "delta" else "manifest")
    if not any(_signed_by(key, signed.signature, context + payload) for key in keys):
        raise Untrusted(
            f"a routing message that is not signed as a {role} by the control plane of "
            f"{subjects.cluster}/{subjects.group}"
        )
    return payload if form == "delta" else _manifest(payload)


def _signed_by(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _context(subjects: Subjects, role: Role, form: str) -> bytes:
    return seal.context("routing", role, form, subjects.cluster, subjects.group)


def _manifest(raw: bytes) -> Manifest:
    try:
        m = pb.BlobManifest.FromString(raw)
    except DecodeError as error:
        raise CodecError("not a manifest") from error
    sound = (
        _BLOB_ID.fullmatch(m.blob) is not None
        and 0 < m.bytes <= BODY_LIMIT
        and m.chunks == -(-m.bytes // CHUNK)
        and len(m.sha256) == hashlib.sha256().digest_size
    )
    if not sound:
        raise CodecError("a manifest whose blob, bytes, chunks and sha256 do not fit together")
    return Manifest(m.registry, m.base, m.revision, m.blob, m.chunks, m.bytes, m.sha256)
