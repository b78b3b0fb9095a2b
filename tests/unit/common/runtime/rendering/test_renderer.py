"""Templates are filled in time, in processes that know nothing, however bad they are."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from mcpgateway.common.content.limits import LIMITS
from mcpgateway.common.content.prompt_template import Argument, Unusable
from mcpgateway.common.errors import TemplateFailed
from mcpgateway.common.runtime.rendering.renderer import Renderer

FOR_EVER = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}"
MUCH = "{% set x = 'ab' * 50000 %}" + "{% set x = x ~ x %}" * 30 + "{{ x|length }}"


@pytest.fixture
async def renderer() -> AsyncIterator[Renderer]:
    made = Renderer(LIMITS._replace(seconds=0.7))
    yield made
    await made.aclose()
    assert made.workers.running == 0


async def test_what_only_copies_needs_no_process(renderer: Renderer) -> None:
    made = await renderer.render(("Hello, {{ name }}!", "static"), {"name": "Ann"})
    assert made == ("Hello, Ann!", "static")
    assert renderer.workers.running == 0


async def test_what_does_more_is_filled_in_one(renderer: Renderer) -> None:
    made = await renderer.render(("{{ name|upper }}", "{{ name|length }}"), {"name": "Ann"})
    assert made == ("ANN", "3")
    assert renderer.workers.running == 1


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (FOR_EVER, "template 1: takes over 0.7 s"),
        (MUCH, "template 1: takes "),
        ("{{ 1 // 0 }}", "template 1: ZeroDivisionError"),
        ("{{ x.y }}", "template 1: 'x' is undefined"),
        ("{% if %}", "template 1: line 1: "),
    ],
)
async def test_a_bad_template_is_said_to_be_one_and_the_next_is_filled(
    renderer: Renderer, template: str, said: str
) -> None:
    with pytest.raises(TemplateFailed) as failed:
        await renderer.render((template,), {})
    assert failed.value.message.startswith(said)
    assert await renderer.render(("{{ 'ok'|upper }}",), {}) == ("OK",)


async def test_a_template_that_goes_on_for_ever_delays_no_other(renderer: Renderer) -> None:
    stuck = [asyncio.create_task(renderer.render((FOR_EVER,), {"n": str(n)})) for n in range(3)]
    others = [renderer.render((f"{{{{ {n} + 1 }}}}",), {}) for n in range(20)]
    assert await asyncio.gather(*others) == [(str(n + 1),) for n in range(20)]
    assert sum(task.done() for task in stuck) <= 1
    failed = await asyncio.gather(*stuck, return_exceptions=True)
    assert all(isinstance(each, TemplateFailed) for each in failed)


async def test_the_loop_goes_on_while_a_template_does_not_end(renderer: Renderer) -> None:
    task = asyncio.create_task(renderer.render((FOR_EVER,), {}))
    turns, longest, before = 0, 0.0, time.perf_counter()
    while not task.done():
        await asyncio.sleep(0)
        longest, before = max(longest, time.perf_counter() - before), time.perf_counter()
        turns += 1
    assert isinstance(task.exception(), TemplateFailed)
    assert turns > 100
    assert longest < 0.5


@pytest.mark.parametrize("template", ["{{ a }}{{ a }}", "{{ a|upper }}{{ a }}"])
async def test_more_than_is_allowed_is_not_made(template: str) -> None:
    renderer = Renderer(LIMITS._replace(result=150))
    try:
        with pytest.raises(TemplateFailed):
            await renderer.render((template,), {"a": "x" * 100})
        with pytest.raises(TemplateFailed):
            await renderer.render((template[:10], "{{ a }}"), {"a": "x" * 100})
        assert len((await renderer.render((template,), {"a": "x" * 75}))[0]) == 150
    finally:
        await renderer.aclose()


async def test_a_prompt_is_its_messages_with_their_templates_filled(renderer: Renderer) -> None:
    messages = b'[{"role":"user","content":{"type":"text","text":"{{ a }}, {{ a|upper }}"}}]'
    made = await renderer.prompt(messages, {"a": "b"})
    assert made == b'[{"role":"user","content":{"type":"text","text":"b, B"}}]'
    with pytest.raises(Unusable):
        await renderer.prompt(b"{}", {})


async def test_a_check_says_all_that_is_wrong_with_a_prompt(renderer: Renderer) -> None:
    good = b'[{"role":"user","content":{"type":"text","text":"{{ a|upper }}"}}]'
    assert await renderer.check(good, (Argument("a"),)) == []
    assert await renderer.check(good, ()) == ["template 1: uses 'a', which is no declared argument"]
    assert (await renderer.check(b"[]", ()))[0].startswith("messages: ")
    wrong = good.replace(b"|upper", b"|nosuch")
    assert "No filter named 'nosuch'" in (await renderer.check(wrong, (Argument("a"),)))[0]
