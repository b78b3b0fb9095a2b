"""The authorization server of a gateway, asked as the client `mcpgateway-cli`."""

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.logins.kept import Login

CLIENT_ID = "mcpgateway-cli"
WELL_KNOWN = "/.well-known/oauth-authorization-server"
_TIMEOUT = 30.0  # seconds
_MAX_ANSWER = 256 * 1024  # bytes
_ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "revocation_endpoint",
    "device_authorization_endpoint",
)


class Refused(CommandError):
    """`error` is the code of the RFC."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"the gateway refuses: {description or error}")
        self.error = error


@dataclass(frozen=True, slots=True)
class Server:
    """`url` is the gateway's, which is the issuer too."""

    url: str
    authorize: str
    token: str
    revoke: str
    device: str


def discover(url: str) -> Server:
    """Raises CommandError."""
    status, said = _ask("GET", url + WELL_KNOWN)
    if status != 200:
        raise CommandError(
            f"{url} answers {status} at {WELL_KNOWN}: no gateway is there, or its authorization"
            " server is switched off"
        )
    issuer = said.get("issuer")
    if issuer != url:
        raise CommandError(f"the gateway at {url} is called {issuer}: log in at that URL")
    ends = [str(said.get(name, "")) for name in _ENDPOINTS]
    if not all(end.startswith(f"{url}/") for end in ends):
        raise CommandError(f"the authorization server of {url} is somewhere else")
    return Server(url, *ends)


def post(endpoint: str, **said: str) -> dict[str, Any]:
    """Raises Refused, and CommandError for what is no answer."""
    status, answer = _ask("POST", endpoint, {"client_id": CLIENT_ID, **said})
    if status == 200:
        return answer
    raise Refused(
        str(answer.get("error", f"status {status}")), str(answer.get("error_description", ""))
    )


def login_of(server: Server, answer: Mapping[str, Any], now: float) -> Login:
    """What the token endpoint answered. Raises CommandError."""
    return _login(server.url, server.token, server.revoke, answer, now)


def refreshed(login: Login, now: float) -> Login:
    """Raises Refused, CommandError."""
    said = {"grant_type": "refresh_token", "refresh_token": login.refresh}
    answer = post(login.token_endpoint, **said)
    return _login(login.url, login.token_endpoint, login.revocation_endpoint, answer, now)


def give_back(login: Login) -> None:
    """Raises Refused, CommandError."""
    post(login.revocation_endpoint, token=login.refresh or login.access)


def _login(url: str, token: str, revoke: str, answer: Mapping[str, Any], now: float) -> Login:
    try:
        access, lifetime = str(answer["access_token"]), float(answer["expires_in"])
    except (KeyError, TypeError, ValueError) as error:
        raise CommandError(f"{url} answers no tokens") from error
    return Login(url, token, revoke, access, now + lifetime, str(answer.get("refresh_token", "")))


def _ask(
    method: str, url: str, form: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    parts = urlsplit(url)
    headers = {"Accept": "application/json", "User-Agent": "mcpgateway-cli"}
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    host, port = parts.hostname or "", parts.port
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, port, timeout=_TIMEOUT, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        connection.request(method, target, urlencode(form) if form else None, headers)
        response = connection.getresponse()
        return response.status, _object(response.read(_MAX_ANSWER))
    except (OSError, http.client.HTTPException) as error:
        told = str(error) or type(error).__name__
        raise CommandError(f"{parts.scheme}://{parts.netloc} does not answer: {told}") from error
    finally:
        connection.close()


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
