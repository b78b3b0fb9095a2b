"""Who may see and change how all upstreams are called."""

from mcpgateway.common.errors import Denied
from mcpgateway.control_plane.registry.actor import Actor


def check_operator(actor: Actor) -> None:
    """Raises Denied."""
    if not actor.viewer.may("admin.system_config"):
        raise Denied("you may not see or change how all upstreams are called: admin.system_config")
