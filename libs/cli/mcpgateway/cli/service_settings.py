"""Which settings each service reads, asked of the services themselves, by name."""

import importlib
from collections.abc import Iterable, Mapping

from mcpgateway.common.runtime.settings import SettingsError, Spec, load, specs

MODULES = {
    "control-plane": "mcpgateway.control_plane.settings.process",
    "data-plane": "mcpgateway.data_plane.settings",
    "front": "mcpgateway.data_plane.front.settings",
    "admin": "mcpgateway.admin.settings",
    "runner": "mcpgateway.runner.settings",
}


def specs_of(role: str) -> list[Spec]:
    """In the order in which the service declares them."""
    return specs(importlib.import_module(MODULES[role]).Settings)


def names(roles: Iterable[str] = tuple(MODULES)) -> dict[str, frozenset[str]]:
    """By role."""
    return {role: frozenset(spec.name for spec in specs_of(role)) for role in roles}


def problems(role: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """What the service would complain about when it is started with this environment."""
    try:
        load(importlib.import_module(MODULES[role]).Settings, environ)
    except SettingsError as error:
        return error.problems
    return ()
