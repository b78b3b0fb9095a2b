"""Bodies of /resources: what is understood, what is refused, and that all of it is told at once."""

import base64
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.api.nouns.resource_input import CONTENT_LIMIT, read_resource
from mcpgateway.control_plane.registry.drafts import ResourceDraft

GOOD = {"name": "n", "uri": "file:///a.md", "content": "text"}


def read(new: bool = True, **members: Any) -> ResourceDraft:
    return read_resource(GOOD | members, new=new)


def refused(**members: Any) -> list[tuple[str, str]]:
    """Fields and rules."""
    with pytest.raises(InvalidCall) as error:
        read(**members)
    return [(problem.field, problem.rule) for problem in error.value.errors]


def content_of(draft: ResourceDraft) -> Any:
    assert isinstance(draft.content, str)
    return msgspec.json.decode(draft.content)


def base64_of(size: int) -> str:
    return base64.b64encode(b"x" * size).decode()


def test_a_name_a_uri_and_a_content_are_enough() -> None:
    draft = read()
    assert (draft.uri, draft.template, draft.ttl_ms) == ("file:///a.md", False, UNSET)
    assert draft.members == {"name": "n", "size": 4, "mimeType": "text/markdown"}
    assert content_of(draft)["text"] == "text"


def test_a_change_needs_nothing_and_guesses_no_type() -> None:
    assert read_resource({}, new=False) == ResourceDraft()
    assert read_resource({"gateway_id": "1"}, new=False) == ResourceDraft()
    assert read_resource({"uri": "file:///a.md", "content": "ü"}, new=False).members == {"size": 2}


def test_wrapped_bare_and_in_camel_case_mean_the_same() -> None:
    bare = read(mime_type="text/x", ttl_ms=5)
    assert bare == read_resource({"resource": GOOD, "mimeType": "text/x", "ttlMs": 5}, new=True)
    assert (bare.members["mimeType"], bare.ttl_ms) == ("text/x", 5)


def test_a_blob_is_kept_as_it_is_and_its_bytes_are_counted() -> None:
    draft = read(content=None, blob=base64_of(5))
    assert content_of(draft)["blob"] == base64_of(5)
    assert draft.members["size"] == 5


def test_a_template_may_be_said_in_either_field() -> None:
    said = read(uri="file:///{path}")
    assert said.template is True
    assert said == read(uri=None, uriTemplate="file:///{path}")


def test_the_limit_is_of_bytes_and_itself_good() -> None:
    assert read(content="x" * CONTENT_LIMIT).members["size"] == CONTENT_LIMIT
    assert read(content=None, blob=base64_of(CONTENT_LIMIT)).members["size"] == CONTENT_LIMIT
    assert refused(content="ü" * (CONTENT_LIMIT // 2 + 1)) == [("content", "size")]


@pytest.mark.parametrize(
    ("members", "field", "rule"),
    [
        ({"name": None}, "name", "missing"),
        ({"name": ""}, "name", "string"),
        ({"uri": None}, "uri", "missing"),
        ({"uri": ""}, "uri", "string"),
        ({"uri": 7}, "uri", "string"),
        ({"uri": "a.md"}, "uri", "uri"),
        ({"uri": "file:///a b"}, "uri", "uri"),
        ({"uri": "file:///{unclosed"}, "uri", "uri"),
        ({"uri": "file:///" + "x" * 2048}, "uri", "string"),
        ({"uriTemplate": "file:///{"}, "uriTemplate", "uri"),
        ({"uri_template": "file:///plain"}, "uri_template", "uri"),
        ({"gatewayId": "0" * 32}, "gatewayId", "unsupported"),
        ({"content": None}, "content", "missing"),
        ({"content": 7}, "content", "string"),
        ({"content": "a\x00"}, "content", "string"),
        ({"blob": "eA=="}, "blob", "one"),
        ({"content": None, "blob": "not base64"}, "blob", "base64"),
        ({"content": None, "blob": 7}, "blob", "base64"),
        ({"content": None, "blob": base64_of(CONTENT_LIMIT + 1)}, "blob", "size"),
        ({"mimeType": 7}, "mimeType", "string"),
        ({"ttl_ms": -1}, "ttl_ms", "integer"),
        ({"extensionMetadata": []}, "extensionMetadata", "object"),
        ({"annotations": "x"}, "annotations", "object"),
        ({"overrides": {"size": 1}}, "overrides.size", "member"),
        ({"visibility": "team"}, "team_id", "missing"),
    ],
)
def test_a_refusal_names_the_field_as_it_was_spelled_and_once(
    members: dict[str, Any], field: str, rule: str
) -> None:
    assert refused(**members) == [(field, rule)]


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = refused(name="", uri="a.md", content=7, ttlMs="long")
    assert {field for field, _ in found} == {"name", "uri", "content", "ttlMs"}
