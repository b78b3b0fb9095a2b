"""A stdio MCP server with one tool, `write(key, seconds)`: it notes the key in a file, waits, and
answers it. Run as a script with the file's name; only the standard library, so that it starts at
once. Calls run side by side."""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

COMMAND = f"{sys.executable} -I -S {Path(__file__)}"
_TOOL = {
    "name": "write",
    "description": "Notes a key",
    "inputSchema": {
        "type": "object",
        "properties": {"key": {"type": "string"}, "seconds": {"type": "number"}},
        "required": ["key"],
    },
}


class _Server:
    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()

    def take(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        match message.get("method"):
            case "initialize":
                server = {"name": "slow", "version": "1"}
                self._answer(
                    message["id"],
                    {
                        "protocolVersion": params["protocolVersion"],
                        "capabilities": {"tools": {}},
                        "serverInfo": server,
                    },
                )
            case "tools/list":
                self._answer(message["id"], {"tools": [_TOOL]})
            case "tools/call":
                threading.Thread(target=self._write, args=(message["id"], params)).start()
            case "ping":
                self._answer(message["id"], {})
            case _ if "id" in message:
                error = {"code": -32601, "message": "not here"}
                self._send({"id": message["id"], "error": error})

    def _write(self, id: Any, params: dict[str, Any]) -> None:
        said = params["arguments"]
        with self._lock, self._ledger.open("a") as file:
            file.write(said["key"] + "\n")
        time.sleep(said.get("seconds", 0))
        self._answer(id, {"content": [{"type": "text", "text": said["key"]}]})

    def _answer(self, id: Any, result: dict[str, Any]) -> None:
        self._send({"id": id, "result": result})

    def _send(self, message: dict[str, Any]) -> None:
        with self._lock:
            sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    served = _Server(Path(sys.argv[1]))
    for line in sys.stdin:
        served.take(json.loads(line))
