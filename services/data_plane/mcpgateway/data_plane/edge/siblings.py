"""The other replicas of this machine, so that whichever is asked for metrics can show all.

Replicas that share a data folder announce themselves there, each in a file of its own that names
its loopback port: nobody has to be told about a replica that was started again. The file is locked
for as long as its process lives, however that ends; who finds it unlocked removes it.
"""

import asyncio
import fcntl
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.metrics.exposition import Family, decode
from mcpgateway.common.runtime.http.client import Headers, HttpClient, Timeouts

PATH = "/metrics/replica"
MOST = 64  # siblings that are asked; more are not shown
_ANSWER = 16 * 1024 * 1024  # bytes of one replica's families
_TIMES = Timeouts(connect=0.5, first_byte=2.0, idle=2.0, total=3.0)
_ADDRESS = re.compile(r"127\.0\.0\.1:\d{1,5}")
_FILE_SIZE = 4096


class Announced(msgspec.Struct, frozen=True):
    """`name` is the replica's number, `address` its loopback port as `host:port`."""

    id: str
    name: str
    host: str
    address: str


class Heard(NamedTuple):
    """`missing` are the names of those that did not answer."""

    families: dict[str, list[Family]]
    missing: list[str]


class Siblings:
    """Replicas with the same data folder on this host. `secrets` are what they all know: the
    first is shown, any is believed."""

    def __init__(self, folder: Path, http: HttpClient, secrets: Sequence[str]) -> None:
        self._folder = folder / "replicas"
        self._http = http
        self._tokens = tuple(_token(secret) for secret in secrets)
        self._own: Announced | None = None
        self._locked: BinaryIO | None = None

    def announce(self, own: Announced) -> None:
        """From now on the others find this replica. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._folder / f"{own.id}.json"
        temporary = file.with_suffix(".new")
        self._locked = temporary.open("wb")
        fcntl.flock(self._locked, fcntl.LOCK_EX)
        self._locked.write(msgspec.json.encode(own))
        self._locked.flush()
        temporary.replace(file)
        self._own = own

    def withdraw(self) -> None:
        """No effect when it was not announced."""
        if self._own is not None:
            (self._folder / f"{self._own.id}.json").unlink(missing_ok=True)
        if self._locked is not None:
            self._locked.close()

    def knows(self, headers: Headers) -> bool:
        """Whether a request is from a sibling."""
        return any(
            name == b"authorization" and hmac.compare_digest(value, token)
            for name, value in headers
            for token in self._tokens
        )

    async def ask(self) -> Heard:
        """All at once, each within three seconds."""
        others = await asyncio.to_thread(self._others)
        answers = await asyncio.gather(*(self._families(other) for other in others[:MOST]))
        named = _names(others, self._own)
        heard = Heard({}, named[MOST:])
        for name, families in zip(named, answers, strict=False):
            if families is None:
                heard.missing.append(name)
            else:
                heard.families[name] = families
        return heard

    async def _families(self, other: Announced) -> list[Family] | None:
        try:
            response = await self._http.request(
                "GET",
                f"http://{other.address}{PATH}",
                [(b"authorization", self._tokens[0])],
                timeouts=_TIMES,
            )
            async with response:
                body = await response.read(_ANSWER)
            return await asyncio.to_thread(decode, body) if response.status == 200 else None
        except (GatewayError, ValueError):
            return None

    def _others(self) -> list[Announced]:
        """In order of their names."""
        found = [each for each in map(_read, self._folder.glob("*.json")) if each is not None]
        own = self._own
        host = "" if own is None else own.host
        others = [each for each in found if each != own and each.host == host]
        return sorted(others, key=lambda each: (each.name, each.id))


def _token(secret: str) -> bytes:
    digest = hmac.new(secret.encode(), b"metrics of siblings", hashlib.sha256)
    return f"Bearer {digest.hexdigest()}".encode()


def _names(others: Iterable[Announced], own: Announced | None) -> list[str]:
    """Numbers, which stay over restarts; the id where two have one number."""
    taken = {"" if own is None else own.name}
    names: list[str] = []
    for each in others:
        name = each.id if each.name in taken else each.name
        taken.add(name)
        names.append(name)
    return names


def _read(file: Path) -> Announced | None:
    """None for what is no announcement. One whose process is gone is read for the last time: it
    is missing in the scrape that finds it so."""
    try:
        with file.open("rb") as opened:
            found = msgspec.json.decode(opened.read(_FILE_SIZE), type=Announced)
            if _unlocked(opened):
                file.unlink(missing_ok=True)
    except (OSError, msgspec.DecodeError):
        return None
    return found if found.id == file.stem and _ADDRESS.fullmatch(found.address) else None


def _unlocked(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
