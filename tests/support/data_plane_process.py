"""Data planes as processes, over a table that an earlier run left behind: no NATS."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2

from mcpgateway.common.keys import routing_signer
from mcpgateway.common.routing.codec import encode
from mcpgateway.common.routing.model import Delta, Record
from mcpgateway.common.routing.signed import manifest_of, sign
from mcpgateway.common.subjects import Subjects
from mcpgateway.data_plane.table.disk import Saved, TableDisk
from support.data_plane import environ
from support.door_http import plain_client
from support.endpoint import USER, signing_key, token
from support.http import free_port
from support.suite import descendants
from support.wait import until


def save_table(folder: Path, *records: Record) -> None:
    """What an earlier run would have left behind."""
    subjects = Subjects("local", "default")
    body = encode(Delta("a-registry", 0, 7, (USER, signing_key(), *records)))
    signer = routing_signer("an encryption secret", "local", "default")
    manifest = manifest_of("a-registry", 0, 7, body)
    disk = TableDisk(folder)
    assert disk.lock()
    disk.rewrite([Saved("snapshot", sign(signer, subjects, "snapshot", manifest), body)])
    disk.close()


@asynccontextmanager
async def running(
    folder: Path, port: int, *args: str, **more: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mcpgateway.data_plane", *args),
        env={
            "PATH": os.environ["PATH"],
            **environ(**more),
            "PORT": str(port),
            "MCPGATEWAY_DATA_DIR": str(folder),
            "NATS_URL": f"nats://127.0.0.1:{free_port()}",
        },
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        for pid in descendants(process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if process.returncode is None:
            process.kill()
        await process.communicate()


def gateway(port: int) -> httpx2.AsyncClient:
    headers = {"Authorization": f"Bearer {token(now=time.time())}"}
    return plain_client(f"http://127.0.0.1:{port}", headers=headers, timeout=30)


async def ready(http: httpx2.AsyncClient) -> None:
    async def answers() -> bool:
        try:
            return (await http.get("/ready")).status_code == 200
        except httpx2.TransportError:
            return False

    await until(answers, "the data plane is ready")
