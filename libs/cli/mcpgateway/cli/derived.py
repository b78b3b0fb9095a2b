"""What services other than the control plane may know: keys derived from AUTH_ENCRYPTION_SECRET."""

from mcpgateway.common import keys, seal
from mcpgateway.common.subjects import Subjects


def data_plane(secret: str, subjects: Subjects) -> dict[str, str]:
    """The settings of a data plane that come from the secret."""
    cluster, group = subjects.cluster, subjects.group
    signer = keys.routing_signer(secret, cluster, group)
    return {
        "MCPGATEWAY_DATA_PLANE_KEY": keys.DataPlaneKeys.derive(secret, cluster, group).text(),
        "MCPGATEWAY_ROUTING_PUBLIC_KEY": seal.to_text(keys.public_bytes(signer)),
        **admin(secret, subjects),
    }


def admin(secret: str, subjects: Subjects) -> dict[str, str]:
    """The settings of the admin service that come from the secret."""
    return {
        "MCPGATEWAY_EDGE_SECRET": keys.edge_secret(secret, subjects.cluster, subjects.group),
    }
