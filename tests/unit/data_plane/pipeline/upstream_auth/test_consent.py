"""What a call is answered with whose caller has to consent first, in the words of each client."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES
from mcpgateway.common.mcp.session import Session
from mcpgateway.data_plane.pipeline.call import Call, Result
from mcpgateway.data_plane.pipeline.upstream_auth import consent
from mcpgateway.data_plane.pipeline.upstream_auth.upstream_tokens import ConsentMissing
from support.registries import upstream

PAGES: dict[str, Any] = {"elicitation": {"url": {}}}
MISSING = ConsentMissing(upstream("u1", tokens="oauth"), "ann@example.com")
PAGE = consent.page_of(MISSING, "https://gw.example")


def call(era: Any, revision: str, declared: object, method: str = "tools/call", **more: Any) -> Any:
    """What `answer` looks at."""
    raw = msgspec.Raw(msgspec.json.encode(declared))
    meta = {META_CLIENT_CAPABILITIES: raw}
    session = Session("s", revision, 0, capabilities=bytes(raw))
    params = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in more.items()}
    known = {"era": era, "revision": revision, "method": method, "params": params, "id": 1}
    fields: dict[str, Any] = dict.fromkeys(Call.__struct_fields__)
    fields |= known | {"meta": meta, "session": session}
    return Call(**fields)


def asking(era: Any, *said: Any, **more: Any) -> consent.Asker:
    return consent.asker_of(call(era, *said, **more))


def told(answer: Result | Problem) -> Any:
    assert isinstance(answer, Result)
    return msgspec.json.decode(answer.whole)


def test_the_link_is_for_one_user_and_shows_neither_him_nor_any_authority() -> None:
    assert PAGE.url.startswith(f"https://gw.example/oauth/authorize/{upstream('u1').id}?for=")
    assert "ann" not in PAGE.url
    other = consent.page_of(ConsentMissing(upstream("u1"), "bob@example.com"), "https://gw.example")
    assert other.url != PAGE.url
    stored = ConsentMissing(upstream("u1", tokens="vault"), "ann@example.com")
    assert "/vault/authorize/" in consent.page_of(stored, "").url


def test_a_modern_client_that_shows_pages_is_asked_to() -> None:
    found = told(consent.answer(asking("modern", "2026-07-28", PAGES), PAGE))
    assert found["resultType"] == "input_required"
    asked = found["inputRequests"][consent.KEY]
    assert asked["method"] == "elicitation/create"
    assert asked["params"]["url"] == PAGE.url
    assert "elicitationId" not in asked["params"]


def test_one_of_2025_11_25_gets_its_error() -> None:
    found = consent.answer(asking("legacy", "2025-11-25", PAGES), PAGE)
    assert isinstance(found, Problem)
    assert found.code == -32042
    [asked] = found.data["elicitations"] if isinstance(found.data, dict) else []
    assert (asked["url"], asked["elicitationId"]) == (PAGE.url, PAGE.id)


@pytest.mark.parametrize(
    ("era", "revision", "declared"),
    [("modern", "2026-07-28", {}), ("legacy", "2025-11-25", {}), ("legacy", "2025-06-18", PAGES)],
)
def test_any_other_reads_the_link_in_its_tools_result(
    era: str, revision: str, declared: object
) -> None:
    found = told(consent.answer(asking(era, revision, declared), PAGE))
    assert found["isError"] is True
    assert PAGE.url in found["content"][0]["text"]
    assert ("resultType" in found) is (era == "modern")


def test_what_is_no_tool_is_refused_with_the_link() -> None:
    found = consent.answer(asking("legacy", "2025-06-18", {}, "prompts/get"), PAGE)
    assert isinstance(found, Problem)
    assert PAGE.url in found.message


@pytest.mark.parametrize("reply", [{"action": "decline"}, {"action": "cancel"}, {}, "x"])
def test_who_declines_is_not_asked_again_and_again(reply: object) -> None:
    responses = {consent.KEY: reply}
    found = consent.answer(asking("modern", "2026-07-28", PAGES, inputResponses=responses), PAGE)
    assert isinstance(found, Problem)
    assert found.code == jsonrpc.DENIED


def test_the_reply_to_our_question_does_not_reach_the_upstream() -> None:
    made = call("modern", "2026-07-28", {}, name="t", inputResponses={consent.KEY: {}, "a": 1})
    sent = consent.without_reply(made.params)
    assert bytes(sent["inputResponses"]) == b'{"a":1}'
    only = call("modern", "2026-07-28", {}, name="t", inputResponses={consent.KEY: {}})
    assert list(consent.without_reply(only.params)) == ["name"]
    plain = call("modern", "2026-07-28", {}, name="t").params
    assert consent.without_reply(plain) is plain


def test_a_link_for_more_names_the_scopes_to_the_page_and_to_the_user() -> None:
    missing = ConsentMissing(upstream("u1", tokens="oauth"), "ann@example.com", ("a:b", "c&d"))
    page = consent.page_of(missing, "https://gw.example")
    assert parse_qs(urlsplit(page.url).query)["scope"] == ["a:b c&d"]
    assert "a:b c&d" in page.message
    assert page.id == PAGE.id
