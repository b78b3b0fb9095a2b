"""Who may see a resource: everybody, the members of its team, or its owner; admins see all.

Decides from values alone. What a principal may *do* with what it sees is not decided here.
"""

from typing import NamedTuple

from mcpgateway.common.routing.model import Access, Principal


class Viewer(NamedTuple):
    """The class of all principals who see the same. Hashable: derived views are kept by it."""

    admin: bool = False
    teams: frozenset[str] = frozenset()
    owner: str = ""


ANYBODY = Viewer()


def viewer(principal: Principal | None, owns_private: bool = True) -> Viewer:
    """Anonymous and inactive principals see what anybody sees. Pass `owns_private` False for a
    principal that owns nothing private: it then shares its class with its whole team."""
    if principal is None or not principal.active:
        return ANYBODY
    if principal.admin:
        return Viewer(admin=True)
    return Viewer(False, frozenset(principal.teams), principal.id if owns_private else "")


def sees(who: Viewer, access: Access) -> bool:
    """A visibility that is not known is seen by admins only."""
    if who.admin or access.visibility == "public":
        return True
    if access.visibility == "team":
        return access.team != "" and access.team in who.teams
    # A value off the wire may be none of the three that the type names.
    is_private: bool = access.visibility == "private"
    return is_private and access.owner != "" and access.owner == who.owner


def may_see(principal: Principal | None, access: Access) -> bool:
    return sees(viewer(principal), access)
