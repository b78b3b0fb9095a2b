"""What bodies of gateways say of how callers are named to them. Pure."""

import re
from typing import Any

from msgspec import UNSET, UnsetType

from mcpgateway.control_plane.api.http.fields import Fields

_MODES = ("headers", "meta", "both")
_PREFIX = re.compile(r"[Xx]-[A-Za-z0-9-]{1,60}")


def read_propagation(fields: Fields) -> dict[str, Any] | UnsetType | None:
    """`{"enabled", "mode", "headers_prefix"}`; each that is absent is as set for all gateways, an
    empty object as nothing said."""
    given = fields.mapping("identity_propagation")
    if given is UNSET:
        return UNSET
    inner = Fields(given)
    prefix = inner.filled("headers_prefix", 62, required=False)
    if prefix is not UNSET and not _PREFIX.fullmatch(prefix):
        inner.problem("headers_prefix", "must begin with X-, with letters, digits and -", "header")
    found = {
        "enabled": inner.boolean("enabled"),
        "mode": inner.choice("mode", _MODES),
        "headers_prefix": prefix,
    }
    where = fields.spelled("identity_propagation")
    fields.problems += [
        each._replace(field=f"{where}.{inner.spelled(each.field)}") for each in inner.problems
    ]
    return {name: value for name, value in found.items() if value is not UNSET} or None
