"""Bodies made of arguments: what a server reads of them is what was given."""

import base64
import email
import json
from email.message import Message
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.rest.bodies import Given, Written, written
from mcpgateway.common.routing.rest_request import RestRequest, body_of
from mcpgateway.common.strict_json import Located

PNG = b"\x89PNG\r\n\x1a\n--"
_names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


def tried(arguments: dict[str, Any], **more: Any) -> tuple[Written, list[str]]:
    request = RestRequest(url="https://a.example/", **more)
    members = {request.body_mapping.get(name, name): name for name in arguments}
    problems: list[Located] = []
    given = Given(json.dumps(arguments).encode(), arguments, members)
    made = written(request, body_of(request), given, problems)
    return made, [str(each) for each in problems]


def body(arguments: dict[str, Any], **more: Any) -> Written:
    made, problems = tried(arguments, **more)
    assert problems == []
    return made


def parts(made: Written) -> list[Message]:
    """As Python's own reader has them."""
    whole = b"Content-Type: " + made.media_type.encode() + b"\r\n\r\n" + made.content
    return [part for part in email.message_from_bytes(whole).walk() if not part.is_multipart()]


def test_one_argument_may_be_the_whole_json() -> None:
    assert body({"data": [1.10, "x"]}, body_argument="data").content == b'[1.1, "x"]'
    assert body({}, body_argument="data") == Written(b"", "")


def test_members_go_by_their_names_in_the_body() -> None:
    made = body({"body_id": 1, "b": 2}, body_mapping={"body_id": "id"})
    assert json.loads(made.content) == {"id": 1, "b": 2}


def test_a_content_type_of_the_tool_is_sent_in_place_of_the_usual_one() -> None:
    patch = "application/merge-patch+json"
    assert body({}, headers={"Content-Type": patch}).media_type == patch
    assert body({"t": "a"}, body="text", body_argument="t").media_type == (
        "text/plain; charset=utf-8"
    )
    csv = {"content-type": "text/csv"}
    assert body({"t": "a"}, headers=csv, body_argument="t") == Written(b"a", "text/csv")


def test_a_form_is_fields_in_their_styles() -> None:
    made = body({"a": [1, 2], "b": {"c": 3}}, body="form", query_style={"b": "deepObject"})
    assert made == Written(b"a=1&a=2&b%5Bc%5D=3", "application/x-www-form-urlencoded")


def test_one_argument_may_be_all_fields_of_a_form() -> None:
    assert body({"f": {"a": 1}}, body="form", body_argument="f").content == b"a=1"
    assert tried({"f": [1]}, body="form", body_argument="f")[1] == ["/f: must be an object"]


def test_bytes_come_as_base64_with_line_breaks_or_as_a_data_url() -> None:
    text = base64.b64encode(b"\x00\xffabc").decode()
    for said in (text, f"{text[:4]}\n{text[4:]}", f"data:image/png;base64,{text}"):
        made = body({"b": said}, body="binary", body_argument="b")
        assert made == Written(b"\x00\xffabc", "application/octet-stream")


@pytest.mark.parametrize("value", ["!", "abc", 5, None, ["YQ=="]])
def test_what_is_no_base64_is_told_with_its_place(value: Any) -> None:
    said = tried({"b": value}, body="binary", body_argument="b")[1]
    assert said == ["/b: must be base64 (RFC 4648, section 4)"]


def test_a_multipart_form_has_fields_objects_and_files() -> None:
    blob = base64.b64encode(PNG).decode()
    made = body(
        {
            "title": "A",
            "meta": {"k": 1},
            "tags": ["x", "y"],
            "no": None,
            "image": {"blob": blob, "name": 'a"b.png', "mimeType": "image/png"},
            "more": [blob, blob],
        },
        body="multipart",
        files={"image": "", "more": "application/pdf"},
    )
    found = [
        (part.get_param("name", header="content-disposition"), part.get_content_type())
        for part in parts(made)
    ]
    assert found == [
        ("title", "text/plain"),
        ("meta", "application/json"),
        ("tags", "text/plain"),
        ("tags", "text/plain"),
        ("image", "image/png"),
        ("more", "application/pdf"),
        ("more", "application/pdf"),
    ]
    assert b'filename="a%22b.png"\r\nContent-Type: image/png\r\n\r\n' + PNG in made.content


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("!", "/f"),
        ({"blob": 1}, "/f/blob"),
        ({"blob": "", "name": ""}, "/f/name"),
        ({"blob": "", "name": "\ud800"}, "/f/name"),
        ({"blob": "", "mimeType": "a/b\r\nx: y"}, "/f/mimeType"),
        (["", "!"], "/f/1"),
    ],
)
def test_what_is_no_file_is_told_with_its_place(value: Any, place: str) -> None:
    said = tried({"f": value}, body="multipart", files={"f": ""})[1]
    assert [each.partition(":")[0] for each in said] == [place]


@given(st.dictionaries(_names, st.text(st.characters(exclude_categories=["Cs"])), max_size=4))
def test_no_value_of_a_multipart_form_begins_another_part(values: dict[str, str]) -> None:
    made = body(values, body="multipart")
    boundary = made.media_type.partition("boundary=")[2].encode()
    assert made.content.count(b"--" + boundary) == len(values) + 1
    assert made.content.count(b"Content-Disposition: form-data; name=") >= len(values)
