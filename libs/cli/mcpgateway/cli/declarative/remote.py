"""The gateway's REST API, asked one question at a time."""

import argparse
import http.client
import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from mcpgateway.cli import data_dir, secrets_file
from mcpgateway.cli.errors import CommandError, UsageError
from mcpgateway.cli.logins.current import token_for
from mcpgateway.cli.token import DEFAULT_EMAIL, mint
from mcpgateway.common.runtime.settings import base_url

DEFAULT_URL = "http://127.0.0.1:4444"
TOKENS = ("MCPGATEWAY_TOKEN", "MCPGATEWAY_BEARER_TOKEN")  # the latter as ContextForge's command
TIMEOUT = 300.0  # seconds of silence: discoveries come before the answer
MAX_ANSWER = 256 * 1024 * 1024  # bytes
_LOCAL = ("127.0.0.1", "::1", "localhost")
_MINUTES = 5  # that a token of the data folder lives


class Refused(CommandError):
    """The gateway said no. `problems` are fields and what is wrong with them."""

    def __init__(self, status: int, message: str, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__(f"the gateway answers {status}: {message}")
        self.status = status
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Remote:
    """`url` of the gateway without a path of the API; `token` a bearer token or ""."""

    url: str
    token: str = field(repr=False, default="")

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The answer's JSON. Raises Refused, and CommandError for what is no answer of a gateway.
        A redirect is not followed: the token is for this address."""
        parts = urlsplit(self.url)
        headers = {"Accept": "application/json", "User-Agent": "mcpgateway-cli"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        raw = None
        if body is not None:
            raw = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        connection = _connection(parts)
        try:
            connection.request(method, parts.path.rstrip("/") + path, raw, headers)
            response = connection.getresponse()
            status, answer = response.status, response.read(MAX_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            told = str(error) or type(error).__name__
            raise CommandError(f"{self.url} does not answer: {told}") from error
        finally:
            connection.close()
        return _read(status, answer, self.url)


def _connection(parts: SplitResult) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        checked = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=TIMEOUT, context=checked)
    return http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT)


def _read(status: int, answer: bytes, url: str) -> Any:
    try:
        body = json.loads(answer)
    except ValueError:
        body = None
    if status < 300 and body is not None:
        return body
    if not isinstance(body, dict):
        raise CommandError(f"{url} answers {status}, which is no answer of a gateway's API")
    errors = body.get("errors")
    found = [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
    problems = [(str(each.get("field", "")), str(each.get("problem", ""))) for each in found]
    raise Refused(status, str(body.get("message") or body.get("detail") or ""), problems)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which gateway, and as whom."""
    group = parser.add_argument_group("gateway")
    add = group.add_argument
    add("--url", help=f"address of the gateway (MCPGATEWAY_URL, {DEFAULT_URL})")
    add(
        "--token",
        help="bearer token (MCPGATEWAY_TOKEN); else that of a login, or one of a local `up`",
    )
    add("--data-dir", "-d", metavar="DIR", help="as given to `mcpgateway up`, for its token")


def remote(args: argparse.Namespace, environ: Mapping[str, str]) -> Remote:
    """Raises UsageError, and CommandError when a login can not be refreshed."""
    url = args.url or environ.get("MCPGATEWAY_URL") or DEFAULT_URL
    try:
        url = base_url(url)
    except ValueError as error:
        raise UsageError(f"--url {error}") from None
    given = (args.token, *(environ.get(name) for name in TOKENS))
    token = next((each for each in given if each), "")
    token = token.removeprefix("Bearer ").strip()
    if any(not 32 < ord(char) < 127 for char in token):
        raise UsageError("the token must be printable ASCII without spaces")
    if not token:
        token = token_for(url, environ)
    if not token and urlsplit(url).hostname in _LOCAL:
        token = _own_token(args.data_dir, environ)
    return Remote(url.removesuffix("/v1"), token)


def _own_token(folder: str | None, environ: Mapping[str, str]) -> str:
    """Of the `up` whose data folder this is; "" when there is none."""
    at = Path(folder) if folder else data_dir.default(environ)
    try:
        settings = {**environ, **secrets_file.read(at), **secrets_file.remembered(at)}
        email = settings.get("PLATFORM_ADMIN_EMAIL") or DEFAULT_EMAIL
        return mint(settings, email, _MINUTES)
    except (CommandError, OSError):
        return ""
