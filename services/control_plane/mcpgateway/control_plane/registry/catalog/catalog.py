"""The catalog: public MCP servers that can be registered, filtered. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from mcpgateway.control_plane.registry.model import Transport

OPEN, API_KEY, OAUTH = "Open", "API Key", "OAuth2.1"
AUTH_TYPES = (OPEN, API_KEY, OAUTH, "OAuth", "OAuth2.1 & API Key", "API")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One server. `transport` None: found out when it is registered."""

    id: str
    name: str
    category: str
    url: str
    auth_type: str
    provider: str
    description: str
    transport: Transport | None = None
    documentation_url: str | None = None
    logo_url: str | None = None
    tags: tuple[str, ...] = ()
    requires_api_key: bool = False
    secure: bool = False

    @property
    def by_oauth(self) -> bool:
        """Whether one signs in to get a token."""
        return self.auth_type.startswith("OAuth")

    @property
    def needs_key(self) -> bool:
        """Whether nothing works without a token or key."""
        return self.requires_api_key or self.auth_type != OPEN

    @property
    def urls(self) -> tuple[str, str]:
        """With and without a slash at its end, which is the same server."""
        bare = self.url.rstrip("/")
        return bare, f"{bare}/"


class Catalog(msgspec.Struct, frozen=True):
    entries: tuple[Entry, ...] = ()
    categories: tuple[str, ...] = ()  # in the order of the file, of those that it names

    def find(self, id: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.id == id), None)


class Standing(NamedTuple):
    """The upstream that is registered under a URL of the catalog."""

    id: str
    enabled: bool
    reachable: bool


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Empty: no such filter. `tags`: any of these. `search`: in names, descriptions, providers."""

    category: str = ""
    auth_type: str = ""
    provider: str = ""
    search: str = ""
    tags: tuple[str, ...] = ()


class Facets(NamedTuple):
    """What can be filtered by."""

    categories: Sequence[str]
    auth_types: Sequence[str]
    providers: Sequence[str]
    tags: Sequence[str]


def matching(entries: Iterable[Entry], wanted: Wanted) -> list[Entry]:
    """Sorted by name. Letters of either case are the same."""
    found = [entry for entry in entries if _matches(entry, wanted)]
    return sorted(found, key=lambda entry: (entry.name.casefold(), entry.id))


def facets(catalog: Catalog) -> Facets:
    """Categories as the file orders them, the others sorted."""
    used = {entry.category for entry in catalog.entries}
    named = [category for category in catalog.categories if category in used]
    return Facets(
        [*named, *sorted(used - set(named))],
        sorted({entry.auth_type for entry in catalog.entries}),
        sorted({entry.provider for entry in catalog.entries}),
        sorted({tag for entry in catalog.entries for tag in entry.tags}),
    )


def _matches(entry: Entry, wanted: Wanted) -> bool:
    searched = " ".join((entry.name, entry.description, entry.provider, *entry.tags))
    return (
        _is(wanted.category, entry.category)
        and _is(wanted.auth_type, entry.auth_type)
        and _is(wanted.provider, entry.provider)
        and all(word in searched.casefold() for word in wanted.search.casefold().split())
        and (not wanted.tags or not set(wanted.tags).isdisjoint(entry.tags))
    )


def _is(wanted: str, value: str) -> bool:
    return not wanted or wanted.casefold() == value.casefold()
