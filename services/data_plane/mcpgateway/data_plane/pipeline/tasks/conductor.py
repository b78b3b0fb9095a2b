"""Sends calls that do not simply go to their upstream and back: see `course`."""

import secrets
from collections.abc import Callable
from functools import partial

import msgspec

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.mcp import tasks
from mcpgateway.common.mcp.revisions import LATEST_MODERN
from mcpgateway.common.routing.model import Upstream
from mcpgateway.data_plane.parked.task_journal import Followed
from mcpgateway.data_plane.pipeline.call import Call, Result
from mcpgateway.data_plane.pipeline.counted import Calls
from mcpgateway.data_plane.pipeline.remote import SinkOf
from mcpgateway.data_plane.pipeline.tasks.as_modern import as_modern
from mcpgateway.data_plane.pipeline.tasks.course import Course, Runs, course_of
from mcpgateway.data_plane.pipeline.tasks.errand import Errand
from mcpgateway.data_plane.pipeline.tasks.keeper import Keeper
from mcpgateway.data_plane.pipeline.tasks.kept_call import KeptCall
from mcpgateway.data_plane.pipeline.tasks.legacy_run import LegacyRun, as_legacy
from mcpgateway.data_plane.pipeline.tasks.modern_run import ModernRun
from mcpgateway.data_plane.pipeline.tasks.names import TaskName
from mcpgateway.data_plane.pipeline.tasks.passing import Passage, Passing
from mcpgateway.data_plane.pipeline.tasks.running import RunningTask
from mcpgateway.data_plane.pipeline.tasks.words import Words
from mcpgateway.data_plane.upstreams.request import Sink, Ticket, UpstreamRequest, Upstreams

Follows = Callable[[Followed], None]

_NOT_KEPT = "this call can not become a task now: tasks can not be kept; try again, or without"
_task = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Conductor:
    """Implements `remote.TaskCalls`."""

    def __init__(
        self, upstreams: Upstreams, calls: Calls, passing: Passing, keeper: Keeper
    ) -> None:
        self.send = upstreams.send
        self._upstreams = upstreams
        self._calls = calls
        self._passing = passing
        self._keeper = keeper

    def passage(self, call: Call, upstream: Upstream) -> Passage | None:
        return self._passing.of(call, upstream)

    def take(self, call: Call, request: UpstreamRequest, sink_of: SinkOf) -> bool:
        keeps = self._keeper.terms.keeps
        upstream, reads = request.upstream, request.tool is not None
        course = course_of(call, upstream, request.definition, keeps=keeps, reads=reads)
        if course is None:
            return False
        if course.keeps == "at once":
            self._begin_task(call, course, request)
        elif course.keeps == "later":
            self._send_kept(call, course, request, sink_of)
        else:
            self._send_held(call, course, request, sink_of)
        return True

    def go_on(
        self, task: RunningTask, request: UpstreamRequest, runs: Runs, followed: Followed | None
    ) -> None:
        """With a task that another replica ran: from its upstream's task, or from the start."""
        if followed is None:
            task.bind(self._run(runs, request, task, task.follows))
        else:
            task.bind(self._follow(request, task, followed))

    def stop(self, request: UpstreamRequest, followed: Followed) -> None:
        """A task of the upstream's, which nobody waits for any more."""
        run = self._follow(request, Errand(), followed)
        run.cancel()

    # Without a task for the client.

    def _send_held(
        self, call: Call, course: Course, request: UpstreamRequest, sink_of: SinkOf
    ) -> None:
        sink = sink_of(call, request.upstream)
        counted = self._calls.begin(call, request.upstream, sink)
        counted.ticket = self._run(course.runs, request, counted, _nowhere)
        sink.bind(counted)

    # A task when the answer is long in coming.

    def _send_kept(
        self, call: Call, course: Course, request: UpstreamRequest, sink_of: SinkOf
    ) -> None:
        request = msgspec.structs.replace(request, reads=True)
        inner = sink_of(call, request.upstream)
        draft = partial(self._keeper.draft, call, self._keeper.terms.ttl, again=request.safe)
        # Between two modern peers what the client hears as a task is carried on; before, it
        # carries on itself.
        modern = course.runs == "modern"
        carry_on = partial(self._carried_on if modern else _bound, request)
        kept = KeptCall(inner, call.id, self._keeper, draft, carry_on)
        counted = self._calls.begin(call, request.upstream, kept)
        if modern:
            counted.ticket = self._upstreams.send(request, counted)
        else:
            counted.ticket = self._run(course.runs, request, counted, kept.follows)
        kept.bind(counted)

    def _carried_on(
        self, request: UpstreamRequest, task: RunningTask, ticket: Ticket | None
    ) -> Sink:
        run = ModernRun(request, task, self._upstreams.send)
        run.adopt(ticket)
        task.bind(run)
        return run

    # A task at once.

    def _begin_task(self, call: Call, course: Course, request: UpstreamRequest) -> None:
        if self._keeper.full(call.caller.key):
            call.form.failed(call, Unavailable(_NOT_KEPT))
            return
        ttl = min(_wanted_ttl(call) or self._keeper.terms.ttl, self._keeper.terms.ttl)
        draft = self._keeper.draft(call, ttl, again=request.safe)
        self._keeper.create(draft, partial(self._begun, call, course, request))

    def _begun(
        self, call: Call, course: Course, request: UpstreamRequest, task: RunningTask | None
    ) -> None:
        if task is None:
            call.form.failed(call, Unavailable(_NOT_KEPT))
            return
        name = TaskName("", task.identity.key)
        self._keeper.listed(call.view.server_id, call.caller.key, name)
        call.form.result(call, Result(self._keeper.created(task)))
        counted = self._calls.begin(call, request.upstream, task)
        counted.ticket = self._run(course.runs, request, counted, task.follows)
        task.bind(counted)

    # At the upstream.

    def _run(self, runs: Runs, request: UpstreamRequest, sink: Sink, follows: Follows) -> Ticket:
        upstream, send = request.upstream, self._upstreams.send
        if runs == "plainly":
            params = {key: raw for key, raw in request.params.items() if key != tasks.TASK}
            return send(msgspec.structs.replace(request, params=params, reads=True), sink)
        if runs == "modern":
            words = _modern_words(request, sink)
            run = ModernRun(
                as_modern(request),
                words,
                send,
                lambda id: follows(Followed(upstream.id, id)),
            )
            run.start()
            return run
        session = f"task-{secrets.token_hex(16)}"
        legacy = self._legacy_run(
            request, session, sink, lambda id: follows(Followed(upstream.id, id, session))
        )
        legacy.start()
        return legacy

    def _follow(self, request: UpstreamRequest, sink: Sink, followed: Followed) -> Ticket:
        if request.upstream.era == "modern":
            words = _modern_words(request, sink)
            run = ModernRun(as_modern(request), words, self._upstreams.send)
            run.follow(followed.id)
            return run
        legacy = self._legacy_run(request, followed.session, sink, None)
        legacy.follow(followed.id)
        return legacy

    def _legacy_run(
        self,
        request: UpstreamRequest,
        session: str,
        sink: Sink,
        follows: Callable[[str], None] | None,
    ) -> LegacyRun:
        words = Words(request.upstream.name, request.method, LATEST_MODERN, sink)
        return LegacyRun(
            as_legacy(request, session, self._keeper.terms.ttl),
            words,
            self._upstreams.send,
            self._upstreams.end_session,
            follows,
        )


def _modern_words(request: UpstreamRequest, sink: Sink) -> Sink:
    """Between a modern upstream and the client of a request."""
    if request.client.era == "modern":
        return sink
    return Words(request.upstream.name, request.method, request.client.revision, sink)


def _bound(_request: UpstreamRequest, task: RunningTask, ticket: Ticket | None) -> Sink:
    """The task takes what is left of the answer as it comes."""
    if ticket is not None:
        task.bind(ticket)
    return task


def _nowhere(_followed: Followed) -> None:
    """Nobody but the run needs to know of the upstream's task."""


def _wanted_ttl(call: Call) -> int:
    """Seconds that a legacy client wants its task to be kept for, 0 when it does not say."""
    try:
        wanted = msgspec.json.decode(_task.decode(call.params[tasks.TASK]).get("ttl", b"0"))
    except msgspec.DecodeError:
        return 0
    return max(int(wanted) // 1000, 1) if isinstance(wanted, int | float) and wanted > 0 else 0
