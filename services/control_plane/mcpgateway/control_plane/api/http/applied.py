"""How a write is done and answered: once replicas applied it, and if they take long, soon; with
`?wait=applied` it says who did. With `?dry_run=true` it is not done at all."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from starlette.requests import Request
from starlette.responses import Response

from mcpgateway.common.errors import Conflict, NotFound
from mcpgateway.common.routing.model import Key
from mcpgateway.control_plane.api.http import dry_run, paging
from mcpgateway.control_plane.api.http.errors import bad_query
from mcpgateway.control_plane.api.http.exchange import json
from mcpgateway.control_plane.api.http.noted import Schema, note
from mcpgateway.control_plane.registry.ports import Change, Ports, Position
from mcpgateway.control_plane.registry.ports import Outcome as Outcome

DEFAULT_TIMEOUT = 5.0  # seconds
MAX_TIMEOUT = 30.0
_WAIT: Schema = {
    "type": "string",
    "enum": ["applied"],
    "description": "Answer when every live replica has applied the write, 202 when time runs out.",
}
_TIMEOUT: Schema = {
    "type": "number",
    "minimum": 0,
    "maximum": MAX_TIMEOUT,
    "default": DEFAULT_TIMEOUT,
    "description": "How long to wait, in seconds.",
}


class Fleet(Protocol):
    """What is known of the replicas, from their receipts."""

    async def applied(self, position: Position, timeout: float) -> Outcome:
        """Returns when all live replicas have it, when there is none, or after `timeout`."""

    def replicas(self, wanted: Position) -> Sequence[Mapping[str, Any]]:
        """As GET /replicas shows them."""


class Written(NamedTuple):
    """What a write did. `key` None: data planes do not get such things. `revision` None: nothing
    had to be written. `version` is for the ETag."""

    body: object
    key: Key | None
    revision: int | None
    status: int = 200
    version: int | None = None


class Writes:
    """Does writes and answers them. `settle`: seconds that an answer waits for replicas unasked, so
    that what was made can be called in the very next line of a script."""

    def __init__(self, ports: Ports, fleet: Fleet, settle: float = 0.0) -> None:
        self._settle = settle
        self._ports = ports
        self._read = ports.store.read
        self._fleet = fleet

    async def run(
        self,
        request: Request,
        act: Callable[[Ports], Awaitable[Change]],
        show: Callable[[Change], Awaitable[Written]],
    ) -> Response:
        """What the query string asks of any write is read before `act` writes, which it does
        through the ports that it is given and through no others. Raises Conflict where others
        took away what was written before it could be shown: a 404 would deny the write."""
        wait = read_wait(request.query_params)
        if paging.flag(request.query_params, "dry_run"):
            return await dry_run.answer(self._ports, act)
        change = await act(self._ports)
        try:
            written = await show(change)
        except NotFound as error:
            done = f"written as revision {change.revision}" if change.revision else "unchanged"
            raise Conflict(f"it was {done}, and is gone since, or hidden from you") from error
        return await self.answer(written, wait)

    async def answer(self, written: Written, wait: float | None) -> Response:
        """`wait`: seconds, or None not to say what replicas did."""
        position = Position("", written.revision or 0)
        settle = self._settle if wait is None and written.revision is not None else 0.0
        if wait is not None or written.revision is None or settle:
            now = await self._read.position()
            position = now._replace(revision=written.revision or now.revision)
        headers = {"Registry-Revision": str(position.revision)}
        if written.version is not None:
            headers["ETag"] = f'"{written.version}"'
        status = written.status
        if settle:
            await self._fleet.applied(position, settle)
        if wait is not None:
            outcome = await self._fleet.applied(position, wait)
            headers |= outcome_headers(outcome, written.key)
            if outcome.live == 0 or outcome.applied < outcome.live:
                status = 202
        return json(written.body, status, headers)


def outcome_headers(outcome: Outcome, key: Key | None) -> dict[str, str]:
    headers = {"Applied": f"{outcome.applied}/{outcome.live}"}
    if outcome.pending:
        headers["Pending"] = ", ".join(outcome.pending)
    rejected = [
        f"{replica}={_header_text(fault.problem)}"
        for replica, fault in outcome.faults
        if (fault.kind, fault.id) == key
    ]
    if rejected:
        headers["Rejected"] = ", ".join(rejected)
    return headers


def _header_text(text: str) -> str:
    plain = "".join(c if c.isascii() and c.isprintable() else "?" for c in text)
    return plain.replace(",", ";")[:200]


def read_wait(params: Mapping[str, str]) -> float | None:
    """Of `?wait=applied&timeout=5`, in seconds. Raises InvalidCall; so ask before writing."""
    note(params, "wait", _WAIT)
    note(params, "timeout", _TIMEOUT)
    wait = params.get("wait", "")
    if wait not in ("", "applied"):
        raise bad_query("wait", "must be applied, or absent")
    text = params.get("timeout", "")
    timeout = DEFAULT_TIMEOUT
    if text:
        timeout = float(text) if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{0,9})?", text) else -1
    if not 0 <= timeout <= MAX_TIMEOUT:
        raise bad_query("timeout", f"must be 0 to {MAX_TIMEOUT:g} seconds")
    return timeout if wait else None
