"""What the leading control plane does for tokens: gets those that all callers share, renews what
ends soon, puts where data planes find them those that they do not find yet, and gets those that
callers get for their identity.

One leads, so nothing is renewed twice at once: a refresh token counts once where they rotate. A
failure is tried again after ever longer, up to 5 minutes; a refusal that trying again would not
mend takes the token away, so that the user is asked anew.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.routing.upstream_tokens import UpstreamToken, Wanted, key_of
from mcpgateway.common.runtime.tasks import part, together, wait_at_most
from mcpgateway.control_plane.registry.discovered.refresh import EVERYTHING
from mcpgateway.control_plane.registry.model import Upstream
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.upstream_auth import oauth_config
from mcpgateway.control_plane.registry.upstream_auth import tokens as kept
from mcpgateway.control_plane.registry.upstream_auth.clients import client_of
from mcpgateway.control_plane.registry.upstream_auth.exchange import exchanged
from mcpgateway.control_plane.registry.upstream_auth.grants import shared_token
from mcpgateway.control_plane.registry.upstream_auth.oauth_config import Token
from mcpgateway.control_plane.registry.upstream_auth.ports import TokenPorts, TokenRow
from mcpgateway.control_plane.registry.upstream_auth.servers import settled
from mcpgateway.control_plane.registry.views import Query

log = logging.getLogger(__name__)

EVERY = 2.0  # seconds between two looks at what is due
_AFTER = 0.02  # seconds that a look waits for a change to be published first
_LEAST = 0.25  # seconds between two looks in a row of changes
BATCH = 100  # tokens of one look
TOGETHER = 8  # requests to authorization servers at once
_PROBLEM_SECONDS = 15.0  # for which data planes believe that an exchange fails
_ENDS = frozenset({"invalid_grant", "invalid_client", "unauthorized_client"})


class Keeper:
    """`run` while leading, until cancelled."""

    def __init__(self, ports: Ports, tokens: TokenPorts, every: float = EVERY) -> None:
        self._ports = ports
        self._tokens = tokens
        self._store = tokens.store
        self._every = every
        self._places = asyncio.Semaphore(TOGETHER)
        self._failed: dict[str, tuple[int, float]] = {}  # by upstream: how often, and until when

    async def run(self, changed: asyncio.Event, wanted: AsyncIterator[Wanted]) -> None:
        """`changed` is set when the registry may have changed; `wanted` are tokens that data planes
        ask for."""
        await self._store.put_all_again()
        await together(
            part("renewing tokens for upstreams", self._look_after(changed)),
            part("exchanging tokens for upstreams", self._answer(wanted)),
        )

    async def _look_after(self, changed: asyncio.Event) -> None:
        while True:
            try:
                await self.look()
            except GatewayError as error:
                log.warning("tokens for upstreams were not looked after: %s", error.message)
            await asyncio.sleep(min(_LEAST, self._every))
            await wait_at_most(changed, self._every)
            await asyncio.sleep(min(_AFTER, self._every))
            changed.clear()

    async def look(self) -> None:
        """Once."""
        await self._store.drop_orphans()
        now = self._ports.clock()
        ids = await self._store.shared_without_token()
        waiting = {id for id, (_, until) in self._failed.items() if until > now.timestamp()}
        due = await self._store.due(now, BATCH)
        await asyncio.gather(
            *(self._first(id) for id in ids[:BATCH] if id not in waiting),
            *(self._renew(row) for row in due),
        )
        for row in await self._store.to_put(BATCH):
            await kept.put(self._ports, self._tokens, row)

    async def _first(self, upstream_id: str) -> None:
        async with self._places:
            try:
                upstream = await self._upstream(upstream_id)
                if upstream is None:
                    return
                token = await shared_token(self._ports, self._tokens, upstream)
            except GatewayError as error:
                self._note(upstream_id, error)
                return
        self._failed.pop(upstream_id, None)
        row = kept.row_of(self._ports, upstream_id, "", "shared", token)
        await kept.keep(self._ports, self._tokens, row)

    def _note(self, upstream_id: str, error: GatewayError) -> None:
        attempts = self._failed.get(upstream_id, (0, 0.0))[0] + 1
        until = oauth_config.try_again_at(attempts, self._ports.clock().timestamp())
        self._failed[upstream_id] = (attempts, until)
        log.warning("no token for gateway %s: %s", upstream_id, error.message)

    async def _renew(self, row: TokenRow) -> None:
        async with self._places:
            try:
                upstream = await self._upstream(row.upstream_id)
                token = None if upstream is None else await self._renewed(row, upstream)
            except GatewayError as error:
                await self._not_renewed(row, error)
                return
        if token is None:
            await kept.drop(self._ports, self._tokens, row.upstream_id, row.principal)
            return
        made = kept.row_of(self._ports, row.upstream_id, row.principal, row.kind, token)
        replaced = msgspec.structs.replace(made, stamp=row.stamp)
        saved = await self._store.replace_token(replaced)
        if saved is not None:  # else the user consented anew meanwhile
            await kept.put(self._ports, self._tokens, saved)

    async def _renewed(self, row: TokenRow, upstream: Upstream) -> Token | None:
        """None for one that its upstream wants no more."""
        config = kept.config_of(upstream)
        if config is None:
            return None
        if row.kind == "shared":
            return await shared_token(self._ports, self._tokens, upstream)
        before = kept.token_in(self._ports, row)
        network, rules = self._tokens.network, self._tokens.rules
        where = await settled(network, config, upstream.url, discovery=rules.discovery)
        if before.issuer and before.issuer != where.server.issuer:
            return None  # another server gives its tokens now, and has nothing to renew this by
        redirect = config.redirect_uri or rules.public_url + "/oauth/callback"
        client = await client_of(self._ports, self._tokens, upstream, where, redirect)
        params = oauth_config.refresh_params(where.config, upstream.url, before.refresh_token)
        now = self._ports.clock().timestamp()
        place = where.server.token_endpoint
        return await kept.ask(network, place, params, client, now, before)

    async def _not_renewed(self, row: TokenRow, error: GatewayError) -> None:
        log.warning("a token for gateway %s was not renewed: %s", row.upstream_id, error.message)
        if row.kind == "oauth" and isinstance(error, kept.Refused) and error.reason in _ENDS:
            await kept.drop(self._ports, self._tokens, row.upstream_id, row.principal)
            return
        attempts = row.attempts + 1
        again = oauth_config.try_again_at(attempts, self._ports.clock().timestamp())
        await self._store.replace_token(
            msgspec.structs.replace(
                row,
                attempts=attempts,
                problem=error.message,
                renew_at=datetime.fromtimestamp(again, UTC),
            )
        )

    async def _answer(self, wanted: AsyncIterator[Wanted]) -> None:
        """Each in a task of its own, TOGETHER at once; two of one caller are asked for once."""
        under_way: dict[str, asyncio.Task[None]] = {}
        try:
            async for each in wanted:
                key = key_of(each.principal, each.upstream)
                if key not in under_way and len(under_way) < BATCH:
                    task = asyncio.create_task(self._exchange(each))
                    under_way[key] = task
                    task.add_done_callback(lambda _, key=key: under_way.pop(key, None))  # type: ignore[misc]
        finally:
            for task in list(under_way.values()):
                task.cancel()

    async def _exchange(self, wanted: Wanted) -> None:
        ports, tokens = self._ports, self._tokens
        async with self._places:
            try:
                upstream = await self._upstream(wanted.upstream)
                if upstream is None:
                    return
                token = await exchanged(ports, tokens, upstream, wanted.token)
                row = kept.row_of(ports, upstream.id, wanted.principal, "exchange", token)
                await kept.keep(ports, tokens, row)
            except GatewayError as error:
                log.warning("no token for gateway %s: %s", wanted.upstream, error.message)
                until = ports.clock().timestamp() + _PROBLEM_SECONDS
                told = UpstreamToken((), until, error.message)
                await tokens.bucket.put(key_of(wanted.principal, wanted.upstream), told)

    async def _upstream(self, id: str) -> Upstream | None:
        query = Query(viewer=EVERYTHING, ids=(id,))
        found = await self._ports.store.read.upstreams(query)
        return found[0] if found else None
