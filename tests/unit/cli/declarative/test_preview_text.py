"""What a document would come to, as a terminal shows it."""

from typing import Any

from mcpgateway.cli.declarative.preview_text import plain, preview

TOOL = {
    "name": "list_pets",
    "method": "GET",
    "path": "/pets",
    "tags": ["pets", "shop"],
    "deprecated": False,
    "definitionBytes": 512,
}
LEFT = {"method": "HEAD", "path": "/pets", "operationId": "", "reason": "is HEAD", "chosen": True}
UNCHOSEN = {"method": "PUT", "path": "/x", "operationId": "", "reason": "", "chosen": False}


def answer(**more: Any) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "title": "Pet shop",
        "version": "1.0",
        "url": "https://shop.example",
        "security": [],
        "tools": [TOOL, {**TOOL, "name": "old", "deprecated": True, "definitionBytes": 7}],
        "leftOut": [],
        "problems": [],
        **more,
    }


def test_tools_stand_in_a_table() -> None:
    assert preview(answer()).splitlines() == [
        "Pet shop 1.0 (OpenAPI 3.1.0) at https://shop.example",
        "",
        "TOOL              METHOD  PATH   TAGS        BYTES",
        "list_pets         GET     /pets  pets, shop    512",
        "old (deprecated)  GET     /pets  pets, shop      7",
        "",
        "2 tools",
    ]


def test_what_is_left_out_is_told_with_its_reason_and_what_is_not_chosen_is_counted() -> None:
    told = preview(answer(tools=[], leftOut=[LEFT, UNCHOSEN]))
    assert "Left out:\n  HEAD /pets: is HEAD\n" in told
    assert "not chosen: 1 (-v lists them)" in told
    assert "PUT" not in told
    assert "  PUT /x: is not chosen\n" in preview(answer(leftOut=[LEFT, UNCHOSEN]), all=True)


def test_credentials_are_told_as_members_of_a_gateway() -> None:
    key = {"name": "key", "type": "http", "required": True, "description": "", "gateway": None}
    known = {**key, "gateway": {"auth_type": "bearer", "auth_token": ""}}
    other = {**key, "required": False, "description": "ask somebody"}
    told = preview(answer(security=[known, other], problems=["tag 'x' names nothing"]))
    assert "Problems:\n  tag 'x' names nothing\n" in told
    assert "  key (http, required): auth_type: bearer, auth_token: ...\n" in told
    assert "  key (http, optional): ask somebody\n" in told


def test_a_document_writes_no_control_codes_to_a_terminal_and_no_second_line() -> None:
    evil = "a\x1b[2J\nb\u202e" + "c" * 1000
    told = preview(answer(title=evil, tools=[{**TOOL, "path": evil}], problems=[evil]))
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert len(told.splitlines()) == 9
    assert max(map(len, told.splitlines())) < 600
    assert len(plain(evil, 60)) == 60


def test_an_api_without_a_place_says_which_option_gives_it_one() -> None:
    assert "say --api-url" in preview(answer(url=""))
