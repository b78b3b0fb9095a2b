"""What the routes of people, teams and tokens read alike."""

from collections.abc import Mapping
from typing import NamedTuple

from starlette.requests import Request

from mcpgateway.common import ids
from mcpgateway.common.errors import NotFound
from mcpgateway.control_plane.api.http.errors import bad_query
from mcpgateway.control_plane.api.http.fields import Fields, text_problem
from mcpgateway.control_plane.api.http.noted import Schema, note

MAX_EMAIL = 255  # characters
DEFAULT_LIMIT = 50
MAX_LIMIT = 500
MAX_OFFSET = 1_000_000
_EMAIL: Schema = {"type": "string", "maxLength": MAX_EMAIL}
_ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}


class Window(NamedTuple):
    """A part of a list."""

    limit: int
    offset: int


def window(params: Mapping[str, str]) -> Window:
    """`limit` and `offset`, which may be called `skip`. Raises InvalidCall."""
    named = "skip" if "offset" not in params else "offset"
    note(params, "offset", _number(0, MAX_OFFSET, 0))
    note(params, "skip", _number(0, MAX_OFFSET, 0))
    limit = number(params, "limit", 1, MAX_LIMIT, DEFAULT_LIMIT)
    return Window(limit, number(params, named, 0, MAX_OFFSET, 0))


def number(params: Mapping[str, str], name: str, low: int, high: int, absent: int) -> int:
    """Of the query string. Raises InvalidCall."""
    note(params, name, _number(low, high, absent))
    said = params.get(name, "")
    if not said:
        return absent
    if not (said.isascii() and said.isdigit() and len(said) < 10 and low <= int(said) <= high):
        raise bad_query(name, f"must be a whole number from {low} to {high}")
    return int(said)


def _number(low: int, high: int, absent: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high, "default": absent}


def email(fields: Fields, name: str = "email") -> str:
    """A required one, in lower case as users are kept; "" where `fields` has a problem with it."""
    said = fields.filled(name, MAX_EMAIL, required=True)
    if not isinstance(said, str):
        return ""
    plain = said.lower()
    if email_problem(plain):
        fields.problem(name, email_problem(plain), "email")
    return plain


def email_problem(text: str) -> str:
    name, _, domain = text.rpartition("@")
    good = name and domain and not any(each.isspace() for each in text)
    return "" if good else "must be an email address"


def email_in_path(request: Request, what: str) -> str:
    """Raises NotFound."""
    note(request.path_params, "email", _EMAIL)
    said = str(request.path_params["email"])
    if text_problem(said, MAX_EMAIL):
        raise NotFound(f"no {what} has such an email address")
    return said.strip().lower()


def id_in_path(request: Request, name: str, what: str) -> str:
    """A 32-hex id beside the first one. Raises NotFound."""
    note(request.path_params, name, _ID)
    text = str(request.path_params[name])
    id = ids.as_id(text)
    if id is None:
        raise NotFound(f"no {what} {text[:80]!r}: ids are 32 hexadecimal digits")
    return id


def text_in_path(request: Request, name: str, limit: int, what: str) -> str:
    """Raises NotFound."""
    note(request.path_params, name, {"type": "string", "maxLength": limit})
    text = str(request.path_params[name])
    if text_problem(text, limit):
        raise NotFound(f"no {what} is called so")
    return text


def email_in_query(request: Request, name: str) -> str | None:
    """Raises InvalidCall."""
    note(request.query_params, name, _EMAIL)
    said = str(request.query_params.get(name, ""))
    problem = text_problem(said, MAX_EMAIL)
    if problem:
        raise bad_query(name, problem)
    return said.strip().lower() or None
