"""A recording Upstreams: what was sent, and sinks by which a test plays the upstream."""

from dataclasses import dataclass, field

from mcpgateway.data_plane.upstreams.request import Repeatable, Sink, UpstreamRequest
from mcpgateway.data_plane.upstreams.watching import TaskWatcher, Tempo


@dataclass
class RecordedTicket:
    """What was asked of a request under way, in order: `cancel`, `pause`, `resume`."""

    asked: list[str] = field(default_factory=list)

    def cancel(self) -> None:
        self.asked.append("cancel")

    def pause(self) -> None:
        self.asked.append("pause")

    def resume(self) -> None:
        self.asked.append("resume")


@dataclass
class RecordedCall:
    """One request that was sent. Play the upstream's part on `sink`."""

    request: UpstreamRequest
    sink: Sink
    ticket: RecordedTicket

    @property
    def params(self) -> dict[str, bytes]:
        return {name: bytes(value) for name, value in self.request.params.items()}


@dataclass
class RecordedWatch:
    """Tasks that are followed. Play the upstream's part on `watcher`."""

    request: UpstreamRequest
    watcher: TaskWatcher
    wanted: frozenset[str] = frozenset()
    closed: bool = False

    def want(self, uris: frozenset[str]) -> None:
        self.wanted = uris

    def close(self) -> None:
        self.closed = True


class RecordingUpstreams:
    """Takes every request and answers none, unless `answer_at_once` is a result to give before
    `send` returns."""

    def __init__(self, answer_at_once: bytes | None = None) -> None:
        self.calls: list[RecordedCall] = []
        self.ended: list[str] = []
        self.with_other_roots: list[str] = []
        self.watches: list[RecordedWatch] = []
        self._answer = answer_at_once

    @property
    def last(self) -> RecordedCall:
        return self.calls[-1]

    def send(self, request: UpstreamRequest, sink: Sink) -> RecordedTicket:
        ticket = RecordedTicket()
        self.calls.append(RecordedCall(request, sink, ticket))
        if self._answer is not None:
            sink.answer(self._answer)
        return ticket

    def repeatable(self, request: UpstreamRequest) -> Repeatable | None:
        return None

    def watch_tasks(
        self, request: UpstreamRequest, watcher: TaskWatcher, tempo: Tempo
    ) -> RecordedWatch:
        self.watches.append(RecordedWatch(request, watcher))
        return self.watches[-1]

    def end_session(self, session: str) -> None:
        self.ended.append(session)

    def roots_changed(self, session: str) -> None:
        self.with_other_roots.append(session)

    async def aclose(self) -> None:
        pass
