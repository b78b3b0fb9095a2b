"""What is the same for a reader of every version of OpenAPI: the API, its operations, and what each
is asked. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mcpgateway.control_plane.registry.openapi import openapi3, swagger2
from mcpgateway.control_plane.registry.openapi.parts import (
    METHODS,
    Api,
    Asked,
    Operation,
    Scheme,
    listed,
    mapping,
    text,
)
from mcpgateway.control_plane.registry.openapi.pointers import BadPart, Pointers
from mcpgateway.control_plane.registry.openapi.text import BadDocument

MAX_SCHEMES = 50
MAX_TAGS = 1000


class Problem(NamedTuple):
    """A path of which nothing can be read, and why."""

    path: str
    problem: str


class Described:
    """A document of a known version. Raises BadDocument."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self.tree = tree
        self.pointers = Pointers(tree)
        self.version = _version(tree)
        self._old = self.version.startswith("2")
        self.paths = mapping(tree.get("paths"))
        if not self.paths:
            raise BadDocument("has no paths, so there is nothing to make tools of")

    def api(self) -> Api:
        info, tree = mapping(self.tree.get("info")), self.tree
        return Api(
            self.version,
            text(info.get("title")),
            str(info.get("version", "")),
            text(info.get("description")),
            swagger2.servers(tree) if self._old else openapi3.servers(tree),
            tuple(self._schemes()),
            alternatives(tree.get("security")),
            dict(list(self._tags())[:MAX_TAGS]),
        )

    def operations(self) -> Iterator[Operation | Problem]:
        """In the order of the document."""
        for path, raw in self.paths.items():
            if path.startswith("x-"):
                continue
            try:
                item = mapping(self.pointers.followed(raw))
            except BadPart as error:
                yield Problem(path, str(error))
                continue
            yield from self._of_path(path, item)

    def asked(self, operation: Operation) -> Asked:
        """Raises BadPart."""
        if self._old:
            return swagger2.asked(operation, self.pointers, listed(self.tree.get("consumes")))
        return openapi3.asked(operation, self.pointers)

    def _of_path(self, path: str, item: Mapping[str, Any]) -> Iterator[Operation]:
        shared = tuple(listed(item.get("parameters")))
        around = () if self._old else openapi3.servers(item)
        for method in METHODS:
            raw = item.get(method)
            if isinstance(raw, dict):
                own = () if self._old else openapi3.servers(raw)
                yield Operation(method.upper(), path, raw, shared, own or around)

    def _schemes(self) -> Iterator[Scheme]:
        components = mapping(self.tree.get("components"))
        found = self.tree.get("securityDefinitions") if self._old else components.get(_SCHEMES)
        for name, raw in list(mapping(found).items())[:MAX_SCHEMES]:
            try:
                yield Scheme(name, mapping(self.pointers.followed(raw)))
            except BadPart:
                continue

    def _tags(self) -> Iterator[tuple[str, str]]:
        for each in map(mapping, listed(self.tree.get("tags"))):
            if text(each.get("name")):
                yield each["name"], text(each.get("description"))


_SCHEMES = "securitySchemes"


def alternatives(raw: object) -> tuple[tuple[str, ...], ...]:
    """Of `security`: any of them will do, and each is all of its schemes."""
    return tuple(tuple(each) for each in listed(raw) if isinstance(each, dict))


def _version(tree: Mapping[str, Any]) -> str:
    said = tree.get("openapi", tree.get("swagger"))
    if said is None:
        raise BadDocument('is no OpenAPI: it has neither "openapi" nor "swagger" at its root')
    version = str(said)[:20]
    if version.startswith("3.") or version in ("2.0", "2"):
        return version
    raise BadDocument(f"is OpenAPI {version!r}: 3.0, 3.1, 3.2 and Swagger 2.0 are read")
