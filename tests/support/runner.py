"""The runner's room for stdio servers with real processes behind it, asked as a data plane does."""

import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcpgateway.common import keys, tickets
from mcpgateway.common.processes import Process, StdioTicket
from mcpgateway.common.tickets import Purpose, Ticket
from mcpgateway.runner.stdio.allowed import parse
from mcpgateway.runner.stdio.launching import House
from mcpgateway.runner.stdio.room import StdioRoom
from support.exchange import RecordingExchange
from support.stdio_server import COMMAND
from support.translating import ACCEPT, META, message
from support.wait import until

RING = keys.runner_ring(("a secret of the test suite",), "local", "default")
PROGRAM, *SCRIPT = COMMAND.split()
OPENING = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}}


@dataclass
class Asker:
    """Makes tickets as the control plane does and shows them as a data plane does."""

    room: StdioRoom
    home: Path

    def ticket(self, upstream: str = "u1", issued: float | None = None, **said: Any) -> str:
        environment = tuple(said.pop("env", {}).items())
        caller = "x-caller" if said.get("instances") == "principal" else ""
        said = {"command": PROGRAM, "args": tuple(SCRIPT)} | said
        ticket = StdioTicket(
            upstream=upstream,
            issued=time.time() if issued is None else issued,
            process=Process(**said),
            environment=environment,
            caller=caller,
        )
        return tickets.make(RING, "stdio", ticket, os.urandom(12))

    def send(
        self, ticket: str, body: bytes, *headers: tuple[bytes, bytes], upstream: str = "u1"
    ) -> RecordingExchange:
        lines = (ACCEPT, (tickets.HEADER, ticket.encode()), *headers)
        exchange = RecordingExchange(path=f"/stdio/{upstream}/mcp", headers=lines, body=body)
        if self.room.head(exchange) is not None:
            self.room.handle(exchange)
        return exchange

    async def ask(
        self, ticket: str, method: str, params: Any = None, *, caller: str = "", session: str = ""
    ) -> dict[str, Any]:
        """The answer to one request of a legacy client, result or error."""
        headers = [(b"x-caller", caller.encode())] if caller else []
        if session:
            headers.append((b"mcp-session-id", session.encode()))
        exchange = self.send(ticket, message(method, params), *headers)
        await until(lambda: exchange.ended, f"an answer to {method}")
        assert exchange.status == 200, exchange.answer
        return dict(json.loads(exchange.answer))

    async def result(self, ticket: str, method: str, params: Any = None, **more: Any) -> Any:
        answer = await self.ask(ticket, method, params, **more)
        return answer["result"]

    async def session(self, ticket: str) -> str:
        """Of a client whose server has sessions."""
        exchange = self.send(ticket, message("initialize", OPENING))
        await until(lambda: exchange.ended, "a welcome")
        assert exchange.status == 200, exchange.answer
        return exchange.sent_headers[b"mcp-session-id"].decode()

    def modern(self, ticket: str, method: str) -> RecordingExchange:
        headers = (
            (b"mcp-protocol-version", b"2026-07-28"),
            (b"mcp-method", method.encode()),
        )
        return self.send(ticket, message(method, {"_meta": META}), *headers)

    def ours(
        self,
        purpose: Purpose,
        issued: float | None = None,
        *,
        upstream: str = "u1",
        sealed: Purpose | None = None,
    ) -> RecordingExchange:
        """A request of the control plane itself; `sealed`: for another purpose than it says."""
        ticket = Ticket(upstream, time.time() if issued is None else issued)
        text = tickets.make(RING, sealed or purpose, ticket, os.urandom(12))
        method, act = ("GET", "") if purpose == "watch" else ("POST", f"/{purpose}")
        exchange = RecordingExchange(
            method, f"/stdio/{upstream}{act}", ((tickets.HEADER, text.encode()),)
        )
        assert self.room.head(exchange) is None
        return exchange

    def watched(self, upstream: str = "u1") -> dict[str, Any]:
        return dict(json.loads(self.ours("watch", upstream=upstream).answer))

    @property
    def pids(self) -> list[int]:
        return [each["pid"] for each in self.watched()["processes"]]


@asynccontextmanager
async def stdio_room(
    folder: Path, allowed: str = f"{COMMAND} ...", most: int = 16, **house: Any
) -> AsyncIterator[Asker]:
    home = folder / "home"
    room = StdioRoom(RING, House(parse(allowed), "/usr/bin:/bin", home, **house), time.time, most)
    try:
        yield Asker(room, home)
    finally:
        await room.aclose()


def alive(pid: int) -> bool:
    """A zombie is not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
