"""The hash chain: whole when nothing was touched, broken at whatever was."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.control_plane.registry.history import chain
from mcpgateway.control_plane.registry.history.model import GONE, Entry, Revision

AT = datetime(2026, 11, 22, 12, 0, 0, 1000, tzinfo=UTC)
Link = tuple[Revision, list[Entry]]

_entries = st.lists(
    st.builds(
        Entry,
        noun=st.sampled_from(["tool", "upstream"]),
        id=st.sampled_from(["1", "2", "ä", '"']),
        revision=st.just(1),
        op=st.sampled_from(["create", "update", "delete"]),
        body=st.sampled_from([GONE, msgspec.Raw(b'{"a":1.0}'), msgspec.Raw(b'{ "b":"\xc3\xa4"}')]),
    ),
    max_size=4,
    unique_by=lambda each: (each.noun, each.id),
)


def linked(contents: list[list[Entry]]) -> list[Link]:
    found: list[Link] = []
    for n, entries in enumerate(contents, 1):
        changes = chain.changes_json(entries)
        revision = Revision(
            n,
            "r",
            AT,
            msgspec.Raw(b'{"by":"ann"}'),
            len(entries),
            chain.digest(changes),
            found[-1][0].hash if found else "",
            "",
        )
        hashed = hashlib.sha256(chain.record(revision)).hexdigest()
        found.append((msgspec.structs.replace(revision, hash=hashed), entries))
    return found


def broken(links: list[Link], newest: int | None = None) -> chain.Broken | None:
    walk = chain.Walk()
    for revision, entries in links:
        problem = walk.step(revision, entries)
        if problem:
            return problem
    return walk.end(len(links) if newest is None else newest)


@given(st.lists(_entries, max_size=4))
def test_an_untouched_chain_is_whole_in_whatever_order_changes_are_read(
    contents: list[list[Entry]],
) -> None:
    links = [(revision, entries[::-1]) for revision, entries in linked(contents)]
    assert broken(links) is None


CONTENTS = [[Entry("tool", str(n), n, "create", msgspec.Raw(b"{}"))] for n in range(1, 4)]


@pytest.mark.parametrize(
    "change",
    [
        {"who": msgspec.Raw(b'{"by":"bob"}')},
        {"at": AT.replace(year=2025)},
        {"registry": "other"},
        {"entries": 2},
        {"digest": "0" * 64},
        {"previous": "0" * 64},
        {"hash": "0" * 64},
    ],
)
def test_every_member_of_a_record_is_bound(change: dict[str, Any]) -> None:
    links = linked(CONTENTS)
    links[1] = (msgspec.structs.replace(links[1][0], **change), links[1][1])
    found = broken(links)
    assert found is not None
    assert found.revision == 2


@pytest.mark.parametrize(
    "entries", [[], [Entry("tool", "9", 2, "create", msgspec.Raw(b"{}"))], CONTENTS[1] * 2]
)
def test_changes_are_bound(entries: list[Entry]) -> None:
    links = linked(CONTENTS)
    links[1] = (links[1][0], entries)
    assert broken(links) == (2, "its changes are not those that were hashed")


def test_a_change_that_is_hashed_anew_is_seen_by_the_next_link() -> None:
    forged = linked([*CONTENTS[:1], [], *CONTENTS[2:]])
    links = [*linked(CONTENTS)[:1], forged[1], *linked(CONTENTS)[2:]]
    assert broken(links) == (3, "it does not name the hash of the revision before")


def test_nothing_can_be_left_out_or_cut_off() -> None:
    links = linked(CONTENTS)
    assert broken([links[0], links[2]]) == (3, "it follows revision 1: what was between is missing")
    assert broken(links[:2], newest=3) == (3, "the registry is at revision 3, the chain at 2")
    assert broken(links, newest=2) == (3, "the registry is at revision 2, the chain at 3")


def test_a_line_is_json_and_holds_the_bytes_that_were_hashed() -> None:
    [(revision, entries)] = linked([[Entry("tool", "ä", 1, "update", msgspec.Raw(b'{"x":1.0}'))]])
    line = chain.line(revision, entries)
    said = json.loads(line)
    assert said["changes"] == [{"noun": "tool", "id": "ä", "op": "update", "body": {"x": 1.0}}]
    head, _, changes = line[:-1].partition(b',"changes":')
    assert hashlib.sha256(changes).hexdigest() == said["record"]["digest"]
    record = head.partition(b',"record":')[2]
    assert hashlib.sha256(record).hexdigest() == said["hash"]
    assert said["record"]["at"] == "2026-11-22T12:00:00.001000Z"
