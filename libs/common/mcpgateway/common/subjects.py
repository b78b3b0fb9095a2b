"""NATS subjects and stream names of one gateway group, and who may publish and subscribe to them.

One group isolates gateways that share a NATS. See docs/adr/0006 for
the permissions: only what something uses.
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Subjects:
    """All names for one (cluster, group). Both are subject tokens: letters, digits, `_`, `-`."""

    cluster: str
    group: str

    def __post_init__(self) -> None:
        for label, value in (("cluster", self.cluster), ("group", self.group)):
            if not _TOKEN.fullmatch(value):
                raise ValueError(f"{label} must be 1-64 of A-Z a-z 0-9 _ -, got {value!r}")

    @property
    def root(self) -> str:
        return f"gw.{self.cluster}.{self.group}"

    @property
    def delta(self) -> str:
        return f"{self.root}.routing.delta"

    @property
    def snapshot(self) -> str:
        return f"{self.root}.routing.snapshot"

    def blob(self, blob: str, chunk: int) -> str:
        return f"{self.root}.routing.blob.{blob}.{chunk}"

    @property
    def blobs(self) -> str:
        return f"{self.root}.routing.blob.>"

    def receipt(self, replica: str) -> str:
        return f"{self.root}.receipt.{replica}"

    @property
    def receipts(self) -> str:
        return f"{self.root}.receipt.*"

    def hint(self, upstream: str) -> str:
        """Where a data plane says that an upstream announced changed lists."""
        return f"{self.root}.hint.{upstream}"

    @property
    def hints(self) -> str:
        return f"{self.root}.hint.*"

    @property
    def delta_stream(self) -> str:
        return f"ROUTING_{self.cluster}_{self.group}"

    @property
    def blob_stream(self) -> str:
        return f"ROUTING_BLOB_{self.cluster}_{self.group}"

    def stream_info(self, stream: str) -> str:
        """Where a data plane asks for a stream's info when the streams are another account's:
        `$JS.API.STREAM.INFO` always means the own account's."""
        return f"{self.root}.info.{stream}"

    @property
    def renamed_services(self) -> dict[str, str]:
        """By JetStream's name, the name in the data planes' account."""
        streams = (self.delta_stream, self.blob_stream)
        return {f"$JS.API.STREAM.INFO.{each}": self.stream_info(each) for each in streams}


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a NATS user may publish to and subscribe to; everything else is denied."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


CONTROL_PLANE_INBOX = "_INBOX_cp"
DATA_PLANE_INBOX = "_INBOX_dp"


def control_plane_permissions(s: Subjects) -> Permissions:
    """Of JetStream, to make and read, append to and purge the two routing streams; not to delete
    them, and nothing of other groups on this NATS."""
    verbs = ("CREATE", "UPDATE", "INFO", "PURGE", "MSG.GET")
    streams = (s.delta_stream, s.blob_stream)
    return Permissions(
        publish=(
            f"{s.root}.routing.>",
            *(f"$JS.API.STREAM.{verb}.{stream}" for stream in streams for verb in verbs),
        ),
        subscribe=(s.delta, s.receipts, s.hints, f"{CONTROL_PLANE_INBOX}.>"),
    )


def shared_services(s: Subjects) -> tuple[str, ...]:
    """What data planes may ask of the account that owns the streams: direct reads, and the info
    that says how far a stream is."""
    streams = (s.delta_stream, s.blob_stream)
    return (
        *(f"$JS.API.DIRECT.GET.{stream}" for stream in streams),
        *(f"$JS.API.DIRECT.GET.{stream}.>" for stream in streams),
        *(f"$JS.API.STREAM.INFO.{stream}" for stream in streams),
    )


def data_plane_permissions(s: Subjects) -> Permissions:
    """No routing subject to publish to, an inbox prefix of its own, and of JetStream only
    direct reads and the info of the two routing streams."""
    return Permissions(
        publish=(s.receipts, s.hints, *shared_services(s), *s.renamed_services.values()),
        subscribe=(s.delta, f"{DATA_PLANE_INBOX}.>"),
    )
