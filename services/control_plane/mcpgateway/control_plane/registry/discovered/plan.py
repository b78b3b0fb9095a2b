"""What a discovery changes: compares what is known of an upstream with what was found. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from mcpgateway.common.routing.rest_request import RestRequest
from mcpgateway.control_plane.registry.discovered.ports import Found

MAX_NAME = 512  # characters of a tool's or prompt's own name
MAX_URI = 2048  # characters
MAX_DEFINITION = 256 * 1024  # bytes
MAX_PROBLEMS = 100  # named; more are counted
NO_REQUESTS: Mapping[str, RestRequest | None] = {}


class Plan(NamedTuple):
    """In the order found. `problems` name what was left out, and why."""

    add: tuple[Found, ...] = ()
    update: tuple[Found, ...] = ()
    retire: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.add or self.update or self.retire)


def plan(
    known: Mapping[str, str],
    found: Iterable[Found],
    what: str,
    limit: int,
    requests: Mapping[str, RestRequest | None] = NO_REQUESTS,
) -> Plan:
    """`known` maps an own name (or URI) to its definition, `requests` to its REST operation. `what`
    names the noun in problems; names over `limit` characters, unusable ones and second ones are
    left out."""
    usable, problems = _usable(found, what, limit)
    return Plan(
        add=tuple(item for name, item in usable.items() if name not in known),
        update=tuple(
            item
            for name, item in usable.items()
            if name in known
            and (known[name] != item.definition.decode() or requests.get(name) != item.request)
        ),
        retire=tuple(name for name in known if name not in usable),
        problems=first_problems(problems),
    )


def first_problems(problems: Sequence[str]) -> tuple[str, ...]:
    """As many as are worth reading."""
    kept = problems[:MAX_PROBLEMS]
    more = len(problems) - len(kept)
    return (*kept, f"and {more} more") if more else tuple(kept)


def _usable(found: Iterable[Found], what: str, limit: int) -> tuple[dict[str, Found], list[str]]:
    usable: dict[str, Found] = {}
    problems: list[str] = []
    for item in found:
        problem = _problem(item, limit)
        if problem is None and item.name in usable:
            problem = "is listed twice, the first one counts"
        if problem is None:
            usable[item.name] = item
        else:
            problems.append(f"{what} {item.name[:80]!r} {problem}")
    return usable, problems


def _problem(item: Found, limit: int) -> str | None:
    if not item.name.strip():
        return "has no name"
    if len(item.name) > limit:
        return f"has a name of {len(item.name)} characters, {limit} is the limit"
    if any(ord(character) < 32 for character in item.name):
        return "has a control character in its name"
    if len(item.definition) > MAX_DEFINITION:
        return f"has a definition of {len(item.definition)} bytes, {MAX_DEFINITION} is the limit"
    return None if _is_text(item.definition) else "has a definition that is not UTF-8"


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
