"""Connection tests: whether a URL answers, and whether it speaks MCP. Nothing is written.

The same address rules hold as for upstreams; who may test reaches what the gateway reaches, so
only who configures the gateway may.
"""

import re
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from mcpgateway.common.errors import (
    Unavailable,
    UpstreamError,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from mcpgateway.control_plane.registry import secrets
from mcpgateway.control_plane.registry.access.rights import TEST
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.discovered.ports import Discovered, Reached, Request, Target
from mcpgateway.control_plane.registry.ports import Ports

Failure: TypeAlias = Literal["transport", "protocol", "auth"]
Source: TypeAlias = Literal["stored", "form", "none"]

_REFUSED = re.compile(r"answered (401|403)\b")  # as `discovery.channel.seen` says it


class Shaken(NamedTuple):
    """`found` None: the handshake failed, as `failure` and `error` say."""

    milliseconds: float
    source: Source
    found: Discovered | None = None
    failure: Failure | None = None
    error: str | None = None


class Tried(NamedTuple):
    """`reached` None: no answer, as `error` says."""

    milliseconds: float
    reached: Reached | None = None
    error: UpstreamError | None = None


async def shake(ports: Ports, actor: Actor, target: Target, now: Callable[[], float]) -> Shaken:
    """A whole discovery, with the credentials of the upstream that is registered under this URL
    when none are given. `now`: a monotonic clock. Raises Denied, InvalidCall for a URL that can
    not be called, Unavailable for stored credentials that do not open."""
    actor.check(TEST, "test connections")
    target, source = await _with_credentials(ports, target)
    begun = now()
    try:
        found = await ports.discoverer.discover(target)
    except UpstreamError as error:
        return Shaken(_since(begun, now), source, None, failure_of(error), error.message)
    return Shaken(_since(begun, now), source, found)


async def reach(ports: Ports, actor: Actor, request: Request, now: Callable[[], float]) -> Tried:
    """One HTTP request. Raises Denied, InvalidCall."""
    actor.check(TEST, "test connections")
    if ports.reacher is None:
        raise Unavailable("this control plane sends no requests")
    begun = now()
    try:
        reached = await ports.reacher.reach(request)
    except UpstreamError as error:
        return Tried(_since(begun, now), error=error)
    return Tried(_since(begun, now), reached)


def failure_of(error: UpstreamError) -> Failure:
    if isinstance(error, UpstreamUnreachable | UpstreamTimeout):
        return "transport"
    if isinstance(error, UpstreamRejected) and _REFUSED.search(error.message):
        return "auth"
    return "protocol"


async def _with_credentials(ports: Ports, target: Target) -> tuple[Target, Source]:
    if target.headers:
        return target, "form"
    registered = await ports.store.read.clash("", "", target.url, "")
    if registered is None or not secrets.secured(registered):
        return target, "none"
    return await secrets.target(ports, registered), "stored"


def _since(begun: float, now: Callable[[], float]) -> float:
    return (now() - begun) * 1000
