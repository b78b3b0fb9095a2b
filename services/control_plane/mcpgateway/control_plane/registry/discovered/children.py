"""Brings an upstream's tools, prompts and resources to what was found, inside a write."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from mcpgateway.common import ids
from mcpgateway.common.routing.rest_request import RestRequest
from mcpgateway.control_plane.registry import naming
from mcpgateway.control_plane.registry.definitions import definitions
from mcpgateway.control_plane.registry.definitions.requests import parted, whole
from mcpgateway.control_plane.registry.discovered.plan import MAX_NAME, MAX_URI, Plan, plan
from mcpgateway.control_plane.registry.discovered.ports import Discovered, Found
from mcpgateway.control_plane.registry.model import Entity, Prompt, Resource, Tool, Upstream, Who
from mcpgateway.control_plane.registry.ports import ChildRows, Ports, WriteTx
from mcpgateway.control_plane.registry.wording import repeatability

E = TypeVar("E", bound=Entity)
N = TypeVar("N", Tool, Prompt)


class Known(NamedTuple):
    """An upstream's children as the registry has them."""

    tools: Sequence[Tool] = ()
    prompts: Sequence[Prompt] = ()
    resources: Sequence[Resource] = ()


class Plans(NamedTuple):
    tools: Plan = Plan()
    prompts: Plan = Plan()
    resources: Plan = Plan()
    templates: Plan = Plan()

    @property
    def empty(self) -> bool:
        return all(plan.empty for plan in self)

    def without(self, kinds: Iterable[str]) -> "Plans":
        """Those kinds stay as they are; what was wrong in what was found is still said."""
        return self._replace(
            **{kind: Plan(problems=getattr(self, kind).problems) for kind in kinds}
        )

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(problem for plan in self for problem in plan.problems)


def compare(known: Known, found: Discovered) -> Plans:
    """What has to change. Pure."""
    plain = {row.uri: row.definition for row in known.resources if not row.template}
    templates = {row.uri: row.definition for row in known.resources if row.template}
    return Plans(
        plan(_definitions(known.tools), found.tools, "tool", MAX_NAME, _requests(known.tools)),
        plan(_definitions(known.prompts), found.prompts, "prompt", MAX_NAME),
        plan(plain, found.resources, "resource", MAX_URI),
        plan(templates, found.templates, "resource template", MAX_URI),
    )


def _definitions(rows: Sequence[Tool] | Sequence[Prompt]) -> dict[str, str]:
    """As the upstream had them."""
    return {
        row.original_name: _listed(row)[0] if isinstance(row, Tool) else row.definition
        for row in rows
    }


def _requests(rows: Sequence[Tool]) -> dict[str, RestRequest | None]:
    found = {row.original_name: _listed(row)[1] for row in rows}
    return {
        name: msgspec.convert(request, RestRequest) if request else None
        for name, request in found.items()
    }


def _of_an_api(row: Tool) -> Tool:
    """One that was none so far became no request."""
    return row if row.request is not None else msgspec.structs.replace(row, request={})


def _listed(row: Tool) -> tuple[str, dict[str, Any] | None]:
    return parted(definitions.listed(row), of_api=row.request is not None)


def _request(item: Found) -> dict[str, Any] | None:
    return None if item.request is None else msgspec.to_builtins(item.request)


async def known_of(tx: WriteTx, id: str) -> Known:
    return Known(await tx.tools.of(id), await tx.prompts.of(id), await tx.resources.of(id))


def edited(row: E, upstream: Upstream, changes: Mapping[str, Any]) -> E:
    """The next version of a child, changed as its upstream just was."""
    return msgspec.structs.replace(
        row,
        version=row.version + 1,
        updated_at=upstream.updated_at,
        modified=upstream.modified,
        **changes,
    )


async def apply(
    tx: WriteTx, ports: Ports, upstream: Upstream, known: Known, plans: Plans, who: Who
) -> Mapping[str, str]:
    """Answers the names that had to differ from the usual."""
    brought = _Bringing(tx, ports, upstream, who)
    renamed = await brought.named(tx.tools, Tool, known.tools, plans.tools)
    await brought.withhold(known.tools, plans.tools)
    renamed |= await brought.named(tx.prompts, Prompt, known.prompts, plans.prompts)
    for template, changes in ((False, plans.resources), (True, plans.templates)):
        rows = [row for row in known.resources if row.template is template]
        await brought.resources(rows, changes, template)
    return renamed


class _Bringing:
    """What all children of one change have in common."""

    def __init__(self, tx: WriteTx, ports: Ports, upstream: Upstream, who: Who) -> None:
        self._tx = tx
        self._ports = ports
        self._upstream = upstream
        self._who = who

    async def named(
        self, table: ChildRows[N], make: type[N], known: Sequence[N], changes: Plan
    ) -> dict[str, str]:
        by_name = {row.original_name: row for row in known}
        await table.remove([by_name[name].id for name in changes.retire])
        updated: list[N] = [self._updated(by_name[item.name], item) for item in changes.update]
        names = await self._names(table, changes.add)
        added: list[N] = [
            make(
                **self._common(item),
                name=names.offered[item.name],
                original_name=item.name,
                **self._arrived(make, item),
            )
            for item in changes.add
        ]
        await table.save(updated + added)
        return names.renamed

    async def withhold(self, known: Sequence[Tool], changes: Plan) -> None:
        """Servers show or lose what is withdrawn, or is not any more."""
        names = {item.name for item in changes.update}
        before = {row.id: definitions.withheld(row) for row in known if row.original_name in names}
        rows = await self._tx.tools.get(list(before)) if before else []
        turned = [row.id for row in rows if definitions.withheld(row) is not before[row.id]]
        if turned:
            await self._tx.touch_holders("tool", turned)

    async def resources(self, known: Sequence[Resource], changes: Plan, template: bool) -> None:
        by_uri = {row.uri: row for row in known}
        await self._tx.resources.remove([by_uri[uri].id for uri in changes.retire])
        updated = [self._updated(by_uri[item.name], item) for item in changes.update]
        added = [
            Resource(**self._common(item), uri=item.name, template=template) for item in changes.add
        ]
        await self._tx.resources.save([*updated, *added])

    async def _names(self, table: ChildRows[N], add: Iterable[Found]) -> naming.Names:
        slug, separator = self._upstream.slug, self._ports.separator
        taken = await table.names_like(naming.prefix(slug, separator))
        return naming.assign((item.name for item in add), taken, slug, separator)

    def _common(self, item: Found) -> dict[str, Any]:
        """A child belongs to whom its upstream belongs to."""
        parent = self._upstream
        return {
            "id": ids.make_id(self._ports.entropy(16)),
            "visibility": parent.visibility,
            "team_id": parent.team_id,
            "owner_email": parent.owner_email,
            "tags": parent.tags,
            "created_at": self._tx.at,
            "updated_at": self._tx.at,
            "created": msgspec.structs.replace(self._who, via="federation"),
            "upstream_id": parent.id,
            "definition": item.definition.decode(),
        }

    def _arrived(self, kind: type[Entity], item: Found) -> dict[str, Any]:
        """What a new tool is beside what it has in common. Registering an upstream approves of what
        it has then."""
        if kind is not Tool:
            return {}
        text, parent, request = item.definition.decode(), self._upstream, _request(item)
        found = repeatability(text) | {"request": request}
        if parent.created_at < self._tx.at:
            found |= definitions.arrived(
                whole(text, request), parent.definition_policy, self._tx.at
            )
        return found

    def _updated(self, row: E, item: Found) -> E:
        text = item.definition.decode()
        changes: dict[str, Any] = {"definition": text}
        if isinstance(row, Tool):
            policy = self._upstream.definition_policy
            said = whole(text, _request(item))
            before = row if item.request is None else _of_an_api(row)
            changes = definitions.reworded(before, said, policy, self._tx.at)
        return msgspec.structs.replace(
            row,
            version=row.version + 1,
            updated_at=self._tx.at,
            modified=msgspec.structs.replace(self._who, via="federation"),
            **changes,
        )
