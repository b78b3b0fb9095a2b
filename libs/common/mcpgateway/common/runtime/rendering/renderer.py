"""Fills templates for a service: what only copies at once, the rest in worker processes."""

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
    decode_reply,
    encode,
)
from mcpgateway.common.content.kept import Kept
from mcpgateway.common.content.limits import LIMITS, Limits
from mcpgateway.common.content.plain_template import Plain
from mcpgateway.common.content.prompt_template import Argument, Messages
from mcpgateway.common.errors import TemplateFailed
from mcpgateway.common.runtime.workers.pool import WorkerPool
from mcpgateway.common.runtime.workers.process import Bounds, Program, WorkFailed

KEPT = 4 * 1024 * 1024  # bytes of messages, and characters of templates, kept taken apart
_LARGEST = 64 * 1024 * 1024  # bytes of a reply


class Renderer:
    """Make it anywhere; use it on one loop. `limits.seconds` are for one call, without its
    wait."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self._plain = Kept(_plain, _size, KEPT)
        self._messages = Kept(prompt_template.read, len, KEPT)
        bounds = Bounds(limits.seconds, limits.memory, _LARGEST)
        module = "mcpgateway.common.runtime.rendering.worker"
        self.workers = WorkerPool(Program(module, bounds, decode_reply))

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
        await self.workers.aclose()

    async def _asked(self, job: Job) -> Reply:
        try:
            said = await self.workers.do(encode(job), job.texts)
        except WorkFailed as error:
            said = Failed(str(error))
        if isinstance(said, Failed):
            raise TemplateFailed(f"template {said.at + 1}: {said.problem}")
        return said


def _plain(texts: tuple[str, ...]) -> tuple[Plain, ...] | None:
    made = [plain_template.parse(each) for each in texts]
    plain = tuple(each for each in made if each is not None)
    return plain if len(plain) == len(made) else None


def _size(texts: tuple[str, ...]) -> int:
    return sum(map(len, texts))
