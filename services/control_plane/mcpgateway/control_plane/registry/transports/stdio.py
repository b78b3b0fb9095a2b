"""The options of a stdio server: its command, and the names of its variables. Pure.

The values of the variables are a credential of their own (`model.environment_id`).
"""

from typing import Any

import msgspec

from mcpgateway.common.processes import Process


class Stdio(Process, frozen=True, omit_defaults=True):
    """`env` are names. One that is `warm` is kept running by being asked: runners know nothing of
    it, so what is only tried, or was forgotten, ends as any other."""

    env: tuple[str, ...] = ()
    warm: bool = False


def read(options: dict[str, Any]) -> Stdio:
    """Of what is stored. Raises msgspec.ValidationError."""
    return msgspec.convert(options, Stdio)


def written(stdio: Stdio) -> dict[str, Any]:
    """To be stored: with its defaults, which so stay what they were when it was made."""
    return {name: _plain(getattr(stdio, name)) for name in stdio.__struct_fields__}


def process(stdio: Stdio) -> Process:
    return Process(**{name: getattr(stdio, name) for name in Process.__struct_fields__})


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
