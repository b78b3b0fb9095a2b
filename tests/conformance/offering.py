"""An upstream offered whole, to anybody, under its own names: for a suite that has no tokens."""

from dataclasses import dataclass
from typing import Any

import httpx2

KINDS = ("tools", "prompts", "resources")


@dataclass(frozen=True, slots=True)
class Offered:
    """Ids of the registered upstream and of the server that offers it."""

    upstream: str
    server: str

    @property
    def path(self) -> str:
        return f"/servers/{self.server}/mcp"


async def offer(http: httpx2.AsyncClient, name: str, url: str, **fields: Any) -> Offered:
    """Returns when every replica has applied it. `http` is an administrator's."""
    return await bundle(http, name, await register(http, name, url, **fields))


async def register(http: httpx2.AsyncClient, name: str, url: str, **fields: Any) -> str:
    """Returns the upstream's id."""
    registered = await _post(http, "/gateways", {"name": name, "url": url, **fields})
    return str(registered["id"])


async def bundle(http: httpx2.AsyncClient, name: str, upstream: str) -> Offered:
    members = {f"associated_{kind}": await _ids(http, kind, upstream) for kind in KINDS}
    server = {"name": name, "naming": "original", "anonymous_access": True, **members}
    made = await _post(http, "/servers", {"server": server})
    return Offered(upstream, made["id"])


async def withdraw(http: httpx2.AsyncClient, offered: Offered) -> None:
    for path in (f"/servers/{offered.server}", f"/gateways/{offered.upstream}"):
        answer = await http.delete(path)
        assert answer.is_success, answer.text


async def _post(http: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await http.post(f"{path}?wait=applied", json=body)
    assert answer.is_success, answer.text
    return dict(answer.json())


async def _ids(http: httpx2.AsyncClient, kind: str, upstream: str) -> list[str]:
    answer = await http.get(f"/{kind}", params={"limit": 0, "gateway_id": upstream})
    assert answer.is_success, answer.text
    return [each["id"] for each in answer.json() if each["gatewayId"] == upstream]
