"""A client of the gateway's authorization server and the browser of its user, for tests: each step
by its own, so that a test can do it wrongly."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

VERIFIER = "a-verifier-of-the-tests-with-more-than-forty-three-characters"
REDIRECT = "http://127.0.0.1:41234/callback"
SITE = "https://app.example.com/callback"


def challenge(verifier: str = VERIFIER) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def hidden(page: str, name: str = "ticket") -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return unescape(found[1])


def said(location: str) -> dict[str, str]:
    """The parameters of a redirect, each of which is there once."""
    query = parse_qs(urlsplit(location).query, strict_parsing=True)
    assert all(len(values) == 1 for values in query.values()), location
    return {name: values[0] for name, values in query.items()}


@dataclass
class OAuthUser:
    """`http` keeps the cookies of one browser. `registered` is what a registration answered."""

    http: httpx2.AsyncClient
    email: str
    password: str
    client_id: str = ""
    registered: dict[str, Any] = field(default_factory=dict)

    async def register(self, **said: Any) -> httpx2.Response:
        body = {
            "client_name": "A client",
            "redirect_uris": [REDIRECT, SITE],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "application_type": "native",
        }
        answer = await self.http.post("/register", json=body | said)
        if answer.status_code == 201:
            self.registered = answer.json()
            self.client_id = self.registered["client_id"]
        return answer

    def request(self, **said: str | None) -> dict[str, str]:
        """What a client asks of /authorize; None leaves a parameter out."""
        usual: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT,
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
            "scope": "mcp offline_access",
            "state": "a state",
        }
        return {name: value for name, value in (usual | said).items() if value is not None}

    async def authorize(self, **said: str | None) -> httpx2.Response:
        return await self.http.get("/authorize", params=self.request(**said))

    async def log_in(self, page: httpx2.Response, **said: str) -> httpx2.Response:
        form = {"ticket": hidden(page.text), "email": self.email, "password": self.password}
        return await self.http.post("/authorize/login", data=form | said)

    async def consent_page(self, **said: str | None) -> httpx2.Response:
        """Logs in where that is asked for."""
        page = await self.authorize(**said)
        if 'name="password"' not in page.text:
            return page
        entered = await self.log_in(page)
        assert entered.status_code == 303, entered.text
        return await self.http.get(entered.headers["location"])

    async def decide(self, page: httpx2.Response, decision: str = "allow") -> httpx2.Response:
        form = {"ticket": hidden(page.text), "decision": decision}
        return await self.http.post("/authorize/consent", data=form)

    async def code(self, **asked: str | None) -> str:
        page = await self.consent_page(**asked)
        answer = page if page.status_code == 302 else await self.decide(page)
        assert answer.status_code in (302, 303), answer.text
        return said(answer.headers["location"])["code"]

    async def token(self, **said: str | None) -> httpx2.Response:
        usual: dict[str, str | None] = {"client_id": self.client_id}
        body = {name: value for name, value in (usual | said).items() if value is not None}
        return await self.http.post("/token", data=body)

    async def redeem(self, code: str, **said: str | None) -> httpx2.Response:
        usual: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }
        return await self.token(**(usual | said))

    async def refresh(self, token: str, **said: str | None) -> httpx2.Response:
        usual: dict[str, str | None] = {"grant_type": "refresh_token", "refresh_token": token}
        return await self.token(**(usual | said))

    async def tokens(self, **asked: str | None) -> Mapping[str, Any]:
        """From the first step to the last."""
        answer = await self.redeem(await self.code(**asked))
        assert answer.status_code == 200, answer.text
        found: Mapping[str, Any] = answer.json()
        return found
