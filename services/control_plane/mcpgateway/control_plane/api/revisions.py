"""/revisions and /audit: the history of the whole registry, for administrators."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from mcpgateway.common.errors import NotFound
from mcpgateway.control_plane.api.http import paging
from mcpgateway.control_plane.api.http.applied import Writes, Written
from mcpgateway.control_plane.api.http.dry_run import shown_changes
from mcpgateway.control_plane.api.http.errors import bad_query
from mcpgateway.control_plane.api.http.exchange import actor_of, at, json, viewer_of
from mcpgateway.control_plane.api.http.noted import Schema, note
from mcpgateway.control_plane.api.http.operation import Operation
from mcpgateway.control_plane.api.versions import before, shown_who
from mcpgateway.control_plane.registry.history import reads
from mcpgateway.control_plane.registry.history.model import Filter, Revision
from mcpgateway.control_plane.registry.history.nouns import BY_NAME
from mcpgateway.control_plane.registry.history.restore import restore
from mcpgateway.control_plane.registry.model import Who
from mcpgateway.control_plane.registry.ports import Change, Ports
from mcpgateway.control_plane.registry.views import After

NDJSON = "application/x-ndjson"
KINDS = (
    *sorted(noun.kind for noun in BY_NAME.values()),
    *("credential", "principal", "signing_key"),
    *("role", "role_grant", "rule", "team", "team_member", "api_token", "revocation"),
)
_NUMBERS = re.compile(r"([0-9]{1,18})(?:\.\.([0-9]{1,18}))?")
_ASKED: Schema = {"type": "string", "pattern": r"^[0-9]{1,18}(\.\.[0-9]{1,18})?$"}
_MOMENT: Schema = {"type": "string", "description": "A time of ISO 8601, of UTC if it says none."}
_OBJECT: Schema = {"type": "object"}
_LIST: Schema = {"anyOf": [{"type": "array", "items": _OBJECT}, _OBJECT]}

Json = dict[str, Any]


class Revisions:
    def __init__(self, ports: Ports, writes: Writes) -> None:
        self._ports = ports
        self._writes = writes

    def routes(self) -> Sequence[Route]:
        what = "What a revision changed, or what differs in two"
        bring = Operation(
            self.restore, "Bring the registry back to a revision", {200: _OBJECT}, (403, 409)
        )
        audit = Operation(
            self.audit, "Every revision with all that it changed", {200: _LIST}, (403,)
        )
        verify = Operation(self.verify, "Walk the hash chain", {200: _OBJECT}, (403,))
        return (
            at("/revisions", GET=Operation(self.list, "List revisions", {200: _LIST}, (403,))),
            at("/revisions/{revision}", GET=Operation(self.get, what, {200: _OBJECT}, (403,))),
            at("/revisions/{revision}/restore", POST=bring),
            at("/audit", GET=audit),
            at("/audit/verify", GET=verify),
        )

    async def list(self, request: Request) -> Response:
        page = paging.read_page(request.query_params, viewer_of(request))
        filter, limit = _filter(request.query_params), page.query.limit or paging.MAX_LIMIT + 1
        found = await reads.revisions(self._ports, actor_of(request), filter, before(page), limit)
        page = page._replace(limit=limit - 1)
        keys = [After(str(each.n), "") for each in found]
        return json(paging.answer(page, "revisions", [_shown(each) for each in found], keys))

    async def get(self, request: Request) -> Response:
        actor, (first, last) = actor_of(request), _asked(request)
        if last is not None:
            changes = await reads.between(self._ports, actor, first, last)
            return json({"from": first, "to": last} | shown_changes(changes))
        revision, changes = await reads.revision(self._ports, actor, first)
        return json(_shown(revision) | shown_changes(changes))

    async def restore(self, request: Request) -> Response:
        actor, (revision, other) = actor_of(request), _asked(request)
        if other is not None:
            raise NotFound("one revision can be restored, not the way from one to another")

        async def act(ports: Ports) -> Change:
            return await restore(ports, actor, revision)

        async def show(change: Change) -> Written:
            said = f"The registry is as it was at revision {revision}"
            body = {"status": "success", "message": said, "revision": change.revision}
            return Written(body, None, change.revision)

        return await self._writes.run(request, act, show)

    async def audit(self, request: Request) -> Response:
        """Lines of NDJSON for who accepts that, else one array of the same objects."""
        filter = _filter(request.query_params)
        reads.refuse_others(actor_of(request))
        chunks = reads.audit(self._ports, filter)
        if NDJSON in request.headers.get("accept", ""):
            return StreamingResponse(_lines(chunks), media_type=NDJSON)
        return StreamingResponse(_array(chunks), media_type="application/json")

    async def verify(self, request: Request) -> Response:
        checked = await reads.verify(self._ports, actor_of(request))
        body: Json = {
            "valid": checked.broken is None,
            "revisions": checked.revisions,
            "head": checked.head,
        }
        return json(body | ({"broken": checked.broken._asdict()} if checked.broken else {}))


async def _lines(chunks: AsyncIterator[Sequence[bytes]]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield b"".join(each + b"\n" for each in chunk)


async def _array(chunks: AsyncIterator[Sequence[bytes]]) -> AsyncIterator[bytes]:
    start = b"["
    async for chunk in chunks:
        yield start + b",".join(chunk)
        start = b","
    yield b"[]" if start == b"[" else b"]"


def _shown(revision: Revision) -> Json:
    return {
        "revision": revision.n,
        "at": revision.at,
        "who": shown_who(msgspec.json.decode(revision.who, type=Who)),
        "entries": revision.entries,
        "previous": revision.previous,
        "hash": revision.hash,
    }


def _filter(params: Mapping[str, str]) -> Filter:
    """who, noun, since, until. Raises InvalidCall."""
    note(params, "who", {"type": "string"})
    return Filter(
        by=params.get("who", "").lower() or None,
        noun=_noun(params),
        since=_moment(params, "since"),
        until=_moment(params, "until"),
    )


def _noun(params: Mapping[str, str]) -> str | None:
    """By the word of history, or by that of paths."""
    note(params, "noun", {"type": "string", "enum": [*KINDS, *BY_NAME]})
    said = params.get("noun", "")
    kind = BY_NAME[said].kind if said in BY_NAME else said
    if said and kind not in KINDS:
        raise bad_query("noun", f"must be one of {', '.join(KINDS)}")
    return kind or None


def _moment(params: Mapping[str, str], name: str) -> datetime | None:
    note(params, name, _MOMENT)
    text = params.get(name, "")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise bad_query(name, "must be a time like 2026-11-22T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _asked(request: Request) -> tuple[int, int | None]:
    note(request.path_params, "revision", _ASKED)
    text = request.path_params["revision"]
    match = _NUMBERS.fullmatch(text)
    if match is None:
        raise NotFound(f"no revision {text[:80]!r}: ask for a number, or for two as 1..2")
    return int(match[1]), None if match[2] is None else int(match[2])
