"""What a client can be asked, and how that is declared to an upstream of any revision. Pure.

Only what the gateway can carry is declared: elicitation by form and by URL, sampling, roots, and
that roots change where the upstream's session is one client's. Experimental capabilities and tasks
are not.
"""

from typing import NamedTuple

import msgspec

from mcpgateway.common.jsonrpc import Params, encode
from mcpgateway.common.mcp.revisions import V2025_06_18, V2025_11_25, Era

NONE_DECLARED = b"{}"
_object = msgspec.json.Decoder(Params)


class Abilities(NamedTuple):
    """`tools` and `context` are extras of sampling."""

    form: bool = False
    url: bool = False
    sampling: bool = False
    tools: bool = False
    context: bool = False
    roots: bool = False


NOTHING = Abilities()


def abilities(capabilities: bytes, era: Era, revision: str = "") -> Abilities:
    """What a client declared, in the form of its era. A legacy revision ("" for the latest)
    bounds it: what came later means nothing yet. A member that is no object declares nothing."""
    if capabilities == NONE_DECLARED:
        return NOTHING
    members = _members(capabilities) or {}
    latest = era == "modern" or not revision
    elicitation = _member(members, "elicitation") if latest or revision >= V2025_06_18 else None
    sampling = _member(members, "sampling")
    extras = sampling if sampling and (latest or revision >= V2025_11_25) else {}
    modes = elicitation if elicitation and (latest or revision >= V2025_11_25) else {}
    return Abilities(
        # `{}` is what the first revision with elicitation said for forms.
        form=elicitation is not None and ("form" in modes or "url" not in modes),
        url=_member(modes, "url") is not None,
        sampling=sampling is not None,
        tools=_member(extras, "tools") is not None,
        context=_member(extras, "context") is not None,
        roots=_member(members, "roots") is not None,
    )


def announces_roots(capabilities: bytes) -> bool:
    """Whether a legacy client says when its roots change."""
    roots = _member(_members(capabilities) or {}, "roots") or {}
    return bytes(roots.get("listChanged", b"")) == b"true"


def declaration(able: Abilities, revision: str, *, roots_change: bool = False) -> bytes:
    """The capabilities for an upstream of a revision, as JSON; equal for equal abilities.
    `roots_change`: the upstream will be told when they do."""
    if able == NOTHING:
        return NONE_DECLARED
    declared: dict[str, dict[str, object]] = {}
    if revision >= V2025_11_25:
        modes = _named(form=able.form, url=able.url)
        if modes:
            declared["elicitation"] = modes
    elif able.form and revision >= V2025_06_18:
        declared["elicitation"] = {}
    if able.sampling:
        extras = revision >= V2025_11_25
        declared["sampling"] = _named(tools=able.tools and extras, context=able.context and extras)
    if able.roots:
        declared["roots"] = {"listChanged": True} if roots_change else {}
    return encode(declared)


def _named(**wanted: bool) -> dict[str, object]:
    return {name: {} for name, is_wanted in wanted.items() if is_wanted}


def _member(members: Params, name: str) -> Params | None:
    raw = members.get(name)
    return None if raw is None else _members(raw)


def _members(raw: bytes | msgspec.Raw) -> Params | None:
    try:
        return _object.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
