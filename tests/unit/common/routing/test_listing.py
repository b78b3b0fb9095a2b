"""A list that was changed is the list made anew, and its pages together are the whole."""

import json

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.routing.listing import BLOCK, Listing

# Numbers as names, so that hundreds of items cost hypothesis little.
counts = st.integers(0, 5 * BLOCK)
edits = st.lists(st.tuples(st.integers(0, 6 * BLOCK), st.none() | st.integers(0, 99)), max_size=40)


def item(name: str, value: int) -> bytes:
    return json.dumps({"name": name, "value": "x" * value}).encode()


def of(values: dict[str, int]) -> Listing:
    return Listing.of((name, item(name, values[name])) for name in sorted(values))


def pages(listing: Listing, limit: int) -> list[bytes]:
    found, first = [], 0
    while True:
        page = listing.page(first, limit)
        found.append(page.items)
        if page.following is None:
            return found
        assert page.following > first
        first = page.following


@given(counts, st.lists(edits, max_size=3))
def test_a_changed_list_is_the_list_of_the_changed_items(
    count: int, rounds: list[list[tuple[int, int | None]]]
) -> None:
    values = {f"{n:04}": n % 7 for n in range(count)}
    listing = of(values)
    for changes in rounds:
        wanted = {f"{n:04}": value for n, value in changes}
        kept = {name: value for name, value in (values | wanted).items() if value is not None}
        listing = listing.changed(
            {name: None if value is None else item(name, value) for name, value in wanted.items()}
        )
        values = kept
        fresh = of(values)
        assert listing.json == fresh.json
        assert (listing.mark, listing.size) == (fresh.mark, len(fresh.json))
        assert all(0 < len(block.names) <= 2 * BLOCK for block in listing.blocks)


@given(counts, st.integers(2, 20_000))
def test_pages_within_a_limit_are_together_the_whole(count: int, limit: int) -> None:
    listing = of({f"{n:04}": n % 50 for n in range(count)})
    found = pages(listing, limit)
    assert [each for page in found for each in json.loads(page)] == json.loads(listing.json)
    for page, following in zip(found, [*found[1:], b""], strict=True):
        one_more = following.partition(b"}")[0]
        assert len(page) <= limit or len(json.loads(page)) == 1
        assert not following or len(page) + len(one_more) + 1 > limit


def test_a_limit_of_just_the_whole_gives_the_whole() -> None:
    listing = of({f"{n:04}": 3 for n in range(3 * BLOCK)})
    assert pages(listing, listing.size) == [listing.json]
    assert len(pages(listing, listing.size - 1)) == 2


def test_a_change_leaves_all_blocks_but_its_own_as_they_are() -> None:
    before = of({f"{n:04}": 3 for n in range(10 * BLOCK)})
    after = before.changed({"0700": item("0700", 9), "0701": None})
    kept = [new is old for new, old in zip(after.blocks, before.blocks, strict=True)]
    assert kept.count(False) == 1
    assert after.mark != before.mark
    assert before.changed({}) is before


def test_a_list_of_nothing_is_one_empty_page() -> None:
    nothing = Listing.of([])
    assert (nothing.json, nothing.size, nothing.page(0, 100)) == (b"[]", 2, (b"[]", None))
    assert nothing.changed({"a": None}).json == b"[]"
    assert nothing.changed({"a": b"{}"}).json == b"[{}]"
    assert nothing.changed({"a": b"{}"}).changed({"a": None}).mark == nothing.mark
