"""Who may see a resource: everybody, the members of its team, or its owner; admins see all.

Decides from values alone. What a principal may *do* with what it sees is not decided here.
"""

from typing import NamedTuple

from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.model import Access


class Viewer(NamedTuple):
    """The class of all callers who see the same. Hashable: derived views are kept by it."""

    admin: bool = False
    teams: frozenset[str] = frozenset()
    owner: str = ""


ANYBODY = Viewer()


def viewer(subject: Subject, owns_private: bool = True) -> Viewer:
    """Anonymous and inactive principals see what anybody sees. Pass `owns_private` False for a
    principal that owns nothing private: it then shares its class with its whole team. Teams that
    its token names narrow what it sees, also an administrator's; no team leaves the public."""
    principal, teams = subject.principal, subject.scope.teams
    if principal is None or not principal.active or teams == ():
        return ANYBODY
    owner = principal.id if owns_private else ""
    if teams is None:
        if principal.admin:
            return Viewer(admin=True)
        return Viewer(False, frozenset(principal.teams), owner)
    if principal.admin:
        return Viewer(False, frozenset(teams), owner)
    return Viewer(False, frozenset(teams).intersection(principal.teams), owner)


def sees(who: Viewer, access: Access) -> bool:
    """A visibility that is not known is seen by admins only."""
    if who.admin or access.visibility == "public":
        return True
    if access.visibility == "team":
        return access.team != "" and access.team in who.teams
    # A value off the wire may be none of the three that the type names.
    is_private: bool = access.visibility == "private"
    return is_private and access.owner != "" and access.owner == who.owner


def may_see(subject: Subject, access: Access) -> bool:
    """Whether it is seen outside of virtual servers: by a token that is for one server nothing
    is."""
    return subject.scope.server == "" and sees(viewer(subject), access)
