"""What the process says to a job."""

import pytest

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
from mcpgateway.common.content.sandbox import Sandbox
from mcpgateway.common.runtime.rendering.worker import answer


@pytest.mark.parametrize(
    ("job", "reply"),
    [
        (Render(("{{ a }}", "{{ a|upper }}"), {"a": "x"}, 2), Rendered(("x", "X"))),
        (Render((), {}, 0), Rendered(())),
        (Render(("ab", "c"), {}, 2), Failed("makes more text than is allowed", 1)),
        (Render(("{{ x.y }}",), {}, 9), Failed("'x' is undefined", 0)),
        (Check(("{{ a }}", "b")), Checked((Found(names=("a",)), Found()))),
    ],
)
def test_a_job_is_answered(job: Job, reply: Reply) -> None:
    assert answer(Sandbox(), job) == reply
