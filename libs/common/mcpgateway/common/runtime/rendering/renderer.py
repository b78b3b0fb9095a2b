"""Fills templates for a service: what only copies at once, the rest in processes of their own.

A process is started when there is work for it, and kept. One that takes too long or too much memory
is killed, and the next job gets a new one. The same template is in one process at a time: a bad one
leaves the others for the rest.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from mcpgateway.common.content import plain_template, prompt_template
from mcpgateway.common.content.jobs import (
    Check,
    Checked,
    Failed,
    Found,
    Job,
    Render,
    Rendered,
    Reply,
)
from mcpgateway.common.content.kept import Kept
from mcpgateway.common.content.limits import LIMITS, Limits
from mcpgateway.common.content.plain_template import Plain
from mcpgateway.common.content.prompt_template import Argument, Messages
from mcpgateway.common.errors import TemplateFailed, Unavailable
from mcpgateway.common.runtime.rendering.process import Died, TookTooLong, WorkerProcess
from mcpgateway.common.runtime.tasks import end

log = logging.getLogger(__name__)

PROCESSES = 2  # at most
WAITING = 256  # jobs that wait for one; one more is refused
KEPT = 4 * 1024 * 1024  # bytes of messages, and characters of templates, kept taken apart


class _Waiting:
    """A job and who waits for its reply."""

    __slots__ = ("job", "reply")

    def __init__(self, job: Job, reply: "asyncio.Future[Reply]") -> None:
        self.job = job
        self.reply = reply


class Renderer:
    """Needs the running loop."""

    def __init__(self, limits: Limits = LIMITS, processes: int = PROCESSES) -> None:
        self.limits = limits
        self._processes = processes
        self._plain = Kept(_plain, _size, KEPT)
        self._messages = Kept(prompt_template.read, len, KEPT)
        self._waiting: list[_Waiting] = []
        self._running: list[tuple[str, ...]] = []  # texts of the jobs that processes have
        self._more = asyncio.Event()
        self._idle = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def processes(self) -> int:
        """That run now."""
        return len(self._tasks)

    def messages(self, messages: bytes) -> Messages:
        """A prompt's messages, taken apart; kept for the next time. Raises Unusable."""
        return self._messages.of(messages)

    def at_once(self, texts: tuple[str, ...], values: Mapping[str, str]) -> tuple[str, ...] | None:
        """The texts filled, where they are templates that only copy; None for others. Raises
        TemplateFailed when there would be too much."""
        plain = self._plain.of(texts)
        if plain is None:
            return None
        room, made = self.limits.result, []
        for each in plain:
            filled = plain_template.fill(each, values, room)
            if filled is None:
                raise TemplateFailed(f"over {self.limits.result} characters would come of it")
            made.append(filled)
            room -= len(filled)
        return tuple(made)

    async def render(self, texts: tuple[str, ...], values: Mapping[str, str]) -> tuple[str, ...]:
        """The texts filled. Raises TemplateFailed, or Unavailable when too many wait."""
        made = self.at_once(texts, values)
        if made is not None:
            return made
        reply = await self._asked(Render(texts, values, self.limits.result))
        assert isinstance(reply, Rendered)
        return reply.texts

    async def prompt(self, messages: bytes, values: Mapping[str, str]) -> bytes:
        """A prompt's messages with their templates filled, as a JSON array. Raises as `render`,
        and Unusable for messages that are none."""
        cut = self.messages(messages)
        return cut.filled(await self.render(cut.texts, values))

    async def check(self, messages: bytes, arguments: Sequence[Argument]) -> list[str]:
        """What is wrong with a prompt as an operator wrote it: each problem begins with where it
        is. Raises Unavailable."""
        problems = prompt_template.shape_problems(messages, self.limits)
        if problems:
            return problems
        found = await self.look(self.messages(messages).texts)
        return prompt_template.template_problems(found, arguments)

    async def look(self, texts: tuple[str, ...]) -> tuple[Found, ...]:
        """What each template has: its problem, the names that it expects. Raises Unavailable, and
        TemplateFailed when that alone takes too long."""
        reply = await self._asked(Check(texts))
        assert isinstance(reply, Checked)
        return reply.found

    async def aclose(self) -> None:
        """What waits fails."""
        await end(*self._tasks)
        for waiting in self._waiting:
            _stopped(waiting)
        self._waiting.clear()

    async def _asked(self, job: Job) -> Reply:
        if len(self._waiting) >= WAITING:
            raise Unavailable("too many templates wait to be rendered")
        waiting = _Waiting(job, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._more.set()
        if len(self._waiting) > self._idle and len(self._tasks) < self._processes:
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            said = await waiting.reply
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
        if isinstance(said, Failed):
            raise TemplateFailed(f"template {said.at + 1}: {said.problem}")
        return said

    async def _work(self) -> None:
        """The life of one process, and of those that take its place."""
        process = WorkerProcess(self.limits)
        try:
            while True:
                waiting = await self._next()
                await self._run(process, waiting)
        finally:
            await process.aclose()

    async def _run(self, process: WorkerProcess, waiting: _Waiting) -> None:
        self._running.append(waiting.job.texts)
        try:
            said = await _said(process, waiting.job)
        except TookTooLong:
            said = Failed(f"takes over {self.limits.seconds:g} s")
        except asyncio.CancelledError:
            _stopped(waiting)
            raise
        finally:
            self._running.remove(waiting.job.texts)
            self._more.set()
        if not waiting.reply.done():
            waiting.reply.set_result(said)

    async def _next(self) -> _Waiting:
        """The first that is in no process already."""
        while True:
            for waiting in self._waiting:
                if waiting.job.texts not in self._running:
                    self._waiting.remove(waiting)
                    return waiting
            self._more.clear()
            self._idle += 1
            try:
                await self._more.wait()
            finally:
                self._idle -= 1


def _stopped(waiting: _Waiting) -> None:
    if not waiting.reply.done():
        waiting.reply.set_exception(Unavailable("this replica stops"))


async def _said(process: WorkerProcess, job: Job) -> Reply:
    """Raises TookTooLong."""
    try:
        return await process.ask(job)
    except (Died, OSError) as error:
        log.warning("a process that renders templates was lost: %s", error)
        return Failed("its rendering broke off")


def _plain(texts: tuple[str, ...]) -> tuple[Plain, ...] | None:
    made = [plain_template.parse(each) for each in texts]
    plain = tuple(each for each in made if each is not None)
    return plain if len(plain) == len(made) else None


def _size(texts: tuple[str, ...]) -> int:
    return sum(map(len, texts))
