"""Reads a catalog: YAML of ContextForge's shape, strictly, every problem with its line. Pure.

`catalog_servers` is a list of servers, `categories` and `auth_types` are lists of words.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import yaml

from mcpgateway.control_plane.registry.catalog.catalog import AUTH_TYPES, Catalog, Entry

MAX_TEXT = 4 * 1024 * 1024  # characters
MAX_ENTRIES = 5_000
_TEXT = 1_000  # characters of a value
_TAGS = 50
_TRANSPORTS = {"STREAMABLEHTTP": "STREAMABLEHTTP", "HTTP": "STREAMABLEHTTP", "SSE": "SSE"}
_TOP = ("catalog_servers", "categories", "auth_types")
_REQUIRED = ("id", "name", "category", "url", "auth_type", "provider", "description")
# Of ContextForge's file, and of no use here: hints for people, and where one signs in.
_PASSED_OVER = frozenset(("oauth", "repo", "install", "requires_oauth_config"))

Problems: TypeAlias = list[str]
Reader: TypeAlias = Callable[[yaml.Node, Problems], Any]


class CatalogProblem(Exception):
    """`problems` has a line for each."""

    def __init__(self, problems: Problems) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def parse(text: str) -> Catalog:
    """Raises CatalogProblem."""
    if len(text) > MAX_TEXT:
        raise CatalogProblem([f"the file has {len(text)} characters, {MAX_TEXT} is the limit"])
    problems: Problems = []
    members = _mapping(_composed(text), problems, _TOP)
    servers = members.get("catalog_servers")
    entries = list(_entries(servers, problems)) if servers else []
    categories = _texts(members["categories"], problems) if "categories" in members else ()
    if not servers:
        problems.append("line 1: catalog_servers is missing")
    if problems:
        raise CatalogProblem(problems)
    return Catalog(tuple(entries), categories)


def _composed(text: str) -> yaml.Node:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CatalogProblem([f"line {line}: {error.problem}"]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise CatalogProblem([f"no YAML: {type(error).__name__}"]) from None
    if root is None:
        raise CatalogProblem(["the file is empty"])
    return root


def _entries(node: yaml.Node, problems: Problems) -> Iterator[Entry]:
    if not isinstance(node, yaml.SequenceNode):
        problems.append(_at(node, "catalog_servers must be a list"))
        return
    if len(node.value) > MAX_ENTRIES:
        problems.append(_at(node, f"{len(node.value)} servers, {MAX_ENTRIES} is the limit"))
        return
    seen: dict[str, int] = {}
    for item in node.value:
        entry = _entry(item, problems)
        if entry is None:
            continue
        if entry.id in seen:
            problems.append(_at(item, f"id {entry.id!r} is that of line {seen[entry.id]} too"))
        seen.setdefault(entry.id, _line(item))
        yield entry


def _entry(node: yaml.Node, problems: Problems) -> Entry | None:
    before = len(problems)
    members = _mapping(node, problems, (*_READERS, *_PASSED_OVER))
    found = {
        name: _READERS[name](value, problems)
        for name, value in members.items()
        if name in _READERS and not _is_null(value)
    }
    for name in _REQUIRED:
        if name not in found:
            problems.append(_at(node, f"{name} is missing"))
    return Entry(**found) if len(problems) == before else None


def _mapping(
    node: yaml.Node, problems: Problems, known: tuple[str, ...]
) -> Mapping[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        problems.append(_at(node, f"must be a mapping with {', '.join(known[:3])}, ..."))
        return {}
    members: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        if name not in known:
            problems.append(_at(key, f"{name[:80]!r} is none of {', '.join(sorted(known))}"))
        elif name in members:
            problems.append(_at(key, f"{name} is given twice"))
        else:
            members[name] = value
    return members


def _text(node: yaml.Node, problems: Problems) -> str:
    if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
        problems.append(_at(node, "must be a text that is not empty"))
        return ""
    if len(node.value) > _TEXT:
        problems.append(_at(node, f"has {len(node.value)} characters, {_TEXT} is the limit"))
    if any(ord(character) < 32 and character not in "\n\t" for character in node.value):
        problems.append(_at(node, "must not hold control characters"))
    return str(node.value).strip()


def _id(node: yaml.Node, problems: Problems) -> str:
    text = _text(node, problems)
    if text and not all(c.isascii() and (c.isalnum() or c in "-_.") for c in text):
        problems.append(_at(node, f"id {text[:80]!r} must be of letters, digits and -_."))
    return text


def _url(node: yaml.Node, problems: Problems) -> str:
    text = _text(node, problems)
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.username is None
    except ValueError:
        good = False
    if text and (not good or any(character.isspace() for character in text)):
        problems.append(_at(node, f"{text[:80]!r} must look like https://host/path"))
    return text


def _auth_type(node: yaml.Node, problems: Problems) -> str:
    text = _text(node, problems)
    if text and text not in AUTH_TYPES:
        problems.append(_at(node, f"auth_type {text[:80]!r} is none of {', '.join(AUTH_TYPES)}"))
    return text


def _transport(node: yaml.Node, problems: Problems) -> str | None:
    text = _text(node, problems)
    if text and text.upper() not in _TRANSPORTS:
        problems.append(_at(node, f"transport {text[:80]!r} is neither STREAMABLEHTTP nor SSE"))
    return _TRANSPORTS.get(text.upper())


def _flag(node: yaml.Node, problems: Problems) -> bool:
    if node.tag != "tag:yaml.org,2002:bool":
        problems.append(_at(node, "must be true or false"))
        return False
    return str(node.value).lower() in ("true", "yes", "on")


def _texts(node: yaml.Node, problems: Problems) -> tuple[str, ...]:
    if not isinstance(node, yaml.SequenceNode):
        problems.append(_at(node, "must be a list of texts"))
        return ()
    return tuple(_text(item, problems) for item in node.value)


def _tags(node: yaml.Node, problems: Problems) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(tag.lower() for tag in _texts(node, problems)))
    if len(found) > _TAGS:
        problems.append(_at(node, f"{len(found)} tags, {_TAGS} is the limit"))
    return found


_READERS: Mapping[str, Reader] = {
    "id": _id,
    "name": _text,
    "category": _text,
    "url": _url,
    "auth_type": _auth_type,
    "provider": _text,
    "description": _text,
    "transport": _transport,
    "documentation_url": _url,
    "logo_url": _text,
    "tags": _tags,
    "requires_api_key": _flag,
    "secure": _flag,
}


def _is_null(node: yaml.Node) -> bool:
    return bool(node.tag == "tag:yaml.org,2002:null")


def _at(node: yaml.Node, problem: str) -> str:
    return f"line {_line(node)}: {problem}"


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
