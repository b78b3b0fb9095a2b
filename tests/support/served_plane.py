"""A control plane behind a real socket, in a thread with an event loop of its own, for tests whose
clients block. Its upstreams are scripted, so that no request of a test goes anywhere else."""

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx2

from mcpgateway.common.runtime.asgi import serve_asgi
from support.control_plane import bearer, open_plane, upstream_with
from support.http import free_port
from support.services import Services
from support.wait import until

UPSTREAM = "http://upstream.example/mcp"  # answers discovery, with a tool, a prompt, a resource
OF_USERS: dict[str, dict[str, Any]] = {  # gateways that each caller has a token of his own for
    "consented": {
        "auth_type": "oauth",
        "oauth_config": {
            "grant_type": "authorization_code",
            "client_id": "gateway",
            "authorization_url": "https://as.example/authorize",
            "token_url": "https://as.example/token",
        },
    },
    "locker": {"auth_type": "vault"},
}


@dataclass(frozen=True)
class ServedPlane:
    """`headers` are those of the administrator, which `http` does not send by itself. `leaving` are
    his too, with a token that nothing else depends on."""

    url: str
    headers: Mapping[str, str]
    http: httpx2.Client = field(default_factory=httpx2.Client)
    leaving: Mapping[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        return self.http.request(method, self.url + path, headers=dict(self.headers), **options)


@contextmanager
def served_plane(services: Services) -> Iterator[ServedPlane]:
    started: Future[tuple[ServedPlane, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        async with _database(services) as dsn, open_plane(dsn, sso_enabled=True) as plane:
            plane.discoverer.at[UPSTREAM] = upstream_with(["add"], ["greet"], ["note://one"])
            for name in OF_USERS:
                plane.discoverer.at[f"http://{name}.example/mcp"] = upstream_with(["add"])
            leaving = bearer(plane.clock, jti="leaving")
            url = f"http://127.0.0.1:{free_port()}"
            served = ServedPlane(url, bearer(plane.clock), leaving=leaving)
            stop = asyncio.Event()
            port = int(served.url.rpartition(":")[2])
            serving = asyncio.create_task(serve_asgi(plane.app, "127.0.0.1", port, stop, grace=1))
            await until(lambda: _answers(served.url), "the control plane answers")
            started.set_result((served, asyncio.get_running_loop(), stop))
            await serving

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=run)
    thread.start()
    served, loop, stop = started.result()
    try:
        with served.http:
            yield served
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


@asynccontextmanager
async def _database(services: Services) -> AsyncIterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(services.postgres)
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        yield services.dsn(name)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


async def _answers(url: str) -> bool:
    async with httpx2.AsyncClient() as http:
        try:
            return (await http.get(f"{url}/ready")).status_code == 200
        except httpx2.ConnectError:
            return False
