"""Catalog files: read strictly, every problem with its line."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.control_plane.registry.catalog.catalog_text import MAX_TEXT, CatalogProblem, parse

GOOD = """\
catalog_servers:
  - id: hub
    name: "Hub"
    category: Tools
    url: https://hub.example/mcp
    auth_type: Open
    provider: Hub
    description: Does: things
    transport: http
    tags: [One, two, one]
    requires_api_key: false
    logo_url: /static/hub.png
    oauth: {issuer: https://hub.example, scopes: [a]}
categories: [Tools]
auth_types: [Open]
"""


def problems(text: str) -> list[str]:
    with pytest.raises(CatalogProblem) as refused:
        parse(text)
    return refused.value.problems


def told(text: str) -> list[str]:
    """The problems of a text that may have none."""
    try:
        parse(text)
    except CatalogProblem as error:
        return error.problems
    return []


def with_line(number: int, line: str) -> str:
    lines = GOOD.splitlines()
    lines[number - 1] = line
    return "\n".join(lines)


def test_a_file_of_contextforges_shape_is_read() -> None:
    catalog = parse(GOOD.replace("Does: things", '"Does: things"'))
    [entry] = catalog.entries

    assert (entry.id, entry.transport, entry.tags) == ("hub", "STREAMABLEHTTP", ("one", "two"))
    assert entry.description == "Does: things"
    assert catalog.categories == ("Tools",)


@pytest.mark.parametrize(
    ("line", "text", "problem"),
    [
        (2, "  - id: a b", "id 'a b' must be"),
        (3, "    nmae: Hub", "'nmae' is none of"),
        (5, "    url: ftp://hub", "must look like https://"),
        (5, "    url: https://u:p@hub/", "must look like https://"),
        (6, "    auth_type: Sesame", "is none of Open"),
        (7, "    provider: ''", "not empty"),
        (9, "    transport: pigeon", "neither STREAMABLEHTTP nor SSE"),
        (10, "    tags: one", "must be a list"),
        (11, "    requires_api_key: perhaps", "must be true or false"),
        (11, "    id: again", "id is given twice"),
    ],
)
def test_a_problem_is_told_with_its_line(line: int, text: str, problem: str) -> None:
    found = problems(with_line(line, text).replace("Does: things", "things"))

    assert any(each.startswith(f"line {line}: ") and problem in each for each in found), found


def test_every_problem_is_told_at_once() -> None:
    text = "catalog_servers:\n  - id: a\n  - id: b\n    url: x\n"

    found = problems(text)

    assert len([each for each in found if each.startswith("line 2: ")]) == 6
    assert any("line 4" in each for each in found)


def test_two_servers_of_one_id_are_told_with_both_lines() -> None:
    entry = GOOD.replace("Does: things", "things").split("categories:")[0]
    twice = entry + "\n".join(entry.splitlines()[1:])

    assert problems(twice) == ["line 14: id 'hub' is that of line 2 too"]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "catalog_servers: {}", "a: b", "catalog_servers:\n\t- x", "{" * 3000, "&a *a"],
)
def test_what_is_no_catalog_is_told_so(text: str) -> None:
    assert problems(text)


def test_a_file_without_end_is_not_read() -> None:
    assert "is the limit" in problems("#" * (MAX_TEXT + 1))[0]


def test_aliases_that_multiply_are_no_trouble() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\ncatalog_servers: [*c, *c]\n"

    assert problems(bomb)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert all(told(text))


@given(
    st.dictionaries(
        st.sampled_from(["id", "name", "url", "tags", "x"]), st.text() | st.lists(st.text())
    )
)
def test_no_entry_breaks_the_reader(entry: dict[str, object]) -> None:
    found = told(yaml.safe_dump({"catalog_servers": [entry]}))

    assert all(each.startswith(("line ", "no YAML")) for each in found)
