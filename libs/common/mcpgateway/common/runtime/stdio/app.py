"""The HTTP side: which path is which door, which browser origins are let in, which era speaks."""

import asyncio
from urllib.parse import urlsplit

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.envelope import (
    check_modern,
    check_modern_notification,
    duplicated,
    era_of,
    read_meta,
)
from mcpgateway.common.mcp.headers import PROTOCOL_VERSION
from mcpgateway.common.runtime.http.exchange import BodyPlan, Exchange
from mcpgateway.common.runtime.stdio.caller import Caller
from mcpgateway.common.runtime.stdio.child import Command
from mcpgateway.common.runtime.stdio.legacy_door import LegacyDoor
from mcpgateway.common.runtime.stdio.lines import MAX_LINE
from mcpgateway.common.runtime.stdio.options import Serve
from mcpgateway.common.runtime.stdio.session import params_of
from mcpgateway.common.runtime.stdio.shared_door import SharedDoor
from mcpgateway.common.runtime.stdio.sse_door import SseDoor
from mcpgateway.common.runtime.stdio.stopping import Stopping
from mcpgateway.common.runtime.stdio.supervised import Budget

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_MAX_VARIABLE = 8192  # characters of a header that becomes a variable
_SWEEP_SECONDS = 5.0


class Translator:
    """The application that the HTTP server drives (`exchange.Application`)."""

    def __init__(self, options: Serve, budget: Budget | None = None) -> None:
        """`budget` None: one of its own."""
        self._options = options
        self._stopping = Stopping()
        budget = budget or Budget(options.max_children)
        json = options.json_response
        self._sse = SseDoor(options.message_path, budget, self._stopping)
        self._legacy = LegacyDoor(budget, self._stopping, idle=options.idle, json_response=json)
        self._modern, self._stateless = (
            SharedDoor(budget, self._stopping, modern=modern, idle=options.idle, json_response=json)
            for modern in (True, False)
        )
        self._routes = {("GET", "/healthz"): self._healthz}
        if options.sse:
            self._routes[("GET", options.sse_path)] = self._open_sse
            self._routes[("POST", options.message_path)] = self._sse.post
        if options.streamable:
            self._routes[("POST", options.path)] = self._post
            self._routes[("GET", options.path)] = self._legacy.listen
            self._routes[("DELETE", options.path)] = self._legacy.delete

    def head(self, exchange: Exchange) -> BodyPlan | None:
        origin = (exchange.header(b"origin") or b"").decode("latin-1")
        caller = Caller(exchange)
        if origin and not self._welcome(origin):
            caller.text(403, f"origin {origin} is not let in (--cors {origin} does)")
            return None
        path = _path(exchange)
        methods = sorted(method for method, known in self._routes if known == path)
        if not methods:
            known = ", ".join(sorted({path for _, path in self._routes}))
            caller.text(404, f"no such path; there are {known}")
            return None
        if exchange.method not in (*methods, "OPTIONS"):
            caller.add(b"allow", ", ".join(methods).encode())
            caller.text(405, f"{path} takes {', '.join(methods)}")
            return None
        return BodyPlan(MAX_LINE)

    def handle(self, exchange: Exchange) -> None:
        caller = Caller(exchange, self._cors(exchange))
        if exchange.method == "OPTIONS":
            self._preflight(caller)
            return
        self._routes[(exchange.method, _path(exchange))](caller)

    def _welcome(self, origin: str) -> bool:
        """Pages of this machine, and those that --cors names: another page must not reach a
        server that trusts whoever can connect."""
        if "*" in self._options.origins or origin in self._options.origins:
            return True
        try:
            return urlsplit(origin).hostname in _LOOPBACK
        except ValueError:
            return False

    def _cors(self, exchange: Exchange) -> list[tuple[bytes, bytes]]:
        origin = exchange.header(b"origin")
        if origin is None or not self._options.origins:
            return []
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", b"Mcp-Session-Id, MCP-Protocol-Version"),
            (b"vary", b"Origin"),
        ]

    def _preflight(self, caller: Caller) -> None:
        wanted = caller.exchange.header(b"access-control-request-headers") or b"content-type"
        caller.add(b"access-control-allow-methods", b"GET, POST, DELETE, OPTIONS")
        caller.add(b"access-control-allow-headers", wanted)
        caller.add(b"access-control-max-age", b"600")
        caller.empty(204)

    def _healthz(self, caller: Caller) -> None:
        caller.text(200, "ok")

    def _command(self, exchange: Exchange) -> Command:
        variables = []
        for header, variable in self._options.header_to_env:
            value = exchange.header(header.encode())
            if value is not None and len(value) <= _MAX_VARIABLE:
                variables.append((variable, value.decode("latin-1")))
        options = self._options
        environment = (*options.environment, *variables)
        return Command(options.command, environment, options.cwd, options.watcher)

    def _open_sse(self, caller: Caller) -> None:
        self._sse.open(caller, self._command(caller.exchange))

    def _post(self, caller: Caller) -> None:
        """One message on the MCP endpoint, of either era."""
        exchange = caller.exchange
        try:
            frame = jsonrpc.decode_frame(exchange.body)
        except jsonrpc.FrameError as error:
            caller.refuse(400, error.code, error.message, error.id)
            return
        command = self._command(exchange)
        version = exchange.header(PROTOCOL_VERSION)
        method = frame.method if isinstance(frame.method, str) else None
        if era_of(method, read_meta(params_of(frame)), version) == "modern":
            self._post_modern(caller, frame, command)
        elif self._options.stateless:
            self._stateless.post(caller, frame, command)
        else:
            self._legacy.post(caller, frame, command)

    def _post_modern(self, caller: Caller, frame: jsonrpc.Frame, command: Command) -> None:
        exchange, params = caller.exchange, params_of(frame)
        meta = read_meta(params)
        problem = duplicated(exchange.headers)
        if problem is None and frame.is_request and isinstance(frame.method, str):
            problem = check_modern(frame.method, params, meta, dict(exchange.headers))
        elif problem is None:
            problem = check_modern_notification(meta, exchange.header(PROTOCOL_VERSION))
        if problem is None:
            self._modern.post(caller, frame, command)
        else:
            id = frame.id if isinstance(frame.id, int | str) else None
            caller.refuse(problem.status, problem.code, problem.message, id, problem.data)

    async def upkeep(self) -> None:
        """Keep-alives and the end of unused sessions; runs until cancelled."""
        since = 0.0
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            self.sweep()
            since += _SWEEP_SECONDS
            if 0 < self._options.keepalive <= since:
                since = 0.0
                self.keep_alive()

    def sweep(self) -> None:
        """End what nobody has used for the idle time."""
        for door in (self._legacy, self._modern, self._stateless):
            door.sweep()

    def keep_alive(self) -> None:
        for door in (self._sse, self._legacy, self._modern, self._stateless):
            door.keep_alive()

    async def aclose(self) -> None:
        """End all sessions and servers."""
        for door in (self._sse, self._legacy, self._modern, self._stateless):
            await door.aclose()
        await self._stopping.wait()


def _path(exchange: Exchange) -> str:
    return exchange.path.rstrip("/") or "/"
