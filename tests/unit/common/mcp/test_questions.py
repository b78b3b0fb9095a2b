"""Questions and replies cross between the eras without saying more or less than was meant."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import questions
from mcpgateway.common.mcp.client_capabilities import NOTHING, Abilities
from mcpgateway.common.mcp.questions import Question, Reply
from mcpgateway.common.mcp.revisions import SUPPORTED

ALL = Abilities(*[True] * 6)
FORM = {"message": "Name?", "requestedSchema": {"type": "object", "properties": {}}}
PAGE = {"mode": "url", "message": "Connect", "url": "https://x.example"}
THEIR_PAGE = {**PAGE, "elicitationId": "theirs"}
SAMPLE: dict[str, Any] = {"messages": [], "maxTokens": 1}

texts = st.text(max_size=8)
objects = st.dictionaries(texts, texts | st.integers() | st.none(), max_size=5)


def question(method: str, params: object = None) -> Question:
    return Question(method, json.dumps({} if params is None else params).encode())


def elicit(params: object) -> Question:
    return question(questions.ELICITATION, params)


def code(error: bytes | None) -> int | None:
    return None if error is None else jsonrpc.decode_error(error).code


@pytest.mark.parametrize(
    ("able", "asked", "refused"),
    [
        (NOTHING, elicit(FORM), -32601),
        (NOTHING, question(questions.SAMPLING, SAMPLE), -32601),
        (NOTHING, question(questions.ROOTS), -32601),
        (ALL, question("tasks/get"), -32601),
        (Abilities(form=True), elicit(FORM), None),
        (Abilities(form=True), elicit({**FORM, "mode": "form"}), None),
        (Abilities(form=True), elicit(PAGE), -32602),
        (Abilities(url=True), elicit(FORM), -32602),
        (Abilities(url=True), elicit(PAGE), None),
        (ALL, elicit({**PAGE, "mode": "song"}), -32602),
        (ALL, elicit([]), -32602),
        (Abilities(sampling=True), question(questions.SAMPLING, SAMPLE), None),
        (Abilities(sampling=True), question(questions.SAMPLING, {**SAMPLE, "tools": []}), -32602),
        (ALL, question(questions.SAMPLING, {**SAMPLE, "toolChoice": {}}), None),
        (Abilities(roots=True), question(questions.ROOTS), None),
    ],
)
def test_only_what_a_client_declared_is_asked(
    able: Abilities, asked: Question, refused: int | None
) -> None:
    assert code(questions.refusal(able, asked)) == refused


def test_the_first_form_of_the_elicitation_capability_covers_forms_alone() -> None:
    declared = b'{"elicitation":{}}'
    form, page = elicit(FORM), elicit(PAGE)
    assert questions.covered(declared, "legacy", form.method, form.params)
    assert not questions.covered(declared, "modern", page.method, page.params)


@pytest.mark.parametrize(
    ("asked", "revision", "told"),
    [
        (elicit({**FORM, "mode": "form"}), "2025-06-18", FORM),
        (elicit({**FORM, "mode": "form"}), "2025-11-25", {**FORM, "mode": "form"}),
        (
            elicit(THEIR_PAGE),
            "2025-11-25",
            {**PAGE, "elicitationId": "theirs"},
        ),
        (elicit(PAGE), "2025-11-25", {**PAGE, "elicitationId": "ours"}),
        (elicit(THEIR_PAGE), "2026-07-28", PAGE),
        (question(questions.SAMPLING, {**SAMPLE, "task": {"ttl": 1}}), "2025-11-25", SAMPLE),
        (
            question(
                questions.ROOTS,
                {"_meta": {"progressToken": 1, "io.modelcontextprotocol/related-task": {}, "a": 1}},
            ),
            "2026-07-28",
            {"_meta": {"a": 1}},
        ),
        (question(questions.ROOTS, {"_meta": {"progressToken": 1}}), "2024-11-05", {}),
    ],
)
def test_a_question_is_put_in_the_words_of_the_clients_revision(
    asked: Question, revision: str, told: object
) -> None:
    put = questions.for_client(asked, revision, "ours")
    assert (put.method, json.loads(put.params)) == (asked.method, told)


@given(st.sampled_from(sorted(questions.ASKED)), objects, st.sampled_from(SUPPORTED))
def test_what_is_not_of_the_protocol_is_carried_to_the_client(
    method: str, extras: dict[str, Any], revision: str
) -> None:
    extras = {f"x-{key}": value for key, value in extras.items()}
    put = questions.for_client(question(method, {**extras, "_meta": {"v": 1}}), revision, "ours")
    assert json.loads(put.params) == {**extras, "_meta": {"v": 1}}


@pytest.mark.parametrize(
    ("method", "result", "revision", "told"),
    [
        (questions.ELICITATION, {"action": "accept", "content": {"a": 1.10}}, "2026-07-28", None),
        (questions.ROOTS, {"resultType": "complete", "roots": []}, "2025-06-18", {"roots": []}),
        (questions.SAMPLING, {"content": [{"a": 1}]}, "2025-06-18", {"content": {"a": 1}}),
        (questions.SAMPLING, {"content": [{"a": 1}]}, "2025-11-25", None),
        (questions.SAMPLING, {"content": [{}, {}]}, "2025-06-18", None),
        (questions.SAMPLING, {"content": {"a": 1}}, "2024-11-05", None),
    ],
)
def test_a_reply_is_put_in_the_words_of_the_upstreams_revision(
    method: str, result: object, revision: str, told: object
) -> None:
    reply = Reply(result=json.dumps(result).encode())
    put = questions.for_upstream(method, reply, revision)
    assert json.loads(put.result or b"") == (result if told is None else told)


@pytest.mark.parametrize("reply", [Reply(result=b"null"), Reply(result=b"[1]"), Reply()])
def test_a_reply_without_a_usable_result_is_an_error(reply: Reply) -> None:
    put = questions.for_upstream(questions.ROOTS, reply, "2025-11-25")
    assert put.result is None
    assert code(put.error) == jsonrpc.INTERNAL_ERROR


def test_an_error_of_the_client_reaches_the_upstream_as_it_is() -> None:
    reply = Reply(error=b'{"code":-1,"message":"no","data":1.10}')
    assert questions.for_upstream(questions.SAMPLING, reply, "2025-11-25") == reply


def test_pages_that_an_error_requires_become_questions_without_their_ids() -> None:
    data = {"elicitations": [{**PAGE, "elicitationId": "e"}, {"message": "2", "url": "https://y"}]}
    error = jsonrpc.ErrorObject(-32042, "go there", msgspec.Raw(json.dumps(data).encode()))
    pages = questions.required_pages(error)
    assert pages is not None
    assert [json.loads(page.params) for page in pages.values()] == [
        PAGE,
        {"mode": "url", "message": "2", "url": "https://y"},
    ]
    assert json.loads(questions.input_required(pages)) == {
        "resultType": "input_required",
        "inputRequests": {
            key: {"method": "elicitation/create", "params": json.loads(page.params)}
            for key, page in pages.items()
        },
    }


@pytest.mark.parametrize(
    "error",
    [
        jsonrpc.ErrorObject(-32000, "other"),
        jsonrpc.ErrorObject(-32042, "bare"),
        jsonrpc.ErrorObject(-32042, "none", msgspec.Raw(b'{"elicitations":[]}')),
        jsonrpc.ErrorObject(-32042, "no url", msgspec.Raw(b'{"elicitations":[{}]}')),
        jsonrpc.ErrorObject(-32042, "odd", msgspec.Raw(b'{"elicitations":[1]}')),
        jsonrpc.ErrorObject(-32042, "odd", msgspec.Raw(b"[]")),
    ],
)
def test_an_error_that_names_no_page_asks_nothing(error: jsonrpc.ErrorObject) -> None:
    assert questions.required_pages(error) is None


def test_a_state_goes_with_the_questions_or_alone() -> None:
    assert json.loads(questions.input_required({}, "s")) == {
        "resultType": "input_required",
        "requestState": "s",
    }


@pytest.mark.parametrize(
    ("raw", "wrong"),
    [
        (b"[]", "must be an object"),
        (b'{"a":{},"b":1}', "something else than an object under 'b'"),
        (json.dumps({str(n): {} for n in range(65)}).encode(), "may have 64 members, got 65"),
    ],
)
def test_unusable_replies_are_named(raw: bytes, wrong: str) -> None:
    assert wrong in str(questions.replies(msgspec.Raw(raw)))


def test_replies_are_kept_as_they_came() -> None:
    assert questions.replies(None) == {}
    assert questions.replies(msgspec.Raw(b'{"a":{"n":1.10}}')) == {"a": Reply(b'{"n":1.10}')}


@pytest.mark.parametrize(
    ("raw", "down"),
    [
        (None, False),
        (b"{}", False),
        (b'{"a":{"action":"accept"},"b":{"action":"decline"}}', False),
        (b'{"a":{"action":"cancel"},"b":{"action":"decline"}}', True),
    ],
)
def test_a_client_that_accepts_nothing_turns_all_down(raw: bytes | None, down: bool) -> None:
    assert questions.all_turned_down(None if raw is None else msgspec.Raw(raw)) is down


def test_only_progress_gets_another_token() -> None:
    progress = jsonrpc.notification("notifications/progress", b'{"progressToken":1,"progress":2}')
    log = jsonrpc.notification("notifications/message", b'{"level":"info"}')
    renamed = json.loads(questions.with_token(progress, b'"t"'))
    assert renamed["params"] == {"progressToken": "t", "progress": 2}
    assert questions.with_token(progress, None) == progress
    assert questions.with_token(log, b'"t"') == log


@pytest.mark.parametrize(
    ("asked", "needed"),
    [
        (elicit(FORM), {"elicitation": {"form": {}}}),
        (elicit(PAGE), {"elicitation": {"url": {}}}),
        (question(questions.SAMPLING, SAMPLE), {"sampling": {}}),
        (question(questions.SAMPLING, {**SAMPLE, "tools": []}), {"sampling": {"tools": {}}}),
        (question(questions.ROOTS), {"roots": {}}),
    ],
)
def test_who_declares_what_a_question_needs_may_be_asked_it(
    asked: Question, needed: dict[str, Any]
) -> None:
    assert questions.needed_for(asked) == needed
    declared = json.dumps(needed).encode()
    assert questions.covered(declared, "modern", asked.method, asked.params)
    assert not questions.covered(b"{}", "modern", asked.method, asked.params)


@pytest.mark.parametrize("asked", [question("tasks/get"), elicit({**PAGE, "mode": "song"})])
def test_no_capability_makes_a_client_answer_what_is_no_question(asked: Question) -> None:
    assert questions.needed_for(asked) == {}


def test_an_error_for_lack_of_a_capability_keeps_its_id_and_what_the_upstream_said() -> None:
    found = questions.for_lack_of({"roots": {}}, jsonrpc.error("x", -32603, "no roots"))
    assert found is not None
    answer = json.loads(found)
    assert answer["id"] == "x"
    assert answer["error"]["code"] == jsonrpc.MISSING_CLIENT_CAPABILITY
    assert answer["error"]["data"] == {"requiredCapabilities": {"roots": {}}}
    assert "no roots" in answer["error"]["message"]
    assert questions.for_lack_of({"roots": {}}, jsonrpc.response(1, b"{}")) is None
