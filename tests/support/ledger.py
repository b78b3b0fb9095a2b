"""Clients of both eras that read and write without end, and the book of what they were told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from mcp.client.client import Client
from mcp.shared.exceptions import MCPError

from mcpgateway.common.jsonrpc import OUTCOME_UNKNOWN
from support.suite import Suite, text_of

ERAS = ("legacy", "2026-07-28")
READS, LISTS, WRITES = "look", "list", "write"
_ROUND = (READS, WRITES, READS, LISTS)


@dataclass
class Ledger:
    """`told` says of each key that was written what its client was told: `ok` or `unknown`.
    `failures` are calls that went any other way."""

    name: str = field(default_factory=lambda: uuid4().hex)  # in its keys
    reads: int = 0
    told: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    stopped: bool = False
    sessions: int = 0

    def wrong(self, written: Counter[str]) -> list[str]:
        """What was broken of the promise: no read is lost, no write runs twice, and one that was
        answered ran."""
        twice = [f"{key} was written {n} times" for key, n in written.items() if n > 1]
        lost = [
            f"{key} was answered and not written"
            for key, told in self.told.items()
            if told == "ok" and not written[key]
        ]
        return [*self.failures, *twice, *lost]

    @property
    def unknown(self) -> int:
        return sum(told == "unknown" for told in self.told.values())

    async def loop(self, suite: Suite, era: str, name: str) -> None:
        """One client in one session, however many replicas die."""
        async with suite.client("/mcp", era) as client:
            self.sessions += 1
            number = 0
            while not self.stopped:
                kind = _ROUND[number % len(_ROUND)]
                await self._step(client, kind, f"{self.name}-{name}-{number}")
                number += 1

    async def _step(self, client: Client, kind: str, key: str) -> None:
        try:
            async with asyncio.timeout(60):
                if kind == LISTS:
                    assert len((await client.list_tools()).tools) == 2
                else:
                    result = await client.call_tool(f"counting-{kind}", {"key": key})
                    assert text_of(result) == key
        except MCPError as error:
            if kind == WRITES and error.code == OUTCOME_UNKNOWN:
                self.told[key] = "unknown"
            else:
                self.failures.append(f"{key} ({kind}): {error!r}")
        except Exception as error:  # noqa: BLE001 - any failure at all breaks the promise
            self.failures.append(f"{key} ({kind}): {error!r}")
        else:
            if kind == WRITES:
                self.told[key] = "ok"
            else:
                self.reads += 1


@asynccontextmanager
async def ledger_of(suite: Suite, clients: int) -> AsyncIterator[Ledger]:
    """So many clients, of both eras by turns, until the block ends."""
    ledger = Ledger()
    loops = [
        asyncio.create_task(ledger.loop(suite, ERAS[n % len(ERAS)], f"client-{n}"))
        for n in range(clients)
    ]
    try:
        yield ledger
    finally:
        ledger.stopped = True  # not cancelled: the SDK's client does not take that well in a call
        await asyncio.gather(*loops)
