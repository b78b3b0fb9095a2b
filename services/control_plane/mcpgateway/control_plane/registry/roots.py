"""The use cases of roots: what the gateway itself tells when it is asked for its roots. They are
the whole gateway's, so administrators make them."""

from collections.abc import Iterable

from msgspec import UNSET

from mcpgateway.common import ids
from mcpgateway.control_plane.registry.access.rights import needed
from mcpgateway.control_plane.registry.actor import Actor, check_version, edited, visible
from mcpgateway.control_plane.registry.discovered.refresh import EVERYTHING
from mcpgateway.control_plane.registry.drafts import ACCESS, RootDraft, given
from mcpgateway.control_plane.registry.model import Root, Who
from mcpgateway.control_plane.registry.ports import Change, Ports, WriteTx
from mcpgateway.control_plane.registry.views import Query
from mcpgateway.control_plane.registry.wrong import wrong


async def create(ports: Ports, actor: Actor, draft: RootDraft) -> Change:
    """Raises InvalidCall, Denied, Conflict (URI taken)."""
    assert draft.uri is not UNSET
    _check_may(actor, "create")
    _check(ports, draft.uri)
    fields = {"owner_email": actor.viewer.email} | given(draft, *ACCESS)
    async with ports.store.write(actor.who) as tx:
        row = Root(
            id=ids.make_id(ports.entropy(16)),
            uri=draft.uri,
            name=_usual_name(draft.uri) if draft.name is UNSET else draft.name,
            created_at=tx.at,
            updated_at=tx.at,
            created=actor.who,
            **fields,
        )
        await tx.roots.save([row])
        return Change(row.id, tx.revision)


async def replace(
    ports: Ports, actor: Actor, id: str, draft: RootDraft, expected: int | None
) -> Change:
    """Changes what the draft names. Raises what `create` does, NotFound, Stale."""
    _check_may(actor, "update")
    async with ports.store.write(actor.who) as tx:
        current = await _current(tx, actor, id)
        check_version(current, expected)
        if draft.uri not in (UNSET, current.uri):
            _check(ports, draft.uri)
        changes = given(draft, "uri", "name", *ACCESS)
        await tx.roots.save([edited(current, actor.who, tx.at, **changes)])
        return Change(id, tx.revision)


async def set_state(
    ports: Ports, actor: Actor, id: str, enabled: bool, expected: int | None
) -> Change:
    _check_may(actor, "update")
    async with ports.store.write(actor.who) as tx:
        current = await _current(tx, actor, id)
        check_version(current, expected)
        if current.enabled is enabled:
            return Change(id, None)
        await tx.roots.save([edited(current, actor.who, tx.at, enabled=enabled)])
        return Change(id, tx.revision)


async def remove(ports: Ports, actor: Actor, id: str, expected: int | None) -> Change:
    _check_may(actor, "delete")
    async with ports.store.write(actor.who) as tx:
        check_version(await _current(tx, actor, id), expected)
        await tx.roots.remove([id])
        return Change(id, tx.revision)


async def ensure(ports: Ports, uris: Iterable[str], who: Who) -> None:
    """Those that are to be there from the start, as far as there are no roots at all: what an
    administrator deleted stays deleted. Raises InvalidCall."""
    wanted = tuple(dict.fromkeys(uris))
    if not wanted or await ports.store.read.roots(Query(viewer=EVERYTHING, include_inactive=True)):
        return
    for uri in wanted:
        _check(ports, uri)
    async with ports.store.write(who) as tx:
        rows = [
            Root(
                id=ids.make_id(ports.entropy(16)),
                uri=uri,
                name=_usual_name(uri),
                created_at=tx.at,
                updated_at=tx.at,
                created=who,
            )
            for uri in wanted
        ]
        await tx.roots.save(rows)


def _check_may(actor: Actor, act: str) -> None:
    """Whoever made one: they are the whole gateway's. Raises Denied."""
    actor.check(needed("root", act), f"{act} the gateway's roots")


def _check(ports: Ports, uri: str) -> None:
    problem = ports.roots.problem(uri)
    if problem:
        raise wrong("uri", problem, "root")


def _usual_name(uri: str) -> str:
    return uri.rstrip("/").rpartition("/")[2] or uri


async def _current(tx: WriteTx, actor: Actor, id: str) -> Root:
    found = await tx.roots.get([id])
    return visible(found[0] if found else None, actor, "root", id)
