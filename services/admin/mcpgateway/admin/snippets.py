"""How clients connect to a virtual server: texts to copy. Pure.

They name a token by `$MCP_AUTH` or a placeholder; no page shows one.
"""

import json
import re
from typing import NamedTuple

_TOKEN = "PASTE-A-TOKEN"  # noqa: S105 - a placeholder


class Snippet(NamedTuple):
    """`how` says where the text goes."""

    id: str
    title: str
    how: str
    text: str


def endpoint(base: str, server_id: str) -> str:
    return f"{base}/servers/{server_id}/mcp"


def token_command(email: str) -> str:
    """What makes a token where the gateway's secrets are."""
    who = f" --username {email}" if email else ""
    return f"export MCP_AUTH=$(mcpgateway token{who})"


def snippets(base: str, server_id: str, name: str) -> tuple[Snippet, ...]:
    url = endpoint(base, server_id)
    key = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "gateway"
    return (
        Snippet(
            "http",
            "Streamable HTTP",
            "For clients that speak HTTP (Cursor, VS Code, ...): add to their mcp.json.",
            _config(key, {"type": "http", "url": url, "headers": _authorization()}),
        ),
        Snippet(
            "stdio",
            "Claude Desktop (stdio)",
            "For clients that start a program: add to claude_desktop_config.json.",
            _config(
                key,
                {
                    "command": "python3",
                    "args": ["-m", "mcpgateway.wrapper"],
                    "env": {"MCP_SERVER_URL": url, "MCP_AUTH": f"Bearer {_TOKEN}"},
                },
            ),
        ),
        Snippet(
            "python", "Python SDK", "Needs `pip install mcp` and a token in MCP_AUTH.", _python(url)
        ),
        Snippet("curl", "curl", "One request; a list of the tools comes back.", _curl(url)),
    )


def _authorization() -> dict[str, str]:
    return {"Authorization": f"Bearer {_TOKEN}"}


def _config(key: str, entry: object) -> str:
    return json.dumps({"mcpServers": {key: entry}}, indent=2)


def _curl(url: str) -> str:
    return f"""curl -s {url} \\
  -H "Authorization: Bearer $MCP_AUTH" \\
  -H "Content-Type: application/json" \\
  -H "Accept: application/json, text/event-stream" \\
  -d '{{"jsonrpc":"2.0","id":1,"method":"tools/list"}}'"""


def _python(url: str) -> str:
    return f"""import asyncio, os
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

async def main():
    auth = {{"Authorization": f"Bearer {{os.environ['MCP_AUTH']}}"}}
    async with httpx2.AsyncClient(headers=auth, timeout=60) as http:
        transport = streamable_http_client("{url}", http_client=http)
        async with Client(transport) as client:
            for tool in (await client.list_tools()).tools:
                print(tool.name)

asyncio.run(main())"""
