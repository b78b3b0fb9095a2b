"""A Kubernetes API, a gRPC service and a local command as one MCP server, called in both eras.

GATEWAY and TOKEN: the gateway, whose operator allows the command (MCPGATEWAY_STDIO_COMMANDS);
CLUSTER: the API server's URL; ROUTES: a gRPC service with reflection, as grpc://host:port.
"""

import asyncio
import os
import sys

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

GATEWAY, CLUSTER, ROUTES = (os.environ[name] for name in ("GATEWAY", "CLUSTER", "ROUTES"))
HEADERS = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
PODS = {
    "document_url": f"{CLUSTER}/openapi/v2",
    "paths": ["/api/v1/namespaces/*/pods"],
    "methods": ["GET"],
}
CLOCK = {"command": sys.executable, "args": ["-m", "mcp_server_time"]}
SERVICES: list[dict[str, object]] = [
    {"name": "cluster", "transport": "OPENAPI", "url": CLUSTER, "openapi": PODS},
    {"name": "routes", "transport": "GRPC", "url": ROUTES},
    {"name": "clock", "transport": "STDIO", **CLOCK},
]
CALLS: dict[str, dict[str, object]] = {
    "cluster-list-core-v1-namespaced-pod": {"namespace": "default"},
    "routes-routeguide-routeguide-getfeature": {"latitude": 1, "longitude": 2},
    "clock-get-current-time": {"timezone": "Europe/Dublin"},
}


async def main() -> None:
    async with httpx2.AsyncClient(base_url=GATEWAY, headers=HEADERS, timeout=60) as http:
        for service in SERVICES:
            (await http.post("/gateways?wait=applied", json=service)).raise_for_status()
        tools = [each["id"] for each in (await http.get("/tools?limit=0")).json()]
        bundle = {"name": "everything", "associated_tools": tools}
        server = (await http.post("/servers?wait=applied", json=bundle)).raise_for_status().json()
        for era in ("legacy", "2026-07-28"):
            url = f"{GATEWAY}/servers/{server['id']}/mcp"
            async with Client(streamable_http_client(url, http_client=http), mode=era) as client:
                for name, arguments in CALLS.items():
                    result = await client.call_tool(name, arguments)
                    print(era, name, result.is_error, result.content)


asyncio.run(main())
