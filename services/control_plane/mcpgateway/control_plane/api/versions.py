"""/{noun}/{id}/versions and /{noun}/{id}/rollback: what a thing was, and the way back."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, get_type_hints

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.errors import NotFound
from mcpgateway.common.routing.model import Key
from mcpgateway.control_plane.api.http import paging
from mcpgateway.control_plane.api.http.applied import Writes, Written
from mcpgateway.control_plane.api.http.errors import bad_query
from mcpgateway.control_plane.api.http.exchange import (
    actor_of,
    at,
    expected_version,
    id_of,
    json,
    read_object,
    viewer_of,
)
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.noted import Schema, note
from mcpgateway.control_plane.api.http.operation import Operation
from mcpgateway.control_plane.api.nouns.noun import Noun
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.history import diff, reads, rollback
from mcpgateway.control_plane.registry.history.model import Change as Changed
from mcpgateway.control_plane.registry.history.model import Version
from mcpgateway.control_plane.registry.history.nouns import BY_NAME
from mcpgateway.control_plane.registry.model import Who
from mcpgateway.control_plane.registry.ports import Change, Ports
from mcpgateway.control_plane.registry.views import After

MAX_VERSION = 999_999_999
_NUMBERS = re.compile(r"([0-9]{1,9})(?:\.\.([0-9]{1,9}))?")
_ASKED: Schema = {"type": "string", "pattern": r"^[0-9]{1,9}(\.\.[0-9]{1,9})?$"}
_OBJECT: Schema = {"type": "object"}
_LIST: Schema = {
    "anyOf": [{"type": "array", "items": _OBJECT}, {"type": "object"}],
    "description": "Who, when, from where and by which token; newest first.",
}

Json = dict[str, Any]


class Versions:
    """The handlers of one noun."""

    def __init__(self, ports: Ports, writes: Writes, noun: Noun[Any, Any]) -> None:
        self._ports = ports
        self._writes = writes
        self._noun = noun
        self._kept = BY_NAME[noun.name]

    def routes(self) -> Sequence[Route]:
        what = self._noun.what
        listing = Operation(self.list, f"The versions of a {what}", {200: _LIST})
        one = Operation(self.get, f"A version of a {what}, or what differs in two", {200: _OBJECT})
        back = Operation(
            self.roll_back,
            f"Bring back a version of a {what}",
            {200: self._noun.shown},
            (403, 409),
            tagged=True,
        )
        path = f"/{self._noun.name}/{{id}}"
        return (
            at(f"{path}/versions", GET=listing),
            at(f"{path}/versions/{{version}}", GET=one),
            at(f"{path}/rollback", POST=back),
        )

    async def list(self, request: Request) -> Response:
        page = paging.read_page(request.query_params, viewer_of(request))
        actor, id = actor_of(request), id_of(request, self._noun.what)
        found = await reads.versions(
            self._ports, actor, self._kept, id, before(page), page.query.limit
        )
        keys = [After(str(each.revision), "") for each in found]
        return json(paging.answer(page, "versions", [shown_version(each) for each in found], keys))

    async def get(self, request: Request) -> Response:
        actor, id = actor_of(request), id_of(request, self._noun.what)
        first, last = _asked(request)
        one = await reads.version(self._ports, actor, self._kept, id, first)
        if last is None:
            return json(shown_version(one) | {"body": await self._body(actor, one)})
        other = await reads.version(self._ports, actor, self._kept, id, last)
        change = Changed(self._kept.kind, id, one.body, other.body)
        return json(
            {"from": shown_version(one), "to": shown_version(other), "diff": diff.of_change(change)}
        )

    async def _body(self, actor: Actor, version: Version) -> Json:
        """As the noun shows it; what is joined to it from elsewhere is not known of then."""
        view = next(iter(get_type_hints(self._noun.show).values()))
        return self._noun.show(msgspec.json.decode(version.body, type=view))

    async def roll_back(self, request: Request) -> Response:
        noun, actor = self._noun, actor_of(request)
        id, expected = id_of(request, noun.what), expected_version(request)

        async def act(ports: Ports) -> Change:
            version = read_version(await read_object(request))
            return await rollback.rollback(ports, actor, self._kept, id, version, expected)

        async def show(change: Change) -> Written:
            row = await noun.one(actor, id)
            key = Key(noun.kind, id) if noun.kind else None
            return Written(noun.show(row), key, change.revision, version=row.version)

        return await self._writes.run(request, act, show)


def routes(ports: Ports, writes: Writes, nouns: Iterable[Noun[Any, Any]]) -> list[Route]:
    return [route for noun in nouns for route in Versions(ports, writes, noun).routes()]


def before(page: paging.Page) -> int | None:
    """The revision where the page before ended."""
    after = page.query.after
    if after is None:
        return None
    if not re.fullmatch("[0-9]{1,18}", after.key):
        raise bad_query("cursor", "must be a nextCursor of an earlier answer")
    return int(after.key)


def shown_who(who: Who) -> Json:
    return {
        "by": who.by,
        "fromIp": who.from_ip,
        "via": who.via,
        "userAgent": who.user_agent,
        "token": who.token,
    }


def shown_version(version: Version) -> Json:
    return {
        "version": version.version,
        "revision": version.revision,
        "op": version.op,
        "at": version.at,
        "who": shown_who(version.who),
    }


def _asked(request: Request) -> tuple[int, int | None]:
    note(request.path_params, "version", _ASKED)
    text = request.path_params["version"]
    match = _NUMBERS.fullmatch(text)
    if match is None:
        raise NotFound(f"no version {text[:80]!r}: ask for a number, or for two as 1..2")
    return int(match[1]), None if match[2] is None else int(match[2])


def read_version(body: Any) -> int:
    fields = Fields(body)
    version = fields.integer("version", 1, MAX_VERSION)
    if fields.raw("version") is msgspec.UNSET:
        fields.problem("version", "is required", "missing")
    fields.check()
    assert isinstance(version, int)
    return version
