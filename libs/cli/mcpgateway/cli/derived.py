"""What services other than the control plane may know: keys derived from AUTH_ENCRYPTION_SECRET."""

from mcpgateway.common import keys
from mcpgateway.common.subjects import Subjects


def data_plane(secrets: keys.Secrets, subjects: Subjects) -> dict[str, str]:
    """The settings of a data plane that come from the secrets."""
    cluster, group = subjects.cluster, subjects.group
    public = keys.routing_public_keys(secrets, cluster, group)
    return {
        "MCPGATEWAY_DATA_PLANE_KEY": keys.DataPlaneKeys.derive(secrets, cluster, group).text(),
        "MCPGATEWAY_ROUTING_PUBLIC_KEY": keys.public_keys_text(public),
        **admin(secrets, subjects),
    }


def runner(secrets: keys.Secrets, subjects: Subjects) -> dict[str, str]:
    """The settings of a runner that come from the secrets."""
    ring = keys.runner_ring(secrets, subjects.cluster, subjects.group)
    edge = keys.edge_secrets(secrets, subjects.cluster, subjects.group)
    return {
        "MCPGATEWAY_RUNNER_KEY": keys.ring_text(ring),
        "MCPGATEWAY_TUNNEL_SECRET": ",".join(keys.tunnel_secrets(edge)),
    }


def admin(secrets: keys.Secrets, subjects: Subjects) -> dict[str, str]:
    """The settings of the admin service that come from the secrets."""
    edge = keys.edge_secrets(secrets, subjects.cluster, subjects.group)
    return {"MCPGATEWAY_EDGE_SECRET": ",".join(edge)}
