"""Lists: limits, cursors, the two forms of an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.api.http.paging import activate, answer, cursor, read_page
from mcpgateway.control_plane.registry.model import Viewer
from mcpgateway.control_plane.registry.views import After

ANN = Viewer("ann")
plain = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
KEYS = [After(str(n), str(n)) for n in range(4)]


@given(plain, plain)
def test_a_cursor_comes_back_as_it_was_given(key: str, id: str) -> None:
    page = read_page({"cursor": cursor(After(key, id))}, ANN)
    assert page.query.after == After(key, id)


@given(st.text(min_size=1))
def test_any_text_is_a_cursor_or_a_named_problem(text: str) -> None:
    try:
        after = read_page({"cursor": text}, ANN).query.after
    except InvalidCall as error:
        field = error.errors[0].field
    else:
        field = "cursor" if after is not None else ""
    assert field == "cursor"


def test_one_more_than_the_limit_is_asked_for_and_not_shown() -> None:
    page = read_page({"limit": "3", "include_pagination": "true"}, ANN)
    assert page.query.limit == 4
    full = answer(page, "tools", [0, 1, 2, 3], KEYS)
    assert full == {"tools": [0, 1, 2], "nextCursor": cursor(KEYS[2])}
    assert answer(page, "tools", [0, 1], KEYS) == {"tools": [0, 1], "nextCursor": None}


def test_lists_are_bare_unless_pages_are_asked_for_and_zero_means_all() -> None:
    page = read_page({"limit": "0"}, ANN)
    assert page.query.limit is None
    assert answer(page, "tools", [0, 1, 2, 3], KEYS) == [0, 1, 2, 3]
    assert read_page({}, ANN).limit == 50


def test_switching_needs_a_clear_word() -> None:
    assert activate({}) is True
    assert activate({"activate": "false"}) is False
    assert activate({"activate": "0"}) is False
    with pytest.raises(InvalidCall):
        activate({"activate": "maybe"})
