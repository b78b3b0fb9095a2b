"""Upstreams of 2026-07-28: each request stands for itself, closing its response cancels it.

A modern client's request goes out and its answer comes back untouched but for the envelope that
is written anew, and that what is read is nobody else's to keep; it is not searched for changed
lists, which such an upstream announces to subscribers. A legacy client's are translated both ways,
in as many rounds as the upstream wants input (see `rounds`).
"""

from collections.abc import Callable
from functools import partial

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp import (
    headers,
    mirrored_params,
    result_types,
    tasks,
    translate,
    translate_results,
)
from mcpgateway.common.mcp.client_capabilities import NONE_DECLARED
from mcpgateway.common.mcp.listening import LISTEN
from mcpgateway.data_plane.upstreams.delivery import Delivery
from mcpgateway.data_plane.upstreams.envelopes import envelope_of, revision_of
from mcpgateway.data_plane.upstreams.faults import Refusal, era_changed, of_other_era
from mcpgateway.data_plane.upstreams.listen import ListenWatch, of_tasks
from mcpgateway.data_plane.upstreams.message_reader import MessageReader
from mcpgateway.data_plane.upstreams.relay import Relay
from mcpgateway.data_plane.upstreams.repeatable import RelayedRequest, TranslatedRequest
from mcpgateway.data_plane.upstreams.request import (
    Reading,
    Repeatable,
    Sink,
    Ticket,
    UpstreamRequest,
)
from mcpgateway.data_plane.upstreams.rounds import Rounds
from mcpgateway.data_plane.upstreams.shared import Announced, Shared
from mcpgateway.data_plane.upstreams.targets import Target, callers_lines, lines
from mcpgateway.data_plane.upstreams.watching import TaskWatcher, Tempo, Watch, Watcher

_TASKS_DECLARED = jsonrpc.encode({"extensions": {tasks.EXTENSION: {}}})
_MAX_REMEMBERED = 10_000  # entries of each cache; full: emptied, and filled again as needed


class ModernClient:
    """Sends in the turn of the loop in which it is asked."""

    def __init__(self, shared: Shared) -> None:
        self._http = shared.http
        self._targets = shared.targets
        self._announced = shared.announced
        self._patience = shared.patience
        self._newest = shared.newest
        self._wanted: dict[bytes, mirrored_params.Wanted] = {}

    def send(self, request: UpstreamRequest, sink: Sink) -> Ticket:
        """Raises GatewayError when the request can not be written."""
        if request.client.era == "legacy":
            return self._send_in_rounds(request, sink)
        target = self._targets.of(request.upstream)
        head = self._head(target, request, request.client.revision)
        body = jsonrpc.request(request.id, request.method, jsonrpc.join_params(request.params))
        receiver = self._receiver(target, request, sink)
        receiver.ticket = self._http.send(
            target.origin,
            head,
            body,
            receiver,
            safe=request.safe,
            timeouts=target.timeouts_of(request),
        )
        return receiver

    def _send_in_rounds(self, request: UpstreamRequest, sink: Sink) -> Ticket:
        rounds = self._rounds(request, sink)
        rounds.start()
        return rounds

    def _rounds(self, request: UpstreamRequest, sink: Sink) -> Rounds:
        target, revision = self._targets.of(request.upstream), revision_of(request)
        bare = self._head(target, request, revision)
        decided = self._mirrored(request)
        timeouts = target.timeouts_of(request)

        def send(id: jsonrpc.Id, params: jsonrpc.Params, rounds: Rounds) -> Ticket:
            reader = self._round_reader(target, request, sink, id, rounds)
            head = bare + (self._mirrored_now(request) if rounds.repeated else decided)
            body = jsonrpc.request(id, request.method, jsonrpc.join_params(params))
            reader.ticket = self._http.send(
                target.origin, head, body, reader, safe=request.safe, timeouts=timeouts
            )
            return reader

        params = translate.params_to_modern(request.params, envelope_of(request))
        return Rounds(request, params, sink, send, self._patience)

    def _mirrored_anew(self, request: UpstreamRequest, rounds: Rounds) -> bool:
        """Whether a round that was refused for its mirrored arguments went out again, once, as the
        tool's definition has them by now."""
        now = self._mirrored_now(request)
        if rounds.repeated or now == self._mirrored(request):
            return False
        rounds.repeat()
        return True

    def _mirrored_now(self, request: UpstreamRequest) -> bytes:
        newest = self._newest(request)
        return self._mirrored(msgspec.structs.replace(request, definition=newest))

    def _round_reader(
        self, target: Target, request: UpstreamRequest, sink: Sink, id: jsonrpc.Id, rounds: Rounds
    ) -> MessageReader:
        delivery = Delivery(request, sink, self._announced, more_input=rounds.more_input)
        if id != request.id:
            token = translate.progress_token(request.params)
            delivery.sent_as(id, None if token is None else bytes(token))
        again = partial(self._mirrored_anew, request, rounds)
        answer = _Answer(target, delivery, self._announced, again)
        return MessageReader(target.name, answer, target.timeouts_of(request).first_byte)

    def repeatable(self, request: UpstreamRequest) -> Repeatable | None:
        """None where answers are searched, or may be, and where arguments are mirrored for the
        client."""
        target = self._targets.of(request.upstream)
        if request.client.era == "legacy":
            return self._repeatable_in_rounds(target, request)
        if not _relays(target, request):
            return None
        head = self._head(target, request, request.client.revision)
        read = partial(self._read_on, target)
        return RelayedRequest(self._http, target, head, request, read)

    def _repeatable_in_rounds(self, target: Target, request: UpstreamRequest) -> Repeatable | None:
        learns = request.upstream.adds_result_type and not target.learnt
        if request.reads or learns or self._wants_mirrored(request):
            return None
        revision = revision_of(request)
        envelope = envelope_of(request)
        return TranslatedRequest(
            self._http,
            target,
            self._head(target, request, revision),
            request,
            partial(self._read_on_in_rounds, target),
            lambda params, _id: translate.params_to_modern(params, envelope),
        )

    def _read_on(
        self, target: Target, request: UpstreamRequest, sink: Sink, _id: jsonrpc.Id, sent: Ticket
    ) -> Reading:
        receiver = self._receiver(target, request, sink)
        receiver.ticket = sent
        return Reading(receiver, receiver)

    def _read_on_in_rounds(
        self, target: Target, request: UpstreamRequest, sink: Sink, id: jsonrpc.Id, sent: Ticket
    ) -> Reading:
        rounds = self._rounds(request, sink)
        reader = self._round_reader(target, request, sink, id, rounds)
        reader.ticket = sent
        rounds.adopt(reader)
        return Reading(reader, rounds)

    def watch(self, request: UpstreamRequest, watcher: Watcher, tempo: Tempo) -> Watch:
        """Follows resources with the header lines of a request. Raises GatewayError when it can
        not be written."""
        return self._watch(request, watcher, tempo, NONE_DECLARED)

    def watch_tasks(self, request: UpstreamRequest, watcher: TaskWatcher, tempo: Tempo) -> Watch:
        """The same for tasks."""
        watch = self._watch(request, watcher, tempo, _TASKS_DECLARED)
        watch.topic = of_tasks(watcher)
        return watch

    def _watch(
        self, request: UpstreamRequest, watcher: Watcher, tempo: Tempo, declared: bytes
    ) -> ListenWatch:
        target, revision = self._targets.of(request.upstream), revision_of(request)
        head = target.modern_head(LISTEN, revision, None) + callers_lines(request.headers)
        envelope = translate.Envelope(revision, declared, request.client.info)
        watch = ListenWatch(self._http, target, head, envelope, watcher, tempo)
        watch.surprised = partial(self._surprised, request.upstream.id)
        return watch

    def _surprised(self, upstream: str, refusal: Refusal) -> None:
        if of_other_era(refusal, "modern"):
            self._announced(upstream)

    def _receiver(
        self, target: Target, request: UpstreamRequest, sink: Sink
    ) -> Relay | MessageReader:
        def reader() -> MessageReader:
            answer = _Answer(target, Delivery(request, sink, self._announced), self._announced)
            return MessageReader(target.name, answer, target.timeouts_of(request).first_byte)

        if request.client.era == "modern" and _relays(target, request):
            problem = partial(_problem, request)
            return Relay(target.name, sink, reader, streams=True, problem=problem)
        return reader()

    def _head(self, target: Target, request: UpstreamRequest, revision: str) -> bytes:
        member = headers.NAMED_BY.get(request.method)
        raw = None if member is None else request.params.get(member)
        name = None if raw is None else bytes(raw)
        head = target.modern_head(request.method, revision, name)
        return head + callers_lines(request.headers) if request.headers else head

    def _mirrored(self, request: UpstreamRequest) -> bytes:
        """`Mcp-Param-*` in place of a client that knows nothing of them."""
        wanted = self._wants_mirrored(request)
        if not wanted:
            return b""
        arguments = request.params.get("arguments", b"{}")
        return lines(mirrored_params.lines(wanted, arguments))

    def _wants_mirrored(self, request: UpstreamRequest) -> mirrored_params.Wanted:
        definition = request.definition
        if request.method != "tools/call" or not definition:
            return ()
        wanted = self._wanted.get(definition)
        if wanted is None:
            wanted = mirrored_params.wanted(definition)
            if len(self._wanted) >= _MAX_REMEMBERED:
                self._wanted.clear()
            self._wanted[definition] = wanted
        return wanted


def _problem(request: UpstreamRequest, message: bytes) -> str | None:
    """What is wrong with an answer that is relayed."""
    kind = result_types.undeclared_in(message, request.params)
    return None if kind is None else f"answered {request.method}: {result_types.unknown(kind)}"


def _relays(target: Target, request: UpstreamRequest) -> bool:
    """Whether the upstream names the type of its results, so that they need not be read; what a
    client may keep is."""
    if request.reads or request.method in translate_results.CACHEABLE:
        return False
    return request.upstream.adds_result_type and target.learnt


class _Answer:
    """A Listener that also learns whether the upstream names the type of its results, and has it
    looked at again when it speaks otherwise than it did."""

    def __init__(
        self,
        target: Target,
        delivery: Delivery,
        announced: Announced,
        again: Callable[[], bool] = lambda: False,
    ) -> None:
        """`again`: sends what was refused for its headers once more, if that may help."""
        self._again = again
        self._target = target
        self._delivery = delivery
        self._announced = announced

    def message(self, raw: bytes) -> bool:
        if not self._target.learnt:
            self._target.learnt = _names_type(raw)
        return self._delivery.message(raw)

    def refused(self, refusal: Refusal) -> None:
        upstream = self._target.upstream
        if of_other_era(refusal, "modern") and not self._delivery.answers(refusal):
            self._announced(upstream.id)
            self._delivery.failed(era_changed(upstream.name, refusal))
            return
        error = refusal.rpc_error()
        if error is not None and error.code == jsonrpc.HEADER_MISMATCH:
            self._announced(upstream.id)  # another definition than ours says what is mirrored
            if self._again():
                return
        self._delivery.refused(refusal)

    def ended(self) -> None:
        self._delivery.ended()

    def failed(self, error: GatewayError) -> None:
        self._delivery.failed(error)


def _names_type(raw: bytes) -> bool:
    try:
        result = jsonrpc.decode_frame(raw).result
        return not isinstance(result, msgspec.UnsetType) and translate_results.has_result_type(
            result
        )
    except (jsonrpc.FrameError, translate_results.CannotTranslate):
        return False
