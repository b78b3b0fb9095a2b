"""What one class of callers may do to which thing: the decision up to what only a call can tell.
Pure.

The order: what the token leaves, what is seen, rules that deny, what is held (by roles, ownership,
or because a server is open), rules that allow. The first that says no ends it.
"""

from typing import Literal, NamedTuple, TypeAlias

from mcpgateway.common.policy.access.permissions import USE
from mcpgateway.common.policy.access.policy import Rights
from mcpgateway.common.policy.access.rules import CompiledRule, Object
from mcpgateway.common.policy.visibility import sees
from mcpgateway.common.routing.model import Access, Prompt, Resource, Server, Tool, Upstream

Used: TypeAlias = Tool | Prompt | Resource | Server
By = Literal[
    "token", "visibility", "deny", "everywhere", "team", "owner", "open", "allow", "default"
]


class Place(NamedTuple):
    """At which server something is used ("" for none), and whether everybody may use what is
    public there."""

    server: str = ""
    open: bool = False


EVERYWHERE = Place()


class Judged(NamedTuple):
    """`allowed` as far as it is known without the call. `late` are the rules that the call decides
    about: those that deny first, then, where nothing else allows it, those that do."""

    allowed: bool
    by: By
    rule: CompiledRule | None = None
    late: tuple[CompiledRule, ...] = ()
    unsure: bool = False  # its condition could not be evaluated

    @property
    def shown(self) -> bool:
        """Whether lists show it: it is allowed, or a call may find that it is."""
        return self.allowed or any(not rule.denies for rule in self.late)


def place_of(server: Server | None) -> Place:
    return EVERYWHERE if server is None else Place(server.id, server.anonymous_access)


def object_of(record: Used | Upstream) -> Object:
    name = record.uri if isinstance(record, Resource) else record.name
    upstream = "" if isinstance(record, Server | Upstream) else record.upstream
    return Object(record.kind, record.id, name, record.access, record.tags, upstream)


class Permits:
    """The decisions for one class."""

    def __init__(self, of: Rights) -> None:
        self.rights = of
        self.who = of.who
        self.plain = not of.rules
        self.late = bool(of.rules.late)  # whether any call has to be looked at

    def may_use(self, record: Used, place: Place = EVERYWHERE) -> bool:
        """Whether lists show it, and calls find it."""
        action = USE[record.kind]
        if self.plain:
            if action not in self.rights.left or not sees(self.who, record.access):
                return False
            return self._held(action, record.access, place) is not None
        return self.judge(action, object_of(record), place).shown

    def may_use_of(self, upstream: Upstream) -> bool:
        """Whether anything of an upstream may be shown. Rules about single things of it are not
        looked at, but for those that allow."""
        if self.rights.sees_all:
            return True
        if not sees(self.who, upstream.access):
            return False
        if self.rights.rules.allows or self.late:
            return True
        return any(
            self.judge(action, _any_of(kind, upstream)).shown
            for kind, action in USE.items()
            if kind != "server"
        )

    def judge(self, action: str, thing: Object, place: Place = EVERYWHERE) -> Judged:
        """`action` is one of those that the class was made for."""
        if action not in self.rights.left:
            return Judged(False, "token")
        if not sees(self.who, thing.access):
            return Judged(False, "visibility")
        rules = self.rights.rules
        denies = rules.denies.first(action, thing, place.server)
        if denies is not None:
            return Judged(False, "deny", denies)
        late = rules.late.about(action, thing, place.server)
        held = self._held(action, thing.access, place)
        if held is None:
            allows = rules.allows.first(action, thing, place.server)
            if allows is None:
                return Judged(False, "default", late=tuple(late))
            held = "allow"
        else:
            allows = None
        return Judged(True, held, allows, tuple([rule for rule in late if rule.denies]))

    def _held(self, action: str, access: Access, place: Place) -> By | None:
        of = self.rights
        if action in of.everywhere:
            return "everywhere"
        if access.team and (access.team, action) in of.teams:
            return "team"
        if access.owner and access.owner == of.owner and action in of.own:
            return "owner"
        return "open" if place.open and access.visibility == "public" else None


def _any_of(kind: str, upstream: Upstream) -> Object:
    return Object(kind, "", "", upstream.access, upstream.tags, upstream.id)
