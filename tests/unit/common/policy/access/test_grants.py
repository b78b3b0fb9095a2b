"""What roles come to: inheritance that ends, and grants that expire."""

from math import inf

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.policy.access.grants import Grant, live, means, next_expiry, read
from mcpgateway.common.routing.model import Role

_ids = st.sampled_from(["a", "b", "c", "d"])
_roles = st.dictionaries(
    _ids, st.builds(Role, _ids, _ids, st.lists(_ids, max_size=2).map(tuple), _ids | st.just(""))
).map(lambda roles: {id: msgspec.structs.replace(role, id=id) for id, role in roles.items()})


def test_a_role_has_what_those_above_it_have() -> None:
    found = means(
        {
            "low": Role("low", "low", ("tools.read",)),
            "high": Role("high", "high", ("tools.execute",), "low"),
        }
    )
    assert found["high"].permissions == {"tools.read", "tools.execute"}
    assert found["low"].permissions == {"tools.read"}


@given(_roles)
def test_roles_that_inherit_in_circles_have_what_is_on_the_circle(roles: dict[str, Role]) -> None:
    for id, found in means(roles).items():
        expected: set[str] = set()
        seen: set[str] = set()
        while id in roles and id not in seen:
            seen.add(id)
            expected.update(roles[id].permissions)
            id = roles[id].inherits
        assert found.permissions == expected


def test_what_has_expired_counts_no_more_and_the_next_expiry_is_known() -> None:
    grants = b'[["a","global","",5.0],["b","team","red"],["c","global","",9.0]]'
    assert [each.role for each in live(grants, 4.0)] == ["a", "b", "c"]
    assert [each.role for each in live(grants, 5.0)] == ["b", "c"]
    assert [next_expiry(grants, at) for at in (0.0, 5.0, 9.0)] == [5.0, 9.0, inf]


def test_where_nobody_says_what_time_it_is_nothing_that_expires_counts() -> None:
    assert [each.role for each in live(b'[["a","global","",5.0],["b","global"]]', inf)] == ["b"]


def test_what_is_not_understood_gives_nothing() -> None:
    assert read(b"nonsense") == read(b'{"role":"a"}') == ()
    assert read(b'[["a","global"]]') == (Grant("a", "global"),)
