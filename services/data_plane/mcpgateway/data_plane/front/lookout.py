"""Finds the replicas behind a front and looks whether each can take requests.

They are those that share the data folder, each in a file that it holds for as long as it lives, or
those at a list of addresses. A name in the list stands for all addresses that it has.
"""

import asyncio
import fcntl
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.runtime.http.client import HttpClient, Timeouts
from mcpgateway.common.runtime.tasks import wait_at_most
from mcpgateway.data_plane.edge.callers import Tables
from mcpgateway.data_plane.edge.siblings import Announced
from mcpgateway.data_plane.front.replicas import Replica, Replicas

log = logging.getLogger(__name__)

NAME = "front"  # of a front among those that announce themselves
EVERY = 0.5  # seconds between two looks
SOON = 0.1  # after trouble
LATEST = 5.0
SILENT = 3  # looks without an answer after which what is under way there is given up
_TIMES = Timeouts(connect=1.0, first_byte=2.0, idle=2.0, total=2.0)
# A replica whose public address is a loopback address answers to no other name.
_HOST = ((b"host", b"localhost"),)
_ANSWER = 64 * 1024  # bytes of /ready
_FILE_SIZE = 4096

Find = Callable[[], Awaitable[Sequence[str]]]
"""The addresses of all replicas, as `host:port`. Raises OSError."""


class Seen(msgspec.Struct, frozen=True):
    """What a replica says of its table."""

    registry: str = ""
    revision: int = 0


class _Ready(msgspec.Struct):
    table: Seen = Seen()


_ready = msgspec.json.Decoder(_Ready)


class Lookout:
    """Run it as one task. A replica that has just come is taken when its table is as new as ours,
    so that nobody is told by it that what was just there is not; after LATEST seconds with any."""

    def __init__(self, http: HttpClient, find: Find, tables: Tables) -> None:
        self._http = http
        self._find = find
        self._tables = tables
        self._trouble = asyncio.Event()
        self._said = ""
        self._looked = asyncio.Event()
        self.replicas = Replicas(asyncio.get_running_loop(), self._trouble.set)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            if await wait_at_most(self._trouble, EVERY):
                self._trouble.clear()
                await asyncio.sleep(SOON)

    async def changed(self) -> None:
        """Until the next look is over."""
        self._looked.clear()
        await self._looked.wait()

    async def look(self) -> None:
        """Once, at all of them."""
        try:
            found = await self._find()
        except OSError as error:
            self._say(f"the replicas can not be found: {error}")
        else:
            self._say("" if found else "there is no replica")
            for gone in self.replicas.replace(found):
                self._http.close_origin(gone.origin)
        await asyncio.gather(*(self._look_at(each) for each in self.replicas))
        self._looked.set()

    async def _look_at(self, replica: Replica) -> None:
        status, seen = await self._ask(replica)
        replica.silent = 0 if status else replica.silent + 1
        self.replicas.seen(replica, status == 200 and (replica.usable or self._new(replica, seen)))
        if replica.silent >= SILENT and replica.under_way:
            log.warning("replica %s does not answer: giving up what it has", replica.address)
            for traveller in tuple(replica.under_way):
                traveller.cut()

    def _new(self, replica: Replica, seen: Seen) -> bool:
        held = self._tables.current
        late = asyncio.get_running_loop().time() > replica.since + LATEST
        return late or (seen.registry == held.registry and seen.revision >= held.revision)

    async def _ask(self, replica: Replica) -> tuple[int, Seen]:
        """The status of its answer, 0 for none."""
        url = f"http://{replica.address}/ready"
        try:
            response = await self._http.request("GET", url, _HOST, timeouts=_TIMES)
            async with response:
                body = await response.read(_ANSWER)
        except GatewayError:
            return 0, Seen()
        try:
            return response.status, _ready.decode(body).table
        except msgspec.DecodeError:
            return response.status, Seen()

    def _say(self, problem: str) -> None:
        """Once for each in a row."""
        if problem and problem != self._said:
            log.warning("%s", problem)
        self._said = problem


def in_folder(folder: Path) -> Find:
    """Those that announced themselves in a data folder of this machine and live."""
    here = socket.gethostname()

    async def find() -> Sequence[str]:
        return await asyncio.to_thread(_living, folder / "replicas", here)

    return find


def at(addresses: Sequence[str]) -> Find:
    """Those at fixed addresses, and at all that the names among them have."""

    async def resolve(address: str) -> list[str]:
        host, _, port = address.rpartition(":")
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host.strip("[]"), int(port), type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError) as error:  # the others may be there
            log.debug("no address of %s: %s", address, error)
            return []
        return [_shown(str(each[4][0]), int(port)) for each in found]

    async def find() -> Sequence[str]:
        lists = await asyncio.gather(*(resolve(each) for each in addresses))
        return [address for found in lists for address in found]

    return find


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _living(folder: Path, here: str) -> list[str]:
    found = sorted(folder.glob("*.json"))
    each = [_address(file, here) for file in found]
    return [address for address in each if address]


def _address(file: Path, here: str) -> str:
    """Empty for what is no announcement of a replica here, and for one whose process is gone."""
    try:
        with file.open("rb") as opened:
            found = msgspec.json.decode(opened.read(_FILE_SIZE), type=Announced)
            held = _held(opened)
            if not held:
                file.unlink(missing_ok=True)
    except (OSError, msgspec.DecodeError):
        return ""
    return found.address if held and found.host == here and found.name != NAME else ""


def _held(file: BinaryIO) -> bool:
    """A replica holds its file for as long as it lives."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
