"""What an answer of a REST service says to who called, byte for byte."""

import msgspec
import pytest

from mcpgateway.common.rest.results import Answer, Asked, failure, result

URL = "https://a.example/x"


def asked(era: str = "legacy", *, structured: bool = False, once: bool = False) -> Asked:
    revision = "2026-07-28" if era == "modern" else "2025-11-25"
    return Asked(f"GET {URL}", URL, era, revision, structured, once)  # type: ignore[arg-type]


def text_of(raw: bytes) -> str:
    return str(msgspec.json.decode(raw)["content"][0]["text"])


@pytest.mark.parametrize(
    ("answer", "golden"),
    [
        (
            Answer(200, "application/json; charset=utf-8", b'{"n": 1.10}'),
            b'{"content":[{"type":"text","text":"{\\"n\\": 1.10}"}],'
            b'"structuredContent":{"n": 1.10},"isError":false}',
        ),
        (
            Answer(201, "application/problem+json", b"[1]"),
            b'{"content":[{"type":"text","text":"[1]"}],"isError":false}',
        ),
        (
            Answer(200, "text/csv", b"a;b"),
            b'{"content":[{"type":"text","text":"a;b"}],"isError":false}',
        ),
        (
            Answer(200, "image/png", b"\x89PNG"),
            b'{"content":[{"type":"image","data":"iVBORw==","mimeType":"image/png"}],'
            b'"isError":false}',
        ),
        (
            Answer(200, "application/pdf", b"%PDF"),
            b'{"content":[{"type":"resource","resource":{"uri":"https://a.example/x",'
            b'"mimeType":"application/pdf","blob":"JVBERg=="}}],"isError":false}',
        ),
        (
            Answer(200, "", b"\xff\xfe\x00"),
            b'{"content":[{"type":"resource","resource":{"uri":"https://a.example/x",'
            b'"mimeType":"application/octet-stream","blob":"//4A"}}],"isError":false}',
        ),
        (
            Answer(404, "application/json", b'{"error": "no user"}'),
            b'{"content":[{"type":"text","text":"GET https://a.example/x answered 404 Not Found;'
            b" look at the arguments that say which one is meant. It says:"
            b' {\\"error\\": \\"no user\\"}"}],"isError":true}',
        ),
    ],
)
def test_the_answer_of_a_service_becomes_a_result(answer: Answer, golden: bytes) -> None:
    assert result(asked(), answer) == golden


def test_a_modern_result_is_structured_where_the_tool_promises_it() -> None:
    answer = Answer(200, "application/json", b"[1]")
    assert b"structuredContent" not in result(asked("modern"), answer)
    assert b'"structuredContent":[1]' in result(asked("modern", structured=True), answer)
    assert b"structuredContent" not in result(asked("legacy", structured=True), answer)


def test_a_client_older_than_audio_gets_a_sound_as_a_resource() -> None:
    answer = Answer(200, "audio/wav", b"RIFF")
    assert b'"type":"audio"' in result(asked(), answer)
    assert b'"type":"resource"' in result(asked()._replace(revision="2024-11-05"), answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(401, "", b""), "does not accept the credentials"),
        (Answer(302, "", b"", "https://b.example/"), "to 'https://b.example/'; redirects"),
        (Answer(429, "", b"", retry_after="7"), "come back later (7)"),
        (Answer(599, "", b""), "answered 599"),
        (Answer(500, "image/png", b"\x89PNG"), "answered 500 Internal Server Error"),
        (Answer(200, "application/json", b"<html>"), "that is none"),
        (Answer(200, "application/json", b"[" * 5000), "that is none"),
    ],
)
def test_what_went_wrong_is_told_to_the_model(answer: Answer, said: str) -> None:
    made = result(asked(), answer)
    assert b'"isError":true' in made
    assert said in text_of(made)


def test_only_what_is_not_repeatable_may_have_been_done_twice() -> None:
    assert "all the same" in text_of(result(asked(once=True), Answer(502, "", b"")))
    assert "all the same" not in text_of(result(asked(), Answer(502, "", b"")))
    assert "look before" in text_of(failure(asked(once=True), "was cut off", may_be_done=True))
    assert "look before" not in text_of(
        failure(asked(once=True), "is not there", may_be_done=False)
    )


def test_a_services_words_are_bounded_and_on_one_line() -> None:
    said = text_of(result(asked(), Answer(400, "text/html", b"<p>\n\n" + b"x" * 100_000)))
    assert len(said) < 2200
    assert "\n" not in said


@pytest.mark.parametrize("charset", ["zip", "rot13", "nothing", "x" * 100, ""])
def test_a_character_set_that_is_none_is_taken_for_utf8(charset: str) -> None:
    answer = Answer(200, f'text/plain; charset="{charset}"', "é".encode())
    assert text_of(result(asked(), answer)) == "é"


@pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 412, 413, 422])
def test_what_the_model_may_change_is_said_with_the_status(status: int) -> None:
    said = text_of(result(asked(), Answer(status, "", b"")))
    assert said.partition("; ")[2]


def test_of_an_html_page_its_words_are_told() -> None:
    page = b"<!DOCTYPE html><html><head><title>Bad gateway</title><style>x{}</style></head>"
    said = text_of(result(asked(), Answer(502, "text/html", page + b"<h1>no &amp; no</h1></html>")))
    assert said.endswith("It says: Bad gateway no & no")


@pytest.mark.parametrize("kind", ["text/html", "image/png", ""])
def test_an_answer_of_another_type_than_the_tool_promises_is_an_error(kind: str) -> None:
    made = result(asked("modern", structured=True), Answer(200, kind, b"<html>Log in</html>"))
    assert b'"isError":true' in made
    assert "not JSON, which the tool promises" in text_of(made)


@pytest.mark.parametrize("kind", ["", "text/plain; charset=utf-8", "text/json"])
def test_json_that_names_another_type_is_taken_where_the_tool_promises_it(kind: str) -> None:
    made = result(asked("modern", structured=True), Answer(200, kind, b' {"a": 1}'))
    assert b'"structuredContent": {"a": 1}' in made or b'"structuredContent":{"a": 1}' in made


def test_a_note_is_told_after_what_the_service_said() -> None:
    made = msgspec.json.decode(result(asked(), Answer(200, "application/json", b"[1]"), "more"))
    assert [each["text"] for each in made["content"]] == ["[1]", "more"]


def test_where_nothing_is_answered_what_was_promised_is_an_empty_object() -> None:
    done = msgspec.json.decode(result(asked(structured=True), Answer(204, "", b"")))
    assert (done["structuredContent"], done["isError"]) == ({}, False)
    assert "structuredContent" not in msgspec.json.decode(result(asked(), Answer(204, "", b"")))
