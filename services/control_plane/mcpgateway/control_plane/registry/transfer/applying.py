"""The part of an apply that is inside the transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
from msgspec import UNSET

from mcpgateway.common import ids
from mcpgateway.common.errors import CallerError, Conflict, GatewayError
from mcpgateway.control_plane.registry import secrets
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.model import Entity, Upstream
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.transfer import failures, plan
from mcpgateway.control_plane.registry.transfer.batch import Batch
from mcpgateway.control_plane.registry.transfer.finding import Finding
from mcpgateway.control_plane.registry.transfer.kinds import SPECS
from mcpgateway.control_plane.registry.transfer.model import Action, Item, Order, Result
from mcpgateway.control_plane.registry.transfer.upstream_drafts import reduced, says_something
from mcpgateway.control_plane.registry.upstream_auth import tokens
from mcpgateway.control_plane.registry.views import Query
from mcpgateway.control_plane.registry.wrong import wrong

TURN = 25  # items


class Applying:
    """`ports` write into `batch`."""

    def __init__(self, ports: Ports, actor: Actor, order: Order, batch: Batch) -> None:
        self._ports = ports
        self._actor = actor
        self._order = order
        self._batch = batch
        self._finding = Finding(batch, actor)
        self._results: list[Result] = []
        self._kept: set[str] = set()
        self._drafts: dict[str, Any] = {}  # read, not yet used; by place

    async def all(self, failed: dict[str, GatewayError]) -> list[Result]:
        """`failed`: what is known to fail. Raises the errors of items, unless best effort is
        asked for."""
        order = self._order
        items = plan.ordered(order.items, last_first=order.delete)
        present = await self._present(items)
        if not order.delete:
            failed = failed | await self._unreadable(items, present)
        if failed and not order.best_effort:
            told = [failures.at_item(failed[i.at], i) for i in items if i.at in failed]
            raise failures.joined(told)
        for index, item in enumerate(items):
            await _breathe(index)
            if item.at in failed:
                self._results.append(failures.result(failed[item.at], item))
            else:
                await self._tried(item, present.get(item.at))
        if order.prune:
            await self._prune()
        return self._results

    async def _present(self, items: Sequence[Item]) -> dict[str, Entity]:
        found: dict[str, Entity] = {}
        for kind in SPECS:
            found |= await self._finding.by_key(kind, [i for i in items if i.kind == kind])
        return found

    async def _unreadable(
        self, items: Sequence[Item], present: dict[str, Entity]
    ) -> dict[str, GatewayError]:
        """Bodies that are not valid: all of them are told before anything is done."""
        failed: dict[str, GatewayError] = {}
        for index, item in enumerate(items):
            await _breathe(index)
            try:
                new = item.parent is None and item.at not in present
                self._drafts[item.at] = item.parse(item.body, new)
            except CallerError as error:
                failed[item.at] = error
        return failed

    async def _tried(self, item: Item, row: Entity | None) -> None:
        """One item; with best effort it may fail alone."""
        if not self._order.best_effort:
            try:
                self._results.append(await self._one(item, row))
            except GatewayError as error:
                raise failures.at_item(error, item) from error
            return
        done = len(self._batch.changed)
        light = row is None and item.parent is None and SPECS[item.kind].light
        try:
            if light:
                result = await self._one(item, row)
            else:
                async with self._batch.attempt():
                    result = await self._one(item, row)
        except CallerError as error:
            if light and len(self._batch.changed) != done:
                raise
            result = failures.result(error, item)
        self._results.append(result)

    async def _one(self, item: Item, row: Entity | None) -> Result:
        if item.parent is not None:
            row = await self._finding.child(item)
        if self._order.delete:
            return await self._deleted(item, row)
        if row is not None and self._order.conflicts != "update":
            return await self._conflicting(item, row)
        before = self._batch.steps
        if item.kind == "Gateway":
            known = row if isinstance(row, Upstream) else None
            id = await gateway(self._ports, self._actor, self._order, item, known)
        else:
            id = await self._written(item, row)
        await self._switched(item, id)
        self._kept.add(id)
        changed = self._batch.steps != before
        action: Action = "create" if row is None else "update" if changed else "unchanged"
        return _result(item, action, id)

    async def _written(self, item: Item, row: Entity | None) -> str:
        acts = SPECS[item.kind].acts
        made = draft(item, self._order, row, self._drafts.pop(item.at, None))
        if row is not None and "id" in item.body and ids.as_id(str(item.body["id"])) != row.id:
            raise wrong("id", f"is {row.id} here: leave it out, or delete the server first", "id")
        if item.refers:
            made = msgspec.structs.replace(made, **await self._finding.held(item))
        if row is None:
            return (await acts.create(self._ports, self._actor, made)).id
        await acts.replace(self._ports, self._actor, row.id, made, None)
        return row.id

    async def _switched(self, item: Item, id: str) -> None:
        if item.enabled is None:
            return
        [row] = await SPECS[item.kind].rows(self._batch).get([id])
        if row.enabled is not item.enabled:
            await SPECS[item.kind].acts.set_state(self._ports, self._actor, id, item.enabled, None)

    async def _conflicting(self, item: Item, row: Entity) -> Result:
        match self._order.conflicts:
            case "skip":
                self._kept.add(row.id)
                return _result(item, "skip", row.id, "is there already")
            case "fail":
                raise Conflict(f"{item.told} is there already")
        if SPECS[item.kind].key == "uri" or item.parent is not None:
            return _result(item, "skip", row.id, "is there already, and has no name to change")
        self._drafts.pop(item.at, None)  # it has another name
        name = plan.renamed(item.name, int(self._ports.clock().timestamp()))
        again = under(item, name)
        result = await self._one(again, None)
        note = f"stands for {item.name!r}, which is there already"
        return msgspec.structs.replace(result, notes=(*result.notes, note))

    async def _deleted(self, item: Item, row: Entity | None) -> Result:
        if row is None:
            return _result(item, "unchanged", None, "is not there")
        await SPECS[item.kind].acts.remove(self._ports, self._actor, row.id, None)
        return _result(item, "delete", row.id)

    async def _prune(self) -> None:
        mark = plan.MARK + self._order.label
        query = Query(viewer=self._actor.viewer, tags=(mark,), include_inactive=True)
        read = self._ports.store.read
        for kind, spec in reversed(SPECS.items()):
            rows = await spec.listed(read)(query)
            for row in plan.to_prune(rows, self._order.label, self._kept):
                item = Item(at="", kind=kind, name=getattr(row, spec.key), key="")
                await self._tried_pruning(item, row)

    async def _tried_pruning(self, item: Item, row: Entity) -> None:
        try:
            self._results.append(await self._deleted(item, row))
        except GatewayError as error:
            raise failures.at_item(error, item) from error


async def _breathe(index: int) -> None:
    """Lets others have the event loop: reading thousands of bodies takes seconds."""
    if index % TURN == TURN - 1:
        await asyncio.sleep(0)


def draft(item: Item, order: Order, row: Entity | None, read: Any = None) -> Any:
    """Of the item's body, unless it was read already, with the marks of its set. Raises
    InvalidCall."""
    made = item.parse(item.body, row is None) if read is None else read
    tags = plan.marked(made.tags, row.tags if row else (), order.label)
    return made if tags is UNSET else msgspec.structs.replace(made, tags=tags)


async def gateway(
    ports: Ports, actor: Actor, order: Order, item: Item, row: Upstream | None
) -> str:
    """The same in a rehearsal and in earnest. Answers the id of the upstream."""
    acts = SPECS["Gateway"].acts
    made = draft(item, order, row)
    if row is None:
        return (await acts.create(ports, actor, made)).id
    held = await secrets.stored_target(ports, row)
    oauth = await tokens.secrets_of(ports, row) if made.auth and made.auth.secrets else {}
    rest = reduced(made, row, held, oauth)
    if says_something(rest):
        await acts.replace(ports, actor, row.id, rest, None)
    return row.id


def _result(item: Item, action: Action, id: str | None, *notes: str) -> Result:
    return Result(
        at=item.at,
        kind=item.kind,
        name=item.name,
        action=action,
        id=id,
        notes=(*item.notes, *notes),
    )


def under(item: Item, name: str) -> Item:
    """The same under another name."""
    return replace(item, name=name, key=name, body={**item.body, "name": name})
