"""Which rows the items mean, inside the transaction that will change them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcpgateway.common.errors import FieldProblem, InvalidCall
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.model import Entity, may_see
from mcpgateway.control_plane.registry.transfer.batch import Batch, BatchChildRows
from mcpgateway.control_plane.registry.transfer.kinds import HELD, SPECS
from mcpgateway.control_plane.registry.transfer.model import Item, Kind


class Finding:
    """Only what the actor may see is found; a name that somebody else's thing has is taken."""

    def __init__(self, batch: Batch, actor: Actor) -> None:
        self._batch = batch
        self._viewer = actor.viewer
        self._children: dict[tuple[Kind, str], Mapping[str, Entity]] = {}

    async def by_key(self, kind: Kind, items: Sequence[Item]) -> dict[str, Entity]:
        """Of items without a parent, by their place in the request."""
        plain = [item for item in items if item.parent is None]
        if not plain:
            return {}
        spec = SPECS[kind]
        rows = self._seen(await spec.rows(self._batch).keyed([item.key for item in plain]))
        # Own things last, so that they win over those of gateways with the same URI.
        rows.sort(key=lambda row: getattr(row, "upstream_id", None) is None)
        found = {getattr(row, spec.key): row for row in rows}
        return {item.at: found[item.key] for item in plain if item.key in found}

    async def child(self, item: Item) -> Entity:
        """A tool, prompt or resource of an upstream. Raises InvalidCall when there is none."""
        assert item.parent is not None
        spec, gateway = SPECS[item.kind], item.parent.gateway
        if (item.kind, gateway) not in self._children:
            rows = await self._of(item)
            self._children[item.kind, gateway] = {getattr(r, spec.original): r for r in rows}
        row = self._children[item.kind, gateway].get(item.parent.original)
        if row is None:
            raise _missing(item, f"Gateway {gateway!r} lists no such {item.kind.lower()}")
        return row

    async def held(self, given: Item) -> Mapping[str, tuple[str, ...]]:
        """The ids of what a server is to hold, by field. Raises InvalidCall with all problems."""
        found: dict[str, tuple[str, ...]] = {}
        problems: list[FieldProblem] = []
        for field, keys in given.refers.items():
            by_key = await self._referred(HELD[field], keys)
            for index, key in enumerate(keys):
                if key not in by_key:
                    problem = f"there is no {HELD[field]} {key!r}"
                    problems.append(FieldProblem(f"{field}[{index}]", problem, "reference"))
            found[field] = tuple(by_key[key] for key in keys if key in by_key)
        if problems:
            text = "; ".join(f"{each.field}: {each.problem}" for each in problems)
            raise InvalidCall(text, errors=problems)
        return found

    async def _referred(self, kind: Kind, keys: Sequence[str]) -> dict[str, str]:
        spec = SPECS[kind]
        rows = spec.rows(self._batch)
        found = {getattr(row, spec.key): row.id for row in self._seen(await rows.keyed(keys))}
        ids = [key for key in keys if key not in found]
        return found | {row.id: row.id for row in self._seen(await rows.get(ids) if ids else [])}

    async def _of(self, item: Item) -> list[Any]:
        assert item.parent is not None
        upstreams = self._seen(await self._batch.upstreams.keyed([item.parent.gateway]))
        if not upstreams:
            raise _missing(item, f"there is no Gateway {item.parent.gateway!r}")
        children: dict[Kind, BatchChildRows[Any]] = {
            "Tool": self._batch.tools,
            "Prompt": self._batch.prompts,
            "Resource": self._batch.resources,
        }
        return self._seen(await children[item.kind].of(upstreams[0].id))

    def _seen(self, rows: Iterable[Any]) -> list[Any]:
        return [row for row in rows if may_see(self._viewer, row)]


def _missing(item: Item, problem: str) -> InvalidCall:
    return InvalidCall(problem, errors=[FieldProblem("gateway", problem, "reference")])
