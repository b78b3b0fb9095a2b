"""What data planes tell of calls, as it is kept: decisions by the minute, and what API tokens are
used for. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

from mcpgateway.common import ids
from mcpgateway.common.usage import Done
from mcpgateway.control_plane.registry.access.decisions import Decided
from mcpgateway.control_plane.registry.people.token_ports import Used


def decided(done: Sequence[Done]) -> list[Decided]:
    """Of one minute, what was decided alike is one; what nothing was decided of is none."""
    counts: dict[Decided, int] = {}
    for each in done:
        if each.action:
            about = _decided(each)
            counts[about] = counts.get(about, 0) + each.count
    return [_counted(about, count) for about, count in counts.items()]


def used(done: Sequence[Done]) -> list[Used]:
    """By token and method. What can be no API token's id is left out."""
    found: dict[tuple[str, str], Used] = {}
    for each in done:
        if not ids.is_id(each.token):
            continue
        key = (each.token, each.method)
        before = found.get(key)
        at = datetime.fromtimestamp(each.at, UTC)
        allowed = each.count if each.verdict == "allow" else 0
        later = before is None or at >= before.at
        found[key] = Used(
            token_id=each.token,
            method=each.method,
            allowed=allowed + (before.allowed if before else 0),
            refused=each.count - allowed + (before.refused if before else 0),
            at=at if before is None or later else before.at,
            source=each.source if before is None or later else before.source,
        )
    return list(found.values())


def _decided(done: Done) -> Decided:
    at = datetime.fromtimestamp(done.at, UTC)
    return Decided(
        minute=at.replace(second=0, microsecond=0),
        principal=done.principal,
        action=done.action,
        verdict=done.verdict,
        kind=done.kind,
        id=done.id,
        name=done.name,
        server=done.server,
        token=done.token,
        source=done.source,
        rule=done.rule,
        count=0,
    )


def _counted(about: Decided, count: int) -> Decided:
    return Decided(**{name: getattr(about, name) for name in _SAME}, count=count)


_SAME = tuple(name for name in Decided.__struct_fields__ if name != "count")
