"""`mcpgateway users` at a real control plane."""

import asyncio
import sys
from typing import NamedTuple

from support.control_plane import Plane, bearer, open_plane
from support.mcp_servers import serve
from support.people import ANN, BOB, try_login


class Said(NamedTuple):
    status: int
    out: str
    wrong: str


async def users(plane: Plane, base: str, *args: str, stdin: str = "") -> Said:
    token = bearer(plane.clock)["Authorization"].removeprefix("Bearer ")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mcpgateway.cli.users", *args, "--url", base, "--token", token),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, wrong = await process.communicate(stdin.encode())
    return Said(process.returncode or 0, out.decode(), wrong.decode())


async def test_a_made_password_works_for_one_change_and_a_given_one_for_good(
    registry: str,
) -> None:
    async with open_plane(registry) as plane, serve(plane.app) as base:
        made = await users(plane, base, "create", ANN, "--name", "Ann")
        password = made.out.partition("password: ")[2].split()[0]
        first = await try_login(plane, password)
        given = await users(
            plane, base, "reset-password", ANN, "--password-stdin", stdin="a long given one\n"
        )
        second = await try_login(plane, "a long given one")
    assert (made.status, first.status_code) == (0, 403)
    assert first.json()["code"] == "password_change_required"
    assert (given.status, second.status_code) == (0, 200)
    assert "a long given one" not in given.out


async def test_users_are_listed_unlocked_and_deleted(registry: str) -> None:
    async with open_plane(registry, max_failures=1) as plane, serve(plane.app) as base:
        await users(plane, base, "create", ANN)
        await users(plane, base, "create", BOB, "--service")
        await try_login(plane, "a guess")
        listed = (await users(plane, base, "list")).out
        await users(plane, base, "unlock", ANN)
        unlocked = (await users(plane, base, "list")).out
        gone = await users(plane, base, "delete", BOB)
        missing = await users(plane, base, "unlock", BOB)
    kinds = [line.split()[1:] for line in listed.splitlines()]
    assert kinds == [["administrator", "on"], ["user", "locked"], ["service", "on"]]
    assert "locked" not in unlocked
    assert (gone.status, missing.status) == (0, 2)
    assert "no user" in missing.wrong
