"""A template that only copies means what it means to Jinja2; any other is left to that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.content.plain_template import fill, parse
from mcpgateway.common.content.sandbox import Sandbox, TemplateProblem

SANDBOX = Sandbox()
_MARKS = ("{", "}", "{{", "}}", "{%", "%}", "{#", "#}", "-", " ", "\n", "\r\n")
_TAKEN = ("{{ a }}", "{{name}}", "{{- a }}", "{{ a|upper }}", "{{ loop }}", "{{\ta\t}}")
_PIECES = st.sampled_from((*_MARKS, *_TAKEN, "a", "name", "none", "range", "Ä", "~"))
TEMPLATES = st.lists(_PIECES, max_size=12).map("".join) | st.text(max_size=40)
ROOM = 10_000


@given(TEMPLATES, st.dictionaries(st.sampled_from(["a", "name"]), st.text(max_size=20)))
def test_what_is_filled_here_jinja_fills_the_same(template: str, given_: dict[str, str]) -> None:
    plain = parse(template)
    if plain is not None:
        assert fill(plain, given_, ROOM) == SANDBOX.render(template, given_, ROOM)


@pytest.mark.parametrize(
    "template",
    [
        "{{ a|upper }}",
        "{% if a %}x{% endif %}",
        "{# nothing #}",
        "{{- a }}",
        "{{ a.b }}",
        "{{ range }}",
        "{{ None }}",
        "{{{ a }}",
        "x\r\ny",
        "{{ a",
    ],
)
def test_what_does_more_than_copy_is_left_to_jinja(template: str) -> None:
    assert parse(template) is None


def test_what_is_not_given_is_empty_and_values_are_not_templates() -> None:
    plain = parse("Hello, {{ name }}{{other}}!\n")
    assert plain is not None
    assert fill(plain, {"name": "{{ 7 * 7 }}"}, ROOM) == "Hello, {{ 7 * 7 }}!\n"


@given(st.integers(0, 30))
def test_more_than_there_is_room_for_is_not_made(room: int) -> None:
    plain = parse("{{a}}-{{a}}")
    assert plain is not None
    made = fill(plain, {"a": "x" * 7}, room)
    assert (made is None) is (room < 15)


def test_jinja_says_what_a_plain_one_can_not() -> None:
    with pytest.raises(TemplateProblem, match="line 1"):
        SANDBOX.render("{{ a", {}, ROOM)
