"""What may be read of history, by whom: of a thing by who sees it, of the registry by
administrators."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common.errors import NotFound
from mcpgateway.control_plane.registry.access.rights import HISTORY
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.history.chain import Broken, Walk, line
from mcpgateway.control_plane.registry.history.model import Change, Filter, Revision, Version
from mcpgateway.control_plane.registry.history.nouns import BY_KIND, Noun
from mcpgateway.control_plane.registry.history.rollback import one_version, subject
from mcpgateway.control_plane.registry.model import may_see
from mcpgateway.control_plane.registry.ports import Ports

EVERYTHING = Filter()


class Checked(NamedTuple):
    """How far the chain holds; `broken` None: to its end."""

    revisions: int
    head: str
    broken: Broken | None


async def versions(
    ports: Ports, actor: Actor, noun: Noun, id: str, before: int | None, limit: int | None
) -> list[Version]:
    """Newest first. Raises NotFound."""
    await subject(ports.store.history, actor, noun, id)
    return await ports.store.history.versions(noun.kind, id, before, limit)


async def version(ports: Ports, actor: Actor, noun: Noun, id: str, number: int) -> Version:
    """With its body, which names of other things only those that the actor may see now. Raises
    NotFound."""
    history = ports.store.history
    await subject(history, actor, noun, id)
    found = await one_version(history, noun, id, number)
    row = noun.decode(found.body)
    held = {} if actor.viewer.admin else await _seen(ports, actor, noun, row)
    if not held:
        return found
    body = msgspec.json.encode(msgspec.structs.replace(row, **held))
    return msgspec.structs.replace(found, body=msgspec.Raw(body))


async def _seen(ports: Ports, actor: Actor, noun: Noun, row: Any) -> dict[str, tuple[str, ...]]:
    held = {}
    for field, kind in noun.refers.items():
        ids = getattr(row, field)
        if isinstance(ids, tuple) and ids:
            other = BY_KIND[kind]
            now = await ports.store.history.at(1 << 62, [kind], ids)
            seen = {each.id for each in now if may_see(actor.viewer, other.decode(each.body))}
            held[field] = tuple(id for id in ids if id in seen)
    return held


async def revisions(
    ports: Ports, actor: Actor, filter: Filter, before: int | None, limit: int
) -> list[Revision]:
    """Newest first. Raises Denied."""
    refuse_others(actor)
    return await ports.store.history.revisions(filter, before, limit)


async def revision(ports: Ports, actor: Actor, n: int) -> tuple[Revision, list[Change]]:
    """And what it changed. Raises Denied, NotFound."""
    refuse_others(actor)
    found = await ports.store.history.revision(n)
    if found is None:
        raise NotFound(f"there is no revision {n}")
    return found, await ports.store.history.changes(n - 1, n)


async def between(ports: Ports, actor: Actor, first: int, last: int) -> list[Change]:
    """What has to be done to the registry of one revision to have that of another, which may be
    the earlier one; 0 is before the first. Raises Denied, NotFound."""
    refuse_others(actor)
    newest = (await ports.store.read.position()).revision
    low, high = sorted((first, last))
    if high > newest:
        raise NotFound(f"there is no revision {high}: the newest is {newest}")
    changes = await ports.store.history.changes(low, high)
    return changes if first <= last else [_reversed(each) for each in changes]


def _reversed(change: Change) -> Change:
    return msgspec.structs.replace(change, before=change.after, after=change.before)


def refuse_others(actor: Actor) -> None:
    """Raises Denied."""
    actor.check(HISTORY, "read the history of the whole registry")


async def audit(ports: Ports, filter: Filter) -> AsyncIterator[Sequence[bytes]]:
    """Lines of JSON without their line breaks, some at a time, oldest first."""
    after = 0
    while chunk := await ports.store.history.chain(filter, after):
        yield [line(each, entries) for each, entries in chunk]
        after = chunk[-1][0].n


async def verify(ports: Ports, actor: Actor) -> Checked:
    """Walks the chain up to the newest revision of this moment. Raises Denied."""
    refuse_others(actor)
    walk, newest = Walk(), (await ports.store.read.position()).revision
    while chunk := await ports.store.history.chain(EVERYTHING, walk.revisions):
        for revision, entries in chunk:
            if revision.n > newest:
                return Checked(walk.revisions, walk.head, walk.end(newest))
            broken = walk.step(revision, entries)
            if broken:
                return Checked(walk.revisions, walk.head, broken)
    return Checked(walk.revisions, walk.head, walk.end(newest))
