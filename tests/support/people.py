"""Users of a control plane in tests: made and logged in by the API."""

from typing import Any

import httpx2

from support.control_plane import Plane, client

PASSWORD = "a quite long password"
ANN, BOB = "ann@example.com", "bob@example.com"


async def add(plane: Plane, email: str = ANN, **members: Any) -> dict[str, Any]:
    body = {"email": email, "password": PASSWORD, **members}
    answer = await plane.http.post("/auth/email/admin/users", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def stranger(plane: Plane, address: str = "127.0.0.1") -> httpx2.AsyncClient:
    """A client without a token, at this address."""
    transport = httpx2.ASGITransport(
        app=plane.app, raise_app_exceptions=False, client=(address, 1234)
    )
    return httpx2.AsyncClient(transport=transport, base_url="http://gateway.example")


async def try_login(
    plane: Plane, password: str = PASSWORD, email: str = ANN, address: str = "127.0.0.1"
) -> httpx2.Response:
    async with stranger(plane, address) as http:
        return await http.post("/auth/login", json={"email": email, "password": password})


async def log_in(plane: Plane, password: str = PASSWORD, email: str = ANN) -> httpx2.AsyncClient:
    """A client with a token of its own."""
    answer = await try_login(plane, password, email)
    assert answer.status_code == 200, answer.text
    return client(plane.app, {"Authorization": f"Bearer {answer.json()['access_token']}"})
