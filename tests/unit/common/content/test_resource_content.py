"""The parts of an answer to `resources/read`."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.content.jobs import Found
from mcpgateway.common.content.prompt_template import Unusable
from mcpgateway.common.content.resource_content import (
    Content,
    caching,
    mime_type,
    read,
    result,
    shape_problems,
    template_problems,
)

PNG = "iVBORw0KGgoAAAAN"


@given(st.text(), st.text(), st.booleans())
def test_contents_name_uri_type_and_the_text_or_blob(uri: str, value: str, text: bool) -> None:
    member = "text" if text else "blob"
    content = read(msgspec.json.encode({member: value}))
    made = json.loads(b"{" + result(uri, content, "a/b") + b"}")
    assert made == {"contents": [{"uri": uri, "mimeType": "a/b", member: value}]}


@pytest.mark.parametrize("content", [b"{}", b'{"text":"a","blob":"b"}', b'{"text":3}', b"[]", b"{"])
def test_what_is_neither_text_nor_blob_is_unusable(content: bytes) -> None:
    with pytest.raises(Unusable, match="content"):
        read(content)
    assert shape_problems(content, 1000)[0].startswith("content: ")


@pytest.mark.parametrize(
    ("uri", "content", "definition", "mime"),
    [
        ("a:b.md", Content(text=""), b'{"mimeType":"x/y"}', "x/y"),
        ("a:b.md", Content(text=""), b"{}", "text/markdown"),
        ("a:b", Content(text=""), b"{}", "text/plain"),
        ("a:b", Content(blob=PNG), b'{"mimeType":3}', "image/png"),
        ("a:b", Content(blob=""), b"{}", "application/octet-stream"),
    ],
)
def test_the_type_is_declared_or_detected(
    uri: str, content: Content, definition: bytes, mime: str
) -> None:
    assert mime_type(uri, content, definition) == mime


def test_modern_clients_are_told_how_long_to_keep_it_and_legacy_ones_are_not() -> None:
    assert caching("legacy", 5000, anybody=True) == b""
    assert caching("modern", 5000, anybody=False) == b',"ttlMs":5000,"cacheScope":"private"'
    assert caching("modern", 5000, anybody=True) == b',"ttlMs":5000,"cacheScope":"public"'
    assert caching("modern", 0, anybody=True) == b',"ttlMs":0,"cacheScope":"private"'


def test_content_has_a_limit_and_a_blob_is_base64() -> None:
    assert shape_problems(b'{"text":"0123456789"}', 10) == [
        "content: has 21 bytes, and may have 10"
    ]
    assert shape_problems(b'{"blob":"%%"}', 100)[0].startswith("content.blob: is not base64")
    assert shape_problems(b'{"blob":"AAAA"}', 100) == []


def test_a_template_uses_the_variables_of_its_uri_and_no_others() -> None:
    found = Found(names=("id", "other"))
    assert template_problems("memo://{id}", found) == [
        "content.text: uses 'other', which is no variable of the URI template"
    ]
    assert template_problems("memo://{id", Found())[0].startswith("uriTemplate: ")
    assert template_problems("memo://{id}", Found("line 1: x")) == ["content.text: line 1: x"]
