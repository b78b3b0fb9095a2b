"""What the scopes of OAuth mean in permissions. Pure.

A scope only ever narrows: whoever asks for `admin` and is no administrator gets what he may do,
and no more. Who may ask for which scope is the authorization server's business.
"""

from collections.abc import Collection, Iterable, Mapping

ADMIN = "admin"
OFFLINE = "offline_access"  # a refresh token; no permission of its own
EVERYTHING = ("*",)

_TOOLS = ("servers.use", "tools.read", "tools.execute")
_RESOURCES = ("servers.use", "resources.read")
_PROMPTS = ("servers.use", "prompts.read", "prompts.execute")

SCOPES: Mapping[str, tuple[str, ...]] = {
    "mcp": tuple(dict.fromkeys((*_TOOLS, *_RESOURCES, *_PROMPTS))),
    "mcp:tools": _TOOLS,
    "mcp:resources": _RESOURCES,
    "mcp:prompts": _PROMPTS,
    "a2a": ("a2a.read", "a2a.invoke"),
    OFFLINE: (),
    ADMIN: EVERYTHING,
}
DEFAULT = ("mcp",)  # of who asks for nothing
# Metadata names all but `admin`: a client that asks for all that it finds is not to get that.
ADVERTISED = tuple(scope for scope in SCOPES if scope != ADMIN)


def parse(text: str) -> tuple[str, ...]:
    """The members of a space-separated list, each once, in their order.

    >>> parse("mcp  offline_access mcp")
    ('mcp', 'offline_access')
    """
    return tuple(dict.fromkeys(word for word in text.split(" ") if word))


def unknown(scopes: Iterable[str]) -> tuple[str, ...]:
    """Those that are no scopes of ours."""
    return tuple(scope for scope in scopes if scope not in SCOPES)


def permissions(scopes: Iterable[str]) -> tuple[str, ...]:
    """All that these allow together, sorted; of a scope that is not ours nothing. `("*",)`: all.

    >>> permissions(["mcp:tools", "offline_access", "openid"])
    ('servers.use', 'tools.execute', 'tools.read')
    """
    found = {permission for scope in scopes for permission in SCOPES.get(scope, ())}
    return EVERYTHING if "*" in found else tuple(sorted(found))


def covered(asked: Iterable[str], granted: Collection[str]) -> bool:
    """Whether nothing is asked for that was not granted, by name or as a part: `mcp` covers
    `mcp:tools`, and `admin` all but `offline_access`."""
    may = frozenset(permissions(granted))
    return all(_within(scope, granted, may) for scope in asked)


def _within(scope: str, granted: Collection[str], may: frozenset[str]) -> bool:
    if scope in granted:
        return True
    needed = SCOPES.get(scope, ())
    return bool(needed) and ("*" in may or may.issuperset(needed))
