"""What a document of any version says of an API, as far as tools are made of it. Pure values.

Schemas in here are as the document has them.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Place = Literal["path", "query", "header", "cookie"]
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


class Parameter(NamedTuple):
    """`style` as in OpenAPI 3, `compact`: not exploded; `media_type`: its value is a text of that
    kind, "" for a plain one; `multiple`: a path parameter that may have slashes."""

    name: str
    place: Place
    schema: Any
    required: bool = False
    description: str = ""
    style: str = ""
    compact: bool = False
    media_type: str = ""
    multiple: bool = False


class Body(NamedTuple):
    """`encoding`: of members of a form, by name."""

    media_type: str
    schema: Any
    required: bool = False
    description: str = ""
    encoding: Mapping[str, Any] = {}


class Operation(NamedTuple):
    """`raw` is what the document says of it, `shared` are the parameters of all operations of its
    path, `servers` its own, in place of the API's."""

    method: str  # in capitals
    path: str
    raw: Mapping[str, Any]
    shared: tuple[Any, ...] = ()
    servers: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        found = self.raw.get("operationId")
        return found.strip() if isinstance(found, str) else ""

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(each for each in listed(self.raw.get("tags")) if isinstance(each, str))

    @property
    def deprecated(self) -> bool:
        return self.raw.get("deprecated") is True


class Asked(NamedTuple):
    """What a call of an operation takes. `answer` is the schema of what it gives when all goes
    well, None for none, or no JSON."""

    parameters: tuple[Parameter, ...]
    body: Body | None
    answer: Any = None


class Scheme(NamedTuple):
    """How callers prove who they are, by the document's own name for it."""

    name: str
    raw: Mapping[str, Any]


class Api(NamedTuple):
    """`servers` in the order of the document, with their variables filled in; they may be relative
    to where the document is. `security`: alternatives, each the names of schemes that go together.
    """

    version: str
    title: str
    release: str
    description: str
    servers: tuple[str, ...]
    schemes: tuple[Scheme, ...]
    security: tuple[tuple[str, ...], ...]
    tags: Mapping[str, str]


def mapping(value: object) -> Mapping[str, Any]:
    """An empty one for what is none."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    return value if isinstance(value, str) else ""
