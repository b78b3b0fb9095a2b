"""Templates filled and looked at: `renderer.py` has a worker process do it."""

from contextlib import suppress

from mcpgateway.common.content.jobs import (
    Check,
    Checked,
    Failed,
    Job,
    Render,
    Rendered,
    Reply,
    decode_job,
    encode,
)
from mcpgateway.common.content.sandbox import Sandbox, TemplateProblem
from mcpgateway.common.runtime.workers.child import run


def main() -> None:
    sandbox = Sandbox()
    _import_what_comes_late(sandbox)
    run(lambda asked: encode(answer(sandbox, decode_job(asked))))


def answer(sandbox: Sandbox, job: Job) -> Reply:
    """Raises MemoryError."""
    match job:
        case Render():
            return _rendered(sandbox, job)
        case Check():
            return Checked(tuple(map(sandbox.check, job.texts)))


def _rendered(sandbox: Sandbox, job: Render) -> Reply:
    made: list[str] = []
    room = job.room
    for n, text in enumerate(job.texts):
        try:
            made.append(sandbox.render(text, job.values, room))
        except TemplateProblem as problem:
            return Failed(str(problem), n)
        room -= len(made[-1])
    return Rendered(tuple(made))


def _import_what_comes_late(sandbox: Sandbox) -> None:
    """Jinja2 imports some modules when they are first needed: no file can be opened then."""
    for text in ("{{ 1 / 0 }}", "{% if %}", "{{ x.y }}", "{{ 'a b'|wordwrap(1)|tojson }}"):
        with suppress(TemplateProblem):
            sandbox.render(text, {}, 100)


if __name__ == "__main__":
    main()
