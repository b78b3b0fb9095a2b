"""Secrets change keys on their way to the bus; one that does not open is withdrawn and named."""

import os

from mcpgateway.common import keys, seal
from mcpgateway.common.keys import DataPlaneKeys
from mcpgateway.common.routing.model import Credential, Delta, Key, SigningKey
from mcpgateway.common.routing.sealing import store_context, wire_context
from mcpgateway.common.subjects import Subjects
from mcpgateway.control_plane.publish.reseal import Resealer
from support.registries import REGISTRY, upstream

HERE = Subjects("local", "default")
SECRET = "a secret of at least thirty-two characters"
STORE = keys.store_sealer((SECRET,))
WIRE = DataPlaneKeys.derive((SECRET,), "local", "default").wire
RESEALER = Resealer(STORE, WIRE, HERE, os.urandom)


def stored(kind: str, id: str, plain: bytes) -> bytes:
    return STORE.seal(plain, store_context(kind, id), b"n" * seal.NONCE_SIZE)


def test_secrets_open_under_the_wire_key_of_their_own_id_and_group() -> None:
    public = SigningKey("pub", "Ed25519", b"{}")
    delta = Delta(
        REGISTRY,
        1,
        2,
        (
            upstream(),
            Credential("c1", stored("credential", "c1", b"one")),
            SigningKey("k1", "HS256", stored("signing_key", "k1", b"two"), sealed=True),
            public,
        ),
    )
    resealed, faults = RESEALER.delta(delta)
    first, credential, key, last = resealed.upserts
    assert faults == ()
    assert first == upstream()
    assert isinstance(credential, Credential)
    assert isinstance(key, SigningKey)
    assert WIRE.open(credential.sealed, wire_context("credential", *_group, "c1")) == b"one"
    assert WIRE.open(key.material, wire_context("signing_key", *_group, "k1")) == b"two"
    assert last is public


_group = ("local", "default")


def test_each_sealing_takes_a_fresh_nonce() -> None:
    delta = Delta(REGISTRY, 1, 2, (Credential("c1", stored("credential", "c1", b"one")),))
    assert RESEALER.delta(delta) != RESEALER.delta(delta)


def test_a_secret_that_does_not_open_is_withdrawn_and_named() -> None:
    moved = Credential("c2", stored("credential", "c1", b"one"))
    resealed, [fault] = RESEALER.delta(Delta(REGISTRY, 1, 2, (upstream(), moved)))
    assert resealed.upserts == (upstream(),)
    assert resealed.deletes == (Key("credential", "c2"),)
    assert (fault.kind, fault.id) == ("credential", "c2")
    snapshot, _ = RESEALER.delta(Delta(REGISTRY, 0, 2, (moved,)))
    assert snapshot.deletes == ()
