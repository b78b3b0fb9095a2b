"""Prompts of our own: templates that are looked into when written, and shown before they are."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common.routing.model import Prompt
from support.control_plane import Plane, upstream_with

GREETING: dict[str, Any] = {
    "name": "greeting",
    "description": "Says hello; if x > 1 && y",
    "template": "Hello {{ name | upper }}!",
    "arguments": [{"name": "name", "description": "Whom", "required": True}],
    "tags": ["demo"],
}
IMAGE = {"type": "image", "data": "aGk=", "mimeType": "image/png"}
TWO = [
    {"role": "user", "content": {"type": "text", "text": "Look, {{ who }}"}},
    {"role": "assistant", "content": IMAGE},
]


async def made(plane: Plane, **changes: Any) -> dict[str, Any]:
    answer = await plane.http.post("/prompts", json={"prompt": GREETING | changes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_template_is_made_shown_and_routed(plane: Plane) -> None:
    prompt = await made(plane)
    delta = await plane.routing.delta(0)
    [route] = [each for each in delta.upserts if isinstance(each, Prompt)]

    assert (prompt["template"], prompt["gatewayId"]) == (GREETING["template"], None)
    assert prompt["arguments"] == GREETING["arguments"]
    [message] = msgspec.json.decode(route.messages)
    assert message["content"]["text"] == GREETING["template"]
    assert (route.name, route.upstream) == ("greeting", "")


async def test_names_in_a_template_are_declared_when_nobody_declares_any(plane: Plane) -> None:
    prompt = await made(plane, arguments=None, template="{{ a }} and {{ b }}")
    assert prompt["arguments"] == [
        {"name": "a", "required": False},
        {"name": "b", "required": False},
    ]


async def test_names_in_a_template_are_declared_again_when_the_arguments_are_emptied(
    plane: Plane,
) -> None:
    path = f"/prompts/{(await made(plane, arguments=None, template='{{ a }}'))['id']}"
    emptied: dict[str, Any] = {"arguments": []}
    change = emptied | {"template": "{{ b }}"}
    for body in (change, change, emptied):
        answer = await plane.http.put(path, json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["arguments"] == [{"name": "b", "required": False}]


async def test_messages_may_hold_more_than_text(plane: Plane) -> None:
    prompt = await made(plane, template=None, messages=TWO, arguments=[{"name": "who"}])
    assert prompt["messages"] == TWO
    assert prompt["template"] == ""

    again = await plane.http.put(f"/prompts/{prompt['id']}", json=prompt)
    assert again.status_code == 200, again.text
    plain = await plane.http.put(f"/prompts/{prompt['id']}", json=prompt | {"template": "Hi"})
    assert plain.json()["template"] == "Hi"
    assert len(plain.json()["messages"]) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"template": None}, "template"),
        ({"template": "{{ unclosed"}, "template"),
        ({"template": "{{ other }}"}, "template"),
        ({"template": 5}, "template"),
        ({"messages": [{"role": "robot"}], "template": None}, "messages[0]"),
        ({"messages": TWO}, "template"),
        ({"arguments": [{"description": "nameless"}]}, "arguments[0].name"),
        ({"arguments": [{"name": "a"}, {"name": "a"}]}, "arguments"),
        ({"gateway_id": "x"}, "gateway_id"),
    ],
)
async def test_a_refusal_names_the_field(plane: Plane, change: dict[str, Any], field: str) -> None:
    answer = await plane.http.post("/prompts", json=GREETING | change)
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_a_change_of_the_template_is_looked_into_too(plane: Plane) -> None:
    prompt = await made(plane)
    path = f"/prompts/{prompt['id']}"
    assert (await plane.http.put(path, json={"template": "{% for %}"})).status_code == 422
    assert (await plane.http.put(path, json={"template": "Bye {{ name }}"})).status_code == 200


async def test_a_preview_renders_and_keeps_nothing(plane: Plane) -> None:
    before = await plane.revision()
    body = GREETING | {"args": {"name": "ann"}}
    bare = await plane.http.post("/v1/prompts/preview", json=body)
    wrapped = await plane.http.post(
        "/prompts/preview", json={"prompt": GREETING, "args": {"name": "ann"}}
    )
    missing = await plane.http.post("/prompts/preview", json=GREETING)

    assert bare.status_code == 200, bare.text
    [message] = bare.json()["messages"]
    assert message == {"role": "user", "content": {"type": "text", "text": "Hello ANN!"}}
    assert bare.json() == wrapped.json()
    assert missing.status_code == 422
    assert [each["field"] for each in missing.json()["errors"]] == ["args"]
    assert await plane.revision() == before


@pytest.mark.parametrize(
    "template", ["{{ ''.__class__() }}", "{{ range(10 ** 9) | list }}", "{{ x"]
)
async def test_a_previewed_template_that_fails_is_its_callers_mistake(
    plane: Plane, template: str
) -> None:
    text = {"role": "user", "content": {"type": "text", "text": template}}
    for body in ({"template": template}, {"messages": [text]}):
        answer = await plane.http.post("/prompts/preview", json=body)
        assert answer.status_code == 422, answer.text
        assert [each["field"] for each in answer.json()["errors"]] == list(body)


async def test_an_upstreams_prompt_is_renamed_and_reworded_but_not_rewritten(plane: Plane) -> None:
    await plane.register("a", upstream_with(prompts=["say"]))
    [prompt] = (await plane.http.get("/prompts")).json()
    path = f"/prompts/{prompt['id']}"

    same = await plane.http.put(path, json=prompt)
    renamed = await plane.http.put(path, json={"custom_name": "tell", "title": "Tell"})
    rewritten = await plane.http.put(path, json={"template": "mine"})

    assert same.status_code == 200, same.text
    assert renamed.json()["name"] == "a-tell"
    assert renamed.json()["overrides"] == {"title": "Tell"}
    assert rewritten.status_code == 422
