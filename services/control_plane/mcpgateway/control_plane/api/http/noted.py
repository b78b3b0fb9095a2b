"""What is asked of a request: bodies, queries and paths that take notes of it. Pure.

Readers say with `note` what they take, beside the line that takes it. That costs nothing for a
request that is served; for one of the description (`api.openapi`) it is the description.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]  # a JSON Schema 2020-12


class Notes:
    """`asked` maps each name that was asked for to what may be said there."""

    asked: dict[str, Schema]


class Noted(dict[str, Any], Notes):
    """A JSON object, or the parameters of a path, with notes."""

    def __init__(self, members: Mapping[str, Any] | None = None) -> None:
        super().__init__(members or {})
        self.asked = {}


def note(members: Mapping[str, Any], name: str, schema: Schema) -> None:
    """`{}`: nothing is known of it. A name may be asked for again, as something else."""
    if isinstance(members, Notes):
        members.asked[name] = either(members.asked.get(name, {}), schema)


def either(one: Schema, other: Schema) -> Schema:
    """What is good for one or the other; `{}` says nothing, and adds nothing."""
    choices = [*one.get("anyOf", [one]), *other.get("anyOf", [other])]
    different = [each for at, each in enumerate(choices) if each and each not in choices[:at]]
    return {"anyOf": different} if len(different) > 1 else (different or [{}])[0]
