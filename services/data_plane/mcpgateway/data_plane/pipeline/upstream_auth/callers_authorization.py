"""What calls in their callers' own names need beside credentials: tokens that are read when a call
first needs them, a way to ask for consent, and how callers are named to upstreams."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Protocol

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.routing.model import Upstream
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.pipeline.call import AnswerSink, Call
from mcpgateway.data_plane.pipeline.consent_sink import ConsentSink
from mcpgateway.data_plane.pipeline.upstream_auth import consent
from mcpgateway.data_plane.pipeline.upstream_auth.consent import Page
from mcpgateway.data_plane.pipeline.upstream_auth.passed_headers import (
    AUTHORIZATION,
    given_authorization,
)
from mcpgateway.data_plane.pipeline.upstream_auth.propagation import Naming
from mcpgateway.data_plane.pipeline.upstream_auth.upstream_tokens import (
    ConsentMissing,
    Need,
    UpstreamTokens,
)
from mcpgateway.data_plane.upstreams.faults import TokenRefused

WAITING = 10_000  # calls that wait for tokens; more are answered 503


class Consents(Protocol):
    """Calls that wait for a token, or for their caller."""

    def learn(self, need: Need, again: Callable[[bool], None]) -> bool:
        """Calls `again` when it is known what there is, with False where it is not. Whether it
        will: not when too many wait."""

    def ask(self, call: Call, missing: ConsentMissing) -> str:
        """Answers the call with where to go. Returns how it ended."""

    def sink(self, call: Call, upstream: Upstream, sink: AnswerSink) -> AnswerSink:
        """The same, but that the client is asked where the upstream does not take the token that
        its user's call goes out with."""


class _NoConsents:
    def learn(self, need: Need, again: Callable[[bool], None]) -> bool:
        return False

    def ask(self, call: Call, missing: ConsentMissing) -> str:
        call.form.failed(call, missing)
        return missing.code

    def sink(self, call: Call, upstream: Upstream, sink: AnswerSink) -> AnswerSink:
        return sink


class CallerConsents:
    """Implements Consents. `base` tells at which address a client reaches the gateway."""

    def __init__(self, tokens: UpstreamTokens, base: Callable[[Exchange], str]) -> None:
        self._tokens = tokens
        self._base = base
        self._waiting: set[asyncio.Task[None]] = set()

    def learn(self, need: Need, again: Callable[[bool], None]) -> bool:
        if len(self._waiting) >= WAITING:
            return False
        task = asyncio.get_running_loop().create_task(self._learn(need, again))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)
        return True

    async def _learn(self, need: Need, again: Callable[[bool], None]) -> None:
        learnt = False
        try:
            await self._tokens.learn(need)
            learnt = True
        finally:
            again(learnt)

    def ask(self, call: Call, missing: ConsentMissing) -> str:
        base = self._base(call.exchange)
        if not base:
            call.form.failed(call, Unavailable("MCPGATEWAY_PUBLIC_URL must say where consent is"))
            return Unavailable.code
        answer = consent.answer(consent.asker_of(call), consent.page_of(missing, base))
        if isinstance(answer, Problem):
            call.form.refuse(call, answer)
        else:
            call.form.result(call, answer)
        return missing.code

    def sink(self, call: Call, upstream: Upstream, sink: AnswerSink) -> AnswerSink:
        base = self._base(call.exchange)
        if not base or upstream.tokens not in ("oauth", "vault"):
            return sink
        if given_authorization(call.exchange.headers) is not None:
            return sink
        page = partial(self._page, upstream, call.caller.subject.id, base)
        return ConsentSink(sink, call.id, consent.asker_of(call), page)

    def _page(
        self, upstream: Upstream, principal: str, base: str, error: TokenRefused
    ) -> Page | None:
        scopes = error.scopes
        if scopes:
            asked = self._tokens.asked(upstream, principal)
            scopes = tuple(each for each in scopes if each not in asked)
            if not scopes or upstream.tokens == "vault":
                return None  # who was asked for all of it is not asked again
        return consent.page_of(ConsentMissing(upstream, principal, scopes), base)


class OwnAuthorization(NamedTuple):
    """All of it. `header` (lower case) carries what clients show to the gateway."""

    naming: Naming
    consents: Consents
    header: bytes = AUTHORIZATION


NO_OWN = OwnAuthorization(Naming(b"", lambda: 0.0), _NoConsents())


def bearer_of(call: Call, header: bytes) -> str:
    """The JWT that a caller showed to the gateway in this header, "" where it is none: only what
    its issuer signed can be exchanged."""
    value = (call.exchange.header(header) or b"").decode("latin-1")
    scheme, _, token = value.partition(" ")
    found = token.strip()
    return found if scheme.lower() == "bearer" and found.count(".") == 2 else ""
