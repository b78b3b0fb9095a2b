"""The gateway group that the settings name."""

from collections.abc import Mapping

from mcpgateway.cli.errors import UsageError
from mcpgateway.common.subjects import Subjects


def subjects(settings: Mapping[str, str]) -> Subjects:
    """Raises UsageError when MCPGATEWAY_CLUSTER or MCPGATEWAY_GROUP is no subject token."""
    cluster = settings.get("MCPGATEWAY_CLUSTER") or "local"
    group = settings.get("MCPGATEWAY_GROUP") or "default"
    try:
        return Subjects(cluster, group)
    except ValueError as error:
        raise UsageError(f"MCPGATEWAY_CLUSTER or MCPGATEWAY_GROUP: {error}") from error
