"""The use cases of gRPC services by ContextForge's words: an upstream whose URL is told as a target
and whether TLS is spoken there. All else is as for any upstream."""

import asyncio
from collections import OrderedDict
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from mcpgateway.common.protobuf import pool
from mcpgateway.common.protobuf.methods import Method, methods
from mcpgateway.control_plane.registry import upstreams
from mcpgateway.control_plane.registry.actor import Actor, visible
from mcpgateway.control_plane.registry.drafts import UpstreamDraft
from mcpgateway.control_plane.registry.model import Upstream
from mcpgateway.control_plane.registry.ports import Change, Ports, Reader
from mcpgateway.control_plane.registry.views import UpstreamView

WHAT = "service"
KEPT = 256  # sets of descriptors


class ServiceView(UpstreamView, frozen=True, kw_only=True):
    """`methods` are those of all services in its descriptors, chosen or not."""

    methods: tuple[Method, ...] = ()


class ServiceDraft(msgspec.Struct, frozen=True, kw_only=True):
    """`target` is `host:port`; what is not said of it, or of TLS, stays."""

    upstream: UpstreamDraft
    target: str | UnsetType = UNSET
    tls: bool | UnsetType = UNSET


async def create(ports: Ports, actor: Actor, draft: ServiceDraft) -> Change:
    """Raises what `upstreams.create` does."""
    assert draft.target is not UNSET
    return await upstreams.create(ports, actor, _with_url(draft, draft.target, bool(draft.tls)))


async def replace(
    ports: Ports, actor: Actor, id: str, draft: ServiceDraft, expected: int | None
) -> Change:
    """Raises what `upstreams.replace` does."""
    before = await one(ports, actor, id)
    target = target_of(before) if draft.target is UNSET else draft.target
    tls = is_tls(before) if draft.tls is UNSET else draft.tls
    return await upstreams.replace(ports, actor, id, _with_url(draft, target, tls), expected)


async def set_state(
    ports: Ports, actor: Actor, id: str, enabled: bool, expected: int | None
) -> Change:
    await one(ports, actor, id)
    return await upstreams.set_state(ports, actor, id, enabled, expected)


async def remove(ports: Ports, actor: Actor, id: str, expected: int | None) -> Change:
    await one(ports, actor, id)
    return await upstreams.remove(ports, actor, id, expected)


async def one(ports: Ports, actor: Actor, id: str) -> UpstreamView:
    """Raises NotFound, for an upstream of another transport too."""
    found = await upstreams.one(ports, actor, id)
    return visible(found if is_service(found) else None, actor, WHAT, id)


class Descriptions:
    """What is in the descriptors of services. Of the last KEPT that were asked for it is kept: a
    document never changes."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._kept: OrderedDict[str, tuple[Method, ...]] = OrderedDict()

    async def of(self, row: UpstreamView) -> ServiceView:
        """Raises NotFound, Unavailable."""
        if row.document not in self._kept:
            document = await self._read.document(row.document)
            self._kept[row.document] = await asyncio.to_thread(_methods, document)
        self._kept.move_to_end(row.document)
        found = self._kept[row.document]
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return ServiceView(**msgspec.structs.asdict(row), methods=found)


def _methods(document: bytes) -> tuple[Method, ...]:
    """Without their comments, which are in their tools. Takes up to a second for 16 MiB."""
    if not document:
        return ()
    found = methods(pool.read(document))
    return tuple(msgspec.structs.replace(each, comment="") for each in found)


def is_service(row: Upstream) -> bool:
    return row.transport == "GRPC"


def target_of(row: Upstream) -> str:
    return urlsplit(row.url).netloc


def is_tls(row: Upstream) -> bool:
    return urlsplit(row.url).scheme == "grpcs"


def _with_url(draft: ServiceDraft, target: str, tls: bool) -> UpstreamDraft:
    url = f"{'grpcs' if tls else 'grpc'}://{target}"
    return msgspec.structs.replace(draft.upstream, url=url)
