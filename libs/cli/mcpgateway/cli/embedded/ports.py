"""Loopback ports that stay the same over restarts, kept in `ports.json` of the data folder."""

import contextlib
import json
import socket
from collections.abc import Collection
from pathlib import Path
from random import SystemRandom

from mcpgateway.cli.files import write_private

# Below those that outgoing connections get (from 32768 on Linux, from 49152 elsewhere): one of
# them could take the port before its server listens, or while that is started again.
_OURS = range(20_000, 30_000)
_TRIES = 100


def keep(folder: Path, name: str) -> int:
    """The port of `name` from the last time when it is still free, else a new free one."""
    known = _read(folder / "ports.json")
    port = known.get(name, 0)
    if port and is_free("127.0.0.1", port):
        return port
    port = free(known.values())
    write_private(folder / "ports.json", json.dumps({**known, name: port}, indent=1) + "\n")
    return port


def free(taken: Collection[int] = ()) -> int:
    """Drawn by lot, so that programs that start at once do not draw the same. `taken` are ports
    that are not listened on yet."""
    for port in SystemRandom().sample(_OURS, _TRIES):
        if port not in taken and is_free("127.0.0.1", port):
            return port
    with socket.socket() as probe:  # all that are left are the system's
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(host: str, port: int) -> bool:
    return problem(host, port) is None


def problem(host: str, port: int) -> OSError | None:
    """Why nobody could listen there now, or None. Connections that are closing do not count."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def _read(path: Path) -> dict[str, int]:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(path.read_text())
        if isinstance(found, dict):
            return {str(k): v for k, v in found.items() if isinstance(v, int) and 0 < v < 65536}
    return {}
