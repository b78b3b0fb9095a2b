"""Of what users and models ask for, the tools that would do are among the first five."""

import pytest

from bench.labelled import Labelled, labelled_queries, labelled_tools
from mcpgateway.common.runtime.slices import begun
from mcpgateway.common.search.index import Index

WANTED = 0.9


@pytest.fixture(scope="module")
def index() -> Index:
    made = Index()
    for tool in labelled_tools():
        made.put(tool)
    return made


def is_found(index: Index, asked: Labelled) -> bool:
    first = begun(index.search(asked.query, 5, lambda _: True), 10)
    return any(each.name in asked.wanted for each in first)


@pytest.mark.parametrize("name", ["queries", "unseen"])
def test_nine_of_ten_queries_find_a_tool_that_would_do(index: Index, name: str) -> None:
    asked = labelled_queries(name)
    missed = [each.query for each in asked if not is_found(index, each)]
    assert len(asked) >= 80
    assert 1 - len(missed) / len(asked) >= WANTED, missed


def test_every_label_is_a_tool_of_the_catalogue() -> None:
    names = {each.name for each in labelled_tools()}
    for name in ("queries", "unseen"):
        assert all(each.wanted <= names for each in labelled_queries(name))
