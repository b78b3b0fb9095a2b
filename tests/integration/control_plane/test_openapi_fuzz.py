"""What the API's description says is so: of a control plane behind a real socket, asked by requests
that are made of the description, right ones and wrong ones."""

import os
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from support.api_document import Described, api_document, operations
from support.served_plane import OF_USERS, UPSTREAM, ServedPlane, served_plane
from support.services import Services

EXAMPLES = int(os.environ.get("TEST_FUZZ_EXAMPLES", "3"))  # of each operation, right and wrong
DOCUMENT = api_document()
OPERATIONS = list(operations(DOCUMENT))
HELD = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
TOKENS = ("", "Bearer", "Bearer nonsense", "Bearer a.b.c", "Basic YTpi", "Digest x")


@pytest.fixture(scope="module")
def plane(services: Services) -> Iterator[ServedPlane]:
    with served_plane(services) as served:
        yield served


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        yield opened


@pytest.fixture(scope="module")
def schema() -> Any:
    load_all_checks()
    return schemathesis.openapi.from_dict(_closed(DOCUMENT))


@pytest.fixture
def ids(plane: ServedPlane) -> dict[str, list[str]]:
    """Of what is there, by noun; something of each."""
    plane.call("POST", "/gateways", json={"name": "upstream", "url": UPSTREAM})
    for name, auth in OF_USERS.items():
        body = {"name": name, "url": f"http://{name}.example/mcp", **auth}
        plane.call("POST", "/gateways", json=body)
    plane.call("POST", "/servers", json={"name": "server"})
    nouns = ("gateways", "servers", "tools", "prompts", "resources")
    listed = {noun: plane.call("GET", f"/{noun}?include_inactive=true").json() for noun in nouns}
    found = {noun: [row["id"] for row in rows] for noun, rows in listed.items()}
    return found | dict.fromkeys(("oauth", "vault"), found["gateways"])


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(
    "described",
    [each for each in OPERATIONS if not each.endless],
    ids=lambda each: f"{each.method} {each.path}",
)
def test_answers_are_as_described(
    plane: ServedPlane,
    session: requests.Session,
    schema: Any,
    ids: Mapping[str, list[str]],
    described: Described,
    mode: GenerationMode,
) -> None:
    operation = schema[described.path][described.method]
    known = st.sampled_from(ids.get(described.path.split("/")[1]) or ["0" * 32])
    headers = plane.leaving if described.path.endswith("/auth/logout") else plane.headers
    checks = [CHECKS.get_one(name) for name in HELD]
    reached = mode is GenerationMode.POSITIVE and described.path.startswith("/gateways")

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode), known, st.booleans())
    def ask(case: Any, id: str, real: bool) -> None:
        if "id" in case.path_parameters and real:
            case.path_parameters["id"] = id
        if reached and real and isinstance(case.body, dict):
            case.body["url"] = UPSTREAM
        answer = case.call(base_url=plane.url, session=session, headers=dict(headers))
        if answer.status_code != HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
            case.validate_response(answer, checks=checks)

    try:
        ask()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # where nothing is read, nothing is wrong


@pytest.mark.parametrize("token", TOKENS)
def test_without_a_good_token_only_open_operations_answer(plane: ServedPlane, token: str) -> None:
    stranger = ServedPlane(plane.url, {"Authorization": token} if token else {}, plane.http)
    answered = {
        (each.method, each.path)
        for each in OPERATIONS
        if stranger.call(each.method, each.path.replace("{id}", "0" * 32)).status_code != 401
    }
    assert answered == {(each.method, each.path) for each in OPERATIONS if each.open}


def _closed(value: Any) -> Any:
    """The document whose answers may have no member that it does not name."""
    if isinstance(value, list):
        return [_closed(each) for each in value]
    if not isinstance(value, dict):
        return value
    closed = {name: _closed(each) for name, each in value.items() if name != "requestBody"}
    if "requestBody" in value:
        closed["requestBody"] = value["requestBody"]
    if isinstance(value.get("properties"), dict) and "required" in value:
        closed.setdefault("additionalProperties", False)
    return closed
