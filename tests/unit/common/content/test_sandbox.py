"""What a template can do, what it can not reach, and what it can not make in one step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.content.jobs import Found
from mcpgateway.common.content.sandbox import MAX_LOOP, Sandbox, TemplateProblem

SANDBOX = Sandbox()
ROOM = 10_000


def filled(template: str, **values: str) -> str:
    return SANDBOX.render(template, values, ROOM)


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ("{{ name|upper }}!\n", "ANN!\n"),
        ("{% for c in name %}{{ loop.index }}{{ c }}{% endfor %}", "1A2n3n"),
        ("{{ missing|default('nobody') }}", "nobody"),
        ("{% if missing is defined %}x{% else %}y{% endif %}", "y"),
        ("{{ name.lower().startswith('a') }}", "True"),
        ("{{ '<' ~ name ~ '>' }}", "<Ann>"),
        ("{{ '%05.1f'|format(3.14159) }}", "003.1"),
        ("{{ 'a,b'.split(',')|join('-') }}", "a-b"),
        ("{% set n = namespace(i=1) %}{% for _ in range(3) %}{% set n.i = n.i * 2 %}{% endfor %}"
         "{{ n.i }}", "8"),
        ("{% macro hi(x) %}Hi {{ x }}{% endmacro %}{{ hi(name) }}", "Hi Ann"),
        ("{{ {'a': [1, 2]}|tojson }}", '{"a": [1, 2]}'),
        ("{{ name|replace('n', 'm') }}", "Amm"),
        ("{{ 2 ** 10 }} {{ 7 % 4 }} {{ '-' * 3 }}", "1024 3 ---"),
    ],
)  # fmt: skip
def test_templates_are_jinja2(template: str, made: str) -> None:
    assert filled(template, name="Ann") == made


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ dict.__subclasses__() }}",
        "{{ dict.mro() }}",
        "{{ name.format(1) }}",
        "{{ name.format_map({}) }}",
        "{{ (name|attr('format'))(1) }}",
        "{{ name.encode().decode() }}",
        "{{ lipsum.__globals__ }}",
        "{{ self.__init__() }}",
        "{{ range.__class__() }}",
        "{{ [1].append(2) }}",
        "{{ {}.update({}) }}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% from 'x' import y %}",
        "{% extends 'x' %}",
        "{% if 0 %}{% include 'x' %}{% endif %}",
        "{{ name|random }}",
        "{{ name|pprint }}",
    ],
)
def test_nothing_outside_the_template_can_be_reached(template: str) -> None:
    with pytest.raises(TemplateProblem):
        filled(template, name="Ann")


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ ''|attr('__class__') }}",
        "{{ namespace.__init__ }}",
        "{{ (1).__class__ }}",
        "{{ [''.__class__]|first }}",
        "{{ name|map(attribute='__class__')|join }}",
    ],
)
def test_what_is_behind_an_underscore_is_nothing(template: str) -> None:
    assert filled(template, name="Ann") == ""


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in range(10**9) %}x{% endfor %}",
        f"{{{{ range({MAX_LOOP + 1})|length }}}}",
        "{{ 'a' * 10**10 }}",
        "{{ 10**10 * 'a' }}",
        "{{ [1] * 10**10 }}",
        "{{ 9 ** (9 ** 9) }}",
        "{{ (2 ** 4000) * (2 ** 4000) }}",
        "{{ 'a'|center(10**9) }}",
        "{{ 'a'|indent(10**9, true) }}",
        "{{ 'a'|indent(width=10**9) }}",
        "{{ [1]|batch(10**9, 'x')|list }}",
        "{{ {}|tojson(indent=10**9) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%*d' % (1000000000, 1) }}",
        "{{ '%1000000000d'|format(1) }}",
        "{{ '%.1000000000f'|format(1.5) }}",
        "{{ 'a'.ljust(10**9) }}",
        "{{ 'a'.zfill(10**9) }}",
        "{{ 'a\t'.expandtabs(10**9) }}",
        "{% set a = 'a' * 10**5 %}{{ a|replace('a', a) }}",
        "{{ 'x' * 10001 }}",
        "{% for a in range(9999) %}xx{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    ],
)
def test_nothing_huge_is_made_at_a_stroke(template: str) -> None:
    with pytest.raises(TemplateProblem):
        filled(template)


@pytest.mark.parametrize(
    "template",
    [
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{{ a" + "|e" * 5000 + " }}",
        "{% if a %}" * 200 + "{% endif %}" * 200,
        "{{ " + "9" * 5000 + " }}",
        "x" * (64 * 1024 + 1),
    ],
)
def test_what_can_not_be_compiled_is_refused_with_words(template: str) -> None:
    with pytest.raises(TemplateProblem, match=r"deep|over|recursion"):
        filled(template)


@given(st.text(max_size=200))
def test_any_text_at_all_is_filled_or_refused(template: str) -> None:
    try:
        made = filled(template)
    except TemplateProblem as problem:
        assert str(problem)  # noqa: PT017 - nothing else may come
    else:
        assert len(made) <= ROOM


@given(st.text(max_size=100))
def test_a_value_is_never_a_template(value: str) -> None:
    assert filled("{{ a|string }}", a=value) == value


@given(st.integers(0, 200))
def test_no_more_comes_than_there_is_room_for(room: int) -> None:
    template = "{% for a in range(10) %}0123456789{% endfor %}"
    if room >= 100:
        assert len(SANDBOX.render(template, {}, room)) == 100
    else:
        with pytest.raises(TemplateProblem, match="more text than is allowed"):
            SANDBOX.render(template, {}, room)


def test_a_check_names_what_a_template_expects_or_where_it_is_wrong() -> None:
    template = "{% set x = a %}{{ x }}{{ b.c }}{% for i in range(3) %}{{ i }}{% endfor %}"
    assert SANDBOX.check(template) == Found(names=("a", "b"))
    wrong = SANDBOX.check("fine\n{% if %}")
    assert wrong.names == ()
    assert wrong.problem.startswith("line 2: ")
