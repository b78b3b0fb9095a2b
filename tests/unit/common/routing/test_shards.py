"""A sharded map is a map: what an editor did, and the map before it unchanged."""

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.routing.shards import ShardedMap

contents = st.dictionaries(st.text(max_size=3), st.integers(), max_size=30)
edits = st.lists(st.tuples(st.text(max_size=3), st.none() | st.integers()), max_size=30)


def made(of: dict[str, int], shards: int = 4) -> ShardedMap[int]:
    editor = ShardedMap[int].empty(shards).edit()
    for key, value in of.items():
        editor[key] = value
    return editor.done()


@given(contents, edits)
def test_edits_do_what_they_do_to_a_dict_and_leave_the_map_before_as_it_was(
    before: dict[str, int], changes: list[tuple[str, int | None]]
) -> None:
    first, expected = made(before), dict(before)
    editor = first.edit()
    for key, value in changes:
        if value is None:
            assert editor.pop(key) == expected.pop(key, None)
        else:
            editor[key] = expected[key] = value
        assert editor.get(key) == expected.get(key)
        assert (key in editor) == (key in expected)
    assert sorted(editor) == sorted(expected)
    second = editor.done()
    assert second == expected
    assert first == before
    assert len(second) == len(expected)


@given(contents)
def test_all_ways_to_read_it_agree(of: dict[str, int]) -> None:
    sharded = made(of)
    assert dict(sharded.items()) == of
    assert sorted(sharded.values()) == sorted(of.values())
    assert set(sharded) == set(of)
    assert {key: sharded[key] for key in sharded} == of
    assert sharded.get("not there at all") is None
    assert "not there at all" not in sharded


def test_an_editor_that_wrote_nothing_gives_the_same_map_again() -> None:
    sharded = made({"a": 1})
    editor = sharded.edit()
    assert editor.pop("b") is None
    assert editor.done() is sharded


def test_a_change_copies_one_shard_and_shares_the_others() -> None:
    before = made({str(n): n for n in range(100)}, shards=16)
    editor = before.edit()
    editor["7"] = 8
    pairs = zip(before.shards(), editor.done().shards(), strict=True)
    assert sum(one is not other for one, other in pairs) == 1
