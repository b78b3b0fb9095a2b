"""Rules that only a call decides about: by its arguments, its time, its source.

What they may refuse is shown in lists, and so is what they may allow; here it is settled. Calls
that no such rule is about pay a look at their view. A call that one is about is never made a
shortcut of.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from mcpgateway.common import jsonrpc, strict_json
from mcpgateway.common.errors import Denied
from mcpgateway.common.mcp.envelope import Problem, read_string
from mcpgateway.common.policy.access.conditions import ARGUMENT_BYTES, readable
from mcpgateway.common.policy.access.decide import Circumstances, settled, variables
from mcpgateway.common.policy.access.permissions import USE
from mcpgateway.common.policy.access.permits import Judged, object_of
from mcpgateway.common.routing.model import Prompt, Resource, Tool
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.pipeline.answer import invalid_param
from mcpgateway.data_plane.pipeline.call import Call

METHODS = frozenset(("tools/call", "prompts/get", "resources/read", "completion/complete"))

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class CallRules:
    """Implements `Check`. `now` is Unix seconds; `source_of` says where a call comes from."""

    def __init__(self, now: Callable[[], float], source_of: Callable[[Exchange], str]) -> None:
        self._now = now
        self._source_of = source_of

    def __call__(self, call: Call) -> Problem | None:
        judged = _late(call)
        return self._settled(call, judged) if judged else None

    def may(self, call: Call, tool: Tool, arguments: bytes) -> Problem | None:
        """Whether the caller may call a tool that another one is made of, with these arguments. It
        need not be offered where the other one is."""
        judged = call.view.permits.judge(USE["tool"], object_of(tool))
        if not judged.shown:
            return Problem(jsonrpc.DENIED, f"you may not use tool {tool.name!r}", Denied.status)
        if not judged.late:
            return None
        params = {"arguments": msgspec.Raw(arguments)}
        meant = msgspec.structs.replace(call, method="tools/call", params=params)
        return self._settled(meant, [judged])

    def _settled(self, call: Call, judged: list[Judged]) -> Problem | None:
        args = _arguments(call)
        if isinstance(args, Problem):
            return args
        circumstances = Circumstances(
            args=args, time=self._now(), source=self._source_of(call.exchange)
        )
        given = variables(call.table.policy, call.caller.subject, circumstances)
        for each in judged:
            problem = _problem(settled(each, given), each)
            if problem is not None:
                return problem
        return None


def is_settled_by_call(call: Call) -> bool:
    """Whether another call of the same thing may be decided otherwise."""
    return bool(_late(call))


def _late(call: Call) -> list[Judged]:
    """What was decided of the server and of the thing, where rules are left that the call decides
    about."""
    view = call.view
    if not view.permits.late:
        return []
    things = [view.server, _aimed_at(call)]
    judged = [view.judged(thing) for thing in things if thing is not None]
    return [each for each in judged if each.late]


def _aimed_at(call: Call) -> Tool | Prompt | Resource | None:
    """None for what is not offered: the call is answered so."""
    name, uri = read_string(call.params.get("name")), read_string(call.params.get("uri"))
    match call.method:
        case "tools/call":
            return call.view.tools.get(name or "")
        case "prompts/get":
            return call.view.prompts.get(name or "")
        case "resources/read":
            return call.view.resource(uri or "")
        case _:
            return _referred(call)


def _referred(call: Call) -> Prompt | Resource | None:
    """What a completion is for."""
    try:
        ref = _members.decode(call.params.get("ref", b"null"))
    except (msgspec.DecodeError, RecursionError):
        return None
    prompt = call.view.prompts.get(read_string(ref.get("name")) or "")
    return prompt or call.view.resource(read_string(ref.get("uri")) or "")


def _arguments(call: Call) -> Any | Problem:
    """What conditions know as `args`; None for what is too large to be read."""
    if call.method == "resources/read":
        return {"uri": read_string(call.params.get("uri"))}
    raw = bytes(call.params.get("arguments", b"{}"))
    if call.method == "completion/complete" or len(raw) > ARGUMENT_BYTES:
        return None
    try:
        arguments = strict_json.read(raw)
    except strict_json.Unreadable as error:
        return invalid_param("arguments", str(error))
    return arguments if readable(arguments) else None


def _problem(after: Judged, before: Judged) -> Problem | None:
    if after.allowed:
        return None
    rule = after.rule or before.late[-1]
    if after.by != "deny":
        message = f"not allowed: rule {rule.name!r} allows this under a condition that is not met"
    elif after.unsure:
        message = f"denied by rule {rule.name!r}: its condition can not be evaluated for this call"
    else:
        message = f"denied by rule {rule.name!r}"
    return Problem(jsonrpc.DENIED, message, Denied.status, {"rule": rule.id})


def rule_of(problem: Problem) -> str:
    """The id of the rule that refused a call, "" for none."""
    data = problem.data
    return str(data["rule"]) if isinstance(data, dict) and "rule" in data else ""
