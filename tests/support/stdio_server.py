"""A stdio server that does what its methods say; run it as a script: `python stdio_server.py`.

Methods: echo, pid, crash, hang, cancelled, progress, ask, env, noise, log, listen. With `--modern`
it knows server/discover; with `--deaf` it outlives a closed input and SIGTERM.
Only the standard library, so that it starts at once.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

COMMAND = f"{sys.executable} -I -S {Path(__file__)}"

_SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"


class _Server:
    def __init__(self) -> None:
        self.initialized = False
        self.cancelled: list[Any] = []
        self.asking: Any = None

    def take(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if method == "notifications/initialized":
            self.initialized = True
        elif method == "notifications/cancelled":
            self.cancelled.append(message["params"]["requestId"])
        elif method is None:
            _answer(self.asking, {"told": message.get("result", message.get("error"))})
        else:
            known = getattr(self, "do_" + method.replace("/", "_"), None)
            if known is None:
                _send({"id": message["id"], "error": {"code": -32601, "message": "no " + method}})
            else:
                known(message["id"], message.get("params", {}))

    def do_initialize(self, id: Any, params: Any) -> None:
        server = {"name": "scripted", "version": "1"}
        version = params["protocolVersion"]
        _answer(id, {"protocolVersion": version, "capabilities": {}, "serverInfo": server})

    if "--modern" in sys.argv:

        def do_server_discover(self, id: Any, params: Any) -> None:
            _answer(id, {"resultType": "complete", "supportedVersions": ["2026-07-28"]})

    def do_echo(self, id: Any, params: Any) -> None:
        _answer(id, params)

    def do_pid(self, id: Any, params: Any) -> None:
        _answer(id, {"pid": os.getpid(), "initialized": self.initialized})

    def do_crash(self, id: Any, params: Any) -> None:
        sys.exit(3)

    def do_hang(self, id: Any, params: Any) -> None:
        _notify("notifications/message", {"hanging": True})

    def do_cancelled(self, id: Any, params: Any) -> None:
        _answer(id, {"cancelled": self.cancelled})

    def do_progress(self, id: Any, params: Any) -> None:
        _notify("notifications/progress", {"progressToken": params["_meta"]["progressToken"]})
        _answer(id, {})

    def do_ask(self, id: Any, params: Any) -> None:
        self.asking = id
        _send({"id": "ask-1", "method": "sampling/createMessage", "params": {}})

    def do_env(self, id: Any, params: Any) -> None:
        _answer(id, {"value": os.environ.get(params["name"])})

    def do_noise(self, id: Any, params: Any) -> None:
        sys.stdout.write("this is no protocol\n")
        _answer(id, {})

    def do_log(self, id: Any, params: Any) -> None:
        _notify("notifications/message", {"data": "said"})
        _answer(id, {})

    def do_change(self, id: Any, params: Any) -> None:
        _notify("notifications/tools/list_changed", {})
        _answer(id, {})

    def do_subscriptions_listen(self, id: Any, params: Any) -> None:
        _notify("notifications/subscriptions/acknowledged", {"_meta": {_SUBSCRIPTION: id}})


def _answer(id: Any, result: Any) -> None:
    _send({"id": id, "result": result})


def _notify(method: str, params: Any) -> None:
    _send({"method": method, "params": params})


def _send(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def main() -> None:
    deaf = "--deaf" in sys.argv
    if deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    server = _Server()
    for line in sys.stdin:
        server.take(json.loads(line))
    while deaf:
        time.sleep(60)


if __name__ == "__main__":
    main()
