"""List items come apart and together without loss, and one bad item costs nothing else."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import lists

# JSON values as text, with what careless decoders change: big integers, 1.10, escapes, spaces.
SCALARS = st.one_of(
    st.integers(-(10**30), 10**30).map(str),
    st.sampled_from(["1.10", "1e400", "-0.0", "true", "null", '"\\u00e9"', '"a\\/b"', "[ 1,2 ]"]),
    st.text().map(json.dumps),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.dictionaries(st.text(), inner, max_size=3).map(
        lambda members: "{ " + ", ".join(f"{json.dumps(k)} :{v}" for k, v in members.items()) + "}"
    ),
    max_leaves=6,
)
KNOWN = {"name", "inputSchema", "outputSchema", "title", "description"}
EXTRA = st.dictionaries(st.text().filter(lambda key: key not in KNOWN), VALUES, max_size=4)
NAMES = st.text(min_size=1, max_size=40).filter(lambda name: name.isprintable())


@given(NAMES, EXTRA, st.integers(0, 5))
def test_splitting_the_name_out_and_splicing_it_back_keeps_every_other_byte(
    name: str, extra: dict[str, str], place: int
) -> None:
    rest = [f"{json.dumps(k, ensure_ascii=False)}:{v}" for k, v in extra.items()]
    rest.append('"inputSchema":{"type":"object","$defs":{"n":{"const":12345678901234567890123}}}')
    named = f'"name":{json.dumps(name, ensure_ascii=False)}'
    sent = "{" + ",".join([*rest[:place], named, *rest[place:]]) + "}"

    item = lists.split(lists.TOOLS, sent.encode())
    joined = lists.join("name", item.name, item.definition)

    assert item.name == name
    members = [f"{jsonrpc.encode(k).decode()}:{v}" for k, v in extra.items()]
    assert item.definition.decode() == "{" + ",".join([*members, rest[-1]]) + "}"
    assert json.loads(joined, parse_float=str, parse_int=str) == json.loads(
        sent, parse_float=str, parse_int=str
    )


def test_an_empty_definition_is_joined_to_a_lone_name() -> None:
    assert lists.join("uri", "a:b", b"{}") == b'{"uri":"a:b"}'


GOOD = '{"name":"good","inputSchema":{"type":"object"}}'


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ('{"inputSchema":{"type":"object"}}', "has no 'name'"),
        ('{"name":7,"inputSchema":{"type":"object"}}', "name: Expected `str`, got `int`"),
        ('{"name":"","inputSchema":{"type":"object"}}', "'name' has 0 characters"),
        ('{"name":"x"}', "missing required field `inputSchema`"),
        ('{"name":"x","inputSchema":{"type":"string"}}', "$.inputSchema.type"),
        ('{"name":"x","inputSchema":{"type":"object"},"description":5}', "$.description"),
        ('{"name":"' + "n" * 2049 + '","inputSchema":{"type":"object"}}', "2049 characters"),
        ('"tool"', "item: Expected `object`"),
        (
            '{"name":"x","inputSchema":{"type":"object"},"pad":"' + "p" * lists.ITEM_LIMIT + '"}',
            "the limit is 1048576",
        ),
    ],
)
def test_a_bad_item_is_left_out_and_named_and_the_good_ones_stay(bad: str, why: str) -> None:
    page = lists.read_page(lists.TOOLS, f'{{"tools":[{GOOD},{bad},{GOOD}]}}'.encode())

    assert [item.name for item in page.items] == ["good", "good"]
    assert len(page.problems) == 1
    assert page.problems[0].startswith("tools/list: item 1: ")
    assert why in page.problems[0]


@pytest.mark.parametrize(
    ("result", "cursor"),
    [
        ('{"tools":[]}', None),
        ('{"tools":[],"nextCursor":null}', None),
        ('{"tools":[],"nextCursor":""}', ""),
        ('{"tools":[],"nextCursor":"p2"}', "p2"),
    ],
)
def test_an_empty_cursor_is_a_cursor(result: str, cursor: str | None) -> None:
    assert lists.read_page(lists.TOOLS, result.encode()).cursor == cursor


@pytest.mark.parametrize("result", ["[]", "{}", '{"tools":{}}', '{"tools":[],"nextCursor":5}'])
def test_what_is_no_list_result_is_refused(result: str) -> None:
    with pytest.raises(lists.ListError):
        lists.read_page(lists.TOOLS, result.encode())


def test_a_name_that_is_sent_twice_counts_once_as_its_last_value() -> None:
    item = lists.split(lists.RESOURCES, b'{"uri":"a:1","name":"n","uri":"a:2"}')
    assert item == lists.Item("a:2", b'{"name":"n"}')


@pytest.mark.parametrize(
    ("kind", "capabilities", "offered"),
    [
        (lists.TOOLS, {"tools": {}}, True),
        (lists.TOOLS, {"prompts": {}}, False),
        (lists.TEMPLATES, {"resources": {}}, True),
        (lists.TOOLS, {"tools": None}, False),
    ],
)
def test_only_lists_of_offered_capabilities_count(
    kind: lists.ListKind, capabilities: dict[str, Any], offered: bool
) -> None:
    assert lists.offered(kind, capabilities) is offered
