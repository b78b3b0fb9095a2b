from mcpgateway.common.errors import UpstreamTimeout
from mcpgateway.common.runtime.http.call import Call
from mcpgateway.common.runtime.http.client import Timeouts
from support.http import Recorder


def call_to(recorder: Recorder, head: bytes = b"POST / HTTP/1.1\r\n", body: bytes = b"") -> Call:
    return Call(head, body, recorder, False, Timeouts())


async def test_a_receiver_hears_one_end_and_nothing_after_it() -> None:
    for end in ("done", "failed", "cancel"):
        recorder = Recorder()
        call = call_to(recorder)
        call.answered(200, [])
        if end == "failed":
            call.failed(UpstreamTimeout("late"))
        else:
            getattr(call, end)()
        call.received(b"x")
        call.answered(200, [])
        call.done()
        call.failed(UpstreamTimeout("late"))
        assert recorder.calls == (["head"] if end == "cancel" else ["head", end])
        assert call.over


async def test_a_receiver_that_raises_at_its_end_harms_nobody() -> None:
    class Fragile(Recorder):
        done = failed = None  # type: ignore[assignment]  # calling them raises

    call_to(Fragile()).done()
    call_to(Fragile()).failed(UpstreamTimeout("late"))


async def test_the_length_is_left_out_only_where_no_body_is_expected() -> None:
    for method in (b"GET", b"HEAD", b"DELETE", b"OPTIONS"):
        head = method + b" / HTTP/1.1\r\n"
        assert call_to(Recorder(), head).rendered() == head + b"\r\n"
        assert b"content-length: 2" in call_to(Recorder(), head, b"{}").rendered()
    assert b"content-length: 0" in call_to(Recorder()).rendered()
