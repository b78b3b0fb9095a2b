"""One run of a composed tool: its steps in order, those that go over a list in parallel, and a
result of what they said.

A run sees one revision of the table and no other, as any call does; it holds it until its end. What
a step did is not undone when a later one fails: the result says what was done.
"""

import asyncio
import logging
from typing import Any

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import Bug, GatewayError
from mcpgateway.common.mcp import tool_result, translate
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.common.recipes import taking, templates
from mcpgateway.common.recipes.paths import Budget
from mcpgateway.common.recipes.taking import Broken
from mcpgateway.common.result_filter import shown
from mcpgateway.common.routing.model import Tool
from mcpgateway.common.routing.recipe import Composed, Step
from mcpgateway.common.runtime.tasks import together
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.composing.allowance import Allowance, Within
from mcpgateway.data_plane.pipeline.composing.outcomes import Done, Failed, Outcome
from mcpgateway.data_plane.pipeline.composing.progress import Progress
from mcpgateway.data_plane.pipeline.composing.stepping import Meaning, Stepping
from mcpgateway.data_plane.pipeline.composing.steps import Caller
from mcpgateway.data_plane.upstreams.request import Sink, Ticket, UpstreamRequest

log = logging.getLogger(__name__)

TIMEOUT = 300.0  # seconds of a run that says nothing of it
_TOLD = 10  # failures of one step that a result names
_PROMISED = b'"outputSchema"'
_blocks = msgspec.json.Decoder(list[dict[str, Any]])


class Starts:
    """Implements request.Send for the request of a composed tool. Holds its call."""

    def __init__(
        self,
        call: Call,
        tool: Tool,
        remote: Stepping,
        meaning: Meaning,
        within: Within | None = None,
    ) -> None:
        """`within`: the run that it is a step of; None: of none."""
        self._call = call
        self._tool = tool
        self._remote = remote
        self._meaning = meaning
        self._within = within

    def __call__(self, request: UpstreamRequest, sink: Sink) -> Ticket:
        within = self._within or Within(Allowance())
        caller = Caller(self._call, self._remote, self._meaning, within, sink)
        run = Run(caller, self._tool, request)
        run.start()
        return run


class _Ended(Exception):
    """A step failed, and the run with it; the message says which and how."""


class Run:
    """Implements request.Ticket. One task for each run, and one for each call of a step that goes
    over a list, which end with it."""

    def __init__(self, caller: Caller, tool: Tool, request: UpstreamRequest) -> None:
        self._caller = caller
        self._tool = tool
        self._request = request
        self._state: dict[str, Any] = {"steps": {}, "errors": {}}
        self._notes: list[str] = []
        self._done: list[str] = []
        self._last: Done | None = None
        self._at = ""
        self._task: asyncio.Task[bytes] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._task.add_done_callback(self._over)

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def pause(self) -> None:
        """Nothing comes in such numbers."""

    def resume(self) -> None:
        """See `pause`."""

    def _over(self, task: "asyncio.Task[bytes]") -> None:
        self._task = None
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._caller.sink.answer(jsonrpc.response(self._request.id, task.result()))
        elif isinstance(error, GatewayError):
            self._caller.sink.failed(error)
        else:
            log.error("a run of tool %r failed", self._tool.name, exc_info=error)
            self._caller.sink.failed(Bug("the run could not be handled"))

    async def _run(self) -> bytes:
        """A result."""
        try:
            recipe = taking.read(self._tool)
            self._state["input"] = msgspec.json.decode(self._request.params.get("arguments", b"{}"))
        except (Broken, msgspec.DecodeError, RecursionError) as error:
            return self._failed(f"Not called: {error}")
        assert isinstance(recipe, Composed)
        timeout = recipe.timeout_ms or self._tool.timeout_ms
        seconds = timeout / 1000 if timeout else TIMEOUT
        try:
            async with asyncio.timeout(seconds):
                return await self._all(recipe)
        except TimeoutError:
            return self._failed(
                f"Step {self._at!r} was under way when the run's {seconds:g} s were over"
            )
        except _Ended as ended:
            return self._failed(str(ended))

    async def _all(self, recipe: Composed) -> bytes:
        """Raises _Ended."""
        token = translate.progress_token(self._request.params)
        progress = Progress(self._caller.sink, token, len(recipe.steps))
        for step in recipe.steps:
            self._at, self._last = step.name, None
            if step.each:
                await self._each(step, progress)
            else:
                await self._once(step)
            self._done.append(step.name)
            progress.step_done(step.name)
        return self._result(recipe)

    async def _once(self, step: Step) -> None:
        found = await self._caller.made(step, self._state)
        if isinstance(found, Done):
            self._last = found
            self._state["steps"][step.name] = msgspec.json.decode(found.value)
            return
        if step.on_error == "fail":
            raise _Ended(f"Step {step.name!r} failed: {found.said}")
        self._state["steps"][step.name] = None
        self._state["errors"][step.name] = found.said
        self._notes.append(f"Step {step.name!r} failed and was left out: {found.said}")

    async def _each(self, step: Step, progress: Progress) -> None:
        try:
            items = templates.items(step.each, self._state, Budget(), step.max_items)
        except ValueError as error:
            self._no_items(step, str(error))
            return
        fan = _Fan(step, items, self._state, self._caller, progress)
        await fan.all()
        self._gather(step, fan.found)

    def _no_items(self, step: Step, why: str) -> None:
        """Raises _Ended."""
        if step.on_error == "fail":
            raise _Ended(f"Step {step.name!r} was not begun: {why}")
        self._state["steps"][step.name] = None
        self._state["errors"][step.name] = why
        self._notes.append(f"Step {step.name!r} was not begun and was left out: {why}")

    def _gather(self, step: Step, found: list[Outcome | None]) -> None:
        values = [
            msgspec.json.decode(each.value) if isinstance(each, Done) else None for each in found
        ]
        self._state["steps"][step.name] = values
        failed = [(n, each.said) for n, each in enumerate(found) if isinstance(each, Failed)]
        if not failed:
            return
        errors = [{"index": index, "message": said} for index, said in failed]
        self._state["errors"][step.name] = errors
        self._notes.append(_left_out(step, failed, len(found)))

    # The result.

    def _result(self, recipe: Composed) -> bytes:
        """Raises _Ended."""
        if recipe.result is None and self._last is not None:
            passed = self._passed(self._last)
            if passed is not None:
                return passed
        last = {templates.PLACE: f"$.steps.{recipe.steps[-1].name}"}
        template = last if recipe.result is None else recipe.result
        try:
            value = templates.fill(template, self._state, Budget())
        except ValueError as error:
            raise _Ended(f"The result can not be made: {error}") from error
        said = shown(msgspec.json.decode(value))
        promised = _PROMISED in self._tool.definition and self._era == "modern"
        structured = value if value[:1] == b"{" or promised else None
        return tool_result.result(self._era, [tool_result.text(said), *self._told], structured)

    def _passed(self, last: Done) -> bytes | None:
        """What the last step said, with images and all."""
        try:
            content = _blocks.decode(last.content)
        except (msgspec.DecodeError, RecursionError):
            return None
        return tool_result.result(self._era, [*content, *self._told], last.structured)

    def _failed(self, said: str) -> bytes:
        told = [said, *self._notes]
        if self._done:
            done = ", ".join(map(repr, self._done))
            told.append(f"Done before, and not undone: {done}")
        return tool_result.failed(self._era, "\n".join(told))

    @property
    def _told(self) -> list[tool_result.Content]:
        return [tool_result.text("\n".join(self._notes))] if self._notes else []

    @property
    def _era(self) -> Era:
        return self._request.client.era


def _left_out(step: Step, failed: list[tuple[int, str]], whole: int) -> str:
    told = "; ".join(f"item {index}: {said}" for index, said in failed[:_TOLD])
    more = f"; and {len(failed) - _TOLD} more" if len(failed) > _TOLD else ""
    how = f"{len(failed)} of {whole} calls of step {step.name!r} failed and were left out"
    return f"{how}: {told}{more}"


class _Fan:
    """The calls of a step that goes over a list, some at once."""

    def __init__(
        self,
        step: Step,
        items: list[Any],
        state: dict[str, Any],
        caller: Caller,
        progress: Progress,
    ) -> None:
        self.found: list[Outcome | None] = [None] * len(items)
        self._step = step
        self._items = items
        self._state = state
        self._caller = caller
        self._progress = progress
        self._gate = asyncio.Semaphore(step.at_once)
        self._begun = 0
        self._broken = False

    async def all(self) -> None:
        """Raises _Ended with the first that fails, where none may; the others end with it."""
        if self._items:
            await together(*map(self._one, range(len(self._items))))

    async def _one(self, index: int) -> None:
        async with self._gate:
            if self._broken:
                return  # another one failed, and this one is about to be cancelled
            self._begun += 1
            state = {**self._state, "item": self._items[index], "index": index}
            outcome = self.found[index] = await self._caller.made(self._step, state)
            self._progress.item_done(self._step.name, len(self._items))
            if isinstance(outcome, Failed) and self._step.on_error == "fail":
                self._broken = True
                raise _Ended(self._told(index, outcome))

    def _told(self, index: int, failed: Failed) -> str:
        """How far the other calls came, too."""
        over = sum(1 for each in self.found if each is not None)
        broken, left = self._begun - over, len(self.found) - self._begun
        others = [f"{over - 1} were done"] if over > 1 else []
        others += [f"{broken} were under way and are broken off"] if broken else []
        others += [f"{left} were not begun"] if left else []
        told = f" Of the others, {', '.join(others)}." if others else ""
        what = f"Step {self._step.name!r}: the call for item {index} of {len(self.found)} failed"
        return f"{what}: {failed.said}.{told}"
