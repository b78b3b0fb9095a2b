"""The index finds what it has by its words, and answers as one that was built anew."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.routing.model import Tool
from mcpgateway.common.runtime.slices import begun
from mcpgateway.common.search.index import ENTRIES, LIKELY, QUERY_WORDS, STEP, Index

WORDS = ["alpha", "beta", "gamma", "delta", "delete", "remove", "list", "file"]
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
changes = st.lists(
    st.tuples(st.integers(0, 6), st.one_of(st.none(), st.tuples(texts, texts))), max_size=30
)


def tool(id: str, name: str, description: str = "") -> Tool:
    definition = msgspec.json.encode({"description": description})
    return Tool(id, "u", name, name, definition)


def index(*tools: Tool) -> Index:
    made = Index()
    for each in tools:
        made.put(each)
    return made


def found(of: Index, query: str, limit: int = 5, hidden: frozenset[str] = frozenset()) -> list[str]:
    steps = of.search(query, limit, lambda each: each.id not in hidden)
    return [each.name for each in begun(steps, 10)]


def test_the_best_comes_first() -> None:
    of = index(
        tool("1", "create-issue", "Create an issue"),
        tool("2", "list-issues", "List issues"),
        tool("3", "read-file", "Read a file"),
    )
    assert found(of, "create an issue")[0] == "create-issue"
    assert found(of, "files") == ["read-file"]


def test_words_that_nothing_has_find_nothing() -> None:
    of = index(tool("1", "list-issues"))
    assert found(of, "xylophone") == []
    assert found(of, "the of and") == []
    assert found(Index(), "list") == []


def test_a_synonym_is_found_below_the_word_itself() -> None:
    of = index(tool("1", "remove-file"), tool("2", "delete-file"))
    assert found(of, "delete file") == ["delete-file", "remove-file"]
    assert found(of, "remove file") == ["remove-file", "delete-file"]


def test_the_beginning_of_a_word_finds_it_where_nothing_else_is_known() -> None:
    assert found(index(tool("1", "list-xylophones")), "xylo") == ["list-xylophones"]


def test_equals_are_in_order_of_their_names() -> None:
    names = ["up-c", "up-a", "up-d", "up-b"]
    of = index(*(tool(str(n), name, "fetch") for n, name in enumerate(names)))
    assert found(of, "fetch", 3) == ["up-a", "up-b", "up-c"]


def test_many_equals_are_too() -> None:
    of = index(*(tool(str(n), f"n{n:05}", "fetch") for n in reversed(range(2 * STEP))))
    assert found(of, "fetch", 2) == ["n00000", "n00001"]
    hidden = frozenset(str(n) for n in range(100))
    assert found(of, "fetch", 2, hidden) == ["n00100", "n00101"]


def test_what_may_not_be_shown_is_passed_over() -> None:
    of = index(*(tool(str(n), f"up{n}-fetch", "fetch") for n in range(50)))
    hidden = frozenset(str(n) for n in range(50) if n != 37)
    assert found(of, "fetch", 5, hidden) == ["up37-fetch"]


def test_putting_the_same_object_again_changes_nothing() -> None:
    of, one = Index(), tool("1", "a")
    of.put(one)
    of.put(one)
    assert (len(of), of.gone) == (1, 0)


def test_what_was_replaced_is_found_by_its_new_words_alone() -> None:
    of = index(tool("1", "alpha"), tool("2", "other"))
    of.put(tool("1", "beta"))
    assert (found(of, "alpha"), found(of, "beta")) == ([], ["beta"])
    of.remove("1")
    assert found(of, "beta") == []
    assert ("1" in of, list(of.ids()), of.gone) == (False, ["2"], 2)


def test_removing_what_is_not_there_changes_nothing() -> None:
    of = index(tool("1", "alpha"))
    of.remove("2")
    assert found(of, "alpha") == ["alpha"]


def test_a_renewed_index_keeps_no_places_and_finds_the_same() -> None:
    of = index(*(tool(str(n), f"up{n}-alpha") for n in range(100)))
    for n in range(50):
        of.remove(str(n))
    renewed = begun(of.renewed(), 10)
    assert (len(renewed), renewed.gone) == (50, 0)
    assert found(renewed, "alpha", 60) == found(of, "alpha", 60)


def test_of_a_very_long_query_the_first_words_count() -> None:
    of = index(tool("1", "alpha"), tool("2", "omega"))
    filler = " ".join(f"word{n}x" for n in range(QUERY_WORDS))
    assert found(of, f"alpha {filler} omega") == ["alpha"]


def many() -> Index:
    """A word that all have, one that few have, and one that one of these has."""
    more = (tool(str(n), f"n{n:05}", "common") for n in range(ENTRIES + 100))
    few = (tool(f"f{n}", f"few-{n}", "common rare") for n in range(20))
    return index(*more, *few, tool("x", "few-x", "common rare special"))


def test_of_very_many_entries_those_that_say_little_are_looked_up() -> None:
    of = many()
    assert found(of, "rare special common", 3) == ["few-x", "few-0", "few-1"]
    steps = sum(1 for _ in of.search("rare special common", 5, lambda _: True))
    assert steps < ENTRIES // STEP


def test_who_sees_too_few_of_the_best_is_shown_what_all_words_find() -> None:
    of = many()
    hidden = frozenset(["x", *(f"f{n}" for n in range(20))])
    assert found(of, "rare special common", 2, hidden) == ["n00000", "n00001"]
    assert len(found(of, "rare common", LIKELY)) == LIKELY


def test_long_work_comes_in_steps() -> None:
    of = index(*(tool(str(n), f"n{n}", "fetch") for n in range(4 * STEP)))
    assert sum(1 for _ in of.search("fetch", 5, lambda _: True)) >= 8


@given(changes, texts, st.integers(1, 8))
def test_a_changed_index_answers_as_one_that_was_built_anew(
    history: list[tuple[int, tuple[str, str] | None]], query: str, limit: int
) -> None:
    changed, last = Index(), dict[str, Tool]()
    for number, said in history:
        id = str(number)
        if said is None:
            changed.remove(id)
            last.pop(id, None)
        else:
            last[id] = tool(id, f"{id} {said[0]}", said[1])
            changed.put(last[id])
    anew = index(*last.values())
    assert found(changed, query, limit) == found(anew, query, limit)
    assert set(changed.ids()) == set(anew.ids())


@pytest.mark.parametrize("query", ["", " ", "\0", "'; drop table", "a" * 10_000, "日本", "🙂"])
def test_no_query_breaks_it(query: str) -> None:
    assert found(index(tool("1", "alpha")), query) == []
