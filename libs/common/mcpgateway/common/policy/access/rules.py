"""Rules: what one says, whom and what it is about, and what is wrong with one. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from typing_extensions import override

from mcpgateway.common.policy.access import permissions
from mcpgateway.common.policy.access.conditions import Condition, Unusable
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.model import Access, Rule

LIST_LIMIT = 200  # members of any list of a rule
NAME_LIMIT = 512  # characters of one
OBJECT_KINDS = ("tool", "prompt", "resource", "server", "upstream", "root", "agent", "team", "user")


class Subjects(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whom a rule is about: whoever is named, in a team, or has a role (by id or name)."""

    principals: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


class Objects(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a rule is about: what fits each of the lists that are not empty. `names` (of resources
    URIs) may have `*` for any text; `upstreams` and `servers` are ids: where it comes from, and at
    whose endpoint it is used."""

    kinds: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    upstreams: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()


class Spec(msgspec.Struct, frozen=True, omit_defaults=True):
    """`subjects` and `objects`: none named, all. `actions` are permissions, or "*". `condition` is
    CEL (`conditions`), "" for always."""

    actions: tuple[str, ...]
    subjects: Subjects = Subjects()
    objects: Objects = Objects()
    condition: str = ""


class Object(msgspec.Struct, frozen=True, gc=False):
    """What something is done to, as rules see it. `name` is its URI for a resource."""

    kind: str
    id: str = ""
    name: str = ""
    access: Access = Access()
    tags: tuple[str, ...] = ()
    upstream: str = ""


NOTHING = Object("")
"""For what is done to nothing of its own, such as reading logs."""


class SpecProblem(NamedTuple):
    """`field` is a dotted path into the spec."""

    field: str
    problem: str


_MEMBERS: Mapping[str, frozenset[str]] = {
    "": frozenset(Spec.__struct_fields__),
    "subjects": frozenset(Subjects.__struct_fields__),
    "objects": frozenset(Objects.__struct_fields__),
}


def problems(spec: Mapping[str, Any]) -> list[SpecProblem]:
    """What is wrong with a spec that somebody wrote; empty when it can be used."""
    found = [*_unknown("", spec), *_unknown("subjects", spec), *_unknown("objects", spec)]
    try:
        read = msgspec.convert(dict(spec), Spec)
    except msgspec.ValidationError as error:
        return [*found, _of_type(str(error))]
    found += _list_problems(read)
    if not read.actions:
        found.append(SpecProblem("actions", "names nothing: name permissions, or *"))
    found += [
        SpecProblem("actions", wrong)
        for name in read.actions
        if (wrong := permissions.problem(name)) is not None
    ]
    found += [
        SpecProblem("objects.kinds", f"{kind[:64]!r} is none of {', '.join(OBJECT_KINDS)}")
        for kind in read.objects.kinds
        if kind not in OBJECT_KINDS
    ]
    if read.condition:
        try:
            Condition(read.condition)
        except Unusable as wrong:
            found.append(SpecProblem("condition", str(wrong)))
    return found


def _of_type(said: str) -> SpecProblem:
    """What the library says of a value of the wrong type, by its place."""
    problem, _, place = said.partition(" - at `$.")
    return SpecProblem(place.rstrip("`").partition("[")[0], problem)


def _unknown(part: str, spec: Mapping[str, Any]) -> list[SpecProblem]:
    members = spec.get(part, {}) if part else spec
    names = members if isinstance(members, dict) else {}
    path = f"{part}." if part else ""
    known = ", ".join(sorted(_MEMBERS[part]))
    return [
        SpecProblem(f"{path}{str(name)[:64]}", f"there is no such member; there are {known}")
        for name in names
        if name not in _MEMBERS[part]
    ]


def _list_problems(spec: Spec) -> list[SpecProblem]:
    lists: dict[str, tuple[str, ...]] = {"actions": spec.actions}
    for part, of in (("subjects", spec.subjects), ("objects", spec.objects)):
        lists |= {f"{part}.{name}": getattr(of, name) for name in of.__struct_fields__}
    found = []
    for field, members in lists.items():
        if len(members) > LIST_LIMIT:
            found.append(SpecProblem(field, f"has {len(members)} members, at most {LIST_LIMIT}"))
        if any(not 0 < len(member) <= NAME_LIMIT for member in members):
            wrong = f"has a member that is empty or longer than {NAME_LIMIT} characters"
            found.append(SpecProblem(field, wrong))
    return found


class CompiledRule:
    """A rule of a table; equal to one that says the same. What can not be read of one counts
    against the caller: a part of one that denies does not limit it, and one that allows never
    does."""

    def __init__(self, rule: Rule) -> None:
        self.record = rule
        self.id = rule.id
        self.name = rule.name
        self.denies = rule.effect != "allow"
        spec, self.broken = _read(rule.spec, lenient=self.denies)
        self.condition, wrong = _compiled(spec.condition)
        self.broken = self.broken or wrong
        self.never = self.broken and not self.denies
        self.static = self.condition is None or self.condition.static
        self.actions = frozenset(spec.actions)
        self._any_action = permissions.ALL in spec.actions
        self._everybody = spec.subjects == Subjects()
        self._principals = frozenset(spec.subjects.principals)
        self._teams = frozenset(spec.subjects.teams)
        self._roles = frozenset(spec.subjects.roles)
        self._everything = spec.objects == Objects()
        self.objects = spec.objects
        self._names = tuple(_Pattern(name) for name in spec.objects.names)

        self._mark = (rule.id, rule.name, rule.effect, rule.spec)
        self._hash = hash(self._mark)

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, CompiledRule) and self._mark == other._mark

    @override
    def __hash__(self) -> int:
        return self._hash

    def is_about(self, subject: Subject, roles: Iterable[str]) -> bool:
        """Whether it is about that subject, who has these roles (ids and names)."""
        if self._everybody:
            return True
        principal = subject.principal
        if principal is None:
            return False
        return (
            principal.id in self._principals
            or not self._teams.isdisjoint(principal.teams)
            or not self._roles.isdisjoint(roles)
        )

    def takes(self, actions: Iterable[str]) -> bool:
        """Whether it is about one of the actions."""
        return self._any_action or not self.actions.isdisjoint(actions)

    def concerns(self, action: str, thing: Object, at: str) -> bool:
        """Whether it is about that act; `at` is the id of the server whose endpoint is used."""
        if not (self._any_action or action in self.actions):
            return False
        return self._everything or self._fits(thing, at)

    def _fits(self, thing: Object, at: str) -> bool:
        of = self.objects
        server = thing.id if thing.kind == "server" else at
        upstream = thing.id if thing.kind == "upstream" else thing.upstream
        return (
            (not of.kinds or thing.kind in of.kinds)
            and (not of.ids or thing.id in of.ids)
            and (not of.upstreams or upstream in of.upstreams)
            and (not of.servers or server in of.servers)
            and (not of.tags or not set(of.tags).isdisjoint(thing.tags))
            and (not self._names or any(each.fits(thing.name) for each in self._names))
        )


class _Pattern:
    """Text in which `*` stands for any text. Takes time in proportion to what it is held against,
    for each `*` of it."""

    def __init__(self, text: str) -> None:
        self._first, *rest = text.split("*")
        self._middle, self._last = rest[:-1], rest[-1] if rest else None

    def fits(self, name: str) -> bool:
        if self._last is None:
            return name == self._first
        if not name.startswith(self._first):
            return False
        at = len(self._first)
        for part in self._middle:
            at = name.find(part, at) + len(part)
            if at < len(part):
                return False
        return len(name) - at >= len(self._last) and name.endswith(self._last)


_lenient = msgspec.json.Decoder(Spec)
_EVERY_ACT = Spec(actions=(permissions.ALL,))


def _read(spec: bytes, *, lenient: bool) -> tuple[Spec, bool]:
    """And whether something in it was not understood."""
    try:
        read = _lenient.decode(spec)
    except (msgspec.DecodeError, RecursionError):
        return _EVERY_ACT, True
    if lenient:
        return read, False
    decoded = msgspec.json.decode(spec)
    parts = ("", "subjects", "objects")
    return read, any(_unknown(part, decoded) for part in parts)


def _compiled(text: str) -> tuple[Condition | None, bool]:
    """And whether it could not be used."""
    if not text:
        return None, False
    try:
        return Condition(text), False
    except Unusable:
        return None, True
