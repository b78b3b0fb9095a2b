"""What a discovery changes."""

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.control_plane.registry.discovered.plan import (
    MAX_DEFINITION,
    MAX_NAME,
    MAX_PROBLEMS,
    plan,
)
from mcpgateway.control_plane.registry.discovered.ports import Found

names = st.text(st.characters(min_codepoint=32, codec="utf-8"), min_size=1, max_size=8).filter(
    lambda name: bool(name.strip())
)
definitions = st.sampled_from(["{}", '{"a":1}', '{"a":2}'])
known_things = st.dictionaries(names, definitions, max_size=6)
found_things = st.lists(
    st.builds(lambda name, text: Found(name, text.encode()), names, definitions), max_size=8
)


@given(known_things, found_things)
def test_carrying_a_plan_out_reaches_what_was_found(
    known: dict[str, str], found: list[Found]
) -> None:
    todo = plan(known, found, "tool", MAX_NAME)

    after = {name: text for name, text in known.items() if name not in todo.retire}
    after |= {item.name: item.definition.decode() for item in (*todo.update, *todo.add)}

    first: dict[str, str] = {}
    for item in found:
        first.setdefault(item.name, item.definition.decode())
    assert after == first


@given(known_things, found_things)
def test_nothing_found_is_lost_without_a_word(known: dict[str, str], found: list[Found]) -> None:
    todo = plan(known, found, "tool", MAX_NAME)
    unchanged = [
        item for item in _firsts(found) if known.get(item.name) == item.definition.decode()
    ]
    assert len(todo.add) + len(todo.update) + len(todo.problems) + len(unchanged) == len(found)


def _firsts(found: list[Found]) -> list[Found]:
    first: dict[str, Found] = {}
    for item in found:
        first.setdefault(item.name, item)
    return list(first.values())


@given(known_things)
def test_finding_what_is_known_changes_nothing(known: dict[str, str]) -> None:
    found = [Found(name, text.encode()) for name, text in known.items()]
    assert plan(known, found, "tool", MAX_NAME).empty


def test_unusable_things_are_named_and_left_out() -> None:
    found = [
        Found("", b"{}"),
        Found("x" * (MAX_NAME + 1), b"{}"),
        Found("bell\a", b"{}"),
        Found("large", b" " * (MAX_DEFINITION + 1)),
        Found("latin", b'{"title":"\xe9"}'),
        Found("good", b"{}"),
    ]
    todo = plan({}, found, "prompt", MAX_NAME)
    assert [item.name for item in todo.add] == ["good"]
    assert len(todo.problems) == 5
    assert all(problem.startswith("prompt ") for problem in todo.problems)


def test_of_what_is_listed_twice_the_first_counts_and_the_second_is_named() -> None:
    todo = plan({}, [Found("a", b"{}"), Found("a", b'{"x":1}')], "tool", MAX_NAME)
    assert todo.add == (Found("a", b"{}"),)
    assert todo.problems == ("tool 'a' is listed twice, the first one counts",)


def test_of_very_many_problems_the_first_are_named_and_the_others_counted() -> None:
    todo = plan({}, [Found("a", b"{}")] * (MAX_PROBLEMS + 8), "tool", MAX_NAME)
    assert len(todo.problems) == MAX_PROBLEMS + 1
    assert todo.problems[-1] == "and 7 more"
