"""Whether two sealed credentials hold the same secret."""

from mcpgateway.common.routing.sealing import store_context
from mcpgateway.common.seal import Sealer, SealError
from mcpgateway.control_plane.registry.model import Credential


def same_secret(sealer: Sealer, one: Credential, other: Credential) -> bool:
    """False also for one that does not open any more: it is worth replacing."""
    context = store_context("credential", one.id)
    try:
        return sealer.open(one.sealed, context) == sealer.open(other.sealed, context)
    except SealError:
        return False
