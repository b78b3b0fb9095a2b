"""What is searched for and what is found, over all nouns; how a text becomes a query. Pure."""

import re
from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

from mcpgateway.common.routing.model import Visibility
from mcpgateway.control_plane.registry.model import Viewer

Noun = Literal["servers", "gateways", "tools", "resources", "prompts", "agents", "roots"]
Match = Literal["exact", "prefix", "name", "text", "similar", "listed"]

NOUNS: tuple[Noun, ...] = get_args(Noun)
MATCHES: tuple[Match, ...] = get_args(Match)  # best first
OF_UPSTREAMS: frozenset[Noun] = frozenset(("tools", "resources", "prompts"))

MAX_TEXT = 500  # characters
MAX_WORDS = 16  # more are not looked at
_PREFIX_FROM = 3  # letters: fewer begin half of all words
_LAST = "\U0010ffff"  # sorts behind every other character
_WORD = re.compile(r"[^\W_]+")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which things of which nouns, for whom: at most `limit` of each noun, best first.

    `text` "" finds everything that has the tags. `tags`: groups, of one of which a thing has all.
    `names_only` passes by descriptions. `upstream_ids` is asked of what belongs to upstreams only.
    None elsewhere: no such filter.
    """

    viewer: Viewer
    text: str
    nouns: tuple[Noun, ...] = NOUNS
    limit: int = 8
    include_inactive: bool = False
    tags: tuple[tuple[str, ...], ...] | None = None
    team_id: str | None = None
    upstream_ids: tuple[str, ...] | None = None
    names_only: bool = False

    @property
    def empty(self) -> bool:
        """Nothing was asked for."""
        return not self.text.strip() and not self.tags


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One thing found. `own` is its other name: an upstream's own, a slug, a URI. `description` is
    the first 500 characters of it. `match` says what of it matched."""

    noun: Noun
    id: str
    name: str
    own: str
    title: str | None
    description: str | None
    enabled: bool
    visibility: Visibility
    team_id: str | None
    owner_email: str | None
    tags: tuple[str, ...]
    upstream_id: str | None
    match: Match


def key(text: str) -> str:
    """The text as names are compared: in small letters, without space around it."""
    return text.strip().lower()


def bounds(text: str) -> tuple[str, str]:
    """Between these are all keys that begin with the text.

    >>> low, high = bounds("Get")
    >>> low <= "get-time" < high, low <= "gett" < high, low <= "gf" < high
    (True, True, False)
    """
    return key(text), key(text) + _LAST


def words(text: str) -> list[str]:
    """As names are split: `createIssue` and `create-issue` are two words.

    >>> words("createIssue create_issue v2")
    ['create', 'issue', 'v2']
    """
    split = re.sub(r"([a-z\d])([A-Z])", r"\1 \2", text)
    return list(dict.fromkeys(_WORD.findall(split.lower())))[:MAX_WORDS]


def tsquery(found: Sequence[str]) -> str:
    """PostgreSQL's query for all of these words, or words that begin with them.

    >>> tsquery(["is", "time"])
    'is & time:*'
    """
    return " & ".join(f"{word}:*" if len(word) >= _PREFIX_FROM else word for word in found)
