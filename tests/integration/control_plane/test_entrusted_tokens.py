"""Where tokens of callers go: nobody has them sent to himself, and no narrowed token says so."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from support.control_plane import Plane, client, upstream_with
from support.people import ANN, add, log_in

PLACES = [f"{name}.example/mcp" for name in ("elsewhere", "ours", "theirs", "locker")]
EXCHANGE = {
    "grant_type": "token_exchange",
    "client_id": "c",
    "token_url": "https://hers.example/token",
}


@pytest.fixture
async def ann(plane: Plane) -> AsyncIterator[httpx2.AsyncClient]:
    await add(plane)
    for url in ("hers.example/mcp", "hers.example/other", *PLACES):
        plane.discoverer.at[f"https://{url}"] = upstream_with()
    async with await log_in(plane) as http:
        yield http


def gateway(name: str, **members: Any) -> dict[str, Any]:
    return {"name": name, "url": f"https://{name}.example/mcp", **members}


async def made(http: httpx2.AsyncClient, name: str, **members: Any) -> str:
    answer = await http.post("/gateways", json=gateway(name, **members))
    assert answer.is_success, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize(
    "config",
    [
        EXCHANGE,
        {**EXCHANGE, "grant_type": "id_jag", "idp_token_url": "https://x.example/t"}
        | {"idp_client_id": "c"},
    ],
)
async def test_who_may_only_register_gateways_has_no_tokens_of_callers_exchanged(
    plane: Plane, ann: httpx2.AsyncClient, config: dict[str, Any]
) -> None:
    members = {"auth_type": "oauth", "oauth_config": config}
    refused = await ann.post("/gateways", json=gateway("hers", **members))
    hers = await made(ann, "hers")
    turned = await ann.put(f"/gateways/{hers}", json=members)
    assert (refused.status_code, turned.status_code) == (403, 403)
    assert "admin.system_config" in refused.json()["detail"]
    ours = await plane.http.post("/gateways", json=gateway("ours", **members))
    assert ours.is_success, ours.text


async def test_a_gateway_that_has_tokens_of_its_users_is_not_moved_to_its_owner(
    plane: Plane, ann: httpx2.AsyncClient
) -> None:
    members = {"auth_type": "vault"}
    hers = await made(ann, "hers", **members)
    elsewhere = {"url": "https://elsewhere.example/mcp", **members}
    assert (await ann.put(f"/gateways/{hers}", json=elsewhere)).status_code == 403
    beside = {"url": "https://hers.example/other", **members}
    assert (await ann.put(f"/gateways/{hers}", json=beside)).status_code == 200
    assert (await plane.http.put(f"/gateways/{hers}", json=elsewhere)).status_code == 200


async def test_secrets_of_an_oauth_client_do_not_move_with_its_gateway(
    plane: Plane, ann: httpx2.AsyncClient
) -> None:
    consenting = {"grant_type": "authorization_code", "issuer": "https://as.example"}
    config = {**consenting, "client_id": "c", "client_secret": "hush"}
    id = await made(plane.http, "theirs", auth_type="oauth", oauth_config=config)
    moved = {
        "url": "https://elsewhere.example/mcp",
        "auth_type": "oauth",
        "oauth_config": {**config, "client_secret": "*****"},
    }
    answer = await plane.http.put(f"/gateways/{id}", json=moved)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "oauth_config"


async def test_a_narrowed_token_says_nothing_of_whose_account_upstreams_see(
    plane: Plane, ann: httpx2.AsyncClient
) -> None:
    locker = await made(plane.http, "locker", auth_type="vault")
    narrowed = {"name": "client", "scope": {"permissions": ["tools.execute", "gateways.read"]}}
    text = (await ann.post("/tokens", json=narrowed)).json()["access_token"]
    async with client(plane.app, {"Authorization": f"Bearer {text}"}) as http:
        refused = [
            await http.put(f"/vault/{locker}", json={"token": "another's"}),
            await http.delete(f"/vault/{locker}"),
            await http.delete(f"/oauth/tokens/{locker}"),
            await http.get(f"/oauth/authorize/{locker}"),
            await http.get(f"/vault/authorize/{locker}"),
            await http.get("/auth/email/events"),
        ]
    assert [answer.status_code for answer in refused] == [403] * 6
    assert (await ann.put(f"/vault/{locker}", json={"token": "ann's"})).status_code == 204
    assert (await ann.get("/auth/email/me")).json()["email"] == ANN
