"""JSON that is judged says nothing twice."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.strict_json import Located, Unreadable, pointer, read

_documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(_documents)
def test_what_says_nothing_twice_is_read_as_it_is(document: object) -> None:
    assert read(json.dumps(document).encode()) == document


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b'{"a":1,"a":2}', "/a"),
        (b'{"x":[{"b":0},{"b":1,"b":1}]}', "/x/1/b"),
        (b'{"~/":{"k":1,"k":1}}', "/~0~1/k"),
        (b'{"\\u0061":1,"a":2}', "/a"),
    ],
)
def test_a_duplicate_key_is_refused_with_its_place(raw: bytes, where: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(raw)
    assert caught.value.located.pointer == where
    assert "duplicate key" in caught.value.located.problem


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        (b"1" * 5000, "has a number"),
        (b"{", "is not JSON"),
    ],
)
def test_what_can_not_be_read_is_refused_with_the_reason(raw: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read(raw)


def test_a_pointer_escapes_its_steps() -> None:
    assert pointer(["a/b", 0, "~"]) == "/a~1b/0/~0"
    assert str(Located(pointer(["a"]), "is wrong")) == "/a: is wrong"
    assert str(Located("", "is wrong")) == "is wrong"
