"""A search by words and meaning finds what either finds, and of very many looks at fewer."""

import pytest

from mcpgateway.common.routing.model import Tool
from mcpgateway.common.runtime.slices import begun
from mcpgateway.common.search import by_meaning
from mcpgateway.common.search.index import Index
from mcpgateway.common.search.space import Space
from mcpgateway.common.search.vectors import vector
from support.embeddings import embedding
from support.registries import tool


def indexed(*tools: Tool) -> tuple[Index, Space]:
    index, space = Index(), Space()
    for each in tools:
        index.put(each)
        space.put(each)
    while space.wants:
        for wanted in space.wanted(16):
            space.learn(wanted.id, wanted.digest, vector(embedding(wanted.text)))
    return index, space


def found(of: tuple[Index, Space], query: str, hidden: str = "") -> list[str]:
    meaning = vector(embedding(query))
    steps = by_meaning.search(of, query, meaning, 3, lambda each: each.id != hidden)
    return [each.name for each in begun(steps, 10)]


THREE = (tool("1", name="rent-vehicle"), tool("2", name="rent-room"), tool("3", name="paint-wall"))


def test_what_no_word_finds_is_found_by_meaning() -> None:
    assert found(indexed(*THREE), "car")[0] == "rent-vehicle"
    assert "rent-vehicle" in found(indexed(*THREE), "paint a car")[:2]
    assert "rent-vehicle" not in found(indexed(*THREE), "car", hidden="1")


def test_tools_without_a_vector_are_found_by_their_words() -> None:
    index, space = indexed(*THREE)
    late = tool("4", name="park-lorry")
    index.put(late)
    space.put(late)
    assert "park-lorry" in found((index, space), "park lorry")


def test_of_very_many_only_what_words_found_is_put_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = indexed(*THREE)
    monkeypatch.setattr(by_meaning, "LOOKED_THROUGH", 2)
    assert found(many, "car") == []
    assert sorted(found(many, "rent car")) == ["rent-room", "rent-vehicle"]
