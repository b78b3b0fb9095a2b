"""The one decision: may this subject do this to that, under these circumstances, and by what. Pure.

Lists show what it would allow: views ask the same `Permits`. What a call alone can tell (arguments,
time, source) is a circumstance.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from mcpgateway.common.policy.access.conditions import moment
from mcpgateway.common.policy.access.permits import EVERYWHERE, Judged, Permits, Place
from mcpgateway.common.policy.access.policy import (
    Policy,
    live_grants,
    rights,
    who_calls,
)
from mcpgateway.common.policy.access.rules import CompiledRule, Object
from mcpgateway.common.policy.access.subject import Subject


class Circumstances(msgspec.Struct, frozen=True):
    """What is known of a call. None: not known, and a condition that reads it can not be
    evaluated. `time` is Unix seconds, `source` the client's address, `args` decoded JSON."""

    place: Place = EVERYWHERE
    args: Any = None
    time: float | None = None
    source: str | None = None


NO_CALL = Circumstances()


class Decision(msgspec.Struct, frozen=True):
    """`rule` is the id of the rule that decided, "" for none; `by` the step that did."""

    allowed: bool
    by: str
    reason: str
    rule: str = ""


def decide(
    policy: Policy,
    subject: Subject,
    action: str,
    thing: Object,
    circumstances: Circumstances = NO_CALL,
) -> Decision:
    """`action` is a permission."""
    place = circumstances.place
    if place.server == "" and thing.kind == "server":
        place = Place(thing.id)
    only = subject.scope.server
    if only and place.server != only:
        return Decision(False, "token", f"the token is for the server {only!r} alone")
    permits = Permits(rights(policy, subject, acts=frozenset((action,))))
    judged = permits.judge(action, thing, place)
    if judged.late:
        given = variables(policy, subject, circumstances)
        judged = settled(judged, given)
    reason = _reason(policy, subject, action, thing, judged)
    return Decision(judged.allowed, judged.by, reason, judged.rule.id if judged.rule else "")


def variables(policy: Policy, subject: Subject, of: Circumstances) -> dict[str, Any]:
    """What conditions read. What is not known is not there."""
    given = who_calls(subject, policy.role_names(live_grants(subject)))
    if of.args is not None:
        given["args"] = of.args
    if of.time is not None:
        given["time"] = moment(of.time)
    if of.source is not None:
        given["source"] = of.source
    return given


def settled(judged: Judged, given: Mapping[str, Any]) -> Judged:
    """After the rules that only the call decides about."""
    allows: CompiledRule | None = None
    for rule in judged.late:
        holds = None if rule.condition is None else rule.condition.holds(given)
        if rule.denies and holds is not False:
            return Judged(False, "deny", rule, unsure=holds is None)
        if not rule.denies and holds:
            allows = allows or rule
    if judged.allowed or allows is None:
        return judged._replace(late=())
    return Judged(True, "allow", allows)


def _reason(policy: Policy, subject: Subject, action: str, thing: Object, judged: Judged) -> str:
    who = subject.id or "an anonymous caller"
    what = f"{thing.kind} {thing.name or thing.id!r}" if thing.kind else "it"
    rule = "" if judged.rule is None else repr(judged.rule.name)
    match judged.by:
        case "token":
            left = ", ".join(subject.scope.permissions or ()) or "none"
            return f"the token leaves of permissions {left}, and {action} is not among them"
        case "visibility":
            return f"{what} is not visible to {who}"
        case "deny":
            return f"rule {rule} denies it{_doubt(judged)}"
        case "everywhere" | "team":
            return _held_by(policy, subject, action, thing, judged.by)
        case "owner":
            return f"{who} owns {what}"
        case "open":
            return f"the server is open to everybody, and {what} is public"
        case "allow":
            return f"rule {rule} allows it"
        case _:
            return f"no role of {who} has {action} here, and no rule allows it"


def _doubt(judged: Judged) -> str:
    if judged.unsure:
        return ": its condition can not be evaluated here"
    broken = judged.rule is not None and judged.rule.broken
    return "; a part of it is not understood here" if broken else ""


def _held_by(policy: Policy, subject: Subject, action: str, thing: Object, by: str) -> str:
    principal = subject.principal
    if principal is not None and principal.admin:
        return f"{principal.id} is an administrator"
    scope, id = ("global", "") if by == "everywhere" else ("team", thing.access.team)
    where = "everywhere" if by == "everywhere" else f"in team {id!r}"
    for grant in live_grants(subject):
        role = policy.roles.get(grant.role)
        if role is not None and (grant.scope, grant.scope_id) == (scope, id) and role.give(action):
            return f"role {role.name!r}, which {subject.id} has {where}, has {action}"
    return f"{subject.id} has {action} {by}"
