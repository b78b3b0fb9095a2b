"""A key-value bucket that the replicas of a group share: sealed values, compare and put.

The bucket is made by the control plane. Reads may be answered by any NATS server and so lag behind
the last put; a put that builds on what is old is refused.
"""

import json
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import NamedTuple, Protocol

import msgspec
from nats.errors import Error as NatsError

from mcpgateway.common import seal
from mcpgateway.common.runtime.nats import Shared
from mcpgateway.common.subjects import bucket_key, direct_read

TIMEOUT = 1.0  # seconds that one answer may take
_EXPECTED = "Nats-Expected-Last-Subject-Sequence"
_DELETED = {"KV-Operation": "DEL"}  # as NATS's own clients mark it
_WRONG_LAST_SEQUENCE = 10071  # JetStream's error code
_OWN = 10_000  # values of a replica without NATS; above, the oldest is forgotten


class Away(Exception):
    """NATS is away, does not answer in time, or has no such bucket."""


class Moved(Exception):
    """Another value was put since."""


class Entry(NamedTuple):
    """`value` None: there is none (any more). `revision` is what a put must name, 0 where nothing
    was ever put."""

    value: bytes | None
    revision: int


class Store(Protocol):
    """What the room needs of a bucket. Raises Away. Keys are `key_of` texts."""

    @property
    def up(self) -> bool: ...

    async def get(self, key: str) -> Entry: ...

    async def put(self, key: str, value: bytes | None, after: int) -> int:
        """Stores a value, or with None deletes it, if `after` is the last revision. Returns the
        new one. Raises Moved."""


class _Failed(msgspec.Struct):
    err_code: int = 0
    description: str = ""


class _Ack(msgspec.Struct):
    seq: int = 0
    error: _Failed | None = None


_acks = msgspec.json.Decoder(_Ack)


def key_of(*parts: str) -> str:
    """A key of NATS's for texts of any kind."""
    digest = blake2b(json.dumps(parts).encode(), digest_size=20)
    return digest.hexdigest()


class OwnStore:
    """A store for a replica without NATS: nobody else is there."""

    def __init__(self) -> None:
        self.up = True
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._revision = 0

    async def get(self, key: str) -> Entry:
        return self._entries.get(key, Entry(None, 0))

    async def put(self, key: str, value: bytes | None, after: int) -> int:
        if self._entries.get(key, Entry(None, 0)).revision != after:
            raise Moved(key)
        self._revision += 1
        self._entries[key] = Entry(value, self._revision)
        self._entries.move_to_end(key)
        if len(self._entries) > _OWN:
            self._entries.popitem(last=False)
        return self._revision


class Bucket:
    """Implements `Store` on NATS. `entropy` draws random bytes."""

    def __init__(
        self, nats: Shared, name: str, sealer: seal.Sealer, entropy: Callable[[int], bytes]
    ) -> None:
        self._nats = nats
        self._name = name
        self._sealer = sealer
        self._entropy = entropy

    @property
    def up(self) -> bool:
        return self._nats.connected

    async def get(self, key: str) -> Entry:
        headers, data = await self._ask(direct_read(self._name, key), b"", {})
        status = headers.get("Status")
        if status == "404":
            return Entry(None, 0)
        if status is not None:
            raise Away(f"the bucket {self._name} answers {status}")
        revision = int(headers["Nats-Sequence"])
        if headers.get("KV-Operation") is not None:
            return Entry(None, revision)
        try:
            return Entry(self._sealer.open(data, self._context(key)), revision)
        except seal.SealError:
            return Entry(None, revision)  # under a key that is gone

    async def put(self, key: str, value: bytes | None, after: int) -> int:
        headers = {_EXPECTED: str(after)}
        if value is None:
            headers |= _DELETED
            data = b""
        else:
            nonce = self._entropy(seal.NONCE_SIZE)
            data = self._sealer.seal(value, self._context(key), nonce)
        _, answer = await self._ask(bucket_key(self._name, key), data, headers)
        try:
            ack = _acks.decode(answer)
        except msgspec.DecodeError as error:
            raise Away(f"the bucket {self._name} does not answer as one") from error
        if ack.error is None:
            return ack.seq
        if ack.error.err_code == _WRONG_LAST_SEQUENCE:
            raise Moved(key)
        raise Away(f"the bucket {self._name}: {ack.error.description}")

    async def _ask(
        self, subject: str, data: bytes, headers: dict[str, str]
    ) -> tuple[dict[str, str], bytes]:
        client = self._nats.client
        if client is None or not client.is_connected:
            raise Away("NATS is away")
        try:
            answer = await client.request(subject, data, timeout=TIMEOUT, headers=headers or None)
        except (NatsError, TimeoutError) as error:
            raise Away(f"{subject}: {type(error).__name__}") from error
        return answer.headers or {}, answer.data

    def _context(self, key: str) -> bytes:
        return seal.context("bucket", self._name, key)
