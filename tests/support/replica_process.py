"""A replica in a process of its own, with a door but without a table: run it with `-m`.

Arguments: NATS's URL, a creds file, the replica's id. Prints its port. A request for
`/<replica>/<what>` is handed over to that replica, which knows `echo`, `stream` (never ends),
`large?<bytes>`, `rss` (its memory in bytes) and `under-way` (exchanges handed to and by it).
"""

import asyncio
import os
import sys
from pathlib import Path

from mcpgateway.common.runtime.http.exchange import BodyPlan, Exchange, ServerLimits
from mcpgateway.common.runtime.http.server import Listener
from mcpgateway.common.runtime.nats import Link, Shared
from mcpgateway.common.subjects import DATA_PLANE_INBOX
from mcpgateway.data_plane.parked.neighbours import Neighbours
from support.endpoint import KEYS
from support.loopback import SOURCE
from support.nats import SUBJECTS
from support.wait import until

PIECE = b"x" * 65536
BODY = 8 * 1024 * 1024
PATIENT = ServerLimits(send_seconds=600)  # who reads nothing while memory is watched is kept


class App:
    """Implements `Application`."""

    def __init__(self, others: Neighbours) -> None:
        self._others = others
        self._tasks: set[asyncio.Task[None]] = set()

    def head(self, _exchange: Exchange) -> BodyPlan | None:
        return BodyPlan(BODY)

    def handle(self, exchange: Exchange) -> None:
        owners = self._others.owners
        _, owner, what = exchange.path.split("/")
        if owner != owners.replica:
            owners.hand_over(exchange, owner, lambda: exchange.respond(404, ()))
        elif what == "echo":
            exchange.respond(200, (), exchange.body)
        elif what == "rss":
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            exchange.respond(200, (), b"%d" % (pages * os.sysconf("SC_PAGE_SIZE")))
        elif what == "under-way":
            exchange.respond(200, (), b"%d %d" % (owners.handed, owners.asked))
        else:
            exchange.start(200, ())
            exchange.write(b"begun")
            if what == "large":
                task = asyncio.ensure_future(_large(exchange, int(exchange.query)))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)


async def _large(exchange: Exchange, size: int) -> None:
    try:
        for _ in range(size // len(PIECE)):
            await exchange.drain()
            exchange.write(PIECE)
    except ConnectionError:
        return  # the client left
    exchange.end()


async def main(url: str, creds: str, replica: str) -> None:
    nats = Shared(Link(url, creds, "", DATA_PLANE_INBOX, replica))
    others = Neighbours.of(nats, SUBJECTS, KEYS, replica, SOURCE)
    app = App(others)
    others.owners.serve(app)
    listener = await Listener.open(app, "127.0.0.1", 0, PATIENT)
    running = asyncio.create_task(nats.run())
    await until(lambda: nats.connected, "it is connected")
    assert nats.client is not None
    await nats.client.flush()
    sys.stdout.write(f"{listener.port}\n")
    sys.stdout.flush()
    await running


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
