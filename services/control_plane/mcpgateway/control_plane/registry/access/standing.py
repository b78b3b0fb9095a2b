"""Whether somebody may act on an account of others: who comes in as another, or makes tokens for
him, can what that one can. So nobody acts on whoever can more, also not with a token that leaves
less."""

import msgspec

from mcpgateway.common.errors import Denied
from mcpgateway.common.policy.access.permissions import ALL, NAMES
from mcpgateway.control_plane.registry.access.callers import subject_of, viewer_of
from mcpgateway.control_plane.registry.access.held import effective
from mcpgateway.control_plane.registry.access.rights import ROLES
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.ports import Ports

_NAMED = 5  # permissions in a message


def refuse_administrator(actor: Actor) -> None:
    """Raises Denied for whoever may not do everything himself."""
    if not (actor.viewer.admin and actor.may(ALL)):
        raise Denied(
            "only an administrator, with a token that takes nothing away, makes, changes, unlocks "
            "or deletes administrators, or makes tokens for them"
        )


async def refuse_above(ports: Ports, actor: Actor, email: str) -> None:
    """What every user gets counts for nobody as more. Raises Denied; nothing for who is not
    there."""
    actor.check(ROLES, "manage users")
    user = await ports.store.read.user(email)
    if user is None:
        return
    if user.admin:
        refuse_administrator(actor)
    seated = {"policy": actor.viewer.policy, "circumstances": actor.viewer.circumstances}
    other = msgspec.structs.replace(viewer_of(subject_of(user, ports.clock())), **seated)
    usual = await _usual(ports)
    more = [name for name in NAMES if name not in usual and other.may(name) and not actor.may(name)]
    if more:
        named = ", ".join(more[:_NAMED]) + (" and more" if len(more) > _NAMED else "")
        raise Denied(f"{email} may do what you may not do here: {named}")


async def _usual(ports: Ports) -> frozenset[str]:
    roles = {role.id: role for role in await ports.store.read.access.roles()}
    ids = [role.id for role in roles.values() if role.name == ports.default_roles.user]
    return frozenset().union(*(effective(id, roles) for id in ids))
