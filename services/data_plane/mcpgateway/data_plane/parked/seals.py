"""What replicas send each other is sealed: who runs NATS reads none of it, and can neither alter it
nor deliver it to somebody else."""

from collections.abc import Callable

import msgspec

from mcpgateway.common import seal
from mcpgateway.common.keys import DataPlaneKeys

EVERYONE = ""  # the receiver of a note
_PAIRS = 4096  # sealers kept; when there are more all are made again


class Letter(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """On the wire. Only its true sender can have sealed it for its receiver."""

    sender: str
    sealed: bytes


_encode = msgspec.msgpack.Encoder().encode
_letters = msgspec.msgpack.Decoder(Letter)


class Seals:
    """Of one replica. A key for each sender and receiver, so that no key seals too much. `entropy`
    draws random bytes."""

    def __init__(self, keys: DataPlaneKeys, own: str, entropy: Callable[[int], bytes]) -> None:
        self._keys = keys
        self._own = own
        self._entropy = entropy
        self._pairs: dict[tuple[str, str], seal.Sealer] = {}

    def close(self, to: str, topic: str, plain: bytes) -> bytes:
        """A letter to a replica, or to EVERYONE, about a topic."""
        nonce = self._entropy(seal.NONCE_SIZE)
        sealer = self._sealer(self._own, to)
        return _encode(Letter(self._own, sealer.seal(plain, seal.context("letter", topic), nonce)))

    def open(self, to: str, topic: str, data: bytes) -> tuple[str, bytes]:
        """Sender and content of a letter to us, or to EVERYONE. Raises seal.SealError."""
        try:
            letter = _letters.decode(data)
        except msgspec.DecodeError as error:
            raise seal.SealError("not a letter of a replica") from error
        sealer = self._sealer(letter.sender, to)
        return letter.sender, sealer.open(letter.sealed, seal.context("letter", topic))

    def _sealer(self, sender: str, receiver: str) -> seal.Sealer:
        pair = (sender, receiver)
        if pair not in self._pairs:
            if len(self._pairs) >= _PAIRS:
                self._pairs.clear()
            self._pairs[pair] = self._keys.between(sender, receiver)
        return self._pairs[pair]
