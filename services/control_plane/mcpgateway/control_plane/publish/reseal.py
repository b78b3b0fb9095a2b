"""Secrets of a delta from their key at rest to the key of one group's data planes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import msgspec

from mcpgateway.common.routing.check import key_of
from mcpgateway.common.routing.model import Credential, Delta, Fault, Record, SigningKey
from mcpgateway.common.routing.sealing import store_context, wire_context
from mcpgateway.common.seal import NONCE_SIZE, Sealer, SealError
from mcpgateway.common.subjects import Subjects

R = TypeVar("R", Credential, SigningKey)


class Resealed(NamedTuple):
    delta: Delta
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Resealer:
    """`entropy` gives that many fresh random bytes: each nonce is used once."""

    store: Sealer
    wire: Sealer
    subjects: Subjects
    entropy: Callable[[int], bytes]

    def delta(self, delta: Delta) -> Resealed:
        """A secret that does not open is left out, deleted where it was published before, and
        named: a stale one must not stay in use."""
        upserts: list[Record] = []
        deletes = list(delta.deletes)
        faults: list[Fault] = []
        for record in delta.upserts:
            try:
                upserts.append(self._record(record))
            except SealError as error:
                deletes.append(key_of(record))
                faults.append(Fault(record.kind, record.id, f"its secret does not open: {error}"))
        if delta.base == 0:
            deletes = []
        resealed = msgspec.structs.replace(delta, upserts=tuple(upserts), deletes=tuple(deletes))
        return Resealed(resealed, tuple(faults))

    def _record(self, record: Record) -> Record:
        if isinstance(record, Credential):
            sealed = self._secret(record.kind, record.id, record.sealed)
            return msgspec.structs.replace(record, sealed=sealed)
        if isinstance(record, SigningKey) and record.sealed:
            material = self._secret(record.kind, record.id, record.material)
            return msgspec.structs.replace(record, material=material)
        return record

    def _secret(self, kind: str, id: str, sealed: bytes) -> bytes:
        plain = self.store.open(sealed, store_context(kind, id))
        context = wire_context(kind, self.subjects.cluster, self.subjects.group, id)
        return self.wire.seal(plain, context, self.entropy(NONCE_SIZE))
