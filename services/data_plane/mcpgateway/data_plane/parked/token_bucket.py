"""Tokens for upstreams, as the control plane put them: read one by one, never written.

Whoever keeps a copy hears when another one was put. What is not heard (while NATS is away) is told
as a change of everything once it is back.
"""

import logging
from collections.abc import Callable
from typing import Protocol

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from mcpgateway.common import seal
from mcpgateway.common.routing import upstream_tokens
from mcpgateway.common.routing.upstream_tokens import UpstreamToken, Wanted
from mcpgateway.common.runtime.nats import Shared
from mcpgateway.common.subjects import Subjects, direct_read
from mcpgateway.data_plane.parked.bucket import TIMEOUT, Away

log = logging.getLogger(__name__)

EVERYTHING = ""
OnChange = Callable[[str], None]
"""Hears the key of a token that was put, or EVERYTHING."""


class TokenSource(Protocol):
    """Where tokens are. Raises parked.bucket.Away."""

    def on_change(self, listener: OnChange) -> None: ...

    async def get(self, key: str) -> UpstreamToken | None:
        """None: there is none, or not any more."""

    async def want(self, wanted: Wanted) -> None:
        """The control plane is asked for one; a change tells that it is there."""


class NoTokens:
    """Implements TokenSource where there is no NATS."""

    def on_change(self, listener: OnChange) -> None:
        """Nothing ever changes."""

    async def get(self, key: str) -> UpstreamToken | None:
        return None

    async def want(self, wanted: Wanted) -> None:
        raise Away("there is no NATS")


class TokenBucket:
    """Implements TokenSource. Make it before the connection runs."""

    def __init__(
        self,
        nats: Shared,
        subjects: Subjects,
        sealer: seal.Sealer,
        entropy: Callable[[int], bytes],
    ) -> None:
        """`sealer` is `keys.DataPlaneKeys.wire`."""
        self._nats = nats
        self._subjects = subjects
        self._sealer = sealer
        self._entropy = entropy
        self._listeners: list[OnChange] = []
        nats.use(self._listen)
        nats.on_reconnect(self._all_may_have_changed)

    def on_change(self, listener: OnChange) -> None:
        self._listeners.append(listener)

    async def get(self, key: str) -> UpstreamToken | None:
        subject = direct_read(self._subjects.tokens, key)
        try:
            answer = await self._connected().request(subject, b"", timeout=TIMEOUT)
        except (NatsError, TimeoutError) as error:
            raise Away(f"the bucket of tokens: {type(error).__name__}") from error
        status = (answer.headers or {}).get("Status")
        if status == "404" or (status is None and not answer.data):
            return None
        if status is not None:
            raise Away(f"the bucket of tokens answers {status}")
        try:
            return upstream_tokens.decode(self._sealer.open(answer.data, self._context(key)))
        except (seal.SealError, msgspec.DecodeError):
            log.warning("a token for an upstream does not open")
            return None

    async def want(self, wanted: Wanted) -> None:
        plain = msgspec.json.encode(wanted)
        nonce = self._entropy(seal.NONCE_SIZE)
        sealed = self._sealer.seal(plain, self._context("wanted"), nonce)
        try:
            await self._connected().publish(self._subjects.token_wanted, sealed)
        except NatsError as error:
            raise Away(f"no token can be asked for: {type(error).__name__}") from error

    def _connected(self) -> Client:
        client = self._nats.client
        if client is None or not client.is_connected:
            raise Away("NATS is away")
        return client

    async def _listen(self, client: Client) -> None:
        await client.subscribe(self._subjects.token_changes, cb=self._changed)
        self._all_may_have_changed()

    async def _changed(self, message: Msg) -> None:
        self._tell(message.data.decode(errors="replace"))

    def _all_may_have_changed(self) -> None:
        self._tell(EVERYTHING)

    def _tell(self, key: str) -> None:
        for listener in self._listeners:
            listener(key)

    def _context(self, key: str) -> bytes:
        return upstream_tokens.context(self._subjects.cluster, self._subjects.group, key)
