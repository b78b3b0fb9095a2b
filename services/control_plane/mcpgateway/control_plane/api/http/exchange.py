"""One request as the handlers see it, and JSON in and out."""

import json as stdlib_json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from mcpgateway.common import ids
from mcpgateway.common.errors import FieldProblem, InvalidCall, NotFound, TooLarge
from mcpgateway.control_plane.api.http.errors import HttpError
from mcpgateway.control_plane.api.http.noted import Noted, Schema, note
from mcpgateway.control_plane.api.http.operation import Handler, Operation, Served
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.model import Viewer, Who

MAX_BODY = 1024 * 1024  # bytes
_AGENT = 512  # characters
_ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json", re.IGNORECASE)


def at(path: str, **operations: Operation | Handler) -> Served:
    """One route with a handler for each method, so that a 405 names them all."""
    return Served(path, operations)


def viewer_of(request: Request) -> Viewer:
    """Whom the shell found."""
    viewer: Viewer = request.scope["viewer"]
    return viewer


def actor_of(request: Request) -> Actor:
    viewer = viewer_of(request)
    who = Who(
        by=viewer.email,
        from_ip=request.client.host if request.client else None,
        via=request.scope.get("via", "api"),
        user_agent=request.headers.get("user-agent", "")[:_AGENT] or None,
        token=request.scope.get("token"),
    )
    return Actor(viewer, who)


def id_of(request: Request, what: str) -> str:
    """The 32-hex id of the path. Raises NotFound for what can be no id."""
    note(request.path_params, "id", _ID)
    text = request.path_params["id"]
    id = ids.as_id(text)
    if id is None:
        raise NotFound(f"no {what} {text[:80]!r}: ids are 32 hexadecimal digits")
    return id


def expected_version(request: Request) -> int | None:
    """Of If-Match; None when absent or `*`. Raises InvalidCall."""
    text = request.headers.get("if-match", "").strip()
    if text in ("", "*"):
        return None
    plain = text.removeprefix("W/").strip('"')
    if not re.fullmatch("[0-9]{1,18}", plain):
        raise InvalidCall(f"If-Match must be the ETag of an earlier answer, got {text[:80]!r}")
    return int(plain)


async def read_object(request: Request, limit: int = MAX_BODY) -> Mapping[str, Any]:
    """The body as a JSON object. Raises what `read_json` raises."""
    value = await read_json(request, limit)
    if not isinstance(value, dict):
        raise InvalidCall(f"the body must be a JSON object, not {_kind(value)}")
    noted: Noted | None = request.scope.get("noted")  # of a request that describes the API
    return value if noted is None else noted


async def read_json(request: Request, limit: int = MAX_BODY) -> object:
    """The body, which may be any JSON. Raises TooLarge, InvalidCall with the position, and 415 for
    a body that says that it is something else. Over 1 MiB it is not seen that a member is given
    twice: the last one counts."""
    _refuse_others(request)
    body = await _read(request, limit)
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidCall(f"the body is no JSON: {error}") from error
    except RecursionError:
        raise InvalidCall("the body is JSON nested too deeply") from None
    if len(body) <= MAX_BODY:
        stdlib_json.loads(body, object_pairs_hook=_each_once)
    return value


def _refuse_others(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind and not _JSON.fullmatch(kind):
        raise HttpError(415, f"the body must be application/json, not {kind[:80]!r}")
    coding = request.headers.get("content-encoding", "")
    if coding not in ("", "identity"):
        headers = {"accept-encoding": "identity"}
        raise HttpError(415, f"the body must not be encoded, not with {coding[:80]!r}", headers)


def _each_once(members: Sequence[tuple[str, object]]) -> None:
    """Raises InvalidCall that names the field."""
    if len({name for name, _ in members}) == len(members):
        return
    names = [name for name, _ in members]
    twice = next(name for at, name in enumerate(names) if name in names[:at])[:80]
    problem = FieldProblem(twice, "is given twice", "twice")
    raise InvalidCall(f"{twice} is given twice", errors=[problem])


async def _read(request: Request, limit: int) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise TooLarge(f"the body has {announced} bytes, {limit} is the limit")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"the body has more than {limit} bytes, which is the limit")
    return bytes(body)


def _kind(value: object) -> str:
    kinds = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")


def json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    body = msgspec.json.encode(value)
    return Response(body, status, headers, media_type="application/json")
