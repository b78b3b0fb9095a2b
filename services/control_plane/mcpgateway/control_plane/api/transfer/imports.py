"""/import: export files of this gateway and of ContextForge."""

import asyncio
import dataclasses
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, get_args

import msgspec
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common import ids, seal
from mcpgateway.common.errors import FieldProblem, GatewayError, InvalidCall, NotFound
from mcpgateway.control_plane.api.http.applied import Writes, Written
from mcpgateway.control_plane.api.http.errors import bad_query
from mcpgateway.control_plane.api.http.exchange import (
    actor_of,
    at,
    json,
    read_object,
    viewer_of,
)
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.api.transfer import export_secrets
from mcpgateway.control_plane.api.transfer.interchange import Entity, Open, read_entities
from mcpgateway.control_plane.api.transfer.kinds import kinds
from mcpgateway.control_plane.api.transfer.routes import told
from mcpgateway.control_plane.registry.model import Viewer
from mcpgateway.control_plane.registry.ports import Change, Ports
from mcpgateway.control_plane.registry.transfer.apply import run
from mcpgateway.control_plane.registry.transfer.model import Conflicts, Kind, Order, Outcome

MAX_BODY = 64 * 1024 * 1024  # bytes
KEPT = 100  # states of imports; the oldest goes
_CONFLICTS: tuple[Conflicts, ...] = get_args(Conflicts)


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How an import went, as ContextForge tells it."""

    import_id: str
    status: str
    progress: dict[str, int]
    errors: list[str]
    warnings: list[str]
    started_at: datetime
    completed_at: datetime
    by: str


class Imports:
    """How imports went is kept in memory, of the last KEPT, by each control plane for itself."""

    def __init__(self, ports: Ports, writes: Writes) -> None:
        self._ports = ports
        self._writes = writes
        self._states: OrderedDict[str, Status] = OrderedDict()

    def routes(self) -> Sequence[Route]:
        refuses = (403, 409, 502, 504)
        answer, status = Shown(_answer, title="Imported"), Shown(_itself, title="ImportStatus")
        taken = Operation(self.take, "Import an export file", {200: answer}, refuses)
        preview = Operation(self.preview, "Say what an import would do", {200: answer}, refuses)
        listed = Operation(self.states, "How imports went", {200: Shown(_all)})
        one = Operation(self.get, "How an import went", {200: status}, (404,))
        cleaned = Operation(self.clean, "Forget how imports went", {200: Shown(_forgotten)})
        return (
            at("/import", POST=taken),
            at("/import/status", GET=listed),
            at("/import/status/{id}", GET=one),
            at("/import/cleanup", POST=cleaned),
            at("/admin/import/preview", POST=preview),
            at("/admin/import/configuration", POST=taken),
            at("/admin/import/status", GET=listed),
            at("/admin/import/status/{id}", GET=one),
        )

    async def take(self, request: Request) -> Response:
        body = await read_object(request, MAX_BODY)
        return await self._taken(request, body, dry_run=Fields(body).boolean("dry_run") is True)

    async def preview(self, request: Request) -> Response:
        """`{"data": the file}`, or as for an import."""
        body = dict(await read_object(request, MAX_BODY))
        if "data" in body:
            body["import_data"] = body.pop("data")
        return await self._taken(request, body, dry_run=True)

    async def _taken(self, request: Request, body: Mapping[str, Any], dry_run: bool) -> Response:
        actor, started = actor_of(request), self._ports.clock()
        order, warnings = await asyncio.to_thread(_read, body, self._ports)
        done: list[Outcome] = []

        async def act(ports: Ports) -> Change:
            done.append(await run(ports, actor, order))
            return Change("", done[0].revision)

        async def show(change: Change) -> Written:
            status = self._note(done[0], warnings, started, actor.viewer, "completed")
            return Written(_answer(status, done[0]), None, change.revision)

        try:
            if dry_run:
                async with self._ports.store.trial() as trial:
                    await act(dataclasses.replace(self._ports, store=trial))
                status = self._note(done[0], warnings, started, actor.viewer, "dry_run")
                return json(_answer(status, done[0], dry_run=True))
            return await self._writes.run(request, act, show)
        except GatewayError as error:
            if not done:  # else it is written, and only its answer failed
                nothing = Outcome((), None)
                status = self._note(nothing, warnings, started, actor.viewer, "failed")
                status.errors.append(f"nothing was imported: {error.message}")
            raise

    async def states(self, request: Request) -> Response:
        viewer = viewer_of(request)
        return json([each for each in self._states.values() if _may_see(viewer, each)])

    async def get(self, request: Request) -> Response:
        id = request.path_params["id"]
        found = self._states.get(ids.as_id(id) or "")
        if found is None or not _may_see(viewer_of(request), found):
            raise NotFound(f"no import {id[:80]!r} is known here: the last {KEPT} are")
        return json(found)

    async def clean(self, request: Request) -> Response:
        """`?max_age_hours=24`: older ones."""
        text = request.query_params.get("max_age_hours", "24")
        if not text.isascii() or not text.isdigit() or len(text) > 6:
            raise bad_query("max_age_hours", "must be a whole number")
        limit = self._ports.clock() - timedelta(hours=int(text))
        viewer = viewer_of(request)
        old = [
            id
            for id, each in self._states.items()
            if each.completed_at < limit and _may_see(viewer, each)
        ]
        for id in old:
            del self._states[id]
        return json(_forgotten(len(old)))

    def _note(
        self, outcome: Outcome, warnings: list[str], started: datetime, by: Viewer, state: str
    ) -> Status:
        actions = [each.action for each in outcome.results]
        status = Status(
            import_id=ids.make_id(self._ports.entropy(16)),
            status=state,
            progress={
                "total": len(actions),
                "processed": len(actions),
                "created": actions.count("create"),
                "updated": actions.count("update"),
                "skipped": actions.count("skip") + actions.count("unchanged"),
                "failed": actions.count("failed"),
            },
            errors=[f"{r.kind} {r.name!r}: {r.error}" for r in outcome.results if r.error],
            warnings=warnings
            + [f"{r.kind} {r.name!r}: {note}" for r in outcome.results for note in r.notes],
            started_at=started,
            completed_at=self._ports.clock(),
            by=by.email,
        )
        self._states[status.import_id] = status
        while len(self._states) > KEPT:
            self._states.popitem(last=False)
        return status


def _may_see(viewer: Viewer, status: Status) -> bool:
    return viewer.admin or viewer.email == status.by


def _answer(status: Status, outcome: Outcome, dry_run: bool = False) -> dict[str, Any]:
    tried = {"dryRun": True} if dry_run else {}
    return msgspec.structs.asdict(status) | told(outcome) | tried


def _itself(status: Status) -> Status:
    return status


def _all(states: list[Status]) -> list[Status]:
    return states


def _forgotten(count: int) -> dict[str, Any]:
    said = f"{count} imports forgotten"
    return {"status": "success", "message": said, "removed_count": count}


def _read(body: Mapping[str, Any], ports: Ports) -> tuple[Order, list[str]]:
    """Raises InvalidCall. Deriving a key takes its time: not for the event loop."""
    fields = Fields(body)
    given = fields.raw("import_data", {"type": "object"})
    data = body if given is UNSET and "entities" in body else given
    if not isinstance(data, dict):
        fields.problem("import_data", "must be an export file, with entities", "object")
    conflicts = fields.choice("conflict_strategy", _CONFLICTS)
    passphrase = fields.text("rekey_secret", 1024) or ""
    effort = fields.boolean("best_effort") is True
    fields.boolean("dry_run")
    chosen = _chosen(fields)
    fields.check()
    assert isinstance(data, dict)
    open = _opener(data, passphrase)
    items, warnings = read_entities(data.get("entities"), kinds(ports), open, chosen)
    order = Order(items=items, conflicts=conflicts or "update", best_effort=effort)
    return order, warnings


def _chosen(fields: Fields) -> dict[str, list[str]] | None:
    value = fields.mapping("selected_entities")
    if not isinstance(value, dict) or not value:
        return None
    good = all(isinstance(v, list) and all(isinstance(n, str) for n in v) for v in value.values())
    if not good:
        problem = "must map types of entities to lists of names"
        fields.problem("selected_entities", problem, "object")
        return None
    return value


def _opener(data: Mapping[str, Any], passphrase: str) -> Open:
    """By what the file says of itself."""
    if not passphrase:
        return _closed
    if data.get("encryption_method") != export_secrets.METHOD:

        def open_theirs(kind: Kind, name: str, entity: Entity) -> export_secrets.Credentials:
            return export_secrets.opened_contextforge(passphrase, str(entity["auth_value"]))

        return open_theirs
    sealer = export_secrets.derived(passphrase, _salt(data.get("metadata")))

    def open_ours(kind: Kind, name: str, entity: Entity) -> export_secrets.Credentials:
        return export_secrets.opened(sealer, kind, name, str(entity["auth_value"]))

    return open_ours


def _salt(metadata: object) -> bytes:
    """Raises InvalidCall."""
    try:
        salt = seal.from_text(str(metadata.get("salt")) if isinstance(metadata, dict) else "")
    except seal.SealError:
        salt = b""
    if len(salt) != export_secrets.SALT:
        field, problem = "import_data.metadata.salt", "must be the salt of the file"
        raise InvalidCall(f"{field} {problem}", errors=[FieldProblem(field, problem, "salt")])
    return salt


def _closed(kind: Kind, name: str, entity: Entity) -> export_secrets.Credentials:
    raise ValueError(
        "is sealed: give rekey_secret, which for a file of ContextForge is its "
        "AUTH_ENCRYPTION_SECRET, or take auth_type and auth_value out and set them afterwards"
    )
