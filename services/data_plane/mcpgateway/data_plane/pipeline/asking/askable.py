"""The clients of this replica that can be asked something outside of a call: those that have the
standing stream of a legacy session, an HTTP+SSE pair or a WebSocket open."""

from collections.abc import Callable, Mapping
from itertools import count
from typing import NamedTuple, Protocol

import msgspec

from mcpgateway.common.mcp.questions import covered
from mcpgateway.data_plane.upstreams.request import Answered, Question


class Client(msgspec.Struct, frozen=True, gc=False):
    """Who is asked: a session at a virtual server, its caller's key, what it declared."""

    server: str
    caller: str
    capabilities: bytes


class Ear(Protocol):
    @property
    def client(self) -> Client: ...

    def asked(self, questions: Mapping[str, Question], answered: Answered) -> None: ...


class Candidate(NamedTuple):
    """A client that can be asked; `since` is when its stream began, in Unix seconds."""

    since: float
    ear: Ear


class Askable:
    """By their callers. `now` is Unix seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._numbers = count()
        self._by_caller: dict[str, dict[int, Candidate]] = {}

    def add(self, ear: Ear) -> Callable[[], None]:
        """From now on it may be asked; call what is returned when its stream is over."""
        caller, number = ear.client.caller, next(self._numbers)
        self._by_caller.setdefault(caller, {})[number] = Candidate(self._now(), ear)

        def remove() -> None:
            ears = self._by_caller.get(caller, {})
            ears.pop(number, None)
            if not ears:
                self._by_caller.pop(caller, None)

        return remove

    def newest(self, caller: str, server: str, question: Question) -> Candidate | None:
        """Of a caller's clients that declared what the question takes, the one whose stream began
        last; with a `server`, of those at it."""
        for candidate in reversed(self._by_caller.get(caller, {}).values()):
            client = candidate.ear.client
            fits = server in ("", client.server)
            if fits and covered(client.capabilities, "legacy", question.method, question.params):
                return candidate
        return None
