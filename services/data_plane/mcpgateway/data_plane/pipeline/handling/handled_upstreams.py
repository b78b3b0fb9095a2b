"""The upstreams, with what is done with calls of tools beside asking them."""

from mcpgateway.data_plane.pipeline.handling import quick_call
from mcpgateway.data_plane.pipeline.handling.handled_call import HandledCall, Tools
from mcpgateway.data_plane.pipeline.handling.judging import Judgings
from mcpgateway.data_plane.upstreams.request import Sink, Ticket, UpstreamRequest, Upstreams


class HandledUpstreams:
    """Implements `Upstreams` around another. What names no tool goes straight through."""

    def __init__(self, upstreams: Upstreams, tools: Tools) -> None:
        self._send = upstreams.send
        self._tools = tools
        self._judgings = Judgings(tools.bounded)
        self.repeatable = upstreams.repeatable
        self.watch_tasks = upstreams.watch_tasks
        self.end_session = upstreams.end_session
        self.roots_changed = upstreams.roots_changed
        self.aclose = upstreams.aclose

    def send(self, request: UpstreamRequest, sink: Sink) -> Ticket:
        if request.tool is None:
            return self._send(request, sink)
        judging = self._judgings.of(request.tool)
        send = request.run or self._send
        if quick_call.is_quick(judging, request):
            return quick_call.send(self._tools, judging, send, request, sink)
        call = HandledCall(self._tools, judging, send, request, sink)
        call.start()
        return call
