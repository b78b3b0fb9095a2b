"""The key-value buckets of a group: of sessions and tasks, which the data planes write and read,
and of tokens for upstreams, which they only read. Made here.

Made apart from the routing streams: a NATS whose logins are from before there were buckets goes on
carrying the routing table.
"""

import asyncio
import logging
from functools import partial
from typing import NamedTuple

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import api
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NotFoundError

from mcpgateway.common.runtime.nats import raise_if_cancelled
from mcpgateway.common.subjects import Subjects, bucket_key, bucket_stream

log = logging.getLogger(__name__)

TIMEOUT = 5.0  # seconds that one answer may take
_AGAIN = 30.0  # seconds after which a failure is tried again
_SESSION_SECONDS = 24.0 * 3600  # a value is forgotten after as long as a session lives


class _Bounds(NamedTuple):
    """Of a bucket: above so many `keys`, or `bytes` in all, the oldest are forgotten; a `value` has
    at most so many bytes, headers included, and is kept for so many `seconds` (0: for ever). NATS
    sets room aside for all of `bytes` (-1: any)."""

    keys: int
    value: int
    bytes: int
    seconds: float = _SESSION_SECONDS


_SESSIONS = _Bounds(1_000_000, 128 * 1024, 512 * 1024 * 1024)
_UPSTREAM_SESSIONS = _Bounds(1_000_000, 128 * 1024, 256 * 1024 * 1024)
_TASKS = _Bounds(100_000, 512 * 1024, -1)
# Never forgotten: some tokens hold for ever, and the control plane takes away what does not.
_TOKENS = _Bounds(1_000_000, 64 * 1024, -1, seconds=0.0)


class Buckets:
    """`run` returns when they are as they should be."""

    def __init__(self, client: Client, subjects: Subjects) -> None:
        self._subjects = subjects
        self._jetstream = client.jetstream(timeout=TIMEOUT)

    async def run(self, again: float = _AGAIN) -> None:
        while True:
            raise_if_cancelled()
            try:
                await self.ensure()
            except (NatsError, JetStreamError) as error:
                log.warning(
                    "replicas can not share sessions: %s: %s; a NATS set up by an earlier version"
                    " needs the configuration that `mcpgateway nats-auth` writes now",
                    type(error).__name__,
                    error,
                )
            else:
                return
            await asyncio.sleep(again)

    async def ensure(self) -> None:
        """Creates them, or brings their limits to what they should be. Raises nats.errors.Error
        and nats.js.errors.Error."""
        for bucket in (*self._subjects.buckets, self._subjects.tokens):
            config = config_of(bucket, self._bounds(bucket))
            change = partial(self._jetstream.update_stream, config)
            try:
                await self._jetstream.stream_info(config.name or "")
            except NotFoundError:
                change = partial(self._jetstream.add_stream, config)
            await change()

    def _bounds(self, bucket: str) -> _Bounds:
        if bucket == self._subjects.tokens:
            return _TOKENS
        if bucket == self._subjects.tasks:
            return _TASKS
        return _SESSIONS if bucket == self._subjects.sessions else _UPSTREAM_SESSIONS


def config_of(bucket: str, bounds: _Bounds) -> api.StreamConfig:
    """Data planes may put and no more: no header of theirs purges (`rollup`), sets another
    lifetime, or deletes."""
    return api.StreamConfig(
        name=bucket_stream(bucket),
        subjects=[bucket_key(bucket, ">")],
        storage=api.StorageType.FILE,
        allow_direct=True,
        allow_rollup_hdrs=False,
        deny_delete=True,
        max_age=bounds.seconds,
        max_msgs=bounds.keys,
        max_bytes=bounds.bytes,
        discard=api.DiscardPolicy.OLD,
        max_msgs_per_subject=1,
        max_msg_size=bounds.value,
    )
