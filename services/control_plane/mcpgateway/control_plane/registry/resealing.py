"""Brings stored secrets under the key that seals now, after AUTH_ENCRYPTION_SECRET has changed.

Done at the start of a control plane, in one transaction: the new revision makes the leader publish
them anew, so data planes get them under their newest key too. Rows without a revision are sealed
anew where they are. What does not open stays as it is.
"""

import logging
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol, TypeVar, get_args

import msgspec

from mcpgateway.common import seal
from mcpgateway.common.routing.sealing import store_context
from mcpgateway.control_plane.registry.model import Credential, SigningKey, Who
from mcpgateway.control_plane.registry.ports import Ports

log = logging.getLogger(__name__)

S = TypeVar("S", Credential, SigningKey)

_MEMBER = {Credential: "sealed", SigningKey: "material"}

RowKind = Literal["sso_provider", "upstream client", "upstream consent", "upstream token"]
ROWS: tuple[RowKind, ...] = get_args(RowKind)
_BATCH = 1000  # rows at once


class SealedRow(NamedTuple):
    """A seal and the id that it is bound to, with its kind."""

    id: str
    sealed: bytes


class SealedRows(Protocol):
    """Rows without a revision that hold secrets. Raises Unavailable."""

    async def sealed(self, kind: RowKind, after: str, limit: int) -> list[SealedRow]:
        """By id, from the next one on."""

    async def seal_anew(
        self, kind: RowKind, rows: Sequence[SealedRow], sealed: Sequence[bytes]
    ) -> None:
        """One seal for each row. A row that was changed since it was read stays as it is."""


async def reseal_rows(ports: Ports, store: SealedRows) -> int:
    """How many were sealed anew. Those who read them meanwhile need both keys, as they do all the
    time that a secret is changed. Raises Unavailable."""
    count = 0
    for kind in ROWS:
        after = ""
        while found := await store.sealed(kind, after, _BATCH):
            after = found[-1].id
            anew = [(row, sealed) for row in found if (sealed := _sealed_anew(ports, kind, row))]
            if anew:
                await store.seal_anew(kind, [row for row, _ in anew], [new for _, new in anew])
            count += len(anew)
    if count:
        log.info("sealed %d secrets without a revision under the newest key", count)
    return count


def _sealed_anew(ports: Ports, kind: RowKind, row: SealedRow) -> bytes | None:
    """None for one that the newest key opens, and for one that none does."""
    context = store_context(kind, row.id)
    if _opened(ports.sealer.newest, row.sealed, context) is not None:
        return None
    plain = _opened(ports.sealer, row.sealed, context)
    if plain is None:
        log.warning("a stored %s does not open", kind)
        return None
    return ports.sealer.seal(plain, context, ports.entropy(seal.NONCE_SIZE))


async def reseal(ports: Ports, who: Who) -> int:
    """How many were sealed anew; 0, and nothing written, when there were none to seal."""
    await _reseal_kept(ports)
    credentials, keys = await _stored(ports)
    if not _older(ports, credentials) and not _older(ports, keys):
        return 0
    async with ports.store.write(who) as tx:
        # Read once more: another writer may have replaced some since.
        ours = _resealed(ports, await tx.credentials.get([each.id for each in credentials]))
        await tx.credentials.save(ours)
        signing = _resealed(ports, await tx.signing_keys.get([each.id for each in keys]))
        await tx.signing_keys.save(signing)
    count = len(ours) + len(signing)
    if count:
        log.info("sealed %d stored secrets under the newest key", count)
    return count


async def _reseal_kept(ports: Ports) -> None:
    """Credentials of old revisions too, so that a registry can be restored after the old secret is
    gone. No revision: what they are does not change."""
    kept = _resealed(ports, await ports.store.history.kept_secrets())
    if kept:
        await ports.store.reseal_kept(kept)
        log.info("sealed %d kept credentials of old revisions under the newest key", len(kept))


async def _stored(ports: Ports) -> tuple[list[Credential], list[SigningKey]]:
    read = ports.store.read
    credentials = await read.credentials(None)
    return credentials, [key for key in await read.signing_keys() if key.sealed]


def _older(ports: Ports, stored: Sequence[S]) -> list[S]:
    """Those that the newest key alone does not open."""
    newest = ports.sealer.newest
    return [each for each in stored if _plain(newest, each) is None]


def _resealed(ports: Ports, stored: Sequence[S]) -> list[S]:
    found = []
    for each in _older(ports, stored):
        plain = _plain(ports.sealer, each)
        if plain is None:
            log.warning("a stored %s does not open: %s", *_named(each))
            continue
        sealed = ports.sealer.seal(
            plain, store_context(*_named(each)), ports.entropy(seal.NONCE_SIZE)
        )
        found.append(_with(each, sealed))
    return found


def _plain(sealer: seal.Sealer, stored: Credential | SigningKey) -> bytes | None:
    sealed = stored.sealed if isinstance(stored, Credential) else stored.material
    return _opened(sealer, sealed, store_context(*_named(stored)))


def _opened(sealer: seal.Sealer, sealed: bytes, context: bytes) -> bytes | None:
    try:
        return sealer.open(sealed, context)
    except seal.SealError:
        return None


def _with(stored: S, sealed: bytes) -> S:
    return msgspec.structs.replace(stored, **{_MEMBER[type(stored)]: sealed})


def _named(stored: Credential | SigningKey) -> tuple[str, str]:
    """Kind and id."""
    return "credential" if isinstance(stored, Credential) else "signing_key", stored.id
