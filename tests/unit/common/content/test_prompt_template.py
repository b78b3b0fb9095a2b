"""Messages are taken apart around their templates; arguments fit what a prompt declares."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.content.jobs import Found
from mcpgateway.common.content.limits import LIMITS
from mcpgateway.common.content.prompt_template import (
    Argument,
    Unbound,
    Unusable,
    bind,
    complete,
    declared,
    read,
    shape_problems,
    template_problems,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
EXTRA = st.dictionaries(st.sampled_from(["_meta", "annotations", "x"]), JSON)
CONTENTS = st.one_of(
    st.builds(lambda text, extra: {**extra, "type": "text", "text": text}, st.text(), EXTRA),
    st.builds(
        lambda text, extra: {
            "type": "resource",
            "resource": {**extra, "uri": "a:b", "text": text},
            **extra,
        },
        st.text(),
        EXTRA,
    ),
    st.just({"type": "image", "data": "AAAA", "mimeType": "image/png"}),
    st.just({"type": "audio", "data": "AAAA", "mimeType": "audio/wav"}),
    st.just({"type": "resource_link", "uri": "a:b", "name": "b"}),
    st.just({"type": "resource", "resource": {"uri": "a:b", "blob": "AAAA"}}),
)
MESSAGES = st.lists(
    st.builds(lambda content: {"role": "user", "content": content}, CONTENTS), max_size=4
)


def upper(message: dict[str, Any]) -> dict[str, Any]:
    """The message with its template in capital letters."""
    content = message["content"]
    match content["type"]:
        case "text":
            return {**message, "content": {**content, "text": content["text"].upper()}}
        case "resource" if "text" in content["resource"]:
            inner = {**content["resource"], "text": content["resource"]["text"].upper()}
            return {**message, "content": {**content, "resource": inner}}
    return message


@given(MESSAGES)
def test_only_the_templates_change(messages: list[dict[str, Any]]) -> None:
    cut = read(msgspec.json.encode(messages))
    assert json.loads(cut.filled(cut.texts)) == messages
    assert json.loads(cut.filled([text.upper() for text in cut.texts])) == [
        upper(each) for each in messages
    ]


@given(MESSAGES.filter(bool))
def test_what_mcp_asks_for_has_no_problem(messages: list[dict[str, Any]]) -> None:
    assert shape_problems(msgspec.json.encode(messages)) == []


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], "at least one message"),
        ([{"role": "system", "content": {"type": "text", "text": ""}}], "messages[0]: "),
        ([{"role": "user", "content": {"type": "text"}}], "`text`"),
        ([{"role": "user", "content": {"type": "text", "text": 3}}], "$.content.text"),
        ([{"role": "user", "content": {"type": "film"}}], "film"),
        (
            [{"role": "user", "content": {"type": "image", "data": "%", "mimeType": "a/b"}}],
            "messages[0].content.data: is not base64",
        ),
        ([{"role": "user", "content": {"type": "audio", "data": "AAAA"}}], "`mimeType`"),
        (
            [{"role": "user", "content": {"type": "resource", "resource": {"uri": "a"}}}],
            "messages[0].content.resource: must have text or blob",
        ),
        (
            [{"role": "user", "content": {"type": "text", "text": "x" * (LIMITS.template + 1)}}],
            "messages[0].content.text: has 65537 characters",
        ),
        ({"role": "user"}, "must be an array"),
    ],
)
def test_a_problem_says_where_it_is(messages: Any, said: str) -> None:
    problems = shape_problems(msgspec.json.encode(messages))
    assert len(problems) == 1
    assert said in problems[0]


def test_more_bytes_than_a_prompt_may_have_are_a_problem() -> None:
    assert "may have 102400" in shape_problems(b" " * (LIMITS.messages + 1))[0]


@pytest.mark.parametrize("messages", [b"{}", b"[3]", b'[{"content":{"type":"text","text":3}}]'])
def test_what_can_not_be_taken_apart_is_unusable(messages: bytes) -> None:
    with pytest.raises(Unusable):
        read(messages)


TWO = (Argument("name", required=True), Argument("tone"))


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        (None, "lacks 'name', which the prompt requires"),
        (b"null", "lacks 'name'"),
        (b'{"tone":"kind"}', "lacks 'name'"),
        (b'{"name":"Ann","nmae":"x"}', "has 'nmae', but the prompt takes 'name', 'tone'"),
        (b'{"name":3}', "must be strings: 'name'"),
        (b'"Ann"', "must be an object of strings"),
        (b'{"name":"%b"}' % (b"x" * (LIMITS.arguments + 1)), "characters in all"),
    ],
)
def test_arguments_that_do_not_fit_are_named(given_: bytes | None, said: str) -> None:
    with pytest.raises(Unbound, match=said):
        bind(TWO, given_)


def test_optional_arguments_may_be_left_out() -> None:
    assert bind(TWO, b'{"name":"Ann"}') == {"name": "Ann"}
    assert bind((), None) == {}
    with pytest.raises(Unbound, match="takes none"):
        bind((), b'{"a":"b"}')


def test_arguments_are_declared_in_a_definition() -> None:
    definition = b'{"arguments":[{"name":"a","description":"d","enum":["x"]},{"name":"b"}]}'
    assert declared(definition) == (Argument("a", enum=("x",)), Argument("b"))
    assert declared(b"{}") == ()
    with pytest.raises(Unusable, match="arguments"):
        declared(b'{"arguments":3}')


@given(st.lists(st.text(max_size=3), max_size=200), st.text(max_size=2))
def test_a_completion_has_the_values_that_begin_so_at_most_a_hundred(
    values: list[str], begun: str
) -> None:
    made = json.loads(complete(values, begun))
    fitting = [each for each in values if each.casefold().startswith(begun.casefold())]
    assert made["values"] == fitting[:100]
    assert (made["total"], made["hasMore"]) == (len(fitting), len(fitting) > 100)


def test_a_name_that_nobody_declares_is_a_problem() -> None:
    found = (Found(names=("name", "nmae")), Found(problem="line 1: wrong"))
    assert template_problems(found, TWO) == [
        "template 1: uses 'nmae', which is no declared argument",
        "template 2: line 1: wrong",
    ]
