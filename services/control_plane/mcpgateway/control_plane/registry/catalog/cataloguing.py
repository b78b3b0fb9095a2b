"""The use cases of the catalog: what of it stands registered, and registering one or many."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from mcpgateway.common.errors import (
    FieldProblem,
    GatewayError,
    InvalidCall,
    NotFound,
    UpstreamError,
)
from mcpgateway.control_plane.registry import upstreams
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.catalog.catalog import (
    Catalog,
    Entry,
    Standing,
    Wanted,
    matching,
)
from mcpgateway.control_plane.registry.discovered.ports import Request
from mcpgateway.control_plane.registry.drafts import NewAuth, UpstreamDraft
from mcpgateway.control_plane.registry.model import Auth, Viewer
from mcpgateway.control_plane.registry.ports import Change, Ports, Reader

_ACCEPT = (("accept", "application/json, text/event-stream"),)


class Listed(NamedTuple):
    """`standing` None: not registered, as far as the viewer may see."""

    entry: Entry
    standing: Standing | None

    @property
    def available(self) -> bool:
        """As far as is known: what is not registered was not looked at."""
        return self.standing is None or self.standing.reachable


class Looked(NamedTuple):
    """What stands there now; `error` None when something answered."""

    listed: Listed
    milliseconds: float
    error: str | None = None


class Registration(NamedTuple):
    """What a caller says beside which server. `key`: an API key or access token."""

    id: str
    name: str = ""
    key: str = ""


class Done(NamedTuple):
    """Of many: what became of one. `error` None: it is registered, as `change` says."""

    id: str
    change: Change | None
    error: GatewayError | None = None


async def listed(read: Reader, viewer: Viewer, catalog: Catalog, wanted: Wanted) -> list[Listed]:
    """Those that match."""
    entries = matching(catalog.entries, wanted)
    standing = await read.standing_at([url for entry in entries for url in entry.urls], viewer)
    return [_listed(entry, standing) for entry in entries]


async def register(ports: Ports, actor: Actor, catalog: Catalog, wanted: Registration) -> Change:
    """As `upstreams.create` does, which says what it raises. Raises NotFound for what is in no
    catalog, InvalidCall where a key is needed."""
    entry = _entry(catalog, wanted.id)
    if entry.needs_key and not wanted.key:
        raise missing_key(entry)
    header = ("Authorization", f"Bearer {wanted.key}")
    draft = UpstreamDraft(
        name=wanted.name or entry.name,
        url=entry.url,
        description=entry.description,
        transport=entry.transport,
        auth=NewAuth(Auth("bearer"), (header,)) if wanted.key else None,
        tags=entry.tags,
    )
    return await upstreams.create(ports, actor, draft)


async def register_all(
    ports: Ports, actor: Actor, catalog: Catalog, wanted: Sequence[Registration], *, go_on: bool
) -> list[Done]:
    """One after the other, each a write of its own. Without `go_on` the first failure is the last
    that is tried."""
    found: list[Done] = []
    for each in wanted:
        try:
            found.append(Done(each.id, await register(ports, actor, catalog, each)))
        except GatewayError as error:
            found.append(Done(each.id, None, error))
            if not go_on:
                break
    return found


async def look(
    ports: Ports, viewer: Viewer, catalog: Catalog, id: str, now: Callable[[], float]
) -> Looked:
    """Asks the server's URL; whatever it answers, but for errors of its own, it is there. `now`: a
    monotonic clock. Raises NotFound."""
    entry = _entry(catalog, id)
    standing = await ports.store.read.standing_at(entry.urls, viewer)
    found = _listed(entry, standing)
    if ports.reacher is None:
        return Looked(found, 0.0, "this control plane sends no requests")
    begun = now()
    error: str | None = None
    try:
        reached = await ports.reacher.reach(Request("GET", entry.url, _ACCEPT))
        error = f"{entry.url} answered {reached.status}" if reached.status >= 500 else None
    except UpstreamError as problem:
        error = problem.message
    return Looked(found, (now() - begun) * 1000, error)


def missing_key(entry: Entry) -> InvalidCall:
    """Says what is needed."""
    what = "an access token that you got by signing in there" if entry.by_oauth else "an API key"
    problem = f"is required: {entry.name} wants {what} ({entry.documentation_url or entry.url})"
    return InvalidCall(f"api_key {problem}", errors=[FieldProblem("api_key", problem, "missing")])


def _entry(catalog: Catalog, id: str) -> Entry:
    entry = catalog.find(id)
    if entry is None:
        raise NotFound(f"no server {id[:80]!r} in the catalog")
    return entry


def _listed(entry: Entry, standing: dict[str, Standing]) -> Listed:
    found = [standing[url] for url in entry.urls if url in standing]
    return Listed(entry, found[0] if found else None)
