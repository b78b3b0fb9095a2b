"""A space knows who wants a vector, keeps it while the text is the same, and finds the nearest."""

from functools import partial

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.routing.model import Tool
from mcpgateway.common.runtime.slices import begun
from mcpgateway.common.search.space import CLOSER, STEP, Space
from mcpgateway.common.search.vectors import Vector, cosine, vector
from support.embeddings import embedding

TOPICS = ["red car", "green car", "weather today", "photo album", "list files", "delete files"]
changes = st.lists(
    st.tuples(st.integers(0, 8), st.one_of(st.none(), st.sampled_from(TOPICS))), max_size=40
)


def tool(id: str, text: str, name: str = "") -> Tool:
    return Tool(id, "u", name or f"n{id}", name, msgspec.json.encode({"description": text}))


def meaning(text: str) -> Vector:
    return vector(embedding(text))


def learn(space: Space) -> list[str]:
    """Gives vectors to all who want one; returns their ids."""
    found: list[str] = []
    while space.wants:
        for each in space.wanted(3):
            space.learn(each.id, each.digest, meaning(each.text))
            found.append(each.id)
    return found


def nearest(space: Space, text: str, hidden: frozenset[str] = frozenset()) -> list[str]:
    steps = space.nearest(meaning(text), 3, lambda each: each.id not in hidden)
    return [each.id for each in begun(steps, 10)]


def test_who_has_none_wants_one_once() -> None:
    space = Space()
    space.put(tool("1", "a car"))
    space.put(tool("2", "weather"))
    first = space.wanted(1)
    assert [each.id for each in first] == ["1"]
    assert first[0].text == "n1\na car"
    assert [each.id for each in space.wanted(9)] == ["2"]
    assert not space.wants
    space.again("1")
    space.again("1")
    assert learn(space) == ["1"]


def test_the_nearest_comes_first_and_what_is_hidden_is_passed_over() -> None:
    space = Space()
    for n, text in enumerate(TOPICS):
        space.put(tool(str(n), text))
    learn(space)
    assert set(nearest(space, "automobile")[:2]) == {"0", "1"}
    assert nearest(space, "red automobile")[0] == "0"
    assert nearest(space, "red automobile", frozenset("0"))[0] == "1"


def test_a_tool_that_says_something_else_wants_another() -> None:
    space = Space()
    space.put(tool("1", "a car"))
    learn(space)
    space.put(tool("1", "a photo"))
    assert len(space) == 0
    assert nearest(space, "a car") == []
    assert learn(space) == ["1"]
    assert nearest(space, "an image") == ["1"]


def test_one_that_says_the_same_keeps_its_own() -> None:
    space = Space()
    space.put(tool("1", "a car"))
    learn(space)
    newer = tool("1", "a car")
    space.put(newer)
    assert not space.wants
    (found,) = begun(space.nearest(meaning("car"), 3, lambda _: True), 10)
    assert found is newer


def test_a_vector_that_comes_too_late_is_dropped() -> None:
    space = Space()
    space.put(tool("1", "a car"))
    (asked,) = space.wanted(1)
    space.put(tool("1", "a photo"))
    space.learn(asked.id, asked.digest, meaning(asked.text))
    assert len(space) == 0
    space.remove("1")
    space.learn(asked.id, asked.digest, meaning(asked.text))
    assert len(space) == 0
    assert learn(space) == []


def test_a_vector_is_told_for_the_very_text() -> None:
    space = Space()
    space.put(tool("1", "a car"))
    (asked,) = space.wanted(1)
    assert space.vector("1", asked.digest) is None
    space.learn("1", asked.digest, meaning(asked.text))
    assert space.vector("1", asked.digest) == meaning(asked.text)
    assert space.vector("1", b"another") is None


def test_a_queue_does_not_grow_while_nobody_answers() -> None:
    space = Space()
    for n in range(50):
        space.put(tool("1", f"text {n}"))
        space.remove("1")
    space.put(tool("1", "the last"))
    assert [each.text for each in space.wanted(9)] == ["n1\nthe last"]
    assert not space.wants


@given(changes, st.sampled_from(TOPICS))
def test_one_that_was_changed_finds_what_a_new_one_does(
    many: list[tuple[int, str | None]], query: str
) -> None:
    changed, now = Space(), dict[str, Tool]()
    for n, (id, text) in enumerate(many):
        if text is None:
            changed.remove(str(id))
            now.pop(str(id), None)
        else:
            now[str(id)] = tool(str(id), text)
            changed.put(now[str(id)])
        if n % 3 == 0:
            learn(changed)
    learn(changed)
    new = Space()
    for each in now.values():
        new.put(each)
    learn(new)
    assert len(changed) == len(new) == len(now)
    assert nearest(changed, query) == nearest(new, query)


def test_of_many_the_nearest_is_found_among_those_that_may_be_shown() -> None:
    space = Space()
    for n in range(2 * STEP + 7):
        space.put(tool(f"{n:05}", f"thing {n * 7919} of kind {n % 13}"))
    learn(space)
    query = meaning("thing 7919 of kind 1")
    hidden = frozenset(f"{n:05}" for n in range(2 * STEP))
    for passed in (frozenset[str](), hidden):
        left = frozenset(space.ids()) - passed
        found = begun(space.nearest(query, 5, partial(among, left)), 10)
        exact = max(left, key=lambda id: cosine(query, space._vectors[space._places.get(id) or 0]))
        assert len(found) == 5
        assert found[0].id == exact


def among(ids: frozenset[str], each: Tool) -> bool:
    return each.id in ids


def test_one_that_changes_while_it_is_looked_for_is_found_once() -> None:
    space = Space()
    for n in range(2 * STEP):
        space.put(tool(f"{n:04}", "a car" if n == 0 else f"thing {n}", name="one"))
    learn(space)
    steps = space.nearest(meaning("a car"), 3, lambda each: True)
    for _ in range(STEP // 32 + 1):
        next(steps)
    space.put(tool("0000", "a vehicle", name="one"))
    learn(space)
    assert [each.id for each in begun(steps, 10)].count("0000") == 1


def test_of_equals_the_same_are_looked_at_closely_wherever_they_are() -> None:
    ids = [f"{n:04}" for n in range(3 * CLOSER)]
    orders = (ids, ids[::-1])
    found = []
    for order in orders:
        space = Space()
        for id in order:
            space.put(tool(id, "the same", name="one"))
        learn(space)
        found.append(nearest(space, "the same"))
    assert sorted(found[0]) == sorted(found[1])
