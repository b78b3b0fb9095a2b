"""Names of tools and arguments: readable, usable everywhere, one for each, the same each time."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.control_plane.registry.openapi.naming import argument_name, tool_names
from mcpgateway.control_plane.registry.openapi.parts import Operation

USABLE = re.compile(r"[a-z0-9_-]{1,64}")
ARGUMENT = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def operation(id: str = "", method: str = "GET", path: str = "/a") -> Operation:
    return Operation(method, path, {"operationId": id} if id else {})


@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("listPets", "list_pets"),
        ("repos/list-for-org", "repos_list_for_org"),
        ("getHTTPStatus2", "get_http_status2"),
        ("Read Core V1", "read_core_v1"),
        ("snake_case_id", "snake_case_id"),
    ],
)
def test_an_operation_is_called_by_its_id(id: str, name: str) -> None:
    assert tool_names([operation(id)]) == [name]


def test_without_an_id_it_is_called_by_method_and_path() -> None:
    assert tool_names([operation(path="/pets/{petId}/toys")]) == ["get_pets_by_pet_id_toys"]


def test_one_more_of_a_name_says_which_it_is_wherever_it_stands() -> None:
    one, two = operation("list_pets"), operation("listPets", path="/b")
    three = operation("ListPets", path="/c")
    first, second, third = tool_names([one, two, three])
    assert first == "list_pets"
    assert tool_names([one, three])[1] == third
    assert second != third


@given(st.lists(st.tuples(st.text(max_size=80), st.sampled_from(["GET", "PUT"])), max_size=20))
def test_every_operation_has_a_usable_name_of_its_own(said: list[tuple[str, str]]) -> None:
    found = [operation(id, method, f"/{at}") for at, (id, method) in enumerate(said)]
    names = tool_names(found)
    assert len(set(names)) == len(names)
    assert all(USABLE.fullmatch(name) for name in names)


@given(st.lists(st.tuples(st.text(max_size=80), st.sampled_from(["path", "query", "body"]))))
def test_every_argument_has_a_usable_name_of_its_own(said: list[tuple[str, str]]) -> None:
    taken: set[str] = set()
    names = [argument_name(name, place, taken) for name, place in said]
    assert len(set(names)) == len(names)
    assert all(ARGUMENT.fullmatch(name) for name in names)


def test_a_second_argument_of_a_name_says_where_it_goes() -> None:
    taken: set[str] = set()
    names = [argument_name("id", place, taken) for place in ("path", "query", "body", "body")]
    assert names == ["id", "id_query", "id_body", "id_body_2"]


def test_names_that_mean_something_to_javascript_are_others() -> None:
    assert argument_name("__proto__", "query", set()) == "__proto___"
    assert argument_name("filter[name]", "query", set()) == "filter_name_"
