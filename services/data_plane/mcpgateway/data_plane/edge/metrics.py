"""`/metrics`: what all replicas of this machine count, as Prometheus text, whichever is asked."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from mcpgateway.common.errors import Denied, GatewayError, Unauthenticated
from mcpgateway.common.metrics.exposition import CONTENT_TYPE, Family, Sample, encode, merge, render
from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.policy.access.decide import decide
from mcpgateway.common.policy.access.rules import NOTHING
from mcpgateway.common.policy.scraping import Scraping
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.edge import errors
from mcpgateway.data_plane.edge.callers import Callers
from mcpgateway.data_plane.edge.health import NO_STORE
from mcpgateway.data_plane.edge.siblings import Heard, Siblings
from mcpgateway.data_plane.pipeline.answer import JSON

AT_ONCE = 4  # scrapes under way; one more is answered 503
ALLOW = b"GET, HEAD"
_TEXT = ((b"content-type", CONTENT_TYPE), NO_STORE)


class Measured(NamedTuple):
    """What one replica has to show, and under which name."""

    registry: Registry
    siblings: Siblings
    name: str


class MetricsEndpoint:
    """Serves the scrape of all, and to siblings this replica's part of it."""

    def __init__(self, measured: Measured, scraping: Scraping, callers: Callers) -> None:
        self._registry, self._siblings, self._name = measured
        self._scraping = scraping
        self._callers = callers
        self._tasks: set[asyncio.Task[None]] = set()

    def handle(self, exchange: Exchange, _name: str = "") -> None:
        if exchange.method not in ("GET", "HEAD"):
            errors.refuse_method(exchange, ALLOW)
            return
        try:
            self._admit(exchange)
        except GatewayError as error:
            errors.refuse_with(exchange, error)
            return
        if len(self._tasks) >= AT_ONCE:
            message = f"{AT_ONCE} scrapes are under way: ask again when one has ended"
            errors.refuse(exchange, 503, "unavailable", message, (errors.RETRY_AFTER,))
            return
        task = asyncio.get_running_loop().create_task(self._answer(exchange))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        exchange.on_gone(_cancelling(task))

    def handle_sibling(self, exchange: Exchange, _name: str = "") -> None:
        if not self._siblings.knows(exchange.headers):
            errors.refuse_with(exchange, Unauthenticated("this is for replicas: use /metrics"))
            return
        exchange.respond(200, (JSON, NO_STORE), encode(self._registry.families()))

    async def aclose(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _admit(self, exchange: Exchange) -> None:
        """Raises Unauthenticated, Denied, and Unavailable while nobody's token can be checked."""
        if self._scraping.allows(exchange.peer[0], exchange.headers):
            return
        lines = dict(exchange.headers)
        if not self._callers.carries(exchange):
            raise Unauthenticated("metrics need a token from here: Authorization: Bearer <token>")
        table, caller = self._callers.identify(exchange, lines)
        decision = decide(table.policy, caller.subject, "admin.metrics", NOTHING)
        if not decision.allowed:
            raise Denied(f"metrics are for who has admin.metrics: {decision.reason}")

    async def _answer(self, exchange: Exchange) -> None:
        own = self._registry.families()
        heard = await self._siblings.ask()
        text = await asyncio.to_thread(_text, self._name, own, heard)
        exchange.respond(200, _TEXT, text)


def _cancelling(task: "asyncio.Task[None]") -> Callable[[], None]:
    def cancel() -> None:
        task.cancel()

    return cancel


def _text(name: str, own: list[Family], heard: Heard) -> bytes:
    """Rendering may take longer than the loop should be held up: run it in a thread."""
    merged = merge("replica", {name: own, **heard.families})
    return render([*merged, *_about(heard)])


def _about(heard: Heard) -> list[Family]:
    """Of this scrape as a whole, so not labelled with a replica."""
    shown, missing = float(len(heard.families) + 1), float(len(heard.missing))
    return [
        Family(SHOWN, "gauge", "Replicas that this scrape shows.", (), [Sample((), shown)]),
        Family(
            MISSING,
            "gauge",
            "Replicas of this machine that did not answer this scrape.",
            (),
            [Sample((), missing)],
        ),
    ]


SHOWN = "mcpgateway_scrape_replicas"
MISSING = "mcpgateway_scrape_replicas_missing"
