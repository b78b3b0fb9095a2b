"""A media type by ending or by first bytes, the same everywhere."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.content.mime_types import BINARY, by_bytes, by_uri


@pytest.mark.parametrize(
    ("uri", "mime"),
    [
        ("file:///notes/README.md", "text/markdown"),
        ("https://host/data.JSON?x=1#y", "application/json"),
        ("memo://picture.png", "image/png"),
        ("urn:doc:a.csv", "text/csv"),
        ("memo://notes/7", ""),
        ("memo://notes.d/7", ""),
        ("file:///.unknown", ""),
        ("http://[bad", ""),
    ],
)
def test_the_ending_of_a_uri_tells(uri: str, mime: str) -> None:
    assert by_uri(uri) == mime


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"%PDF-1.7", "application/pdf"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"RIFF\x00\x00\x00\x00WHAT", BINARY),
        (b"anything", BINARY),
        (b"", BINARY),
    ],
)
def test_the_first_bytes_tell(head: bytes, mime: str) -> None:
    assert by_bytes(base64.b64encode(head).decode()) == mime


@given(st.text())
def test_whatever_text_there_is_nothing_is_raised(text: str) -> None:
    assert isinstance(by_uri(text), str)
    assert isinstance(by_bytes(text), str)
