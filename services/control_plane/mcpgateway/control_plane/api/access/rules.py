"""/access/rules: what is allowed or denied beside what roles say."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, get_args

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.errors import NotFound
from mcpgateway.common.policy.access.rules import Objects, Subjects
from mcpgateway.common.routing.model import Key
from mcpgateway.control_plane.api.http.applied import Writes, Written
from mcpgateway.control_plane.api.http.exchange import (
    actor_of,
    at,
    expected_version,
    id_of,
    json,
    read_object,
)
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.api.versions import read_version, shown_version
from mcpgateway.control_plane.registry.access import rule_acts
from mcpgateway.control_plane.registry.access.rule_acts import RuleDraft
from mcpgateway.control_plane.registry.history.model import Version
from mcpgateway.control_plane.registry.people.model import AccessRule, Effect
from mcpgateway.control_plane.registry.ports import Change, Ports

NAME_LIMIT = 255
TEXT_LIMIT = 2000
MAX_VERSIONS = 50  # shown
_SPEC = ("subjects", "actions", "objects", "condition")

Json: TypeAlias = dict[str, Any]


class RuleRoutes:
    def __init__(self, ports: Ports, writes: Writes) -> None:
        self._ports = ports
        self._writes = writes

    def routes(self) -> Sequence[Route]:
        one, refuses = {200: Shown(shown, title="Rule")}, (403, 409)
        rules = {200: {"type": "array", "items": {"type": "object"}}}
        making = Operation(
            self.create, "Make a rule", {201: Shown(shown, title="Rule")}, refuses, tagged=True
        )
        return (
            at(
                "/access/rules",
                GET=Operation(self.list, "List rules", rules, (403,)),
                POST=making,
            ),
            at(
                "/access/rules/{id}",
                GET=Operation(self.get, "One rule", one, (403,), tagged=True),
                PUT=Operation(self.replace, "Change a rule", one, refuses, tagged=True),
                DELETE=Operation(self.remove, "Delete a rule", {200: Shown(done)}, (403,)),
            ),
            at(
                "/access/rules/{id}/versions",
                GET=Operation(self.versions, "The versions of a rule", rules, (403, 404)),
            ),
            at(
                "/access/rules/{id}/rollback",
                POST=Operation(
                    self.roll_back, "Bring back a version of a rule", one, refuses, tagged=True
                ),
            ),
        )

    async def list(self, request: Request) -> Response:
        return json([shown(row) for row in await self._ports.store.read.access.rules()])

    async def get(self, request: Request) -> Response:
        row = await self._one(id_of(request, "rule"))
        return json(shown(row), headers={"ETag": f'"{row.version}"'})

    async def create(self, request: Request) -> Response:
        actor = actor_of(request)

        async def act(ports: Ports) -> Change:
            draft = read_rule(await read_object(request), new=True)
            return await rule_acts.create(ports, actor, draft)

        async def show(change: Change) -> Written:
            return await self._shown(change, 201)

        return await self._writes.run(request, act, show)

    async def replace(self, request: Request) -> Response:
        actor, id, expected = actor_of(request), id_of(request, "rule"), expected_version(request)

        async def act(ports: Ports) -> Change:
            draft = read_rule(await read_object(request), new=False)
            return await rule_acts.replace(ports, actor, id, draft, expected)

        return await self._writes.run(request, act, self._shown)

    async def remove(self, request: Request) -> Response:
        actor, id, expected = actor_of(request), id_of(request, "rule"), expected_version(request)

        async def act(ports: Ports) -> Change:
            return await rule_acts.remove(ports, actor, id, expected)

        async def show(change: Change) -> Written:
            return Written(done(f"Rule {id} deleted"), Key("rule", id), change.revision)

        return await self._writes.run(request, act, show)

    async def versions(self, request: Request) -> Response:
        """The newest ones first, with what each said; also of a rule that was deleted."""
        id, history = id_of(request, "rule"), self._ports.store.history
        listed = await history.versions(rule_acts.KIND, id, limit=MAX_VERSIONS)
        if not listed:
            raise NotFound(f"no rule {id!r}")
        return json([shown_version(each) | await self._then(id, each) for each in listed])

    async def _then(self, id: str, version: Version) -> Json:
        history, number = self._ports.store.history, version.version
        found = None if number is None else await history.version(rule_acts.KIND, id, number)
        if found is None:
            return {"body": None}
        return {"body": shown(msgspec.json.decode(found.body, type=AccessRule))}

    async def roll_back(self, request: Request) -> Response:
        actor, id, expected = actor_of(request), id_of(request, "rule"), expected_version(request)

        async def act(ports: Ports) -> Change:
            version = read_version(await read_object(request))
            return await rule_acts.roll_back(ports, actor, id, version, expected)

        return await self._writes.run(request, act, self._shown)

    async def _one(self, id: str) -> AccessRule:
        for row in await self._ports.store.read.access.rules():
            if row.id == id:
                return row
        raise NotFound(f"no rule {id!r}")

    async def _shown(self, change: Change, status: int = 200) -> Written:
        row = await self._one(change.id)
        key = Key("rule", row.id)
        return Written(shown(row), key, change.revision, status, row.version)


def read_rule(body: Mapping[str, Any], *, new: bool) -> RuleDraft:
    """Its spec is given whole, or not at all. Raises InvalidCall that names every problem."""
    fields = Fields(body)
    effect = fields.choice("effect", get_args(Effect))
    if new and fields.raw("effect") is UNSET:
        fields.problem("effect", "is required", "missing")
    spec = _spec(fields, new=new)
    if not isinstance(spec, UnsetType):
        fields.problems += rule_acts.check_spec(spec)
    draft = RuleDraft(
        name=fields.filled("name", NAME_LIMIT, required=new),
        description=fields.text("description", TEXT_LIMIT),
        effect=effect,
        enabled=fields.boolean("enabled"),
        spec=spec,
    )
    fields.check()
    return draft


def _spec(fields: Fields, *, new: bool) -> dict[str, Any] | UnsetType:
    texts: Json = {"type": "array", "items": {"type": "string"}}
    parts: Json = {
        "subjects": _object(Subjects),
        "actions": texts,
        "objects": _object(Objects),
        "condition": {"type": "string", "description": "CEL."},
    }
    said = {name: fields.raw(name, parts[name]) for name in _SPEC}
    given = {name: value for name, value in said.items() if value is not UNSET}
    return given if given or new else UNSET


def _object(part: type[msgspec.Struct]) -> Json:
    texts: Json = {"type": "array", "items": {"type": "string"}}
    return {"type": "object", "properties": dict.fromkeys(part.__struct_fields__, texts)}


def shown(row: AccessRule) -> Json:
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "effect": row.effect,
        "enabled": row.enabled,
        "subjects": row.spec.get("subjects", {}),
        "actions": row.spec.get("actions", []),
        "objects": row.spec.get("objects", {}),
        "condition": row.spec.get("condition", ""),
        "version": row.version,
        "createdBy": row.created_by,
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
    }


def done(said: str) -> Json:
    return {"status": "success", "message": said}
