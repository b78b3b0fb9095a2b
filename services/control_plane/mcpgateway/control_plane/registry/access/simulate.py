"""What a change of a rule would do: what was decided lately is decided again, without the change
and with it. Nothing is written."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from mcpgateway.common.errors import NotFound
from mcpgateway.common.policy.access.decide import Circumstances, Decision, decide
from mcpgateway.common.policy.access.permits import Place
from mcpgateway.common.policy.access.policy import Policy
from mcpgateway.common.policy.access.rules import CompiledRule, Object
from mcpgateway.common.policy.access.subject import NOBODY, Subject
from mcpgateway.control_plane.registry.access.callers import policy_of, subject_of
from mcpgateway.control_plane.registry.access.decisions import Decided, DecisionLog
from mcpgateway.control_plane.registry.access.explain import object_of
from mcpgateway.control_plane.registry.access.rights import RULES
from mcpgateway.control_plane.registry.access.rule_acts import RuleDraft, changed
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.people.model import AccessRule
from mcpgateway.control_plane.registry.ports import Ports

MAX_LOOKED = 20_000  # different decisions
UNKNOWN = frozenset(("args", "claims", "chain"))  # what the log does not have
ALWAYS: Mapping[str, datetime] = MappingProxyType({})
_KINDS = ("tool", "prompt", "resource", "server")


class Proposal(NamedTuple):
    """A rule that is new (`id` ""), takes the place of another, or with `draft` None goes."""

    draft: RuleDraft | None
    id: str = ""


class Would(NamedTuple):
    """What was decided, and would be decided otherwise."""

    logged: Decided
    then: Decision


class Untold(NamedTuple):
    """What can not be told: the condition of a rule reads what the log does not have."""

    logged: Decided
    reads: tuple[str, ...]


class Simulated(NamedTuple):
    """`looked` decisions were decided again. `drifted`: how many of them are decided otherwise
    today already, for which nothing is said. `gone`: of how many the principal or the thing is
    there no more."""

    looked: int
    changes: list[Would]
    untold: list[Untold]
    drifted: int
    gone: int
    more: bool


async def simulate(
    ports: Ports,
    actor: Actor,
    log: DecisionLog,
    proposal: Proposal,
    since: datetime | None,
    limit: int,
) -> Simulated:
    """Raises Denied, NotFound."""
    actor.check(RULES, "try rules")
    access = ports.store.read.access
    roles, rules = await access.roles(), await access.rules()
    now = ports.clock()
    after = proposed(proposal, rules, actor.viewer.email, now)
    logged = await log.distinct(since, limit + 1)
    emails = sorted({entry.principal for entry in logged})
    people = {user.email: user for user in await access.users(emails)}
    things: dict[tuple[str, str], Object] = {}
    for kind in _KINDS:
        ids = sorted({entry.id for entry in logged if entry.kind == kind})
        things |= {(kind, row.id): object_of(kind, row) for row in await access.things(kind, ids)}
    before = policy_of(roles, rules)
    in_force = {rule.id: rule.updated_at for rule in rules}
    trial = Trial(before, policy_of(roles, after, before), in_force)
    for entry in logged[:limit]:
        user = people.get(entry.principal)
        subject = subject_of(user, entry.minute) if user else None
        trial.look(entry, NOBODY if not entry.principal else subject, _thing(entry, things))
    return trial.outcome(more=len(logged) > limit)


def proposed(
    proposal: Proposal, rules: Sequence[AccessRule], by: str, now: datetime
) -> list[AccessRule]:
    """The rules as they would be. Raises NotFound."""
    current = next((rule for rule in rules if rule.id == proposal.id), None)
    if proposal.id and current is None:
        raise NotFound(f"no rule {proposal.id!r}")
    others = [rule for rule in rules if rule.id != proposal.id]
    if proposal.draft is None:
        return others
    blank = AccessRule(
        id="proposed",
        name="proposed",
        effect="deny",
        spec={},
        created_by=by,
        created_at=now,
        updated_at=now,
    )
    return [*others, changed(proposal.draft, current or blank)]


def _thing(entry: Decided, things: Mapping[tuple[str, str], Object]) -> Object | None:
    if not entry.kind:
        return Object("")
    return things.get((entry.kind, entry.id))


class Trial:
    """Decides again, one at a time. Pure. `in_force`: by id, since when a rule says what it does.

    A rule that stays, and asks for what the log does not have, did not deny a call that it could
    have denied and that was let through. It is left out where that call is decided again.
    """

    def __init__(
        self, before: Policy, after: Policy, in_force: Mapping[str, datetime] = ALWAYS
    ) -> None:
        self._before = before
        self._after = after
        self._in_force = in_force
        self._without: dict[frozenset[str], tuple[Policy, Policy]] = {}
        old = {rule.id: rule for rule in before.rules}
        new = {rule.id: rule for rule in after.rules}
        self._different = [
            rule
            for id in old.keys() | new.keys()
            if _mark(old.get(id)) != _mark(new.get(id))
            for rule in (old.get(id), new.get(id))
            if rule is not None
        ]
        changed = {rule.id for rule in self._different}
        self._asking = [
            rule
            for rule in before.rules
            if rule.denies
            and rule.id not in changed
            and rule.condition is not None
            and rule.condition.reads & UNKNOWN
        ]
        self._looked = self._drifted = self._gone = 0
        self._changes: list[Would] = []
        self._untold: list[Untold] = []

    def look(self, entry: Decided, subject: Subject | None, thing: Object | None) -> None:
        """`subject` or `thing` None: gone."""
        self._looked += 1
        if subject is None or thing is None:
            self._gone += 1
            return
        server = entry.server or (thing.id if thing.kind == "server" else "")
        asking = [each for each in self._asking if each.concerns(entry.action, thing, server)]
        reads = self._reads(entry, thing, server) | self._doubted(entry, asking)
        if reads:
            self._untold.append(Untold(entry, tuple(sorted(reads))))
            return
        before, after = self._as_logged(entry, asking)
        known = Circumstances(
            Place(entry.server), None, entry.minute.timestamp(), entry.source or None
        )
        was = decide(before, subject, entry.action, thing, known)
        if was.allowed is not (entry.verdict == "allow"):
            self._drifted += 1
            return
        then = decide(after, subject, entry.action, thing, known)
        if then.allowed is not was.allowed:
            self._changes.append(Would(entry, then))

    def outcome(self, *, more: bool) -> Simulated:
        counts = (self._drifted, self._gone)
        return Simulated(self._looked, self._changes, self._untold, *counts, more)

    def _as_logged(self, entry: Decided, asking: Sequence[CompiledRule]) -> tuple[Policy, Policy]:
        """What to decide by: without those that did not deny what was let through."""
        if entry.verdict != "allow" or not asking:
            return self._before, self._after
        idle = frozenset(rule.id for rule in asking)
        found = self._without.get(idle)
        if found is None:
            found = _without(self._before, idle), _without(self._after, idle)
            self._without[idle] = found
        return found

    def _doubted(self, entry: Decided, asking: Sequence[CompiledRule]) -> set[str]:
        """What those ask for of which the log does not tell how they came out: they are newer than
        the call, or it was denied by a rule that would be another."""
        if entry.verdict == "allow":
            since = self._in_force
            doubted = [each for each in asking if since.get(each.id, entry.minute) > entry.minute]
        else:
            doubted = [*asking] if any(each.id == entry.rule for each in self._different) else []
        conditions = [each.condition for each in doubted if each.condition is not None]
        return {name for condition in conditions for name in condition.reads & UNKNOWN}

    def _reads(self, entry: Decided, thing: Object, server: str) -> set[str]:
        """What the rules that differ would ask of that call and the log does not have."""
        asked: set[str] = set()
        for rule in self._different:
            if rule.condition is not None and rule.concerns(entry.action, thing, server):
                asked |= rule.condition.reads & UNKNOWN
                if not entry.source:
                    asked |= rule.condition.reads & {"source"}
        return asked


def _without(policy: Policy, ids: frozenset[str]) -> Policy:
    return Policy(policy.roles, [rule for rule in policy.rules if rule.id not in ids])


def _mark(rule: CompiledRule | None) -> object:
    return None if rule is None else (rule.record.effect, rule.record.spec)
