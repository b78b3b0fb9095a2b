"""Logging in by the browser of this machine: a code comes back to a port that we listen on."""

import base64
import hashlib
import hmac
import secrets
import time
import webbrowser
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from typing_extensions import override

from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.logins.server import CLIENT_ID, Refused, Server, post

WAIT = 300.0  # seconds for somebody to log in
_PATH = "/callback"
_PAGE = """<!doctype html><meta charset="utf-8"><title>MCP Gateway</title>
<body style="font:16px/1.5 system-ui;display:grid;place-items:center;min-height:90vh">
<p>{words} You can close this page and go back to the terminal.</p>"""


class _Listener(HTTPServer):
    """Takes the first answer that has our `state`; what else comes is not ours."""

    def __init__(self, state: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.timeout = 1.0
        self.state = state
        self.answer: dict[str, str] | None = None


class _Handler(BaseHTTPRequestHandler):
    timeout = 5.0

    def do_GET(self) -> None:
        listener = self.server
        parts = urlsplit(self.path)
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        ours = isinstance(listener, _Listener) and hmac.compare_digest(
            given.get("state", "").encode(), listener.state.encode()
        )
        if parts.path != _PATH or not ours:
            self.send_error(404)
            return
        if isinstance(listener, _Listener):
            listener.answer = given
        self._show("You are logged in." if "code" in given else "You were not logged in.")

    def _show(self, words: str) -> None:
        body = _PAGE.format(words=words).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: the path holds the code."""


def run(
    server: Server,
    scope: str,
    say: Callable[[str], None],
    open_page: Callable[[str], bool] = webbrowser.open,
    wait: float = WAIT,
) -> dict[str, Any]:
    """What the token endpoint answers. Raises CommandError."""
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    with _Listener(state) as listener:
        redirect_uri = f"http://127.0.0.1:{listener.server_port}{_PATH}"
        asked = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": redirect_uri,
            "scope": scope,
            "state": state,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        page = f"{server.authorize}?{urlencode(asked)}"
        say(f"Log in on this page, which your browser should show now:\n\n  {page}\n")
        open_page(page)
        answer = _wait(listener, wait)
    code = _code(answer, server)
    return post(
        server.token,
        grant_type="authorization_code",
        code=code,
        redirect_uri=redirect_uri,
        code_verifier=verifier,
    )


def _wait(listener: _Listener, wait: float) -> dict[str, str]:
    deadline = time.monotonic() + wait
    while listener.answer is None:
        if time.monotonic() > deadline:
            raise CommandError(
                f"nobody logged in within {wait:g} s. Is the browser elsewhere? Try --device"
            )
        listener.handle_request()
    return listener.answer


def _code(answer: dict[str, str], server: Server) -> str:
    """Of an answer that is the server's (RFC 9207). Raises CommandError."""
    if answer.get("iss") != server.url:
        raise CommandError("the answer is of another server than the one that was asked (iss)")
    if "error" in answer:
        raise Refused(answer["error"], answer.get("error_description", ""))
    if not answer.get("code"):
        raise CommandError("the answer holds no code")
    return answer["code"]


def _challenge(verifier: str) -> str:
    hashed = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(hashed).decode().rstrip("=")
