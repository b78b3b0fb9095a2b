"""A small OAuth authorization server for tests, strict where the standards are, and an MCP server
that believes nothing but its tokens.

It gives codes at once (the browser that comes is believed to be logged in as `user`), takes them
once, with PKCE (S256), redirect and resource as they were; refreshes with rotation; gives client
credentials, token exchange and JWT bearer; registers clients. What it saw is in `seen`.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from support.mcp_catalogue import Catalogue
from support.mcp_servers import Era, OnlyEra, _application, serve

SECRET = "the-clients-own-secret"


@dataclass
class AuthorizationServer:
    """`user` is who consents; `expires_in` of tokens, in seconds. `issuer`: when it listens."""

    issuer: str = ""
    user: str = "somebody"
    expires_in: int = 3600
    claims_issuer: str = ""
    iss: str | None = ""  # what answers say; None: nothing, "": the issuer
    tokens: dict[str, str] = field(default_factory=dict)  # whose they are
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    refreshes: dict[str, str] = field(default_factory=dict)
    clients: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: list[dict[str, str]] = field(default_factory=list)
    refuses: str = ""  # an error for each token request
    named: str = ""  # the issuer that the upstream names; "": this one
    basic: str = ""  # the scope that the upstream's refusal names
    wants: str = ""  # the scope without which it takes no call
    grants: str = ""  # of tokens; "": what was asked for
    scopes: dict[str, str] = field(default_factory=dict)  # of tokens
    key: ECKey | None = None  # of a client that signs

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/oauth-authorization-server", self.metadata),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/register", self.register, methods=["POST"]),
            ]
        )

    async def metadata(self, request: Request) -> Response:
        base = self.issuer
        return JSONResponse(
            {
                "issuer": self.claims_issuer or base,
                "authorization_endpoint": f"{base}/authorize",
                "token_endpoint": f"{base}/token",
                "registration_endpoint": f"{base}/register",
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def register(self, request: Request) -> Response:
        said = await request.json()
        id = secrets.token_hex(8)
        self.clients[id] = said
        made = {"client_id": id, "client_secret": SECRET, "client_secret_expires_at": 0}
        return JSONResponse(said | made, 201)

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.seen.append(asked)
        code = secrets.token_hex(8)
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"]}
        if self.iss is not None:
            answer["iss"] = self.iss or self.issuer
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}", 302)

    async def token(self, request: Request) -> Response:
        sent = dict(parse_qsl((await request.body()).decode()))
        self.seen.append(sent)
        if self.refuses:
            return JSONResponse({"error": self.refuses, "error_description": str(sent)}, 400)
        asked = self.codes.get(sent.get("code", ""), {}).get("scope", "")
        owner = self._owner(sent, request.headers)
        if owner is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        given = self._given(owner, sent["grant_type"])
        self.scopes[given["access_token"]] = self.grants or asked
        return JSONResponse(given)

    def _owner(self, sent: dict[str, str], headers: Mapping[str, str]) -> str | None:
        match sent["grant_type"]:
            case "authorization_code":
                asked = self.codes.pop(sent["code"], None)
                good = asked is not None and all(
                    (
                        asked["code_challenge"] == _challenge(sent.get("code_verifier", "")),
                        asked["redirect_uri"] == sent.get("redirect_uri"),
                        asked.get("resource") == sent.get("resource"),
                    )
                )
                return self.user if good else None
            case "refresh_token":
                return self.refreshes.pop(sent["refresh_token"], None)
            case "client_credentials" if self.key is not None:
                claims = jwt.decode(sent["client_assertion"], self.key).claims
                mine = claims["aud"] == self.issuer and claims["exp"] > time.time()
                return f"client {claims['sub']}" if mine else None
            case "client_credentials":
                scheme, _, value = headers.get("authorization", "").partition(" ")
                pair = base64.b64decode(value).decode() if scheme == "Basic" else ""
                id, _, secret = map(unquote_plus, pair.partition(":"))
                return f"client {id}" if secret == SECRET else None
            case "urn:ietf:params:oauth:grant-type:token-exchange":
                return "exchanged" if sent.get("subject_token", "").count(".") == 2 else None
        return None

    def _given(self, owner: str, grant: str) -> dict[str, Any]:
        token = secrets.token_hex(16)
        self.tokens[token] = owner
        given = {"access_token": token, "token_type": "Bearer", "expires_in": self.expires_in}
        if grant in ("authorization_code", "refresh_token"):
            refresh = secrets.token_hex(16)
            self.refreshes[refresh] = owner
            given["refresh_token"] = refresh
        return given


@dataclass
class Protected:
    """An MCP server behind an authorization server. `callers`: whose tokens came, in order;
    `headers` and `bodies` are of calls of tools alone, since discovery may ask at any time."""

    url: str
    server: AuthorizationServer
    catalogue: Catalogue
    callers: list[str]
    headers: list[dict[str, str]]
    bodies: list[bytes]


@asynccontextmanager
async def protected_server(
    era: Era = "modern", auth: AuthorizationServer | None = None
) -> AsyncIterator[Protected]:
    """`auth` None: the usual one."""
    auth = auth or AuthorizationServer()
    async with AsyncExitStack() as stack:
        auth.issuer = await stack.enter_async_context(serve(auth.app()))
        catalogue = Catalogue(0)
        guard = _Guard(OnlyEra(_application(catalogue.server, "http", False, False), era), auth)
        base = await stack.enter_async_context(serve(guard))
        guard.base = base
        yield Protected(base + "/mcp", auth, catalogue, guard.callers, guard.headers, guard.bodies)


class _Guard:
    """401 with resource metadata (RFC 9728) for whoever shows no token of the server's."""

    def __init__(self, app: ASGIApp, auth: AuthorizationServer) -> None:
        self._app = app
        self._auth = auth
        self.base = ""
        self.callers: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        metadata = f"{self.base}/.well-known/oauth-protected-resource/mcp"
        if request.url.path == "/.well-known/oauth-protected-resource/mcp":
            said = {
                "resource": f"{self.base}/mcp",
                "authorization_servers": [self._auth.named or self._auth.issuer],
            }
            await JSONResponse(said)(scope, receive, send)
            return
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        owner = self._auth.tokens.get(token) if scheme == "Bearer" else None
        if owner is None:
            hint = f', scope="{self._auth.basic}"' if self._auth.basic else ""
            challenge = {"WWW-Authenticate": f'Bearer resource_metadata="{metadata}"{hint}'}
            await JSONResponse({"error": "invalid_token"}, 401, challenge)(scope, receive, send)
            return
        wanted = self._auth.wants if request.headers.get("mcp-method") == "tools/call" else ""
        if wanted and wanted not in self._auth.scopes[token].split():
            challenge = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{wanted}"'}
            await JSONResponse({}, 403, challenge)(scope, receive, send)
            return
        self.callers.append(owner)
        body = await request.body()
        if b'"tools/call"' in body:
            self.headers.append(dict(request.headers))
            self.bodies.append(body)
        await self._app(scope, _again(body, receive), send)


def _again(body: bytes, receive: Receive) -> Receive:
    """What was read once, and then what comes."""
    held = [{"type": "http.request", "body": body, "more_body": False}]

    async def read() -> Any:
        return held.pop() if held else await receive()

    return read


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
