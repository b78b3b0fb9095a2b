"""What roles and rules of a table come to, and the class of callers that one belongs to. Pure."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common.policy import visibility
from mcpgateway.common.policy.access import permissions
from mcpgateway.common.policy.access.grants import Grant, Means, live, means
from mcpgateway.common.policy.access.rule_set import NO_RULES, RuleSet
from mcpgateway.common.policy.access.rules import CompiledRule
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.policy.visibility import Viewer
from mcpgateway.common.routing.model import Role, Rule

USE = frozenset(permissions.USE.values())
ALL_ACTS = frozenset((permissions.ALL,))
CALLERS = 10_000  # of whom it is kept which rules are about them; the longest unused go first

_CallerKey = tuple[object, ...]


class Policy:
    """Roles and rules of a table, ready to decide by. Make it with `compiled`."""

    def __init__(self, roles: Mapping[str, Means], rules: Iterable[CompiledRule]) -> None:
        self.roles = roles
        self.rules = tuple(sorted(rules, key=lambda rule: (not rule.denies, rule.name, rule.id)))
        self._about: OrderedDict[_CallerKey, RuleSet] = OrderedDict()

    def about(self, subject: Subject, acts: frozenset[str] = ALL_ACTS) -> RuleSet:
        """The rules that are about these acts of the subject, as far as who calls decides it."""
        if not self.rules:
            return NO_RULES
        had = live_grants(subject)
        key: _CallerKey = (subject.principal, had, subject.claims, subject.chain, acts)
        found = self._about.get(key)
        if found is None:
            rules = self._found(subject, had)
            taken = RuleSet(rule for rule in rules if acts == ALL_ACTS or rule.takes(acts))
            found = self._about[key] = taken or NO_RULES
            if len(self._about) > CALLERS:
                self._about.popitem(last=False)
        else:
            self._about.move_to_end(key)
        return found

    def _found(self, subject: Subject, had: Collection[Grant]) -> list[CompiledRule]:
        roles = self.role_names(had)
        ids = {grant.role for grant in had}
        given: Mapping[str, Any] | None = None
        found = []
        for rule in self.rules:
            if rule.never or not rule.is_about(subject, ids | roles):
                continue
            if rule.condition is not None and rule.static:
                given = given or who_calls(subject, roles)
                if not counts(rule, given):
                    continue
            found.append(rule)
        return found

    def role_names(self, had: Iterable[Grant]) -> frozenset[str]:
        known = (self.roles.get(grant.role) for grant in had)
        return frozenset(role.name for role in known if role is not None)


def compiled(
    roles: Mapping[str, Role], rules: Mapping[str, Rule], before: Policy | None = None
) -> Policy:
    """Rules that are the very same as before are not compiled again."""
    known = {rule.id: rule for rule in before.rules} if before is not None else {}
    made = []
    for rule in rules.values():
        same = known.get(rule.id)
        made.append(same if same is not None and same.record is rule else CompiledRule(rule))
    return Policy(means(roles), made)


NO_POLICY = Policy({}, ())


class Policies:
    """The policy of one table after another: compiled when its roles or rules are others."""

    def __init__(self) -> None:
        self._roles: Mapping[str, Role] = {}
        self._rules: Mapping[str, Rule] = {}
        self._policy = NO_POLICY

    def of(self, roles: Mapping[str, Role], rules: Mapping[str, Rule]) -> Policy:
        if roles is not self._roles or rules is not self._rules:
            self._policy = compiled(roles, rules, self._policy)
            self._roles, self._rules = roles, rules
        return self._policy


def live_grants(subject: Subject) -> tuple[Grant, ...]:
    principal = subject.principal
    if principal is None or not principal.active:
        return ()
    return live(principal.grants, subject.at)


def who_calls(subject: Subject, roles: Collection[str]) -> dict[str, Any]:
    """What conditions read of the caller."""
    principal = subject.principal
    who: dict[str, Any] = {
        "id": "",
        "admin": False,
        "service": False,
        "teams": [],
        "attributes": {},
    }
    if principal is not None:
        who = {
            "id": principal.id,
            "admin": principal.admin,
            "service": principal.service,
            "teams": list(principal.teams),
            "attributes": _object(principal.attributes),
        }
    who["roles"] = sorted(roles)
    return {"principal": who, "claims": _object(subject.claims), "chain": list(subject.chain)}


def counts(rule: CompiledRule, given: Mapping[str, Any]) -> bool:
    """Whether its condition makes it apply. One that can not be evaluated counts against the
    caller."""
    if rule.condition is None:
        return True
    holds = rule.condition.holds(given)
    return rule.denies if holds is None else holds


def _object(text: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


class Rights(NamedTuple):
    """The class of all callers who may do the same of certain acts. Hashable: views are kept by
    it. `everywhere` are permissions that count for all that is seen, `teams` for what is of a team,
    `own` for what is `owner`'s; `left` are those that the token leaves."""

    who: Viewer
    left: frozenset[str]
    everywhere: frozenset[str]
    teams: frozenset[tuple[str, str]] = frozenset()
    own: frozenset[str] = frozenset()
    owner: str = ""
    rules: RuleSet = NO_RULES

    @staticmethod
    def all_of(who: Viewer) -> "Rights":
        """Whoever may use all that he sees."""
        return Rights(who, USE, USE)

    def depends_on(self, rules: Collection[str], roles: Collection[str]) -> bool:
        """Whether a change of these rules or roles (ids) may have ended the class."""
        if roles and not self.who.admin:
            return True
        return self.rules.changes_with(rules)

    @property
    def sees_all(self) -> bool:
        """Whether nothing at all has to be asked about things that are used."""
        return self.who.admin and not self.rules and self.everywhere >= USE


def rights(
    policy: Policy, subject: Subject, owns_private: bool = True, acts: frozenset[str] = USE
) -> Rights:
    """Of the subject, for these permissions. Pass `owns_private` False for a principal that owns
    nothing private: it then shares its class with others."""
    left = frozenset([act for act in acts if _leaves(subject, act)])
    rules = policy.about(subject, acts)
    who = visibility.viewer(subject, owns_private)
    principal = subject.principal
    if principal is None or not principal.active:
        return Rights(who, left, frozenset(), rules=rules)
    if principal.admin:
        return Rights(who, left, left, rules=rules)
    everywhere, teams, own = _held(policy, subject, left)
    if own <= everywhere:
        return Rights(who, left, everywhere, teams, rules=rules)
    return Rights(who, left, everywhere, teams, own, principal.id, rules)


def _leaves(subject: Subject, act: str) -> bool:
    """A token that is for one server leaves its use."""
    return subject.scope.leaves(act) or (act == "servers.use" and subject.scope.server != "")


def _held(
    policy: Policy, subject: Subject, left: frozenset[str]
) -> tuple[frozenset[str], frozenset[tuple[str, str]], frozenset[str]]:
    everywhere: set[str] = set()
    teams: set[tuple[str, str]] = set()
    own = set(left & permissions.OWN)
    named = subject.scope.teams
    for grant in live_grants(subject):
        role = policy.roles.get(grant.role)
        given = () if role is None else [act for act in left if role.give(act)]
        if grant.scope == "global":
            everywhere.update(given)
        elif grant.scope == "personal":
            own.update(given)
        elif grant.scope == "team" and (named is None or grant.scope_id in named):
            teams.update((grant.scope_id, act) for act in given)
    kept = frozenset(pair for pair in teams if pair[1] not in everywhere)
    return frozenset(everywhere), kept, frozenset(own)
