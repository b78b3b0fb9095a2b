"""The methods of each era and what answers them: the checks in order, then one answerer.

Everything here is synchronous: it runs in the door's callback, in the turn of the loop in which
the request was parsed.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.data_plane.pipeline import answer
from mcpgateway.data_plane.pipeline.call import Call, Check, Result
from mcpgateway.data_plane.pipeline.checks import meta_is_an_object, no_cursor
from mcpgateway.data_plane.pipeline.local import Local
from mcpgateway.data_plane.pipeline.remote import (
    Aim,
    Remote,
    aim_completion,
    aim_prompt,
    aim_resource,
    aim_tool,
)

Answerer = Callable[[Call], None]


class Route(NamedTuple):
    """How one method is answered."""

    checks: tuple[Check, ...]
    answer: Answerer


Routes = Mapping[Era, Mapping[str, Route]]

_ALWAYS: tuple[Check, ...] = (meta_is_an_object,)
_LIST = (*_ALWAYS, no_cursor)


def compose(local: Local, remote: Remote) -> Routes:
    """What is not named here is an unknown method in that era."""
    both = {
        "tools/list": _local(local.tools_list, _LIST),
        "prompts/list": _local(local.prompts_list, _LIST),
        "resources/list": _local(local.resources_list, _LIST),
        "resources/templates/list": _local(local.templates_list, _LIST),
        "tools/call": _remote(remote, aim_tool),
        "prompts/get": _remote(remote, aim_prompt),
        "resources/read": _remote(remote, aim_resource),
        "completion/complete": _remote(remote, aim_completion),
    }
    return {
        "modern": {**both, "server/discover": _local(local.discover)},
        "legacy": {
            **both,
            "initialize": _local(local.initialize),
            "ping": _local(local.ping),
            "logging/setLevel": _local(local.set_level),
        },
    }


def run(routes: Routes, call: Call) -> None:
    """Answer a call, or begin to."""
    route = routes[call.era].get(call.method)
    if route is None:
        call.form.refuse(call, answer.unknown_method(call.method))
        return
    for check in route.checks:
        problem = check(call)
        if problem is not None:
            call.form.refuse(call, problem)
            return
    route.answer(call)


def _local(
    method: Callable[[Call], Result | Problem], checks: tuple[Check, ...] = _ALWAYS
) -> Route:
    return Route(checks, partial(_answer, method))


def _answer(method: Callable[[Call], Result | Problem], call: Call) -> None:
    result = method(call)
    if isinstance(result, Problem):
        call.form.refuse(call, result)
    else:
        call.form.result(call, result)


def _remote(remote: Remote, aim: Aim) -> Route:
    return Route(_ALWAYS, partial(remote.send, aim))
