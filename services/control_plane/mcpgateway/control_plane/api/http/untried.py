"""Which acts `?dry_run=true` does not try: it is refused there, or it would be done after all."""

import re
from collections.abc import Mapping

from mcpgateway.control_plane.api.http import paging
from mcpgateway.control_plane.api.http.errors import bad_query

# By method and path as the route has it. What is here sends mail, asks others, or is kept without a
# revision; imports say `dry_run` in their body.
_UNTRIED = re.compile(
    r"(?!GET)\w+ /(auth|oauth|vault|invitations|admin/config)/.*"
    r"|(?!GET)\w+ /teams/invitations/\{id\}"
    r"|(?!GET)\w+ /teams/\{id\}/(invitations|join|join-requests/\{request_id\})"
    r"|POST /gateways/\{id\}/process/stop"
    r"|POST /(import(/cleanup)?|admin/import/configuration|admin/mcp-registry/bulk-register)"
)


def is_untried(method: str, path: str) -> bool:
    return _UNTRIED.fullmatch(f"{method} {path}") is not None


def check(method: str, path: str, query: Mapping[str, str]) -> None:
    """Raises InvalidCall where a trial is asked for that is none."""
    if "dry_run" in query and is_untried(method, path) and paging.flag(query, "dry_run"):
        raise bad_query("dry_run", "can not be asked of this: it is not tried, and was not done")
