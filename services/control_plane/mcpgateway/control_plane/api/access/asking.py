"""/access/explain, /access/simulate, /access/decisions and /rbac/permissions/check: what is allowed
and why, what was decided, and what a rule would change."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias, get_args

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.errors import InvalidCall, Unavailable
from mcpgateway.common.policy.access import permissions
from mcpgateway.common.policy.access.scope import EVERYTHING, Scope
from mcpgateway.control_plane.api.access.rules import read_rule
from mcpgateway.control_plane.api.http.errors import bad_query
from mcpgateway.control_plane.api.http.exchange import actor_of, at, json, read_object
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.noted import Schema, note
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.api.http.paging import MAX_TEXT, text
from mcpgateway.control_plane.registry.access.decisions import Asked, Decided, DecisionLog, Verdict
from mcpgateway.control_plane.registry.access.explain import Explained, Question, explain
from mcpgateway.control_plane.registry.access.simulate import (
    MAX_LOOKED,
    Proposal,
    Simulated,
    simulate,
)
from mcpgateway.control_plane.registry.ports import Ports

DEFAULT_LOOKED = 2000
DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
MAX_SHOWN = 1000  # changes; more are counted
EMAIL_LIMIT = 255
# What the API calls the kinds of things, and decisions do.
KINDS = {
    **{kind: kind for kind in ("tool", "prompt", "resource", "server", "agent", "root")},
    "gateway": "upstream",
    "upstream": "upstream",
}
_MOMENT: Schema = {"type": "string", "description": "A time of ISO 8601, of UTC if it says none."}
_OBJECT: Schema = {"type": "object"}
_FILTERS = ("principal", "action", "kind", "id", "name", "server", "rule")

Json: TypeAlias = dict[str, Any]


class AskingRoutes:
    """`decisions` None: this control plane keeps none."""

    def __init__(self, ports: Ports, decisions: DecisionLog | None) -> None:
        self._ports = ports
        self._decisions = decisions

    def routes(self) -> Sequence[Route]:
        refuses = (403, 404, 409)
        explaining = Operation(
            self.explain,
            "Why something is allowed or not",
            {200: Shown(shown_explained, title="Explained")},
            refuses,
        )
        trying = Operation(
            self.simulate, "What a rule would change", {200: _OBJECT}, (403, 404, 409)
        )
        listing = Operation(self.decisions, "What was decided", {200: _OBJECT}, (403,))
        checking = Operation(
            self.check, "Whether somebody has a permission", {200: _OBJECT}, refuses
        )
        return (
            at("/access/explain", POST=explaining),
            at("/access/simulate", POST=trying),
            at("/access/decisions", GET=listing),
            at("/rbac/permissions/check", POST=checking),
        )

    async def explain(self, request: Request) -> Response:
        actor = actor_of(request)
        question = read_question(await read_object(request), actor.viewer.email)
        return json(shown_explained(await explain(self._ports, actor, question)))

    async def check(self, request: Request) -> Response:
        """As ContextForge asks it: about a thing, or about what is a team's."""
        actor = actor_of(request)
        fields = Fields(await read_object(request))
        email = fields.filled("user_email", EMAIL_LIMIT, required=True)
        action = _action(fields, "permission")
        kind, id = fields.text("resource_type", 32), fields.text("resource_id", 255)
        team = fields.text("team_id", 64)
        kind = _kind(fields, "resource_type", kind)
        fields.check()
        who = str(email).lower()
        if kind and id:
            asked = Question(principal=who, action=action, kind=kind, id=str(id))
        else:
            asked = Question(principal=who, action=action, team="" if team is UNSET else str(team))
        found = await explain(self._ports, actor, asked)
        return json(
            {
                "user_email": who,
                "permission": action,
                "granted": found.decision.allowed,
                "checked_at": self._ports.clock(),
                "checked_by": actor.viewer.email,
            }
        )

    async def simulate(self, request: Request) -> Response:
        """`{"rule": {...}}` is a new one, or with `"replace": id` in place of another;
        `{"delete": id}` takes one away."""
        actor = actor_of(request)
        fields = Fields(await read_object(request))
        proposal, since = _proposal(fields), _since(fields)
        limit = fields.integer("limit", 1, MAX_LOOKED)
        fields.check()
        looked = DEFAULT_LOOKED if isinstance(limit, UnsetType) else limit
        args = (self._log(), proposal, since, looked)
        return json(shown_simulated(await simulate(self._ports, actor, *args)))

    async def decisions(self, request: Request) -> Response:
        """Newest first."""
        asked = read_asked(request.query_params)
        more = msgspec.structs.replace(asked, limit=asked.limit + 1)
        found = await self._log().find(more)
        page = found[: asked.limit]
        last = page[-1] if len(found) > asked.limit else None
        mark = cursor(last.decided.minute, last.row) if last else None
        return json({"decisions": [shown(row.decided) for row in page], "nextCursor": mark})

    def _log(self) -> DecisionLog:
        if self._decisions is None:
            raise Unavailable("this control plane keeps no log of decisions")
        return self._decisions


def read_question(body: Mapping[str, Any], me: str) -> Question:
    """Without `principal` about oneself. Raises InvalidCall that names every problem."""
    fields = Fields(body)
    principal = fields.text("principal", EMAIL_LIMIT)
    action = _action(fields, "action")
    thing, known = fields.mapping("object"), fields.mapping("circumstances")
    inner = Fields({} if isinstance(thing, UnsetType) else thing)
    kind = _kind(inner, "kind", inner.text("kind", 32))
    id, name = inner.text("id", 255), inner.text("name", 2048)
    if kind and not (id or name):
        inner.problem("kind", "needs an id or a name beside it", "missing")
    if thing is not UNSET and not kind:
        inner.problem("kind", f"must be one of {', '.join(KINDS)}", "missing")
    _adopt(fields, inner, "object")
    more = _circumstances(fields, {} if isinstance(known, UnsetType) else known)
    fields.check()
    return Question(
        principal=me if isinstance(principal, UnsetType) else principal.lower(),
        action=action,
        kind=kind,
        id=_plain(id),
        name=_plain(name),
        **more,
    )


def _circumstances(fields: Fields, said: Mapping[str, Any]) -> dict[str, Any]:
    inner = Fields(said)
    source, server = inner.text("source", 64), inner.text("server", 64)
    time, claims = _time(inner), inner.mapping("claims")
    scope = inner.mapping("scope")
    found = {
        "args": said.get("args"),
        "source": None if source is UNSET else source,
        "server": _plain(server),
        "time": time,
        "claims": {} if claims is UNSET else claims,
        "scope": EVERYTHING if isinstance(scope, UnsetType) else _scope(inner, scope),
    }
    _adopt(fields, inner, "circumstances")
    return found


def _scope(inner: Fields, said: Mapping[str, Any]) -> Scope:
    try:
        return msgspec.convert(dict(said), Scope)
    except msgspec.ValidationError as error:
        inner.problem("scope", f"is no scope of a token: {error}", "scope")
        return EVERYTHING


def _time(inner: Fields) -> float | None:
    said = inner.raw("time", _MOMENT)
    if said is UNSET:
        return None
    found = _read_moment(said)
    if found is None:
        inner.problem("time", "must be a time like 2026-11-22T12:00:00Z", "date-time")
        return None
    return found.timestamp()


def _since(fields: Fields) -> datetime | None:
    said = fields.raw("since", _MOMENT)
    found = None if said is UNSET else _read_moment(said)
    if said is not UNSET and found is None:
        fields.problem("since", "must be a time like 2026-11-22T12:00:00Z", "date-time")
    return found


def _proposal(fields: Fields) -> Proposal:
    rule, replaced, gone = (
        fields.mapping("rule"),
        fields.text("replace", 64),
        fields.text("delete", 64),
    )
    if (rule is UNSET) is (gone is UNSET):
        fields.problem("rule", "or delete must be given, and not both", "missing")
        return Proposal(None)
    if isinstance(rule, UnsetType):
        return Proposal(None, _plain(gone))
    try:
        draft = read_rule(rule, new=replaced is UNSET)
    except InvalidCall as error:
        fields.problems += [each._replace(field=f"rule.{each.field}") for each in error.errors]
        return Proposal(None)
    return Proposal(draft, _plain(replaced))


def read_asked(params: Mapping[str, str]) -> Asked:
    """Of the query string. Raises InvalidCall."""
    said = {name: text(params, name, f"Only of this {name}.") or None for name in _FILTERS}
    if said["kind"] is not None:
        said["kind"] = KINDS.get(said["kind"], said["kind"])
    return Asked(
        **said,
        verdict=_verdict(params),
        since=_moment(params, "since"),
        until=_moment(params, "until"),
        before=_before(params),
        limit=_limit(params),
    )


def _verdict(params: Mapping[str, str]) -> Verdict | None:
    note(params, "verdict", {"type": "string", "enum": [*get_args(Verdict)]})
    match params.get("verdict", ""):
        case "":
            return None
        case "allow" | "deny" as said:
            return said
    raise bad_query("verdict", "must be allow or deny")


def _moment(params: Mapping[str, str], name: str) -> datetime | None:
    note(params, name, _MOMENT)
    said = params.get(name, "")
    if not said:
        return None
    found = _read_moment(said)
    if found is None:
        raise bad_query(name, "must be a time like 2026-11-22T12:00:00Z")
    return found


def _read_moment(said: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _limit(params: Mapping[str, str]) -> int:
    schema = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    note(params, "limit", schema)
    said = params.get("limit", "") or str(DEFAULT_LIMIT)
    if not (said.isascii() and said.isdigit() and len(said) < 6 and 1 <= int(said) <= MAX_LIMIT):
        raise bad_query("limit", f"must be 1 to {MAX_LIMIT}")
    return int(said)


def cursor(minute: datetime, row: int) -> str:
    """Where a page ended."""
    return base64.urlsafe_b64encode(msgspec.json.encode((minute, row))).decode().rstrip("=")


def _before(params: Mapping[str, str]) -> tuple[datetime, int] | None:
    said = text(params, "cursor", "The `nextCursor` of the page before.", MAX_TEXT)
    if not said:
        return None
    try:
        raw = base64.urlsafe_b64decode(said.encode("ascii") + b"=" * (-len(said) % 4))
        return msgspec.json.decode(raw, type=tuple[datetime, int])
    except (UnicodeError, binascii.Error, msgspec.DecodeError):
        raise bad_query("cursor", "must be a nextCursor of an earlier answer") from None


def _action(fields: Fields, name: str) -> str:
    said = fields.filled(name, 64, required=True)
    if isinstance(said, UnsetType):
        return ""
    wrong = permissions.problem(said)
    if wrong or said == permissions.ALL:
        fields.problem(name, wrong or "must be one permission", "permission")
    return said


def _kind(fields: Fields, name: str, said: str | UnsetType) -> str:
    if isinstance(said, UnsetType) or said == "":
        return ""
    if said not in KINDS:
        fields.problem(name, f"must be one of {', '.join(KINDS)}", "enum")
    return KINDS.get(said, "")


def _adopt(fields: Fields, inner: Fields, under: str) -> None:
    fields.problems += [each._replace(field=f"{under}.{each.field}") for each in inner.problems]


def _plain(said: str | UnsetType) -> str:
    return "" if isinstance(said, UnsetType) else said


def shown_explained(found: Explained) -> Json:
    decision, thing = found.decision, found.thing
    return {
        "allowed": decision.allowed,
        "reason": decision.reason,
        "by": decision.by,
        "rule": {"id": decision.rule, "name": found.rule} if decision.rule else None,
        "role": found.role or None,
        "object": {"kind": thing.kind, "id": thing.id, "name": thing.name} if thing.kind else None,
        "steps": [step._asdict() for step in found.steps],
    }


def shown_simulated(found: Simulated) -> Json:
    changes, untold = found.changes, found.untold
    return {
        "looked": found.looked,
        "calls": sum(each.logged.count for each in changes),
        "changes": [
            shown(each.logged)
            | {
                "would": "allow" if each.then.allowed else "deny",
                "reason": each.then.reason,
                "byRule": each.then.rule or None,
            }
            for each in changes[:MAX_SHOWN]
        ],
        "moreChanges": max(0, len(changes) - MAX_SHOWN),
        "untold": [shown(each.logged) | {"reads": list(each.reads)} for each in untold[:MAX_SHOWN]],
        "moreUntold": max(0, len(untold) - MAX_SHOWN),
        "drifted": found.drifted,
        "gone": found.gone,
        "more": found.more,
    }


def shown(row: Decided) -> Json:
    return {
        "minute": row.minute,
        "principal": row.principal,
        "token": row.token or None,
        "action": row.action,
        "object": {"kind": row.kind, "id": row.id, "name": row.name},
        "server": row.server or None,
        "source": row.source or None,
        "rule": row.rule or None,
        "verdict": row.verdict,
        "count": row.count,
    }
