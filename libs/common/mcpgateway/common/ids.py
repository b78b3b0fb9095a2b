"""Identifiers and names as the API shows them: 32-hex ids, slugs, prefixed tool names.

Randomness comes in as bytes; this room draws none.
"""

import hashlib
import re

ID_LENGTH = 32
NAME_LIMIT = 128  # MCP 2025-11-25: tool names are 1-128 characters
_ID = re.compile(r"[0-9a-f]{32}")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_NOT_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


def make_id(entropy: bytes) -> str:
    """A 32-hex id from exactly 16 random bytes."""
    if len(entropy) != ID_LENGTH // 2:
        raise ValueError(f"an id needs 16 bytes, got {len(entropy)}")
    return entropy.hex()


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def as_id(text: str) -> str | None:
    """The 32-hex form of an id written either way (with or without UUID dashes), or None."""
    plain = text.replace("-", "").lower()
    return plain if is_id(plain) else None


def slug(text: str) -> str:
    """`Fast_Time ` -> `fast-time`. Empty when nothing usable is left."""
    return _NOT_SLUG.sub("-", text.lower()).strip("-")


def prefixed_name(upstream_slug: str, original: str, separator: str = "-") -> str:
    """The name under which an upstream's tool or prompt is offered: `fast-time-add-numbers`.

    Over 128 characters it is cut and ends in six hex digits of its hash, so that two long
    names stay two names.
    """
    part = slug(original) or _NOT_NAME.sub("-", original).strip("-") or "unnamed"
    return shorten(f"{upstream_slug}{separator}{part}")


def shorten(name: str, limit: int = NAME_LIMIT) -> str:
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{name[: limit - 7]}-{digest}"


def numbered(name: str, n: int) -> str:
    """The n-th choice for a name that is taken: `name-2`, `name-3`; still within the limit."""
    suffix = f"-{n}"
    return shorten(name, NAME_LIMIT - len(suffix)) + suffix
