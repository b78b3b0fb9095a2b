"""Export files: ours and ContextForge's, taken over as one, with what is left out said."""

import base64
import json
from typing import Any

import pytest

from support.contextforge import sealed_as_contextforge
from support.control_plane import Plane, upstream_with

THEIR_SECRET = "the-auth-encryption-secret-of-contextforge"
PASSPHRASE = "correct horse battery staple"
CLOCK_URL = "http://clock.example/sse"


def contextforge_export() -> dict[str, Any]:
    """The shape of a file that ContextForge writes."""
    return {
        "version": "2025-11-25",
        "exported_at": "2026-08-15T10:30:00.000000Z",
        "exported_by": "admin@example.com",
        "source_gateway": "http://127.0.0.1:4444",
        "encryption_method": "AES-256-GCM",
        "entities": {
            "tools": [
                {
                    "name": "weather_api",
                    "displayName": "Weather",
                    "url": "https://api.example/v1/current",
                    "integration_type": "REST",
                    "request_type": "GET",
                    "description": "The weather",
                    "headers": {"X-Client": "gateway"},
                    "input_schema": {"type": "object", "properties": {"q": {"type": "string"}}},
                    "output_schema": None,
                    "annotations": {},
                    "jsonpath_filter": "",
                    "tags": [{"id": "weather", "label": "weather"}],
                    "rate_limit": 5,
                    "timeout": None,
                    "is_active": True,
                    "created_at": "2026-08-01T00:00:00",
                    "updated_at": "2026-08-01T00:00:00",
                    "auth_type": "bearer",
                    "auth_value": sealed_as_contextforge(
                        THEIR_SECRET, {"Authorization": "Bearer tool-secret"}
                    ),
                },
                {
                    "name": "now",
                    "url": CLOCK_URL,
                    "integration_type": "MCP",
                    "gateway_id": "5a" * 16,
                    "is_active": True,
                },
            ],
            "gateways": [
                {
                    "name": "clock",
                    "url": CLOCK_URL,
                    "description": None,
                    "transport": "SSE",
                    "capabilities": {"tools": {"listChanged": True}},
                    "health_check": {"url": f"{CLOCK_URL}/health", "interval": 30},
                    "is_active": True,
                    "federation_enabled": True,
                    "tags": [],
                    "passthrough_headers": [],
                    "auth_type": "basic",
                    "auth_value": sealed_as_contextforge(
                        THEIR_SECRET,
                        {"Authorization": "Basic " + base64.b64encode(b"ann:pass").decode()},
                    ),
                }
            ],
            "servers": [
                {
                    "name": "demo",
                    "description": "Both",
                    "tool_ids": ["clock-now", "weather_api"],
                    "sse_endpoint": "/servers/x/sse",
                    "capabilities": {"tools": {"list_changed": True}},
                    "is_active": True,
                    "tags": [],
                }
            ],
            "prompts": [
                {
                    "name": "greet",
                    "template": "Hello {{ name }}",
                    "description": "Greets",
                    "input_schema": {
                        "type": "object",
                        "properties": {"name": {"type": "string", "description": "Whom"}},
                        "required": ["name"],
                    },
                    "tags": [],
                    "is_active": True,
                }
            ],
            "resources": [
                {
                    "name": "note",
                    "uri": "note:///a",
                    "description": "A note",
                    "mime_type": "text/plain",
                    "tags": [],
                    "is_active": False,
                    "last_modified": "2026-08-01T00:00:00",
                }
            ],
            "roots": [{"uri": "file:///workspace", "name": "Workspace"}],
            "metrics": [],
        },
        "metadata": {
            "entity_counts": {"tools": 2, "gateways": 1, "servers": 1},
            "dependencies": {"servers_to_tools": {"demo": ["clock-now", "weather_api"]}},
            "export_options": {"include_inactive": True},
        },
    }


@pytest.fixture
def clock(plane: Plane) -> Plane:
    plane.discoverer.at[CLOCK_URL] = upstream_with(tools=["now"], transport="SSE", era="legacy")
    return plane


async def imported(plane: Plane, status: int = 200, **body: Any) -> dict[str, Any]:
    answer = await plane.http.post("/import", json=body)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def exported(plane: Plane, query: str = "", **body: Any) -> dict[str, Any]:
    if body:
        answer = await plane.http.post("/export", json=body)
    else:
        answer = await plane.http.get(f"/export?{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_an_export_of_contextforge_is_taken_over_with_its_credentials(clock: Plane) -> None:
    before = await clock.revision()

    told = await imported(clock, import_data=contextforge_export(), rekey_secret=THEIR_SECRET)

    assert told["status"] == "completed"
    assert told["progress"]["created"] == 6
    assert await clock.revision() == before + 1
    assert clock.discoverer.seen[0].headers == (("Authorization", "Basic YW5uOnBhc3M="),)
    [server] = (await clock.http.get("/servers")).json()
    assert server["associatedTools"] == ["clock-now", "weather_api"]
    [prompt] = (await clock.http.get("/prompts")).json()
    assert prompt["arguments"] == [{"name": "name", "description": "Whom", "required": True}]
    warned = " ".join(told["warnings"])
    assert "comes with its gateway" in warned
    assert "metrics are not supported" in warned
    assert "rate_limit" in warned
    assert "has no content" in warned
    again = await imported(clock, import_data=contextforge_export(), rekey_secret=THEIR_SECRET)
    assert again["progress"]["skipped"] == 6
    assert again["revision"] is None


async def test_credentials_that_do_not_open_are_asked_for_and_nothing_is_written(
    clock: Plane,
) -> None:
    before = await clock.revision()
    for secret in ({}, {"rekey_secret": "not the right one"}):
        told = await imported(clock, 422, import_data=contextforge_export(), **secret)
        fields = {each["field"] for each in told["errors"]}
        assert fields >= {"entities.gateways[0].auth_value"}
        assert "AUTH_ENCRYPTION_SECRET" in told["message"]
    assert await clock.revision() == before
    states = (await clock.http.get("/import/status")).json()
    assert [each["status"] for each in states] == ["failed", "failed"]
    assert all("nothing was imported: " in " ".join(each["errors"]) for each in states)


async def test_best_effort_takes_the_rest_and_says_what_it_left(clock: Plane) -> None:
    told = await imported(clock, import_data=contextforge_export(), best_effort=True)
    assert told["progress"]["failed"] == 3  # the gateway, the tool, and the server that holds them
    assert told["progress"]["created"] == 3
    assert len(told["errors"]) == 3


async def test_a_dry_run_writes_nothing_and_selections_are_kept_to(clock: Plane) -> None:
    before = await clock.revision()
    chosen = {"prompts": ["greet"], "roots": []}
    tried = await imported(
        clock, import_data=contextforge_export(), dry_run=True, selected_entities=chosen
    )
    assert tried["progress"]["created"] == 2
    assert await clock.revision() == before


@pytest.mark.parametrize(
    ("strategy", "outcome"), [("skip", "skipped"), ("update", "updated"), ("rename", "created")]
)
async def test_what_is_there_is_treated_as_asked(clock: Plane, strategy: str, outcome: str) -> None:
    only: dict[str, list[str]] = {"prompts": []}
    await imported(clock, import_data=contextforge_export(), selected_entities=only)
    changed = contextforge_export()
    changed["entities"]["prompts"][0]["description"] = "Another"
    told = await imported(
        clock, import_data=changed, selected_entities=only, conflict_strategy=strategy
    )
    assert told["progress"][outcome] == 1
    if strategy == "rename":
        assert "stands for 'greet', which is there already" in " ".join(told["warnings"])


async def test_a_conflict_may_fail_the_import(clock: Plane) -> None:
    only: dict[str, list[str]] = {"prompts": []}
    await imported(clock, import_data=contextforge_export(), selected_entities=only)
    told = await imported(
        clock,
        409,
        import_data=contextforge_export(),
        selected_entities=only,
        conflict_strategy="fail",
    )
    assert "is there already" in told["message"]


async def test_our_export_with_secrets_makes_the_same_elsewhere(clock: Plane) -> None:
    await imported(clock, import_data=contextforge_export(), rekey_secret=THEIR_SECRET)
    file = await exported(clock, rekey_secret=PASSPHRASE, include_inactive=True)
    assert file["encryption_method"] == "Argon2id+AES-256-GCM"
    assert "tool-secret" not in json.dumps(file)
    assert file["metadata"]["entity_counts"]["tools"] == 1
    for noun in ("servers", "gateways", "tools", "prompts", "resources"):
        for each in (await clock.http.get(f"/{noun}?include_inactive=true")).json():
            await clock.http.delete(f"/{noun}/{each['id']}")
    clock.discoverer.seen.clear()

    wrong = await imported(clock, 422, import_data=file, rekey_secret="another passphrase")
    assert "does not open" in wrong["message"]
    told = await imported(clock, import_data=file, rekey_secret=PASSPHRASE)

    assert told["progress"]["created"] == 5
    assert clock.discoverer.seen[0].headers == (("Authorization", "Basic YW5uOnBhc3M="),)
    assert (await imported(clock, import_data=file, rekey_secret=PASSPHRASE))["revision"] is None


async def test_an_export_masks_secrets_and_keeps_to_what_is_asked(clock: Plane) -> None:
    await imported(clock, import_data=contextforge_export(), rekey_secret=THEIR_SECRET)
    file = await exported(clock, "types=tools,servers&include_dependencies=false")
    assert set(file["entities"]) == {"tools", "servers"}
    assert file["entities"]["tools"][0]["auth"]["token"] == "*****"
    assert file["entities"]["servers"][0]["tool_ids"] == ["clock-now", "weather_api"]
    whole = await exported(clock, "types=servers")
    assert set(whole["entities"]) == {"servers", "gateways", "tools"}
    none = await exported(clock, "tags=no-such-tag")
    assert sum(none["metadata"]["entity_counts"].values()) == 0
    answer = await clock.http.post("/export/selective", json={"tools": ["weather_api"]})
    assert [each["name"] for each in answer.json()["entities"]["tools"]] == ["weather_api"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "import_data"),
        ({"import_data": {"entities": []}}, "entities"),
        ({"import_data": {"entities": {"tools": {}}}}, "entities.tools"),
        ({"import_data": {"entities": {"tools": [{}]}}}, "entities.tools[0].name"),
        ({"import_data": {"entities": {}}, "conflict_strategy": "eat"}, "conflict_strategy"),
        (
            {
                "import_data": {
                    "entities": {},
                    "encryption_method": "Argon2id+AES-256-GCM",
                    "metadata": [],
                },
                "rekey_secret": "x",
            },
            "import_data.metadata.salt",
        ),
        ({"import_data": {"entities": {}}, "selected_entities": {"a": 1}}, "selected_entities"),
    ],
)
async def test_what_is_no_export_is_refused(plane: Plane, body: Any, field: str) -> None:
    told = await imported(plane, 422, **body)
    assert field in {each["field"] for each in told["errors"]}


async def test_how_imports_went_is_known_until_it_is_forgotten(clock: Plane) -> None:
    told = await imported(clock, import_data=contextforge_export(), best_effort=True)
    one = await clock.http.get(f"/import/status/{told['import_id']}")
    assert one.json()["progress"] == told["progress"]
    clock.clock.move(60)
    assert (await clock.http.post("/import/cleanup")).json()["removed_count"] == 0
    cleaned = await clock.http.post("/import/cleanup?max_age_hours=0")
    assert cleaned.json()["removed_count"] == 1
    assert (await clock.http.get(f"/import/status/{told['import_id']}")).status_code == 404


async def test_many_tools_are_made_at_once_with_a_result_for_each(plane: Plane) -> None:
    tools: list[Any] = [{"name": f"t{n}", "url": f"https://api.example/{n}"} for n in range(50)]
    tools += [{"name": "t1", "url": "https://api.example"}, {"name": "bad", "url": "x"}, 7]
    before = await plane.revision()

    answer = await plane.http.post("/admin/tools/import", json={"tools": tools})

    told = answer.json()
    assert (told["created_count"], told["failed_count"], told["success"]) == (50, 3, False)
    assert [each["index"] for each in told["errors"]] == [50, 51, 52]
    assert told["created"][0]["index"] == 0
    assert await plane.revision() == before + 1
    again = await plane.http.post("/admin/tools/import", json=tools[:1])
    assert "is there already" in again.json()["errors"][0]["error"]["message"]
