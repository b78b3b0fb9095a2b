"""Following resources or tasks at an upstream of 2026-07-28: one `subscriptions/listen` stream for
all of them. What is followed changes by a new stream, which takes the place of the old one once the
upstream has acknowledged it.
"""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Literal, NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp import tasks, translate
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.mcp.listening import (
    ACKNOWLEDGED,
    LISTEN,
    UPDATED,
    Filter,
    listen_params,
)
from mcpgateway.common.mcp.revisions import META_SUBSCRIPTION_ID
from mcpgateway.common.runtime.http.client import HttpClient
from mcpgateway.data_plane.upstreams.delivery import read_frame
from mcpgateway.data_plane.upstreams.faults import Refusal, passing
from mcpgateway.data_plane.upstreams.message_reader import MessageReader
from mcpgateway.data_plane.upstreams.sessions.standing import STREAMS
from mcpgateway.data_plane.upstreams.targets import Target
from mcpgateway.data_plane.upstreams.watching import TaskWatcher, Tempo, Watcher

# What is asked for is at fault, perhaps one URI of many: others are not to suffer.
_OF_THE_FILTER = frozenset({jsonrpc.INVALID_PARAMS, jsonrpc.INVALID_REQUEST})
_TOO_LARGE = 413

Verdict = Literal["for good", "for now", "filter"]


Told = Callable[[jsonrpc.Params], None]
"""Hears the params of a notification of what is followed."""


class Topic(NamedTuple):
    """What is followed: how it is asked for, the member that names it, and the method that tells
    of it, to whom."""

    filter: Callable[[frozenset[str]], Filter]
    honoured: Literal["resource_subscriptions", "task_ids"]
    method: str
    told: Told


def resources(watcher: Watcher) -> Topic:
    def told(params: jsonrpc.Params) -> None:
        uri = read_string(params.get("uri"))
        if uri:
            watcher.updated(uri)

    return Topic(lambda uris: Filter(uris=uris), "resource_subscriptions", UPDATED, told)


def of_tasks(watcher: TaskWatcher) -> Topic:
    def told(params: jsonrpc.Params) -> None:
        id = read_string(params.get(tasks.TASK_ID))
        if id:
            watcher.task(id, params)

    return Topic(lambda ids: Filter(tasks=ids), "task_ids", tasks.CHANGED, told)


class _Notified(msgspec.Struct, rename="camel"):
    resource_subscriptions: list[str] | None = None
    task_ids: list[str] | None = None


class _Said(msgspec.Struct):
    """Params of what comes on such a stream."""

    meta: dict[str, msgspec.Raw] = msgspec.field(name="_meta", default_factory=dict)
    notifications: _Notified = msgspec.field(default_factory=_Notified)


_said = msgspec.json.Decoder(_Said)


class ListenWatch:
    """Implements `watching.Watch`. `head` is that of its requests, `envelope` what they say of
    their sender. `surprised` hears of a refusal that is for good. `topic`: resources, unless it
    says otherwise."""

    def __init__(
        self,
        http: HttpClient,
        target: Target,
        head: bytes,
        envelope: translate.Envelope,
        watcher: Watcher,
        tempo: Tempo,
    ) -> None:
        self.topic = resources(watcher)
        self.surprised: Callable[[Refusal], None] = _nothing
        self._http = http
        self._target = target
        self._head = head
        self._envelope = envelope
        self._watcher = watcher
        self._tempo = tempo
        self._loop = asyncio.get_running_loop()
        self._numbers = count(1)
        self._wanted: frozenset[str] = frozenset()
        self._current: _Stream | None = None
        self._next: _Stream | None = None
        self._old: _Stream | None = None  # read for a moment more
        self._timer: asyncio.TimerHandle | None = None
        self._failures = 0
        self._since = 0.0  # from when on there was always a stream
        self._stood = False
        self._gap = False
        self._over = False

    def want(self, uris: frozenset[str]) -> None:
        self._wanted = uris
        waits = self._next is not None or self._timer is not None
        if not (self._over or waits or self._satisfied()):
            self._open()

    def close(self) -> None:
        self._over = True
        self._stop_timer()
        streams = (self._current, self._next, self._old)
        self._current = self._next = self._old = None
        for stream in streams:
            if stream is not None:
                stream.close()

    # What the streams say.

    def acknowledged(self, stream: "_Stream", honoured: frozenset[str]) -> None:
        if stream is not self._next:
            return
        if self._current is None:
            self._since = self._loop.time()
        self._replace_by(stream)
        gap, self._gap = self._gap, False
        self._stood = True
        self._watcher.standing(stream.uris, honoured, gap=gap)
        if not (self._over or self._satisfied()):
            self._open()

    def ended(self, stream: "_Stream", *, gracefully: bool) -> None:
        """It brings nothing more, whyever. One that was there for a while and is ended in good
        order is opened again at once."""
        lasted = self._loop.time() - self._since if stream is self._current else 0.0
        if not self._forget(stream):
            return
        settled = lasted >= self._tempo.pace.settled
        if settled:
            self._failures = 0
        if gracefully and settled:
            self._open()
        else:
            self._later()

    def refused(self, stream: "_Stream", refusal: Refusal | None, verdict: Verdict) -> None:
        """While another stream stands, it may be that there can be only one: it makes way, unless
        what was asked for is at fault."""
        current = self._current
        if not self._forget(stream):
            return
        if current is not None and current is not stream:
            if verdict != "filter":
                current.close()
                self._forget(current)
            self._later()
        elif verdict == "for good":
            if refusal is not None:
                self.surprised(refusal)
            self._give_up(lasting=True)
        else:
            self._later()

    def _satisfied(self) -> bool:
        return self._current is not None and self._current.uris == self._wanted

    def _open(self) -> None:
        target = self._target
        if target.standing >= target.connections * STREAMS:
            if self._stood:
                self._later()
            else:
                self._give_up(lasting=False)
            return
        id = f"mcpgateway-listen-{next(self._numbers)}"
        params = translate.params_to_modern(
            listen_params(self.topic.filter(self._wanted)), self._envelope
        )
        body = jsonrpc.request(id, LISTEN, jsonrpc.join_params(params))
        stream = self._next = _Stream(self, target, id, self._wanted)
        try:
            stream.begin(self._http, self._head, body)
        except GatewayError:
            self.ended(stream, gracefully=False)

    def _replace_by(self, stream: "_Stream") -> None:
        if self._old is not None:
            self._old.close()
        self._old, self._current, self._next = self._current, stream, None
        if self._old is not None:
            self._old.close_in(self._tempo.pace.overlap)

    def _forget(self, stream: "_Stream") -> bool:
        """Whether something is missing without it."""
        if stream is self._old:
            self._old = None
        elif stream is self._next:
            self._next = None
            return not self._over
        elif stream is self._current:
            self._current = None
            self._gap = True
            # One that is being opened takes its place.
            return not self._over and self._next is None
        return False

    def _later(self) -> None:
        if self._timer is None:
            wait = self._tempo.wait(self._failures)
            self._timer = self._loop.call_later(wait, self._again)
        self._failures += 1

    def _again(self) -> None:
        self._timer = None
        if self._next is None and not self._satisfied():
            self._open()

    def _give_up(self, *, lasting: bool) -> None:
        self.close()
        self._watcher.refused(lasting=lasting)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Stream:
    """One request and its stream; the Listener of that."""

    def __init__(self, watch: ListenWatch, target: Target, id: str, uris: frozenset[str]) -> None:
        self.uris = uris
        self._watch = watch
        self._target = target
        self._id = id
        self._reader: MessageReader | None = None
        self._acknowledged = False
        self._timer: asyncio.TimerHandle | None = None  # until it is late, or is closed
        self._loop = asyncio.get_running_loop()

    def begin(self, http: HttpClient, head: bytes, body: bytes) -> None:
        """Raises GatewayError."""
        target = self._target
        reader = self._reader = MessageReader(target.name, self)
        target.standing += 1
        self._timer = self._loop.call_later(target.timeouts.first_byte, self._break)
        reader.ticket = http.send(
            target.origin, head, body, reader, safe=True, timeouts=target.endless
        )

    def close(self) -> None:
        reader = self._reader
        self._done()
        if reader is not None:
            reader.cancel()

    def close_in(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = self._loop.call_later(seconds, self._break)

    # The listener.

    def message(self, raw: bytes) -> bool:
        try:
            frame = read_frame(raw)
            said = _said.decode(jsonrpc.join_params(frame.params or {}))
        except (jsonrpc.FrameError, msgspec.DecodeError, RecursionError):
            return False  # it is nobody's
        if frame.is_response:
            self._answered(frame)
        elif frame.is_notification and self._is_ours(said):
            self._heard(frame, said)
        return self._reader is None

    def refused(self, refusal: Refusal) -> None:
        self._done()
        self._watch.refused(self, refusal, _verdict(refusal))

    def ended(self) -> None:
        self._done()
        self._watch.ended(self, gracefully=False)

    def failed(self, error: GatewayError) -> None:
        self.ended()

    def _is_ours(self, said: _Said) -> bool:
        return bytes(said.meta.get(META_SUBSCRIPTION_ID, b"")) == jsonrpc.encode(self._id)

    def _heard(self, frame: jsonrpc.Frame, said: _Said) -> None:
        topic, params = self._watch.topic, frame.params
        if frame.method == ACKNOWLEDGED and not self._acknowledged:
            self._acknowledged = True
            self._stop_timer()
            honoured = self.uris & frozenset(getattr(said.notifications, topic.honoured) or ())
            self._watch.acknowledged(self, honoured)
        elif frame.method == topic.method and self._acknowledged and isinstance(params, dict):
            topic.told(params)

    def _answered(self, frame: jsonrpc.Frame) -> None:
        if frame.id != self._id:
            return
        self.close()
        if isinstance(frame.error, msgspec.UnsetType):
            self._watch.ended(self, gracefully=True)
        else:
            code = jsonrpc.decode_error(frame.error).code
            verdict: Verdict = "for good" if code == jsonrpc.METHOD_NOT_FOUND else "for now"
            self._watch.refused(self, None, "filter" if code in _OF_THE_FILTER else verdict)

    def _break(self) -> None:
        self.close()
        self._watch.ended(self, gracefully=False)

    def _done(self) -> None:
        self._stop_timer()
        if self._reader is not None:
            self._reader = None
            self._target.standing -= 1

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _verdict(refusal: Refusal) -> Verdict:
    error = refusal.rpc_error()
    if refusal.status == _TOO_LARGE or (error is not None and error.code in _OF_THE_FILTER):
        return "filter"
    return "for now" if passing(refusal) else "for good"


def _nothing(_: Refusal) -> None:
    """Nobody wants to hear of refusals."""
