"""What bodies about teams say."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.identity.shared import email, email_problem
from mcpgateway.control_plane.registry.people.model import TeamRole
from mcpgateway.control_plane.registry.teams.teams import Seed, TeamDraft

NAME = 255  # characters
DESCRIPTION = 4096
MESSAGE = 2000
MOST_MEMBERS = 1_000_000
_ROLES: tuple[TeamRole, ...] = ("owner", "member")
_SEED: Schema = {
    "type": "object",
    "properties": {
        "email": {"type": "string"},
        "role": {"type": "string", "enum": [*_ROLES]},
    },
    "required": ["email"],
}


def read_team(body: Mapping[str, Any], new: bool, seeds: int = 0) -> TeamDraft:
    """`seeds`: at most so many members of a new team. Raises InvalidCall that names every
    problem."""
    fields = Fields(body)
    draft = TeamDraft(
        name=fields.filled("name", NAME, required=new),
        slug=fields.text("slug", NAME) if new else UNSET,
        description=fields.text("description", DESCRIPTION),
        visibility=_visibility(fields, new),
        max_members=_max_members(fields, new),
        seeds=_seeds(fields, seeds) if new else (),
    )
    fields.check()
    return draft


def _visibility(fields: Fields, new: bool) -> Any:
    said = fields.choice("visibility", ("private", "public"))
    return "private" if new and said is UNSET else said


def _max_members(fields: Fields, new: bool) -> Any:
    said = fields.integer("max_members", 1, MOST_MEMBERS)
    return None if new and said is UNSET else said


def _seeds(fields: Fields, limit: int) -> tuple[Seed, ...]:
    takes: Schema = {"type": "array", "maxItems": limit, "items": _SEED}
    said = fields.raw("members", takes)
    if said is UNSET:
        return ()
    if not isinstance(said, list) or len(said) > limit:
        fields.problem("members", f"must be a list of at most {limit} members", "list")
        return ()
    found: dict[str, Seed] = {}
    for at, each in enumerate(said):
        seed = _seed(fields, f"members[{at}]", each)
        if seed is not None and found.setdefault(seed.email, seed) is not seed:
            fields.problem(f"members[{at}].email", "is given twice", "twice")
    return tuple(found.values())


def _seed(fields: Fields, place: str, said: object) -> Seed | None:
    members = said if isinstance(said, dict) else {}
    address, role = members.get("email"), members.get("role", "member")
    if not isinstance(address, str) or len(address) > NAME or email_problem(address.strip()):
        fields.problem(f"{place}.email", "must be an email address", "email")
        return None
    for each in _ROLES:
        if role == each:
            return Seed(address.strip().lower(), each)
    fields.problem(f"{place}.role", "must be one of owner, member", "enum")
    return None


def read_member(body: Mapping[str, Any], *, usual: TeamRole | None) -> Seed:
    """`usual`: the role of who names none; None where one must be named. Raises InvalidCall."""
    fields = Fields(body)
    address = email(fields)
    role = _role(fields, usual)
    fields.check()
    return Seed(address, role)


def read_role(body: Mapping[str, Any]) -> TeamRole:
    """Raises InvalidCall."""
    fields = Fields(body)
    role = _role(fields, None)
    fields.check()
    return role


def _role(fields: Fields, usual: TeamRole | None) -> TeamRole:
    if usual is None and fields.raw("role") is UNSET:
        fields.problem("role", "is required", "missing")
    said = fields.choice("role", _ROLES)
    for each in _ROLES:
        if said == each:
            return each
    return usual or "member"


def read_message(body: Mapping[str, Any]) -> str | None:
    """Raises InvalidCall."""
    fields = Fields(body)
    said = fields.text("message", MESSAGE)
    fields.check()
    return said if isinstance(said, str) else None
