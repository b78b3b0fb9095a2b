"""What is put over the request that a tool of an API becomes: how its list goes on, and how often
it is sent again, which no OpenAPI document says. It is kept beside the request, so that it outlives
refreshes and is no drift. Pure."""

from typing import Any

import msgspec
from msgspec import UNSET

from mcpgateway.common.errors import InvalidCall
from mcpgateway.common.rest import rules
from mcpgateway.common.routing.rest_request import RestRequest
from mcpgateway.control_plane.registry.drafts import RestDraft, ToolDraft, given
from mcpgateway.control_plane.registry.model import Tool
from mcpgateway.control_plane.registry.wrong import wrong

MEMBERS = ("pagination", "retries")  # of a RestRequest


def effective(row: Tool) -> dict[str, Any] | None:
    """The request that a tool becomes. Pages that were wanted of what is no GET any more are not
    asked for."""
    if row.request is None or not row.request_overrides:
        return row.request
    over = row.request_overrides
    if row.request.get("method", "POST") != "GET":
        over = {name: value for name, value in over.items() if name != "pagination"}
    return row.request | over


def overridden(row: Tool, draft: ToolDraft) -> dict[str, Any]:
    """What lies over the request after a draft: `draft.request_overrides` replaces all of it before
    members of `draft.rest` are put over; what says the same as the request overrides nothing.
    Raises InvalidCall."""
    if row.request is None:
        refuse(draft)
        return {}
    plain = msgspec.convert(row.request, RestRequest)
    if draft.request_overrides is UNSET:
        before = msgspec.convert(row.request | row.request_overrides, RestRequest)
        said = {name: getattr(before, name) for name in row.request_overrides}
    else:
        said = given(draft.request_overrides, *MEMBERS)
    said |= given(draft.rest, *MEMBERS)
    kept = {name: value for name, value in said.items() if value != getattr(plain, name)}
    found: dict[str, Any] = msgspec.to_builtins(kept)
    if found != row.request_overrides:
        _check(msgspec.structs.replace(plain, **kept))
    return found


def refuse(draft: ToolDraft) -> None:
    """Of a tool that is none of an API. Raises InvalidCall."""
    if draft.request_overrides is not UNSET and draft.request_overrides != RestDraft():
        problem = "are put over requests of an API's tools, and this is none"
        raise wrong("request_overrides", problem, "kind")


def _check(request: RestRequest) -> None:
    """By what was put over it alone: the rest is the document's."""
    found = [each for each in rules.problems(request) if each.field.partition(".")[0] in MEMBERS]
    if found:
        text = "; ".join(f"{each.field} {each.problem}" for each in found)
        raise InvalidCall(text, errors=found)
