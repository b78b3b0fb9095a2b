"""How values are written on pages. Pure."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any


def moment(value: Any) -> str:
    """An ISO 8601 text or Unix seconds as `2026-11-22 09:30:01 UTC`; a dash for nothing."""
    if value in (None, "", 0):
        return "-"
    try:
        if isinstance(value, int | float):
            found = datetime.fromtimestamp(value, UTC)
        else:
            found = datetime.fromisoformat(str(value).replace("Z", "+00:00")).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return str(value)
    return found.strftime("%Y-%m-%d %H:%M:%S UTC")


def milliseconds(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f} ms" if value < 100 else f"{value:,.0f} ms"


def pretty(value: Any) -> str:
    """JSON to read."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def plural(count: int, one: str, many: str = "") -> str:
    """`1 tool`, `2 tools`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def first_line(text: str | None, limit: int = 160) -> str:
    """The first sentence-like part of a description."""
    plain = " ".join((text or "").split())
    return plain if len(plain) <= limit else plain[: limit - 1].rstrip() + "…"


FILTERS: dict[str, Callable[..., Any]] = {
    "moment": moment,
    "milliseconds": milliseconds,
    "pretty": pretty,
    "plural": plural,
    "first_line": first_line,
}
