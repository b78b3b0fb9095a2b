"""NATS subjects and stream names of one gateway group, and who may publish and subscribe to them.

One group isolates gateways that share a NATS. See docs/adr/0006 for
the permissions: only what something uses.
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
KEYS_HINT = "0" * 32  # in a hint; no upstream has this id


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
        """Where a data plane says that an upstream announced changed lists; for KEYS_HINT, that it
        saw a token signed with a key that it does not know."""
        return f"{self.root}.hint.{upstream}"

    @property
    def hints(self) -> str:
        return f"{self.root}.hint.*"

    def usage(self, replica: str) -> str:
        """Where a data plane tells what was done at it."""
        return f"{self.root}.usage.{replica}"

    @property
    def usages(self) -> str:
        return f"{self.root}.usage.*"

    def replica(self, replica: str, exchange: str) -> str:
        """Where a replica is sent what concerns one exchange that another one handed over."""
        return f"{self.root}.replica.{replica}.{exchange}"

    @property
    def everyone(self) -> str:
        """Notes of one replica to all."""
        return f"{self.root}.all"

    @property
    def delta_stream(self) -> str:
        return f"ROUTING_{self.cluster}_{self.group}"

    @property
    def blob_stream(self) -> str:
        return f"ROUTING_BLOB_{self.cluster}_{self.group}"

    @property
    def sessions(self) -> str:
        """The key-value bucket of what changes in clients' sessions."""
        return f"SESSIONS_{self.cluster}_{self.group}"

    @property
    def upstream_sessions(self) -> str:
        """The bucket of the sessions with upstreams that replicas share."""
        return f"UPSTREAM_SESSIONS_{self.cluster}_{self.group}"

    @property
    def tasks(self) -> str:
        """The bucket of the calls that go on as tasks."""
        return f"TASKS_{self.cluster}_{self.group}"

    @property
    def tokens(self) -> str:
        """The bucket of tokens for upstreams, which the control plane alone puts."""
        return f"TOKENS_{self.cluster}_{self.group}"

    @property
    def token_changes(self) -> str:
        """Where data planes hear the key of a token that was put."""
        return f"{self.root}.token.changed"

    @property
    def token_wanted(self) -> str:
        """Where a data plane asks for a token that a caller gets for his identity."""
        return f"{self.root}.token.wanted"

    @property
    def buckets(self) -> tuple[str, ...]:
        return (self.sessions, self.upstream_sessions, self.tasks)

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


def bucket_stream(bucket: str) -> str:
    """NATS keeps a key-value bucket as a stream of this name."""
    return f"KV_{bucket}"


def bucket_key(bucket: str, key: str) -> str:
    """Where a value is published. ">" for every key."""
    return f"$KV.{bucket}.{key}"


def direct_read(bucket: str, key: str) -> str:
    """Where the last value is asked for, of any server that has it."""
    return f"$JS.API.DIRECT.GET.{bucket_stream(bucket)}.{bucket_key(bucket, key)}"


CONTROL_PLANE_INBOX = "_INBOX_cp"
DATA_PLANE_INBOX = "_INBOX_dp"


def control_plane_permissions(s: Subjects) -> Permissions:
    """Of JetStream, to make and read, append to and purge the two routing streams, and to make
    the buckets; not to delete any, and nothing of other groups on this NATS."""
    routing, buckets = (
        ("CREATE", "UPDATE", "INFO", "PURGE", "MSG.GET"),
        ("CREATE", "UPDATE", "INFO"),
    )
    verbs = {
        **dict.fromkeys((s.delta_stream, s.blob_stream), routing),
        **dict.fromkeys(map(bucket_stream, (*s.buckets, s.tokens)), buckets),
    }
    return Permissions(
        publish=(
            f"{s.root}.routing.>",
            s.token_changes,
            bucket_key(s.tokens, ">"),
            *(f"$JS.API.STREAM.{verb}.{stream}" for stream in verbs for verb in verbs[stream]),
        ),
        subscribe=(
            s.delta,
            s.receipts,
            s.hints,
            s.usages,
            s.token_wanted,
            f"{CONTROL_PLANE_INBOX}.>",
        ),
    )


def shared_reads(s: Subjects) -> tuple[str, ...]:
    """What data planes may ask of the account that owns the routing streams: direct reads, which
    may be answered by many messages, and the info that says how far a stream is."""
    streams = (s.delta_stream, s.blob_stream)
    return (
        *(f"$JS.API.DIRECT.GET.{stream}" for stream in streams),
        *(f"$JS.API.DIRECT.GET.{stream}.>" for stream in streams),
        *(f"$JS.API.STREAM.INFO.{stream}" for stream in streams),
    )


def shared_buckets(s: Subjects) -> tuple[str, ...]:
    """What they may ask of the buckets there: to put a value (into any but that of tokens),
    answered by one acknowledgement, and to read the last one of a key. The streams refuse what a
    header could make of a put: to purge, or to delete (see `publish.buckets` of the control plane).
    """
    return (
        *(bucket_key(bucket, ">") for bucket in s.buckets),
        *(direct_read(bucket, ">") for bucket in (*s.buckets, s.tokens)),
    )


def data_plane_permissions(s: Subjects) -> Permissions:
    """No routing subject to publish to, an inbox prefix of its own; of JetStream only direct reads
    and the info of the two routing streams, puts and direct reads of the buckets. What replicas
    send each other stays among them."""
    replicas = f"{s.root}.replica.*.*"
    return Permissions(
        publish=(
            s.receipts,
            s.hints,
            s.usages,
            s.token_wanted,
            replicas,
            s.everyone,
            *shared_reads(s),
            *s.renamed_services.values(),
            *shared_buckets(s),
        ),
        subscribe=(s.delta, s.token_changes, replicas, s.everyone, f"{DATA_PLANE_INBOX}.>"),
    )
