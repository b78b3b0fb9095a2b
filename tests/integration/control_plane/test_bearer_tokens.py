"""The REST API takes the tokens that a data plane takes, and refuses them for the same reasons."""

import json
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from mcpgateway.common.errors import Unavailable
from mcpgateway.control_plane.identity import signing_keys, tokens
from support.control_plane import ADMIN, Plane, bearer, client, open_plane, settings


async def test_an_api_token_is_taken_until_it_is_revoked(plane: Plane) -> None:
    made = (await plane.http.post("/tokens", json={"name": "script"})).json()
    headers = {"Authorization": f"Bearer {made['access_token']}"}
    async with client(plane.app, headers) as http:
        assert (await http.get("/tools")).status_code == 200
        assert (await plane.http.delete(f"/tokens/{made['token']['id']}")).status_code < 300
        refused = await http.get("/tools")
    assert refused.status_code == 401
    assert "revoked" in refused.text
    assert made["access_token"] not in refused.text


@pytest.mark.parametrize(
    "text", ["mcpgw_", f"mcpgw_{'0' * 32}_{'A' * 43}", "mcpgw_x.y.z", "a.b.c", "e30.e30.AA"]
)
async def test_what_is_no_token_is_refused(plane: Plane, text: str) -> None:
    async with client(plane.app, {"Authorization": f"Bearer {text}"}) as http:
        assert (await http.get("/tools")).status_code == 401


async def test_a_token_for_an_mcp_endpoint_is_none_for_the_api(plane: Plane) -> None:
    headers = bearer(plane.clock, aud="http://gateway.example/mcp")
    async with client(plane.app, headers) as http:
        refused = await http.get("/tools")
    assert refused.status_code == 401
    assert "audience must be" in refused.text


async def test_tokens_of_a_public_key_are_taken_and_data_planes_get_no_private_half(
    registry: str, tmp_path: Path
) -> None:
    key = RSAKey.generate_key(2048)
    pem = key.as_pem(private=False)
    async with open_plane(registry, jwt_algorithm="RS256", jwt_public_key=pem) as plane:
        now = int(plane.clock().timestamp())
        claims = {
            "sub": ADMIN,
            "iss": "mcpgateway",
            "aud": "mcpgateway-api",
            "jti": "1",
            "iat": now,
            "exp": now + 60,
        }
        text = jwt.encode({"alg": "RS256"}, claims, key)
        async with client(plane.app, {"Authorization": f"Bearer {text}"}) as http:
            assert (await http.get("/tools")).status_code == 200
        kept = {each.id: each for each in await plane.ports.store.read.signing_keys()}
    shared = kept[signing_keys.SHARED]
    assert not shared.sealed
    assert "d" not in json.loads(shared.material)


@pytest.mark.parametrize("pem", [b"", b"no key", RSAKey.generate_key(2048).as_pem(private=False)])
def test_a_key_that_is_not_of_the_algorithm_stops_the_start(pem: bytes) -> None:
    with pytest.raises(Unavailable, match="JWT_PUBLIC_KEY_PATH"):
        tokens.trusted(settings(jwt_algorithm="ES256", jwt_public_key=pem))
