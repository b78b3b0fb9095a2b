"""What replicas tell each other beside the frames of exchanges (`common.runtime.carried`). Pure."""

from collections.abc import Mapping

import msgspec

SKEW = 60.0  # seconds by which two replicas' clocks may differ


class Note(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """To all replicas."""

    kind: str
    body: bytes


Pulse = Mapping[str, int]
"""By exchange that its sender has under way with the receiver, how many frames it has sent."""

notes = msgspec.msgpack.Decoder(Note)
pulses = msgspec.msgpack.Decoder(dict[str, int])
