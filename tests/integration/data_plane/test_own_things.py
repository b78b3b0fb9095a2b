"""The official client of both eras gets, reads, completes and follows what the gateway itself has,
whatever templates its operators wrote."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import mcp_types as types
import msgspec
import pytest
from mcp.shared.exceptions import MCPError
from msgspec.structs import replace

from mcpgateway.common.routing.delta import apply
from mcpgateway.common.routing.model import Delta, Prompt, Record, Resource, Root, Server
from support.client_kinds import Kind, Person, client_of
from support.data_plane import DataPlane, data_plane
from support.data_plane_process import gateway, ready, running, save_table
from support.door import Door
from support.endpoint import token
from support.http import free_port
from support.wait import until
from support.workers import worker_pids

SERVER = "5" * 32
PATH = f"/servers/{SERVER}/mcp"
CLIENTS = ("legacy", "2026-07-28", "auto")
PICTURE = "iVBORw0KGgoAAAAN"
LOOPS = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}"
HOSTILE = {
    "for-ever": LOOPS,
    "much": "{% set x = 'ab' * 50000 %}" + "{% set x = x ~ x %}" * 30 + "{{ x|length }}",
    "wide": "{{ 'a'|center(10**9) }}",
    "repeated": "{{ 'a' * 10**10 }}",
    "power": "{{ 9 ** (9 ** 9) }}",
    "endless": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "inside": "{{ cycler.__init__.__globals__.os.environ }}",
    "long": "{% for a in range(9999) %}" + "x" * 1000 + "{% endfor %}",
}


def own_prompt(name: str, *contents: Any, **definition: Any) -> Prompt:
    messages = [{"role": "user", "content": content} for content in contents]
    encoded = msgspec.json.encode(definition), msgspec.json.encode(messages)
    return Prompt(f"p-{name}", "", name, name, *encoded)


def text(template: str) -> dict[str, str]:
    return {"type": "text", "text": template}


REVIEW = own_prompt(
    "review",
    text("Review {{ file|upper }}{% if tone %} ({{ tone }}){% endif %}."),
    {"type": "image", "data": PICTURE, "mimeType": "image/png"},
    {"type": "audio", "data": "AAAA", "mimeType": "audio/wav"},
    {"type": "resource_link", "uri": "memo://motto.md", "name": "motto"},
    {"type": "resource", "resource": {"uri": "memo://x", "text": "About {{ file }}"}},
    description="Reviews a file.",
    arguments=[{"name": "file", "required": True}, {"name": "tone", "enum": ["kind", "stern"]}],
)
MOTTO = Resource("r-motto", "", "memo://motto.md", content=b'{"text":"Less."}', ttl_ms=60_000)
RECORDS: tuple[Record, ...] = (
    REVIEW,
    MOTTO,
    Resource("r-dot", "", "memo://dot", content=msgspec.json.encode({"blob": PICTURE})),
    Resource("r-note", "", "memo://notes/{id}{?upper}", True, content=b'{"text":"Note {{ id }}"}'),
    *(own_prompt(name, text(template)) for name, template in HOSTILE.items()),
    Root("root-1", "file:///srv", "served"),
)
BUNDLE = Server(
    SERVER,
    "own",
    prompts=tuple(each.id for each in RECORDS if each.kind == "prompt"),
    resources=tuple(each.id for each in RECORDS if each.kind == "resource"),
)


@pytest.fixture
async def plane() -> AsyncIterator[DataPlane]:
    async with data_plane(*RECORDS, BUNDLE, PROMPT_RENDER_TIMEOUT="1.5") as made:
        yield made


def change(plane: DataPlane, *upserts: Record) -> None:
    table = plane.tables.current
    delta = Delta("a-registry", table.revision, table.revision + 1, upserts)
    applied = apply(table, delta)
    plane.tables.swap(applied.table, applied.touched)


@pytest.mark.parametrize("path", [PATH, "/mcp"])
@pytest.mark.parametrize("mode", CLIENTS)
async def test_a_client_gets_reads_and_completes(plane: DataPlane, mode: str, path: str) -> None:
    async with plane.client(path, mode) as client:
        assert "review" in [each.name for each in (await client.list_prompts()).prompts]
        got = await client.get_prompt("review", {"file": "a.py", "tone": "kind"})
        assert got.description == "Reviews a file."
        words, image, audio, link, embedded = (each.content for each in got.messages)
        assert isinstance(words, types.TextContent)
        assert words.text == "Review A.PY (kind)."
        assert isinstance(image, types.ImageContent)
        assert isinstance(audio, types.AudioContent)
        assert isinstance(link, types.ResourceLink)
        assert isinstance(embedded, types.EmbeddedResource)
        assert isinstance(embedded.resource, types.TextResourceContents)
        assert embedded.resource.text == "About a.py"
        (note,) = (await client.read_resource("memo://notes/7")).contents
        assert isinstance(note, types.TextResourceContents)
        assert (note.text, note.mime_type) == ("Note 7", "text/plain")
        (dot,) = (await client.read_resource("memo://dot")).contents
        assert isinstance(dot, types.BlobResourceContents)
        assert (dot.blob, dot.mime_type) == (PICTURE, "image/png")
        motto = await client.read_resource("memo://motto.md")
        assert motto.contents[0].mime_type == "text/markdown"
        if mode != "legacy":
            assert motto.ttl_ms == 60_000
        ref = types.PromptReference(name="review")
        done = await client.complete(ref, {"name": "tone", "value": "st"})
        assert done.completion.values == ["stern"]


@pytest.mark.parametrize("mode", CLIENTS)
async def test_what_a_client_asks_wrongly_is_named(plane: DataPlane, mode: str) -> None:
    async with plane.client(PATH, mode) as client:
        for arguments, said in (({}, "'file'"), ({"file": "a", "fiel": "b"}, "'fiel'")):
            with pytest.raises(MCPError, match=said) as refused:
                await client.get_prompt("review", arguments)
            assert refused.value.error.code == types.INVALID_PARAMS
        with pytest.raises(MCPError, match="memo://other"):
            await client.read_resource("memo://other")


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_template_harms_nobody_but_who_asks_for_it(
    plane: DataPlane, name: str
) -> None:
    async with plane.client(PATH, "2026-07-28") as one, plane.client(PATH, "legacy") as other:
        bad = [asyncio.create_task(each.get_prompt(name, {})) for each in (one, other)]
        for n in range(5):
            good = await other.get_prompt("review", {"file": f"{n}.py"})
            assert good.messages[0].content.text == f"Review {n}.PY."  # type: ignore[union-attr]  # text it is
        for failure in await asyncio.gather(*bad, return_exceptions=True):
            assert isinstance(failure, MCPError)
            assert failure.error.code == types.INTERNAL_ERROR
            assert failure.error.message.startswith(f"prompt {name!r}: template 1: ")


async def test_a_modern_client_is_told_when_the_content_changes(plane: DataPlane) -> None:
    uris = ["memo://motto.md", "memo://notes/7"]
    async with (
        plane.client(PATH, "2026-07-28") as client,
        client.listen(resource_subscriptions=uris) as subscription,
    ):
        assert sorted(subscription.honored.resource_subscriptions or []) == uris
        change(plane, replace(MOTTO, content=b'{"text":"More."}'))
        event = await anext(aiter(subscription))
        assert event.uri == "memo://motto.md"  # type: ignore[union-attr]  # a changed resource
        read = await client.read_resource("memo://motto.md")
        assert read.contents[0].text == "More."  # type: ignore[union-attr]  # text it is


@pytest.mark.filterwarnings("ignore::mcp.MCPDeprecationWarning")
async def test_a_legacy_client_is_told_when_the_content_changes(plane: DataPlane) -> None:
    told: list[str] = []

    async def hear(message: Any) -> None:
        if isinstance(message, types.ResourceUpdatedNotification):
            told.append(str(message.params.uri))

    async with plane.client(PATH, "legacy", message_handler=hear) as client:
        assert client.server_capabilities is not None
        resources = client.server_capabilities.resources
        assert resources is not None
        assert resources.subscribe is True
        await client.subscribe_resource("memo://motto.md")
        n = 0

        def changes() -> bool:
            nonlocal n
            n += 1
            change(plane, replace(MOTTO, content=b'{"text":"%d"}' % n))
            return bool(told)

        await until(changes, "it was told")
        assert set(told) == {"memo://motto.md"}


@pytest.mark.skipif(Door.chosen() is not Door.HTTP1, reason="these clients speak plain HTTP/1.1")
@pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")
@pytest.mark.filterwarnings("ignore::mcp.MCPDeprecationWarning")
@pytest.mark.parametrize("kind", ["sse", "ws"])
async def test_clients_that_stay_connected_are_answered_and_told(kind: Kind) -> None:
    person, bearer = Person(), token(now=time.time())
    async with (
        data_plane(*RECORDS, BUNDLE, MCPGATEWAY_WS_RELAY_ENABLED="true") as plane,
        client_of(kind, plane.url.removeprefix("http://"), bearer, person) as client,
    ):
        got = await client.get_prompt("review", {"file": "a.py"})
        assert got.messages[0].content.text == "Review A.PY."  # type: ignore[union-attr]  # text it is
        await client.subscribe_resource("memo://notes/7")
        note = next(each for each in RECORDS if each.id == "r-note")
        change(plane, replace(note, content=b'{"text":"{{ id }}"}'))
        await until(lambda: "notifications/resources/updated" in person.told, "it was told")
        read = await client.read_resource("memo://notes/7")
        assert read.contents[0].text == "7"  # type: ignore[union-attr]  # text it is


async def test_by_plain_http_prompts_resources_and_roots_are_answered(plane: DataPlane) -> None:
    async with plane.http() as http:
        got = await http.post("/prompts/review", json={"file": "a.py"})
        assert got.json()["messages"][0]["content"]["text"] == "Review A.PY."
        read = await http.get("/resources/r-motto")
        assert read.json()["text"] == "Less."
        batch = [
            {"jsonrpc": "2.0", "id": n, "method": "prompts/get", "params": params}
            for n, params in enumerate(
                [{"name": "review", "arguments": {"file": "x"}}, {"name": "review"}]
            )
        ]
        rpc = [await http.post("/rpc", json=each) for each in batch]
        assert rpc[0].json()["result"]["messages"][0]["content"]["text"] == "Review X."
        assert rpc[1].json()["error"]["code"] == types.INVALID_PARAMS
        roots = await http.post("/rpc", json={"jsonrpc": "2.0", "id": 1, "method": "list_roots"})
        assert roots.json()["result"] == {"roots": [{"uri": "file:///srv", "name": "served"}]}
        large = await http.post("/prompts/review", json={"file": "x" * (1024 * 1024 + 1)})
        assert large.status_code == 400
        assert "characters in all" in large.text


async def test_the_processes_of_a_replica_that_stops_stop_with_it(tmp_path: Path) -> None:
    save_table(tmp_path, *RECORDS, BUNDLE)
    port = free_port()
    async with (
        running(tmp_path, port, PROMPT_RENDER_TIMEOUT="0.5") as process,
        gateway(port) as http,
    ):
        await ready(http)
        assert (
            worker_pids("rendering.worker", process.pid) == []
        )  # nothing was asked that needs one
        stuck = asyncio.create_task(http.post("/prompts/for-ever", json={}))
        got = await http.post("/prompts/review", json={"file": "a.py"})
        assert got.json()["messages"][0]["content"]["text"] == "Review A.PY."
        failed = await stuck
        assert failed.status_code == 500
        assert failed.json()["code"] == "template_failed"
        pids = worker_pids("rendering.worker", process.pid)
        assert pids
        shown = (await http.get("/metrics")).text
        killed = 'mcpgateway_worker_processes_killed_total{replica="0",work="templates"} 1'
        assert killed in shown.splitlines()
        process.terminate()
        await process.wait()
        await until(lambda: not any(map(is_there, pids)), "they have ended")


def is_there(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")
