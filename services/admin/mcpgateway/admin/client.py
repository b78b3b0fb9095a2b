"""The control plane's REST API as the pages use it: typed answers, and errors of our tree.

The caller's own token goes with every request; what it may see and do is decided there.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from mcpgateway.admin import shapes
from mcpgateway.common import edge
from mcpgateway.common.errors import (
    Conflict,
    Denied,
    FieldProblem,
    GatewayError,
    InvalidCall,
    LimitExceeded,
    NotFound,
    Stale,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UpstreamError,
    UpstreamTimeout,
)

T = TypeVar("T")

MAX_ANSWER = 64 * 1024 * 1024  # bytes
READ_SECONDS = 15.0
WRITE_SECONDS = 60.0  # registering waits for the upstream's own answers
_WAIT = {"wait": "applied", "timeout": "2"}
_KINDS: dict[int, type[GatewayError]] = {
    401: Unauthenticated,
    403: Denied,
    404: NotFound,
    409: Conflict,
    412: Stale,
    413: TooLarge,
    500: Unavailable,
    502: UpstreamError,
    503: Unavailable,
    504: UpstreamTimeout,
}


class PasswordChangeRequired(Denied):
    """The password is right, and has to be changed before it opens anything."""

    code = "password_change_required"


class Written(NamedTuple):
    """A write's answer; `applied` says how many replicas have it, as in `3/3`."""

    body: bytes
    applied: str


class ControlPlane:
    """One session for all callers. `edge_secret` "": what is said of a browser is not believed."""

    def __init__(self, base: str, session: aiohttp.ClientSession, edge_secret: str = "") -> None:
        self._edge_secret = edge_secret
        self._base = base
        self._session = session

    async def login(self, email: str, password: str, client: str) -> shapes.Login:
        """`client` is the browser's address, by which failures are counted. Raises Unauthenticated,
        LimitExceeded, PasswordChangeRequired."""
        body = {"email": email, "password": password}
        answer = await self._open("/auth/login", body, client)
        return _decode(answer.body, shapes.Login)

    async def refresh(self, token: str) -> shapes.Login:
        """The session's next token. Raises Unauthenticated, LimitExceeded, Unavailable."""
        return _decode((await self._ask("POST", "/auth/refresh", token)).body, shapes.Login)

    async def providers(self) -> list[shapes.SignIn]:
        """What one may log in by beside a password: nothing where that is switched off."""
        try:
            answer = await self._ask("GET", "/auth/sso/providers", "")
        except NotFound:
            return []
        return _decode(answer.body, list[shapes.SignIn])

    async def logout(self, token: str) -> None:
        """Ends the session everywhere."""
        await self._ask("POST", "/auth/logout", token)

    async def reset_link(self, token: str) -> shapes.ResetLink:
        """Whether a mailed link counts."""
        path = f"/auth/email/reset-password/{quote(token, safe='')}"
        return _decode((await self._ask("GET", path, "")).body, shapes.ResetLink)

    async def change_password(self, email: str, old: str, new: str, client: str) -> None:
        """Raises Unauthenticated, LimitExceeded, InvalidCall."""
        body = {"email": email, "old_password": old, "new_password": new}
        await self._open("/auth/email/change-password", body, client)

    async def forgot_password(self, email: str, client: str) -> None:
        """Raises Denied, LimitExceeded, InvalidCall."""
        await self._open("/auth/email/forgot-password", {"email": email}, client)

    async def reset_password(self, token: str, new: str, client: str) -> None:
        """Raises InvalidCall."""
        body = {"new_password": new, "confirm_password": new}
        await self._open(f"/auth/email/reset-password/{quote(token, safe='')}", body, client)

    async def _open(self, path: str, body: Any, client: str) -> Written:
        """Of somebody who is not logged in. The control plane believes what is said of him with the
        edge's secret."""
        forwarded = {}
        if self._edge_secret and client:
            secret = self._edge_secret
            forwarded = {edge.HEADER.decode(): secret, "x-forwarded-for": client}
        return await self._ask("POST", path, "", body=body, headers=forwarded)

    async def one(self, kind: type[T], path: str, token: str) -> T:
        answer = await self._ask("GET", path, token)
        return _decode(answer.body, kind)

    async def all(
        self, kind: type[T], path: str, token: str, params: Mapping[str, str] | None = None
    ) -> list[T]:
        """A whole list, disabled things included."""
        every = {"limit": "0", "include_inactive": "true", **(params or {})}
        answer = await self._ask("GET", path, token, params=every)
        return _decode(answer.body, list[kind])  # type: ignore[valid-type]  # a type at run time

    async def write(
        self,
        method: str,
        path: str,
        token: str,
        body: Any = None,
        params: Mapping[str, str] | None = None,
    ) -> Written:
        """Returns when the replicas have it, or after two seconds."""
        return await self._ask(method, path, token, params={**_WAIT, **(params or {})}, body=body)

    async def _ask(
        self,
        method: str,
        path: str,
        token: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Written:
        lines = {"accept": "application/json", "content-type": "application/json"}
        lines |= headers or {}
        if token:
            lines["authorization"] = f"Bearer {token}"
        seconds = READ_SECONDS if method == "GET" else WRITE_SECONDS
        try:
            async with self._session.request(
                method,
                self._base + path,
                params=params,
                headers=lines,
                data=None if body is None else msgspec.json.encode(body),
                timeout=aiohttp.ClientTimeout(total=seconds),
                allow_redirects=False,
            ) as response:
                text = await _read(response)
                if response.status >= HTTPStatus.BAD_REQUEST:
                    raise _refusal(response.status, text)
                return Written(text, response.headers.get("Applied", ""))
        except aiohttp.ClientError as error:
            raise Unavailable(f"the control plane at {self._base} is not reachable: {error}") from (
                error
            )
        except TimeoutError as error:
            raise Unavailable(
                f"the control plane did not answer {method} {path} within {seconds:g} s"
            ) from error

    async def ready(self) -> bool:
        try:
            await self._ask("GET", "/ready", "")
        except GatewayError:
            return False
        return True


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER:
            raise Unavailable(f"the control plane's answer is over {MAX_ANSWER} bytes")
    return bytes(body)


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise Unavailable(f"the control plane answered what is not understood: {error}") from error


def _refusal(status: int, body: bytes) -> GatewayError:
    try:
        said = msgspec.json.decode(body, type=shapes.Refusal)
    except msgspec.DecodeError:
        said = shapes.Refusal()
    message = said.message or f"the control plane answered {status}"
    errors = [FieldProblem(error.field, error.problem) for error in said.errors]
    if said.code == PasswordChangeRequired.code:
        return PasswordChangeRequired(message)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return LimitExceeded(message)
    return _KINDS.get(status, InvalidCall)(message, errors=errors)
