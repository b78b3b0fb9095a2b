"""Brings the whole registry to what it was at a revision, as a new one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from mcpgateway.common.errors import NotFound
from mcpgateway.control_plane.registry.access.rights import RESTORE
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.history.model import GONE
from mcpgateway.control_plane.registry.history.model import Change as Changed
from mcpgateway.control_plane.registry.history.nouns import (
    BY_KIND,
    CREDENTIAL,
    NOUNS,
    Noun,
    plain,
)
from mcpgateway.control_plane.registry.history.returning import Pair, again, refuse_unkept, tell
from mcpgateway.control_plane.registry.model import Credential
from mcpgateway.control_plane.registry.ports import Change, Ports, WriteTx


class _Plan(NamedTuple):
    """By kind, what has to go and what has to be written; credentials of then, and those that were
    none."""

    remove: Mapping[str, Sequence[str]]
    save: Mapping[str, Sequence[Pair]]
    secrets: Sequence[Credential]
    no_secrets: Sequence[str]


async def restore(ports: Ports, actor: Actor, revision: int) -> Change:
    """All or nothing, and without the network: what was found out about upstreams is that of then.
    Principals and signing keys stay as they are. Raises Denied, NotFound, Conflict."""
    actor.check(RESTORE, "restore the registry")
    async with ports.store.write(actor.who) as tx:
        newest = tx.revision - 1
        if not 0 < revision <= newest:
            raise NotFound(f"there is no revision {revision}: the newest is {newest}")
        plan = await _plan(tx, revision, await tx.history.changes(revision, newest))
        empty = not any((*plan.remove.values(), *plan.save.values()))
        await _write(tx, actor, plan)
        nothing = empty and not plan.secrets and not plan.no_secrets
        return Change("", None if nothing else tx.revision)


async def _plan(tx: WriteTx, revision: int, changes: Sequence[Changed]) -> _Plan:
    remove: dict[str, list[str]] = {noun.kind: [] for noun in NOUNS}
    save: dict[str, list[Pair]] = {noun.kind: [] for noun in NOUNS}
    for each in changes:
        noun = BY_KIND.get(each.noun)
        if noun is None:
            continue
        pair = Pair(*(None if body == GONE else noun.decode(body) for body in _bodies(each)))
        if pair.then is None and pair.now is not None:
            remove[noun.kind].append(each.id)
        elif pair.then is not None and (pair.now is None or plain(pair.then) != plain(pair.now)):
            save[noun.kind].append(pair)
    secrets, no_secrets = await _secrets(tx, revision, changes)
    return _Plan(remove, save, secrets, no_secrets)


def _bodies(change: Changed) -> tuple[msgspec.Raw, msgspec.Raw]:
    return change.before, change.after


async def _secrets(
    tx: WriteTx, revision: int, changes: Iterable[Changed]
) -> tuple[list[Credential], list[str]]:
    """Those that were written since and are not the same: credentials of then; ids of others."""
    written = {each.id: each for each in changes if each.noun == CREDENTIAL}
    if not written:
        return [], []
    then = {each.id: each for each in await tx.history.secrets(revision, list(written))}
    refuse_unkept(
        [id for id, each in written.items() if each.before != GONE and id not in then], revision
    )
    now = {each.id: each for each in await tx.credentials.get(list(written))}
    changed = [each for id, each in then.items() if id not in now or now[id].sealed != each.sealed]
    return changed, [id for id in now if id not in then]


async def _write(tx: WriteTx, actor: Actor, plan: _Plan) -> None:
    """Holders go before what they hold and come after it; names are free before they are taken."""
    await tx.credentials.remove(plan.no_secrets)
    for noun in reversed(NOUNS):
        await noun.rows(tx).remove(plan.remove[noun.kind])
    for noun in NOUNS:
        await _park(tx, noun, plan.save[noun.kind])
    for noun in NOUNS:
        await _save(tx, actor, noun, plan.save[noun.kind])
    await tx.credentials.save(plan.secrets)
    for noun in NOUNS:
        await tell(tx, noun, plan.save[noun.kind])


async def _save(tx: WriteTx, actor: Actor, noun: Noun, pairs: Sequence[Pair]) -> None:
    gone = [pair.then.id for pair in pairs if pair.now is None]
    last = {pair.now.id: pair.now.version for pair in pairs if pair.now}
    for entry in await tx.history.newest(noun.kind, gone) if gone else []:
        last[entry.id] = noun.decode(entry.body).version
    rows = [again(pair.then, last[pair.then.id], actor, tx) for pair in pairs]
    await noun.rows(tx).save(rows)


async def _park(tx: WriteTx, noun: Noun, pairs: Sequence[Pair]) -> None:
    """Gives things that are to get other names such as nothing else has: one of those that are
    written before them may get theirs."""
    names = {
        pair.now.id: [
            name for name in noun.unique if getattr(pair.now, name) != getattr(pair.then, name)
        ]
        for pair in pairs
        if pair.now
    }
    # Read again: servers hold less by now.
    rows = await noun.rows(tx).get([id for id, changed in names.items() if changed])
    parked = [
        msgspec.structs.replace(row, **{name: f"parked {row.id}" for name in names[row.id]})
        for row in rows
    ]
    await noun.rows(tx).save(parked)
