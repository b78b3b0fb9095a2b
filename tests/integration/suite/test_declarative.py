"""Configuration in files, as somebody keeps it in a repository: applied, compared, changed, pruned,
exported, with the real command line and a real upstream."""

import asyncio
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.mcp_servers import mcp_server
from support.pet_shop import pet_shop
from support.suite import Suite, clean_environ

pytestmark = pytest.mark.asyncio(loop_scope="module")

GATEWAY = """\
apiVersion: mcpgateway/v1
kind: Gateway
metadata: {name: files}
spec:
  url: ${env:UPSTREAM}
  authType: bearer
  authToken: ${file:token.txt}
"""
OURS = """\
apiVersion: mcpgateway/v1
kind: Tool
metadata: {name: weather, tags: [demo]}
spec:
  url: https://api.example/weather/{city}
  requestType: GET
  description: The weather
---
apiVersion: mcpgateway/v1
kind: Server
metadata: {name: declared}
spec:
  tools: [weather]
"""
SECRET = "a-secret-that-stands-in-a-file"


@dataclass
class Done:
    status: int
    out: str
    err: str


@dataclass
class Shell:
    """The command line against a suite, in a folder of documents."""

    suite: Suite
    folder: Path
    upstream: str = ""

    async def run(self, *argv: str) -> Done:
        environ = clean_environ() | {
            "MCPGATEWAY_URL": self.suite.url,
            "MCPGATEWAY_TOKEN": self.suite.token,
            "UPSTREAM": self.upstream,
            **self.suite.trusting,
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "mcpgateway.cli", *argv),
            env=environ,
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode is not None
        assert SECRET not in (out + err).decode()
        return Done(process.returncode, out.decode(), err.decode())

    async def revision(self) -> int:
        async with self.suite.http() as http:
            return int((await http.get("/v1/replicas")).json()["wanted"])


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """A folder with a gateway, a tool and a server."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "token.txt").write_text(f"{SECRET}\n")
    (folder / "a-gateway.yaml").write_text(GATEWAY)
    (folder / "ours.yaml").write_text(OURS)
    return folder


async def test_files_are_applied_compared_changed_and_pruned(suite: Suite, documents: Path) -> None:
    docs = ("-f", "docs", "--set", "demo")
    async with mcp_server(bearer=SECRET) as upstream:
        shell = Shell(suite, documents.parent, upstream.url)
        differs = await shell.run("diff", *docs)
        assert differs.status == 1, differs
        assert "gateway/files would be created" in differs.out
        applied = await shell.run("apply", *docs)
        assert applied.status == 0, applied
        assert "3 create" in applied.out

        before = await shell.revision()
        again = await shell.run("apply", *docs)
        assert (again.status, await shell.revision()) == (0, before), again
        assert (await shell.run("diff", *docs)) == Done(0, "", "")

        ours = documents / "ours.yaml"
        ours.write_text(OURS.replace("The weather", "The weather, now"))
        differs = await shell.run("diff", *docs)
        assert '+ definition.description: "The weather, now"' in differs.out
        assert (await shell.run("apply", *docs)).status == 0

        ours.write_text(OURS.partition("---")[0])
        asked = await shell.run("apply", *docs, "--prune")
        assert (asked.status, "say --yes" in asked.err) == (2, True)
        pruned = await shell.run("apply", *docs, "--prune", "--yes")
        assert "server/declared deleted" in pruned.out, pruned
        gone = await shell.run("delete", "-f", "docs")
        assert (gone.status, "tool/weather deleted" in gone.out) == (0, True), gone


async def test_what_is_exported_comes_back_as_it_is(suite: Suite, documents: Path) -> None:
    async with mcp_server(bearer=SECRET) as upstream:
        shell = Shell(suite, documents.parent, upstream.url)
        assert (await shell.run("apply", "-f", "docs")).status == 0
        assert (await shell.run("export", "-o", "all.yaml")).status == 0
        before = await shell.revision()
        back = await shell.run("import", "all.yaml")
        assert (back.status, await shell.revision()) == (0, before), back

        file = await shell.run("export", "--out", "all.json", "--include-inactive")
        assert file.status == 0, file
        entities = json.loads((shell.folder / "all.json").read_text())["entities"]
        assert [each["name"] for each in entities["tools"]] == ["weather"]
        taken = await shell.run("import", "all.json", "--conflict-strategy", "skip")
        assert (taken.status, await shell.revision()) == (0, before), taken
        assert (await shell.run("delete", "-f", "docs")).status == 0


async def test_what_is_wrong_is_told_with_file_line_and_column_and_nothing_is_written(
    suite: Suite, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        OURS.replace("requestType: GET", "requestTypo: GET").replace("[weather]", "[nothing]")
    )
    shell = Shell(suite, tmp_path)
    before = await shell.revision()

    told = await shell.run("apply", "-f", "bad.yaml")

    assert told.status == 2
    assert "bad.yaml:6:16: spec.requestTypo is no field of this kind" in told.err
    assert await shell.revision() == before
    stranger = Shell(suite, tmp_path)
    refused = await stranger.run("diff", "-f", "bad.yaml", "--token", "nobody")
    assert refused.status == 2
    assert "401" in refused.err


async def test_an_api_is_imported_by_its_document_and_brought_up_to_date(
    suite: Suite, tmp_path: Path
) -> None:
    async with pet_shop() as shop:
        (tmp_path / "shop.yaml").write_text(json.dumps(shop.said))
        shell = Shell(suite, tmp_path)
        importing = ("import", "openapi", "shop.yaml", "--name", "imported", "--tag", "pets")
        unnamed = await shell.run(*importing[:3])
        assert (unnamed.status, "--name is required" in unnamed.err) == (2, True)

        before = await shell.revision()
        tried = await shell.run(*importing, "--dry-run")
        assert (tried.status, await shell.revision()) == (0, before), tried
        assert "gateway/imported would be created" in tried.out
        assert re.search(r"^list_pets +GET +/pets +pets +[0-9]+$", tried.out, re.MULTILINE)
        assert "key (http, " in tried.out

        made = await shell.run(*importing)
        assert (made.status, "gateway/imported created" in made.out) == (0, True), made
        before = await shell.revision()
        again = await shell.run(*importing)
        assert (again.status, await shell.revision()) == (0, before), again
        assert "gateway/imported unchanged" in again.out

        fewer = await shell.run(*importing, "--exclude-method", "POST")
        assert (fewer.status, "gateway/imported configured" in fewer.out) == (0, True), fewer
        names = {each["name"] for each in await suite.tools()}
        assert {"imported-list-pets", "imported-add-pet"} & names == {"imported-list-pets"}

        wrong = await shell.run(*importing, "--method", "NOPE")
        assert (wrong.status, "none of GET" in wrong.err) == (2, True), wrong


async def test_an_api_is_declared_by_a_file_beside_its_document(
    suite: Suite, tmp_path: Path
) -> None:
    async with pet_shop() as shop:
        (tmp_path / "shop.txt").write_text(json.dumps(shop.said))
        (tmp_path / "gateway.yaml").write_text(
            "apiVersion: mcpgateway/v1\nkind: Gateway\nmetadata: {name: pets}\n"
            "spec: {transport: OPENAPI, openapi: {document: '${file:shop.txt}'}}\n"
        )
        shell = Shell(suite, tmp_path)
        applied = await shell.run("apply", "-f", "gateway.yaml")
        assert applied.status == 0, applied
        assert (await shell.run("diff", "-f", "gateway.yaml")).status == 0
        exported = await shell.run("export", "-o", "all.yaml", "--kinds", "Gateway")
        assert exported.status == 0, exported

        assert (await shell.run("delete", "-f", "gateway.yaml")).status == 0
        assert (await shell.run("import", "all.yaml")).status == 0
        assert "pets-list-pets" in {each["name"] for each in await suite.tools()}
