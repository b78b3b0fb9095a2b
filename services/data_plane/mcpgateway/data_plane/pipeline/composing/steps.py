"""One call of a step: its arguments are made, its tool is called as its caller may, its answer is
read."""

import asyncio
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.mcp.translate import PROGRESS_TOKEN
from mcpgateway.common.recipes import templates
from mcpgateway.common.recipes.paths import Budget
from mcpgateway.common.routing.model import Tool
from mcpgateway.common.routing.recipe import MAX_DEPTH, Step
from mcpgateway.common.routing.view import Offers, View
from mcpgateway.data_plane.pipeline.admitting.call_rules import rule_of
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.composing.allowance import Spent, Within
from mcpgateway.data_plane.pipeline.composing.outcomes import Done, Failed, Outcome, outcome
from mcpgateway.data_plane.pipeline.composing.step_answer import StepAnswer
from mcpgateway.data_plane.pipeline.composing.stepping import Meaning, NotSent, Stepping
from mcpgateway.data_plane.upstreams.request import Sink, UpstreamRequest


class Caller(NamedTuple):
    """Makes the calls of one run. `sink` takes what upstreams say and ask before their answers."""

    call: Call
    remote: Stepping
    meaning: Meaning
    within: Within
    sink: Sink

    async def made(self, step: Step, state: Any) -> Outcome:
        """One call, whatever becomes of it."""
        try:
            arguments = templates.fill(step.arguments, state, Budget())
        except ValueError as error:
            return Failed(f"its arguments can not be made: {error}")
        tool = self.call.table.tools.get(step.tool)
        if tool is None:
            return Failed("its tool is not there")
        seconds = step.timeout_ms / 1000 or None
        try:
            self.within.allowance.call()
            async with asyncio.timeout(seconds):
                found = await self._called(tool, arguments)
            if isinstance(found, Done):
                self.within.allowance.keep(len(found.value))
        except TimeoutError:
            return Failed(f"tool {tool.name!r} did not answer within {seconds:g} s")
        except Spent as spent:
            return Failed(str(spent))
        except GatewayError as error:
            return Failed(error.message)
        return found

    async def _called(self, tool: Tool, arguments: bytes) -> Outcome:
        sub = _sub(self.call, tool, arguments)
        denied = self.meaning.may(sub, tool, arguments)
        if denied is not None:
            return self._refused(sub, denied)
        if tool.recipe:
            meant = self.meaning.meant(sub, tool)
            if isinstance(meant, Problem):
                return self._refused(sub, meant)
            if isinstance(meant, NotSent):
                return Failed(meant.said)
            sub, tool = meant
        request = await self.remote.prepared(sub, tool)
        if not tool.recipe:
            async with self.within.allowance.places:
                return await self._answered(sub, request)
        if self.within.depth >= MAX_DEPTH:
            return Failed(f"runs are within runs more than {MAX_DEPTH} deep")
        run = self.meaning.starts(sub, tool, self.remote, self.within.deeper)
        return await self._answered(sub, msgspec.structs.replace(request, run=run))

    def _refused(self, sub: Call, problem: Problem) -> Failed:
        self.remote.calls.count(sub, "denied", rule_of(problem))
        return Failed(problem.message)

    async def _answered(self, sub: Call, request: UpstreamRequest) -> Outcome:
        answer = StepAnswer(self.sink)
        ticket = self.remote.begin(sub, request, answer)
        try:
            return outcome(await answer.response)
        except asyncio.CancelledError:
            ticket.cancel()
            raise


def _sub(call: Call, tool: Tool, arguments: bytes) -> Call:
    """The call of a step, of a tool that need not be offered where the composed one is."""
    meta = call.meta
    if meta is not None:
        meta = {key: raw for key, raw in meta.items() if key != PROGRESS_TOKEN}
    params = {"name": msgspec.Raw(jsonrpc.encode(tool.name)), "arguments": msgspec.Raw(arguments)}
    view = View(Offers({tool.name: tool}, {}, {}), (), call.view.permits, call.view.server)
    return msgspec.structs.replace(
        call, method="tools/call", params=params, meta=meta, view=view, indirect=True
    )
