"""Puts tokens for upstreams where data planes find them, sealed for them, and tells them; hears
which tokens they want."""

import logging
from collections.abc import AsyncIterator, Callable

import msgspec
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError

from mcpgateway.common import seal
from mcpgateway.common.routing import upstream_tokens
from mcpgateway.common.routing.upstream_tokens import UpstreamToken, Wanted
from mcpgateway.common.subjects import Subjects, bucket_key

log = logging.getLogger(__name__)

WANTED = 1000  # waiting at most; more are dropped, and asked for again by those who need them
_TIMEOUT = 5.0  # seconds that one answer may take


class NatsTokens:
    """Implements `upstream_auth.ports.TokenBucket`. `wire` is that of `keys.DataPlaneKeys`."""

    def __init__(
        self, subjects: Subjects, wire: seal.Sealer, entropy: Callable[[int], bytes]
    ) -> None:
        self._subjects = subjects
        self._wire = wire
        self._entropy = entropy
        self._client: Client | None = None

    def use(self, client: Client) -> None:
        self._client = client

    async def put(self, key: str, token: UpstreamToken | None) -> bool:
        client = self._client
        if client is None or not client.is_connected:
            return False
        subjects = self._subjects
        data = b"" if token is None else self._sealed(key, upstream_tokens.encode(token))
        try:
            jetstream = client.jetstream(timeout=_TIMEOUT)
            await jetstream.publish(bucket_key(subjects.tokens, key), data)
            await client.publish(subjects.token_changes, key.encode())
        except (NatsError, JetStreamError, TimeoutError) as error:
            log.warning("a token for an upstream was not put: %s: %s", type(error).__name__, error)
            return False
        return True

    async def wanted(self, client: Client) -> AsyncIterator[Wanted]:
        """What data planes ask for, from now on."""
        subscription = await client.subscribe(
            self._subjects.token_wanted, pending_msgs_limit=WANTED
        )
        try:
            async for message in subscription.messages:
                found = self._opened(message.data)
                if found is not None:
                    yield found
        finally:
            if not client.is_closed:
                await subscription.unsubscribe()

    def _sealed(self, key: str, plain: bytes) -> bytes:
        context = upstream_tokens.context(self._subjects.cluster, self._subjects.group, key)
        return self._wire.seal(plain, context, self._entropy(seal.NONCE_SIZE))

    def _opened(self, data: bytes) -> Wanted | None:
        context = upstream_tokens.context(self._subjects.cluster, self._subjects.group, "wanted")
        try:
            return upstream_tokens.wanted_decoder.decode(self._wire.open(data, context))
        except (seal.SealError, msgspec.DecodeError):
            log.warning("a data plane asked for a token in a way that can not be read")
            return None
