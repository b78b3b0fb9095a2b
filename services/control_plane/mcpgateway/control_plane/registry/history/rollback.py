"""Writes an old version of one thing as a new one, through the checks of an edit."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mcpgateway.common.errors import Conflict, FieldProblem, NotFound
from mcpgateway.control_plane.registry import recipes, switches, upstreams
from mcpgateway.control_plane.registry.access.rights import OPEN_SERVER, needed
from mcpgateway.control_plane.registry.actor import (
    Actor,
    changeable,
    check_version,
    claimed,
    edited,
    object_of,
    visible,
)
from mcpgateway.control_plane.registry.history.model import GONE, Version
from mcpgateway.control_plane.registry.history.nouns import BY_KIND, Noun, plain
from mcpgateway.control_plane.registry.history.ports import History
from mcpgateway.control_plane.registry.history.returning import (
    CHILDREN,
    Pair,
    again,
    secrets_of,
    tell,
)
from mcpgateway.control_plane.registry.model import Upstream, environment_id, may_see
from mcpgateway.control_plane.registry.ports import Change, Ports, WriteTx
from mcpgateway.control_plane.registry.upstream_auth.trusting import check_run

NEWEST = 1 << 62  # later than any revision
_NAMED = 20  # things that are gone, by name; of more, only the ids


class Subject(NamedTuple):
    """A thing whose history is asked for: as it is, or as it was when it was deleted."""

    row: Any
    there: bool


async def subject(history: History, actor: Actor, noun: Noun, id: str) -> Subject:
    """What is gone has a history for its owner and for administrators only. Raises NotFound."""
    last = await history.newest(noun.kind, [id])
    row = noun.decode(last[0].body) if last else None
    there = bool(await history.at(NEWEST, [noun.kind], [id]))
    if not there and row is not None and not _may_change(actor, noun, row):
        row = None
    return Subject(visible(row, actor, noun.what, id), there)


def _may_change(actor: Actor, noun: Noun, row: Any) -> bool:
    return actor.may(needed(noun.what, "update"), object_of(noun.what, row))


async def one_version(history: History, noun: Noun, id: str, version: int) -> Version:
    """Raises NotFound."""
    found = await history.version(noun.kind, id, version)
    if found is None:
        raise NotFound(f"{noun.what} {id!r} has no version {version}")
    return found


async def rollback(
    ports: Ports, actor: Actor, noun: Noun, id: str, version: int, expected: int | None
) -> Change:
    """What an upstream says of a thing of its own stays as it is now. What was deleted comes back
    with its id, an upstream with the children that went with it; servers do not hold it again.
    Raises NotFound, Denied, Stale, and Conflict that names what the version refers to and is gone,
    or a name that is taken."""
    async with ports.store.write(actor.who) as tx:
        last, there = await subject(tx.history, actor, noun, id)
        changeable(last, actor, noun.what, id)
        check_version(last, expected)
        wanted = await one_version(tx.history, noun, id, version)
        then, now = noun.decode(wanted.body), last if there else None
        row = _next(tx, actor, noun, now, then) if now else again(then, last.version, actor, tx)
        await _check(tx, actor, noun, now, row)
        secrets = await secrets_of(tx, noun, row, wanted.revision)
        if noun.kind == "upstream":
            check_run(actor, now, row, known_otherwise=environment_id(id) in secrets.ids)
        if now and plain(row) == plain(now) and not any(secrets):
            return Change(id, None)
        await _write(tx, actor, noun, Pair(row, now))
        await tx.credentials.remove(secrets.remove)
        await tx.credentials.save(secrets.save)
        await tell(tx, noun, [Pair(row, now)])
        return Change(id, tx.revision)


async def _write(tx: WriteTx, actor: Actor, noun: Noun, pair: Pair) -> None:
    await noun.rows(tx).save([pair.then])
    if not isinstance(pair.then, Upstream):
        return
    if pair.now:
        await upstreams.pass_on_access(tx, pair.now, pair.then)
    else:
        await _bring_children(tx, actor, pair.then)


def _next(tx: WriteTx, actor: Actor, noun: Noun, now: Any, then: Any) -> Any:
    kept = noun.found if noun.keeps(now, then) else frozenset[str]()
    changes = {name: value for name, value in plain(then).items() if name not in kept}
    return noun.settled(edited(now, actor.who, tx.at, **changes))


async def _check(tx: WriteTx, actor: Actor, noun: Noun, now: Any, row: Any) -> None:
    """As an edit is checked: of whom it would be, to whom it would be open, how it would be named,
    what it would refer to."""
    access = ("owner_email", "team_id")
    given = {name: getattr(row, name) for name in access}
    changed = {name: to for name, to in given.items() if not now or getattr(now, name) != to}
    claimed(actor, noun.what, changed)
    opened = getattr(row, "anonymous_access", False) and not getattr(now, "anonymous_access", False)
    if opened:
        actor.check(OPEN_SERVER, "open a server to callers without a token")
    if noun.kind == "tool" and (not now or row.name != now.name):
        await switches.refuse_taken(tx.tools, "tool", row.name)
    if noun.kind == "prompt" and (not now or row.name != now.name):
        await switches.refuse_taken(tx.prompts, "prompt", row.name)
    await _refuse_gone(tx, actor, noun, row)
    if noun.kind == "tool":
        await recipes.check_depth(tx, row)


async def _refuse_gone(tx: WriteTx, actor: Actor, noun: Noun, row: Any) -> None:
    """Raises Conflict."""
    problems: list[FieldProblem] = []
    for field, kind in noun.refers.items():
        value = getattr(row, field)
        ids = value if isinstance(value, tuple) else (value,) if value else ()
        if ids:
            problems += await _gone(tx, actor, BY_KIND[kind], field, ids)
    parts = noun.made_of(row)
    problems += await _gone(tx, actor, noun, "recipe", parts) if parts else []
    if problems:
        text = "; ".join(f"{problem.field}: {problem.problem}" for problem in problems)
        raise Conflict(f"this version can not come back: {text}", errors=problems)


async def _gone(
    tx: WriteTx, actor: Actor, noun: Noun, field: str, ids: Sequence[str]
) -> list[FieldProblem]:
    seen = {row.id for row in await noun.rows(tx).get(ids) if may_see(actor.viewer, row)}
    gone = [id for id in ids if id not in seen]
    known = await tx.history.newest(noun.kind, gone[:_NAMED]) if gone else []
    rows = {entry.id: noun.decode(entry.body) for entry in known}
    names = {
        id: f" ({getattr(row, noun.unique[0])})"
        for id, row in rows.items()
        if _may_change(actor, noun, row)
    }
    return [
        FieldProblem(field, f"{noun.what} {id!r}{names.get(id, '')} is not there now", "gone")
        for id in gone
    ]


async def _bring_children(tx: WriteTx, actor: Actor, upstream: Upstream) -> None:
    """Those that were deleted with it."""
    [deleted] = await tx.history.versions("upstream", upstream.id, limit=1)
    changes = await tx.history.changes(deleted.revision - 1, deleted.revision)
    for kind in CHILDREN:
        noun = BY_KIND[kind]
        rows = [
            noun.decode(each.before)
            for each in changes
            if each.noun == kind and each.before != GONE and each.after == GONE
        ]
        its = [row for row in rows if row.upstream_id == upstream.id]
        await noun.rows(tx).save([again(row, row.version, actor, tx) for row in its])
