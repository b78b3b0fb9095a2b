"""Why something is allowed or not: the decision of data planes itself, run over the registry, with
the steps on its way."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common.errors import Conflict, InvalidCall, NotFound
from mcpgateway.common.policy.access.decide import (
    Circumstances,
    Decision,
    decide,
    settled,
    variables,
)
from mcpgateway.common.policy.access.permits import Judged, Place
from mcpgateway.common.policy.access.policy import Policy, live_grants
from mcpgateway.common.policy.access.rules import NOTHING, CompiledRule, Object
from mcpgateway.common.policy.access.scope import EVERYTHING, Scope
from mcpgateway.common.policy.access.subject import NOBODY, Subject
from mcpgateway.common.policy.visibility import sees, viewer
from mcpgateway.common.routing.model import Access
from mcpgateway.control_plane.registry.access.callers import policy_of, subject_of
from mcpgateway.control_plane.registry.access.rights import RULES
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.people.ports import Thing
from mcpgateway.control_plane.registry.ports import Ports

_ORDER = ("token", "visibility", "deny", "roles", "allow")
_STAGE = {
    "token": "token",
    "visibility": "visibility",
    "deny": "deny",
    "everywhere": "roles",
    "team": "roles",
    "owner": "roles",
    "open": "roles",
    "allow": "allow",
    "default": "allow",
}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """`principal` "" is anonymous. `kind` "": about no thing, or about what is a team's, with
    `team`; else `id` or `name` says which.
    `server`: at the endpoint of which virtual server. `time` in Unix seconds."""

    principal: str
    action: str
    kind: str = ""
    id: str = ""
    name: str = ""
    team: str = ""
    server: str = ""
    args: Any = None
    source: str | None = None
    time: float | None = None
    claims: Mapping[str, Any] = {}
    scope: Scope = EVERYTHING


class Step(NamedTuple):
    """`outcome`: passed, refused, allowed, or nothing (it said neither)."""

    step: str
    outcome: str
    detail: str


class Explained(NamedTuple):
    """`rule` and `role` are names of what decided, "" for none."""

    decision: Decision
    thing: Object
    rule: str
    role: str
    steps: tuple[Step, ...]


async def explain(ports: Ports, actor: Actor, question: Question) -> Explained:
    """Of oneself about what one sees, or of anybody with the permission to read rules. Raises
    Denied, NotFound, Conflict for a name of several things."""
    mine = question.principal == actor.viewer.email
    whole = actor.may(RULES)
    if not mine and not whole:
        actor.check(RULES, "ask about others")
    access = ports.store.read.access
    looked = await access.look(question.principal, question.kind, question.id, question.name)
    if looked.user is None and question.principal:
        raise NotFound(f"no principal {question.principal!r}")
    now = ports.clock()
    subject = NOBODY
    if looked.user is not None:
        claims = msgspec.json.encode(question.claims)
        subject = subject_of(looked.user, now, scope=question.scope, claims=claims)
    thing = _thing(question, looked.things)
    if not whole and not sees(viewer(subject), thing.access):
        raise NotFound(f"no {question.kind} {(question.id or question.name)!r}")
    place = await _place(ports, question.server)
    time = now.timestamp() if question.time is None else question.time
    known = Circumstances(place, question.args, time, question.source)
    return explained(policy_of(looked.roles, looked.rules), subject, question.action, thing, known)


def explained(
    policy: Policy, subject: Subject, action: str, thing: Object, known: Circumstances
) -> Explained:
    """What `decide` says, and how it came to that. Pure."""
    decision = decide(policy, subject, action, thing, known)
    rule = next((each.name for each in policy.rules if each.id == decision.rule), "")
    role = _role(policy, subject, action, thing, decision.by)
    steps = tuple(_steps(policy, subject, action, thing, known, decision))
    return Explained(decision, thing, rule, role, steps)


def _steps(
    policy: Policy,
    subject: Subject,
    action: str,
    thing: Object,
    known: Circumstances,
    decision: Decision,
) -> Iterator[Step]:
    last = _STAGE[decision.by]
    given = variables(policy, subject, known)
    at = known.place.server or (thing.id if thing.kind == "server" else "")
    about = [rule for rule in policy.about(subject) if rule.concerns(action, thing, at)]
    for stage in _ORDER:
        if stage == last:
            yield Step(stage, "allowed" if decision.allowed else "refused", decision.reason)
            return
        yield Step(stage, *_passed(stage, about, given, action))


def _passed(
    stage: str, about: list[CompiledRule], given: Mapping[str, Any], action: str
) -> tuple[str, str]:
    match stage:
        case "token":
            return "passed", f"the token leaves {action}"
        case "visibility":
            return "passed", "it is visible"
        case "deny":
            looked_at = [_said(rule, given) for rule in about if rule.denies]
            return "passed", "; ".join(looked_at) or "no rule that denies is about it"
    return "nothing", f"no role gives {action} here"


def _said(rule: CompiledRule, given: Mapping[str, Any]) -> str:
    judged = settled(Judged(True, "everywhere", late=(rule,)), given)
    return f"rule {rule.name!r} {'denies it' if not judged.allowed else 'does not apply'}"


def _role(policy: Policy, subject: Subject, action: str, thing: Object, by: str) -> str:
    """The name of the role that allowed it."""
    if by not in ("everywhere", "team"):
        return ""
    wanted = ("global", "") if by == "everywhere" else ("team", thing.access.team)
    for grant in live_grants(subject):
        role = policy.roles.get(grant.role)
        if role is not None and (grant.scope, grant.scope_id) == wanted and role.give(action):
            return role.name
    return ""


def _thing(question: Question, found: Any) -> Object:
    """Raises NotFound, Conflict."""
    if question.team:
        return Object("team", question.team, access=Access("public", question.team))
    if not question.kind:
        return NOTHING
    said = question.id or question.name
    if not said:
        raise InvalidCall("object needs an id or a name")
    if not found:
        raise NotFound(f"no {question.kind} {said!r}")
    if len(found) > 1:
        ids = ", ".join(each.id for each in found)
        raise Conflict(f"several of kind {question.kind} are called {said!r}: {ids}. Give an id")
    return object_of(question.kind, found[0])


def object_of(kind: str, row: Thing) -> Object:
    """As data planes have it."""
    access = Access(row.visibility, row.team_id or "", row.owner_email or "")
    return Object(kind, row.id, row.name, access, row.tags, row.upstream_id or "")


async def _place(ports: Ports, server: str) -> Place:
    """Raises NotFound."""
    if not server:
        return Place()
    found = await ports.store.read.access.things("server", [server])
    if not found:
        raise NotFound(f"no server {server!r}")
    return Place(server, found[0].anonymous_access)
