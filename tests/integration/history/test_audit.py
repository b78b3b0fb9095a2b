"""The audit trail: exported, verified with and without us, and broken by whoever changes it."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mcpgateway.control_plane.registry.discovered import upkeep
from mcpgateway.control_plane.registry.people.model import User
from support.control_plane import ADMIN, Plane, bearer, upstream_with

NDJSON = {"accept": "application/x-ndjson"}
SECURITY = Path(__file__).parents[3] / "docs" / "security.md"
MIGRATION = "services/control_plane/mcpgateway/control_plane/store/migrations/0005_history.sql"


async def some_writes(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x"]), auth_type="bearer", auth_token="t")
    await plane.http.put(f"/gateways/{made['id']}", json={"description": 'Ünï "quoted" \\ </x>\t'})
    await plane.bundle("s", list((await plane.tool_ids()).values()))
    await plane.http.delete(f"/gateways/{made['id']}")


async def exported(plane: Plane, query: str = "") -> list[str]:
    answer = await plane.http.get(f"/v1/audit{query}", headers=NDJSON)
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [str(line) for line in answer.text.split("\n")[:-1]]


async def verified(plane: Plane) -> Any:
    return (await plane.http.get("/v1/audit/verify")).json()


async def test_the_chain_of_an_untouched_registry_is_whole(plane: Plane) -> None:
    await some_writes(plane)
    lines = await exported(plane)
    head = json.loads(lines[-1])["hash"]
    assert await verified(plane) == {"valid": True, "revisions": len(lines), "head": head}
    assert len(lines) == await plane.revision()


async def test_the_script_in_the_documentation_verifies_an_export_and_finds_a_change(
    plane: Plane, tmp_path: Path
) -> None:
    found = re.search(r"```python\n(.+?)```", SECURITY.read_text(), re.S)
    assert found is not None
    script = tmp_path / "verify.py"
    script.write_text(found[1])
    await some_writes(plane)
    lines = await exported(plane)

    def run(lines: list[str]) -> subprocess.CompletedProcess[str]:
        text = "".join(line + "\n" for line in lines)
        return subprocess.run(
            [sys.executable, script], input=text, capture_output=True, text=True, check=False
        )

    whole = run(lines)
    assert (whole.returncode, whole.stdout.split()[-1]) == (0, json.loads(lines[-1])["hash"])
    changed = run([line.replace("quoted", "altered") for line in lines])
    assert changed.returncode != 0
    assert run([*lines[:1], *lines[2:]]).returncode != 0


async def test_a_line_says_all_of_one_revision(plane: Plane) -> None:
    await some_writes(plane)
    line = json.loads((await exported(plane))[-1])
    record = line["record"]
    assert (record["revision"], record["who"]["by"], record["who"]["token"]) == (
        await plane.revision(),
        ADMIN,
        "1",
    )
    assert {(each["noun"], each["op"]) for each in line["changes"]} == {
        ("upstream", "delete"),
        ("tool", "delete"),
        ("credential", "delete"),
        ("server", "update"),
    }


async def test_the_same_comes_as_one_array(plane: Plane) -> None:
    await some_writes(plane)
    array = (await plane.http.get("/audit")).json()
    assert array == [json.loads(line) for line in await exported(plane)]
    nothing = await plane.http.get("/audit?since=2100-01-01")
    assert nothing.json() == []


async def test_the_trail_is_filtered(plane: Plane) -> None:
    plane.clock.move(1)
    start = plane.clock.now
    await plane.bundle("s", [])
    plane.clock.move(1)
    middle = plane.clock.now
    await plane.http.post("/roots", json={"uri": "file:///r"})

    async def nouns(query: str) -> list[str]:
        lines = [json.loads(line) for line in await exported(plane, query)]
        return [line["changes"][0]["noun"] for line in lines]

    since, until = (f"{at:%Y-%m-%dT%H:%M:%S.%fZ}" for at in (start, middle))
    assert await nouns(f"?since={since}") == ["server", "root"]
    assert await nouns(f"?since={since}&until={until}") == ["server"]
    assert await nouns("?noun=servers") == await nouns("?noun=server") == ["server"]
    assert await nouns(f"?who={ADMIN}") == ["server", "root"]
    for query in ("?since=yesterday", "?noun=nonsense"):
        assert (await plane.http.get(f"/audit{query}")).status_code == 422


@pytest.mark.parametrize(
    ("tampering", "problem"),
    [
        ("UPDATE history SET body = '{{}}' WHERE revision = {n} AND op <> 'delete'", "changes"),
        ("DELETE FROM history WHERE revision = {n}", "changes"),
        ('UPDATE revisions SET who = \'{{"by":"mallory"}}\' WHERE n = {n}', "who"),
        ("UPDATE revisions SET at = at - interval '1 day' WHERE n = {n}", "when"),
        ("UPDATE revisions SET hash = repeat('0', 64) WHERE n = {n}", "hashed"),
        ("DELETE FROM revisions WHERE n = {n}", "missing"),
    ],
)
async def test_whatever_is_changed_in_the_database_is_named_by_its_revision(
    plane: Plane, tampering: str, problem: str
) -> None:
    await some_writes(plane)
    n = await plane.revision() - 2
    await plane.pool.execute(tampering.format(n=n))
    found = await verified(plane)
    assert found["valid"] is False
    assert found["revisions"] == n - 1
    missing = problem == "missing"
    assert found["broken"]["revision"] == (n + 1 if missing else n)
    assert problem in found["broken"]["problem"]


async def test_the_newest_revisions_can_not_be_cut_off_alone(plane: Plane) -> None:
    await some_writes(plane)
    n = await plane.revision()
    await plane.pool.execute("DELETE FROM revisions WHERE n = $1", n)
    assert (await verified(plane))["broken"]["revision"] == n


async def test_the_history_of_before_the_chain_is_chained_by_the_upgrade(plane: Plane) -> None:
    """The migration's formula is the one of the writes."""
    await some_writes(plane)
    rows = await plane.pool.fetch("SELECT n, hash, digest FROM revisions ORDER BY n")
    sql = (Path(__file__).parents[3] / MIGRATION).read_text()
    [loop] = re.findall(r"CREATE FUNCTION pg_temp.+?END \$\$;", sql, re.S)
    async with plane.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "ALTER TABLE history ADD at timestamptz, ADD who json;"
            "UPDATE history h SET (at, who) = (r.at, r.who) FROM revisions r"
            " WHERE r.n = h.revision;"
            "DELETE FROM revisions;"
        )
        await connection.execute(loop)
        again = await connection.fetch("SELECT n, hash, digest FROM revisions ORDER BY n")
        await connection.execute("ALTER TABLE history DROP at, DROP who")
    assert again == rows


async def test_revisions_are_listed_and_compared(plane: Plane) -> None:
    await some_writes(plane)
    newest = await plane.revision()

    page = (await plane.http.get("/v1/revisions?limit=2&include_pagination=true")).json()
    more = await plane.http.get(f"/revisions?limit=2&cursor={page['nextCursor']}")
    one = (await plane.http.get(f"/revisions/{newest - 2}")).json()
    net = (await plane.http.get(f"/revisions/{newest - 4}..{newest}")).json()
    reverse = (await plane.http.get(f"/revisions/{newest}..{newest - 1}")).json()

    assert [row["revision"] for row in page["revisions"]] == [newest, newest - 1]
    assert [row["revision"] for row in more.json()] == [newest - 2, newest - 3]
    assert page["revisions"][0]["who"]["by"] == ADMIN
    [change] = one["changes"]
    assert (change["noun"], change["op"], change["name"]) == ("upstream", "update", "a")
    assert [each["path"] for each in change["diff"]] == ["/description"]
    assert [(each["noun"], each["op"]) for each in net["changes"]] == [("server", "create")]
    assert {each["op"] for each in reverse["changes"]} == {"create", "update"}


async def test_the_history_of_the_registry_is_for_administrators(plane: Plane) -> None:
    now = plane.clock()
    ann = User(email="ann@example.com", password_hash="h", created_at=now, updated_at=now)
    async with plane.ports.store.write(upkeep.UPKEEP) as tx:
        await tx.users.save([ann])
    headers = bearer(plane.clock, ann.email)
    for path in ("revisions", "revisions/1", "revisions/0..1", "audit", "audit/verify"):
        assert (await plane.http.get(f"/{path}", headers=headers)).status_code == 403


async def test_the_hash_is_what_the_documentation_says(plane: Plane) -> None:
    await some_writes(plane)
    previous = ""
    for line in await exported(plane):
        record = line.partition(',"record":')[2].partition(',"changes":')[0]
        said = json.loads(line)
        assert said["record"]["previous"] == previous
        previous = hashlib.sha256(record.encode()).hexdigest()
        assert said["hash"] == previous
