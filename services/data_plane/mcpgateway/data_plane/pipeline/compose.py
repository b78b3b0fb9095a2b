"""The methods of each era and what answers them: the checks in order, then one answerer.

Everything here is synchronous: it runs in the door's callback, in the turn of the loop in which
the request was parsed.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.mcp.listening import LISTEN
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.data_plane.pipeline import answer
from mcpgateway.data_plane.pipeline.admitting.call_rules import METHODS, rule_of
from mcpgateway.data_plane.pipeline.aims import Aim, aim_tool
from mcpgateway.data_plane.pipeline.call import Call, Check, Result
from mcpgateway.data_plane.pipeline.checks import meta_is_an_object
from mcpgateway.data_plane.pipeline.counted import Calls
from mcpgateway.data_plane.pipeline.listening.listening import Listening
from mcpgateway.data_plane.pipeline.local import Local
from mcpgateway.data_plane.pipeline.offered import unoffered
from mcpgateway.data_plane.pipeline.own.own import Own
from mcpgateway.data_plane.pipeline.own.roots import METHOD as ROOTS
from mcpgateway.data_plane.pipeline.own.roots import list_roots
from mcpgateway.data_plane.pipeline.remote import Remote
from mcpgateway.data_plane.pipeline.searching.meant import meant
from mcpgateway.data_plane.pipeline.searching.searching import Searching
from mcpgateway.data_plane.pipeline.shortcuts.short_list import ShortLists
from mcpgateway.data_plane.pipeline.tasks.methods import TaskMethods

Answerer = Callable[[Call], str | None]
"""Answers, or begins to. Returns how the call ended, None when that is counted at its end."""


Guard = Callable[[Call], GatewayError | None]
"""Why a call is refused whatever it asks for, and counts it otherwise."""


def _nothing_else(call: Call) -> None:
    """No call is refused."""


Meaning = Callable[[Call], Call]
"""Which call is meant by one: mostly the same."""


def as_it_is(call: Call) -> Call:
    return call


LocalMethod = Callable[[Call], Result | Problem]


class Route(NamedTuple):
    """How one method is answered."""

    checks: tuple[Check, ...]
    answer: Answerer
    calls: Calls
    guard: Guard = _nothing_else
    meaning: Meaning = as_it_is


Routes = Mapping[Era, Mapping[str, Route]]

_ALWAYS: tuple[Check, ...] = (meta_is_an_object,)


def compose(
    local: Local,
    remote: Remote,
    own: Own,
    listening: Listening,
    tasks: TaskMethods | None = None,
    short_lists: ShortLists | None = None,
    searching: Searching | None = None,
) -> Routes:
    """What is not named here is an unknown method in that era; `tasks` None: their methods too.
    Without `short_lists` every list goes the long way; without `searching` no server is
    searched."""

    def local_route(method: LocalMethod) -> Route:
        return Route(_ALWAYS, partial(_answer, method), remote.calls)

    def list_route(method: LocalMethod) -> Route:
        if short_lists is None:
            return local_route(method)
        return Route(_ALWAYS, partial(_list, method, short_lists, remote.calls), remote.calls)

    def remote_route(aim: Aim) -> Route:
        return Route(_ALWAYS, partial(remote.send, aim), remote.calls)

    def other_route(answerer: Answerer) -> Route:
        return Route(_ALWAYS, answerer, remote.calls)

    def task_routes(era: Era) -> dict[str, Route]:
        methods = {} if tasks is None else tasks.of(era)
        return {method: other_route(answerer) for method, answerer in methods.items()}

    listen = listening.listen if tasks is None else partial(listening.listen, tasks=tasks.updates)
    both = {
        "tools/list": list_route(local.tools_list),
        "prompts/list": list_route(local.prompts_list),
        "resources/list": list_route(local.resources_list),
        "resources/templates/list": list_route(local.templates_list),
        "tools/call": _searched(remote_route(aim_tool), searching),
        "prompts/get": other_route(own.get_prompt),
        "resources/read": other_route(own.read_resource),
        "completion/complete": other_route(own.complete),
    }
    return {
        "modern": {
            **both,
            **task_routes("modern"),
            "server/discover": local_route(local.discover),
            LISTEN: other_route(listen),
        },
        "legacy": {
            **both,
            **task_routes("legacy"),
            "initialize": local_route(local.initialize),
            "ping": local_route(local.ping),
            "logging/setLevel": other_route(local.set_level),
            "resources/subscribe": other_route(listening.subscribe),
            "resources/unsubscribe": other_route(listening.unsubscribe),
        },
    }


def _searched(tools: Route, searching: Searching | None) -> Route:
    """The same where tools of ours stand for those of a server."""
    if searching is None:
        return tools
    return tools._replace(meaning=meant, answer=partial(_called, searching, tools.answer))


def with_roots(routes: Routes) -> Routes:
    """The same where the gateway is asked for its own roots: not by MCP, which has no such request
    of clients."""
    legacy = routes["legacy"]
    roots = legacy["ping"]._replace(answer=partial(_answer, list_roots))
    return {**routes, "legacy": {**legacy, ROOTS: roots}}


def guarded(routes: Routes, guard: Guard) -> Routes:
    """The same, with each call looked at first."""
    return {
        era: {method: route._replace(guard=guard) for method, route in methods.items()}
        for era, methods in routes.items()
    }


def ruled(routes: Routes, check: Check) -> Routes:
    """The same, with calls held against rules that only a call decides about."""
    return {
        era: {
            method: route._replace(checks=(*route.checks, check)) if method in METHODS else route
            for method, route in methods.items()
        }
        for era, methods in routes.items()
    }


def serve(routes: Routes, call: Call) -> None:
    """Answer a call of an MCP client, whose revision has to be one that the server offers."""
    problem = unoffered(call)
    if problem is None:
        run(routes, call)
        return
    call.form.refuse(call, problem)
    route = routes[call.era].get(call.method)
    if route is not None:
        route.calls.count(call, "refused")


def run(routes: Routes, call: Call) -> None:
    """Answer a call, or begin to."""
    route = routes[call.era].get(call.method)
    if route is None:
        call.form.refuse(call, answer.unknown_method(call.method))
        return
    call = route.meaning(call)
    error = route.guard(call)
    if error is not None:
        call.form.failed(call, error)
        route.calls.count(call, error.code, "token")
        return
    for check in route.checks:
        problem = check(call)
        if problem is not None:
            call.form.refuse(call, problem)
            route.calls.count(call, _refused(problem), rule_of(problem))
            return
    outcome = route.answer(call)
    if outcome is not None:
        route.calls.count(call, outcome)


def _refused(problem: Problem) -> str:
    return "denied" if problem.code == jsonrpc.DENIED else "refused"


def _answer(method: LocalMethod, call: Call) -> str:
    result = method(call)
    if isinstance(result, Problem):
        call.form.refuse(call, result)
        return "refused"
    call.form.result(call, result)
    return "ok"


def _called(searching: Searching, straight: Answerer, call: Call) -> str | None:
    return searching.call(call) if searching.takes(call) else straight(call)


def _list(method: LocalMethod, short: ShortLists, calls: Calls, call: Call) -> str:
    result = method(call)
    if isinstance(result, Problem):
        call.form.refuse(call, result)
        return "refused"
    call.form.result(call, result)
    short.answered(call, result, calls.ending(call))
    return "ok"
