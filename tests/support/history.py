"""What tests of history have in common: the canonical export, by history and by what the tables
hold, and an operator who writes all kinds of things at random."""

from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec

from mcpgateway.common.routing.sealing import store_context
from mcpgateway.control_plane.registry.history.canonical import canonical, secret_digest
from mcpgateway.control_plane.registry.history.model import Entry
from mcpgateway.control_plane.registry.history.nouns import NOUNS
from mcpgateway.control_plane.registry.model import Credential, Who
from support.control_plane import Plane, found, upstream_with

KINDS = [noun.kind for noun in NOUNS]
_WHO = Who(by="test")


async def export(plane: Plane, revision: int) -> bytes:
    history = plane.ports.store.history
    entries = await history.at(revision, KINDS)
    return canonical(entries, await _digests(plane, await history.secrets(revision)))


async def export_of_tables(plane: Plane) -> bytes:
    entries = []
    async with plane.ports.store.trial() as trial, trial.write(_WHO) as tx:
        for noun in NOUNS:
            table = "agents" if noun.kind == "agent" else f"{noun.kind}s"
            ids = [row["id"] for row in await plane.pool.fetch(f"SELECT id FROM {table}")]
            for row in await noun.rows(tx).get(ids):
                body = msgspec.Raw(msgspec.json.encode(row))
                entries.append(Entry(noun.kind, row.id, row.revision, "update", body))
    rows = await plane.pool.fetch("SELECT * FROM credentials")
    return canonical(entries, await _digests(plane, [Credential(**dict(row)) for row in rows]))


async def _digests(plane: Plane, credentials: Sequence[Credential]) -> dict[str, str]:
    registry = (await plane.ports.store.read.position()).registry
    opened = {
        each.id: plane.ports.sealer.open(each.sealed, store_context("credential", each.id))
        for each in credentials
    }
    return {id: secret_digest(plain, registry) for id, plain in opened.items()}


class Operator:
    """Writes over the API. Names are few, so that things meet under them; a write that is refused
    is no write."""

    def __init__(self, plane: Plane, random: Random) -> None:
        self._plane = plane
        self._random = random
        self._acts = (
            self._register,
            self._change_gateway,
            self._refresh,
            self._make_tool,
            self._change_tool,
            self._make_prompt,
            self._make_resource,
            self._make_root,
            self._make_agent,
            self._bundle,
            self._change_server,
            self._switch,
            self._delete,
            self._roll_back,
        )

    async def write(self) -> None:
        await self._random.choice(self._acts)()

    async def _send(self, method: str, path: str, body: object = None) -> None:
        answer = await self._plane.http.request(method, path, json=body)
        assert answer.status_code < 500, answer.text

    async def _register(self) -> None:
        name = self._name()
        url = f"http://{self._name()}.example/mcp"
        self._look(url)
        body = {"name": name, "url": url, "tags": self._tags()}
        await self._send("POST", "/gateways", body | self._auth())

    def _look(self, url: str) -> None:
        names = self._random.sample(("x", "y", "z"), self._random.randint(0, 3))
        seen = upstream_with(names, names[:1], [f"file:///{name}" for name in names])
        reworded = [found(each.name, description=self._name()) for each in seen.tools[:1]]
        tools = (*reworded, *seen.tools[1:])
        self._plane.discoverer.at[url] = msgspec.structs.replace(seen, tools=tools)

    async def _change_gateway(self) -> None:
        row = await self._one("gateways")
        if row is None:
            return
        url = f"http://{self._name()}.example/mcp"
        self._look(url)
        change = self._random.choice(
            (
                {"name": self._name()},
                {"url": url, **self._auth()},
                {"visibility": self._random.choice(("public", "private"))},
                self._auth(),
            )
        )
        self._look(row["url"])
        await self._send("PUT", f"/gateways/{row['id']}", change)

    async def _refresh(self) -> None:
        row = await self._one("gateways")
        if row is not None:
            self._look(row["url"])
            await self._send("POST", f"/gateways/{row['id']}/tools/refresh")

    async def _make_tool(self) -> None:
        body: dict[str, Any] = {
            "name": self._name(),
            "url": "http://rest.example/v1",
            "integration_type": "REST",
            "request_type": "GET",
        }
        if self._random.random() < 0.5:
            body["auth"] = {"auth_type": "bearer", "token": self._name()}
        await self._send("POST", "/tools", body)

    async def _change_tool(self) -> None:
        row = await self._one("tools")
        if row is not None:
            change = self._random.choice(
                ({"description": self._name()}, {"custom_name": self._name()}, {"tags": ["t"]})
            )
            await self._send("PUT", f"/tools/{row['id']}", change)

    async def _make_prompt(self) -> None:
        body = {"name": self._name(), "template": "say {{ this }}"}
        await self._send("POST", "/prompts", body)

    async def _make_resource(self) -> None:
        body = {"uri": f"file:///{self._name()}", "name": "r", "content": self._name()}
        await self._send("POST", "/resources", body)

    async def _make_root(self) -> None:
        await self._send("POST", "/roots", {"uri": f"file:///{self._name()}"})

    async def _make_agent(self) -> None:
        body = {"name": self._name(), "endpoint_url": "http://agent.example/"}
        await self._send("POST", "/a2a", body | self._auth())

    async def _bundle(self) -> None:
        await self._send("POST", "/servers", {"name": self._name(), **await self._held()})

    async def _change_server(self) -> None:
        row = await self._one("servers")
        if row is not None:
            change = self._random.choice(({"name": self._name()}, await self._held()))
            await self._send("PUT", f"/servers/{row['id']}", change)

    async def _switch(self) -> None:
        noun = self._random.choice(("gateways", "servers", "tools", "prompts", "resources"))
        row = await self._one(noun)
        if row is not None:
            on = self._random.choice(("true", "false"))
            await self._send("POST", f"/{noun}/{row['id']}/state?activate={on}")

    async def _delete(self) -> None:
        noun = self._random.choice(("gateways", "servers", "tools", "resources", "roots", "a2a"))
        row = await self._one(noun)
        if row is not None:
            await self._send("DELETE", f"/{noun}/{row['id']}")

    async def _roll_back(self) -> None:
        noun = self._random.choice(NOUNS)
        rows = await self._plane.pool.fetch(
            "SELECT DISTINCT id FROM history WHERE noun = $1 ORDER BY id", noun.kind
        )
        if rows:
            id = self._random.choice(rows)["id"]
            body = {"version": self._random.randint(1, 3)}
            await self._send("POST", f"/{noun.name}/{id}/rollback", body)

    async def _held(self) -> dict[str, Any]:
        tools, resources = await self._one("tools"), await self._one("resources")
        return {
            "associated_tools": [row["id"] for row in (tools,) if row],
            "associated_resources": [row["id"] for row in (resources,) if row],
        }

    async def _one(self, noun: str) -> dict[str, Any] | None:
        answer = await self._plane.http.get(f"/{noun}?limit=0&include_inactive=true")
        rows = answer.json()
        return dict(self._random.choice(rows)) if rows else None

    def _auth(self) -> dict[str, Any]:
        if self._random.random() < 0.5:
            return {"auth_type": "none"}
        return {"auth_type": "bearer", "auth_token": self._name()}

    def _tags(self) -> list[str]:
        return self._random.sample(("red", "blue"), self._random.randint(0, 2))

    def _name(self) -> str:
        return self._random.choice(("alpha", "beta", "gamma", "delta"))
