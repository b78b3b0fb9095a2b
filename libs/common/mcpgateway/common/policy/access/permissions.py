"""The names of what may be done, and which of them using something over MCP takes. Pure."""

from collections.abc import Mapping

ALL = "*"

_EDITED = ("tools", "resources", "prompts", "servers", "gateways", "a2a", "roots", "tags")
_ACTS: Mapping[str, tuple[str, ...]] = {
    **{noun: ("create", "read", "update", "delete") for noun in _EDITED},
    "teams": ("create", "read", "update", "delete", "join", "manage_members"),
    "users": ("create", "read", "update", "delete", "invite"),
    "tokens": ("create", "read", "update", "revoke"),
    "logs": ("read",),
    "observability": ("read",),
    "metrics": ("read",),
    "llm": ("read", "invoke"),
    "plugins": ("read", "update"),
    "admin": (
        "system_config",
        "user_management",
        "security_audit",
        "overview",
        "dashboard",
        "events",
        "export",
        "import",
        "sso_providers",
        "metrics",
    ),
}
_USED = ("tools.execute", "prompts.execute", "servers.use", "a2a.invoke")
_FURTHER = ("servers.manage", "resources.share", "gateways.serve")

NAMES: tuple[str, ...] = tuple(
    sorted({f"{noun}.{act}" for noun, acts in _ACTS.items() for act in acts} | {*_USED, *_FURTHER})
)
_KNOWN = frozenset((*NAMES, ALL))

USE: Mapping[str, str] = {
    "tool": "tools.execute",
    "prompt": "prompts.execute",
    "resource": "resources.read",
    "server": "servers.use",
}
"""By kind of thing: what a caller of MCP must be allowed. Whoever may not is not shown it. The
other permissions on things are about the registry."""

OWN: frozenset[str] = frozenset(name for name in NAMES if name.partition(".")[0] in _EDITED)
"""What everybody may do with what he owns."""


def problem(name: str) -> str | None:
    """Why this names no permission; None when it does."""
    if name in _KNOWN:
        return None
    noun = name.partition(".")[0]
    near = [each for each in NAMES if each.startswith(f"{noun}.")]
    which = f"those of {noun} are {', '.join(near)}" if near else "such as tools.execute, or *"
    return f"{name[:64]!r} is no permission; {which}"
