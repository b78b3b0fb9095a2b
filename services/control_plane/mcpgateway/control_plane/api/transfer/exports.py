"""/export: export files in ContextForge's format."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common import seal
from mcpgateway.common.errors import FieldProblem, InvalidCall
from mcpgateway.common.mcp.revisions import LATEST_MODERN
from mcpgateway.control_plane.api.http.errors import bad_query
from mcpgateway.control_plane.api.http.exchange import actor_of, at, json, read_object
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.operation import Operation
from mcpgateway.control_plane.api.http.paging import flag
from mcpgateway.control_plane.api.transfer import export_secrets
from mcpgateway.control_plane.api.transfer.export_secrets import Credentials
from mcpgateway.control_plane.api.transfer.exporting import Selection, Told, documents
from mcpgateway.control_plane.api.transfer.given import with_given
from mcpgateway.control_plane.api.transfer.interchange import entity
from mcpgateway.control_plane.api.transfer.kinds import Kinds, kinds
from mcpgateway.control_plane.registry import secrets
from mcpgateway.control_plane.registry.access.rights import EXPORT
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.model import environment_id, key_id, oauth_id
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.transfer.model import Kind

_FILE = {
    "type": "object",
    "properties": {"version": {"type": "string"}, "entities": {"type": "object"}},
}
_NAMES = 10_000


class Exports:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def routes(self) -> Sequence[Route]:
        whole = Operation(self.export, "Export the registry", {200: _FILE})
        posted = Operation(self.export_posted, "Export, with secrets", {200: _FILE}, (403,))
        chosen = Operation(self.selective, "Export what is named", {200: _FILE})
        return (
            at("/export", GET=whole, POST=posted),
            at("/export/selective", POST=chosen),
            at("/admin/export/configuration", GET=whole),
            at("/admin/export/selective", POST=chosen),
        )

    async def export(self, request: Request) -> Response:
        params = request.query_params
        options = {
            "types": params.get("types", ""),
            "exclude_types": params.get("exclude_types", ""),
            "tags": params.get("tags", ""),
            "include_inactive": flag(params, "include_inactive"),
            "include_dependencies": flag(params, "include_dependencies", absent=True),
        }
        return await self._answer(request, Fields(options), None)

    async def export_posted(self, request: Request) -> Response:
        """The same, asked in a body: `rekey_secret` must stand in no URL."""
        return await self._answer(request, Fields(await read_object(request)), None)

    async def selective(self, request: Request) -> Response:
        """`{"tools": ["name or id", ...], ...}`, and the options of the others."""
        body = await read_object(request)
        fields = Fields(body)
        known = kinds(self._ports)
        chosen = {
            shown.plural: frozenset(names)
            for shown in known.values()
            if (names := fields.texts(shown.plural, _NAMES, 2048)) and isinstance(names, tuple)
        }
        return await self._answer(request, fields, chosen)

    async def _answer(
        self, request: Request, fields: Fields, chosen: Mapping[str, frozenset[str]] | None
    ) -> Response:
        actor, known = actor_of(request), kinds(self._ports)
        selected = _types(fields, known)
        tags = fields.texts("tags", 100, 100) or ()
        inactive = fields.boolean("include_inactive") is True or chosen is not None
        dependencies = fields.boolean("include_dependencies") is not False
        passphrase = fields.text("rekey_secret", 1024) or ""
        fields.check()
        selection = Selection(tuple(selected), tags or None, include_inactive=inactive)
        rows = await documents(known, actor.viewer, selection, dependencies, chosen)
        found = await with_given(self._ports.store.read, rows)
        options = {
            "include_inactive": inactive,
            "include_dependencies": dependencies,
            "selected_types": [known[kind].plural for kind in selected],
            "filter_tags": list(tags),
        }
        file = _file(self._ports, known, actor, str(request.base_url), found, options)
        if passphrase:
            await self._seal(actor, known, passphrase, found, file)
        return json(file)

    async def _seal(
        self,
        actor: Actor,
        known: Kinds,
        passphrase: str,
        found: Sequence[Told],
        file: dict[str, Any],
    ) -> None:
        """Puts sealed credentials in the file."""
        actor.check(EXPORT, "export credentials, also sealed ones")
        if len(passphrase) < export_secrets.MIN_SECRET:
            problem = f"must have at least {export_secrets.MIN_SECRET} characters"
            wrong = FieldProblem("rekey_secret", problem, "string")
            raise InvalidCall(f"rekey_secret {problem}", errors=[wrong])
        salt = self._ports.entropy(export_secrets.SALT)
        sealer = await asyncio.to_thread(export_secrets.derived, passphrase, salt)
        plain = await self._credentials(found)
        entities = file["entities"]
        positions = dict.fromkeys(entities, 0)
        for each in found:
            plural = known[each.kind].plural
            made = entities[plural][positions[plural]]
            positions[plural] += 1
            if each.row.id in plain:
                nonce = self._ports.entropy(seal.NONCE_SIZE)
                name = made["name"]
                made["auth_value"] = export_secrets.sealed(
                    sealer, each.kind, name, plain[each.row.id], nonce
                )
        file["encryption_method"] = export_secrets.METHOD
        file["metadata"]["salt"] = seal.to_text(salt)

    async def _credentials(self, found: Sequence[Told]) -> dict[str, Credentials]:
        """Of those that have any, opened."""
        stored = secrets.by_id(await self._ports.store.read.credentials(None))
        plain: dict[str, Credentials] = {}
        for each in found:
            id = each.row.id
            headers = secrets.opened_lines(self._ports, stored.get(id))
            key = secrets.opened_key(self._ports, stored.get(key_id(id)))
            oauth = secrets.opened_oauth(self._ports, stored.get(oauth_id(id)))
            env = dict(secrets.opened_lines(self._ports, stored.get(environment_id(id))))
            if headers or key or oauth or env:
                plain[id] = Credentials(headers, key, oauth, env)
        return plain


def _types(fields: Fields, known: Kinds) -> list[Kind]:
    """Raises InvalidCall."""
    plurals = {shown.plural: kind for kind, shown in known.items()}
    given = fields.texts("types", 20, 40) or ()
    excluded = fields.texts("exclude_types", 20, 40) or ()
    for name, words in (("types", given), ("exclude_types", excluded)):
        for word in words:
            if word not in plurals:
                raise bad_query(name, f"must be of {', '.join(plurals)}")
    wanted = {plurals[word] for word in given or plurals} - {plurals[word] for word in excluded}
    return [kind for kind in known if kind in wanted]


def _file(
    ports: Ports,
    known: Kinds,
    actor: Actor,
    source: str,
    found: Sequence[Told],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    entities: dict[str, list[dict[str, Any]]] = {name: [] for name in options["selected_types"]}
    for each in found:
        entities.setdefault(known[each.kind].plural, []).append(entity(each.document))
    held: dict[str, dict[str, Any]] = {
        f"servers_to_{field}": {
            each.document["metadata"]["name"]: each.document["spec"][field]
            for each in found
            if each.kind == "Server" and field in each.document["spec"]
        }
        for field in ("tools", "resources", "prompts")
    }
    return {
        "version": LATEST_MODERN,
        "exported_at": ports.clock(),
        "exported_by": actor.viewer.email,
        "source_gateway": source.rstrip("/"),
        "encryption_method": export_secrets.MASKED,
        "entities": entities,
        "metadata": {
            "entity_counts": {name: len(each) for name, each in entities.items()},
            "dependencies": held,
            "export_options": dict(options),
        },
    }
