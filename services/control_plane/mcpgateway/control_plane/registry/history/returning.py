"""What rollback and restore have in common: how a thing of the past is written as a new version."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common.errors import Conflict
from mcpgateway.control_plane.registry import upstreams
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.history.nouns import Noun
from mcpgateway.control_plane.registry.model import Credential, Entity
from mcpgateway.control_plane.registry.ports import Child, WriteTx


class Pair(NamedTuple):
    """A thing as it comes back, and as it is now; None where it is not there."""

    then: Any
    now: Any


CHILDREN: tuple[Child, ...] = ("tool", "prompt", "resource")


def again(row: Any, last: int, actor: Actor, tx: WriteTx) -> Any:
    """As a version of its own; `last` is the newest that there was."""
    return msgspec.structs.replace(row, version=last + 1, updated_at=tx.at, modified=actor.who)


class Secrets(NamedTuple):
    """Credentials that have to be written, and ids of those that have to go."""

    save: Sequence[Credential] = ()
    remove: Sequence[str] = ()

    @property
    def ids(self) -> frozenset[str]:
        """Of those that change."""
        return frozenset((*self.remove, *(each.id for each in self.save)))


async def secrets_of(tx: WriteTx, noun: Noun, row: Entity, revision: int) -> Secrets:
    """What it takes for `row` to have the credentials that it had at a revision, and no others.
    Raises Conflict when one of then is not kept."""
    ids = noun.may_have(row.id)
    if not ids:
        return Secrets()
    now = {each.id: each for each in await tx.credentials.get(ids)}
    then = {each.id: each for each in await tx.history.secrets(revision, ids)}
    needed = noun.secrets(row)
    refuse_unkept([id for id in needed if id not in then], revision)
    return Secrets(
        [then[id] for id in needed if id not in now or now[id].sealed != then[id].sealed],
        [id for id in now if id not in needed],
    )


def refuse_unkept(ids: Sequence[str], revision: int) -> None:
    """Raises Conflict."""
    if ids:
        raise Conflict(
            f"credentials of revision {revision} are not kept: {', '.join(ids)}. They are from "
            "before an upgrade; a later revision has those that there were then"
        )


async def tell(tx: WriteTx, noun: Noun, pairs: Sequence[Pair]) -> None:
    """Has data planes look again at what depends on things that were just written."""
    switched = [
        pair.then.id
        for pair in pairs
        if pair.now is None or pair.now.enabled is not pair.then.enabled
    ]
    for child in CHILDREN:
        if child == noun.kind and pairs:
            await tx.touch_holders(child, [pair.then.id for pair in pairs])
    if noun.kind == "upstream":
        for id in switched:
            await upstreams.touch_children(tx, id)
    held = [credential for id in switched for credential in noun.may_have(id)]
    if held:
        await tx.credentials.save(await tx.credentials.get(held))
