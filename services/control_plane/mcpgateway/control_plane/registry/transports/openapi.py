"""What an upstream of the transport OPENAPI is given beside the URL of its API. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

MAX_NAMES = 500  # of each kind, in a choice
MAX_NAME = 512  # characters
SCHEMA_BYTES = 16 * 1024
LEAST_BYTES, MOST_BYTES = 1024, 200 * 1024


class Choice(msgspec.Struct, frozen=True, omit_defaults=True):
    """Names operations: by tags, paths, methods (in capitals) and operation ids, those of paths and
    operation ids with `*` for anything. What is empty says nothing."""

    tags: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()


NOTHING = Choice()


class OpenApiOptions(Choice, frozen=True, omit_defaults=True, kw_only=True):
    """Operations that all of its own members name become tools, but those that any member of
    `exclude` names. `document_url`: where the document is fetched, and fetched again; "": it was
    given by hand. `deprecated`: whether what is, is taken. `output_schemas`: whether tools say what
    they answer. `schema_bytes`: of JSON, at most, of the schema of
    arguments; half of that of what it answers. `headers` are sent with every
    call, for what an API wants to be told always."""

    document_url: str = ""
    exclude: Choice = NOTHING
    deprecated: bool = True
    output_schemas: bool = True
    schema_bytes: int = SCHEMA_BYTES
    headers: dict[str, str] = {}


def read(options: Mapping[str, Any]) -> OpenApiOptions:
    """As they are kept. Raises msgspec.ValidationError."""
    return msgspec.convert(options, OpenApiOptions)


def kept(options: OpenApiOptions) -> dict[str, Any]:
    """What `read` reads, as the database gives it back: lists, no tuples."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(options))
    return found
