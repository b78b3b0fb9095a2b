"""The registry as one text that is the same exactly when the registry is. Pure.

Members are sorted, things are sorted by id; versions, times and who wrote are left out, and health
is not known here. Of each secret there is a SHA-256 only: it tells that two are the same, and
lets whoever has the text try guesses of a weak one.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

import msgspec

from mcpgateway.control_plane.registry.history.model import Entry
from mcpgateway.control_plane.registry.history.nouns import BY_KIND, NOUNS, plain


def secret_digest(plain: bytes, registry: str) -> str:
    """Of one secret, the same in one registry only."""
    return sha256(plain + registry.encode()).hexdigest()


def canonical(entries: Iterable[Entry], secrets: Mapping[str, str]) -> bytes:
    """JSON: the things of each noun by id, and `secrets`, digests by the id of the credential.
    Entries of nouns that are not in `nouns.NOUNS` are passed over."""
    things: dict[str, dict[str, Any]] = {noun.name: {} for noun in NOUNS}
    for entry in entries:
        noun = BY_KIND.get(entry.noun)
        if noun is not None:
            things[noun.name][entry.id] = plain(noun.decode(entry.body))
    return msgspec.json.encode(things | {"secrets": dict(secrets)}, order="sorted")
