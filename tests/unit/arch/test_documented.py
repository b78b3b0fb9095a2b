"""What users can touch is in the reference: routes, error codes, settings, commands."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route

from mcpgateway.cli.__main__ import COMMANDS
from mcpgateway.cli.service_settings import MODULES, specs_of
from mcpgateway.common import errors, paths
from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.runtime.asgi_metrics import Measured
from mcpgateway.common.runtime.process_metrics import watching
from mcpgateway.control_plane.api import app
from mcpgateway.control_plane.api.openapi.pages import Docs
from mcpgateway.control_plane.wiring.process import add_metrics, add_usage
from mcpgateway.data_plane import measures
from mcpgateway.data_plane.edge.metrics import MISSING, SHOWN
from mcpgateway.data_plane.edge.routes import FIXED, resolve
from mcpgateway.data_plane.front.counts import add_front
from mcpgateway.data_plane.pipeline.counted import Calls
from mcpgateway.data_plane.pipeline.handling.counts import ToolCounts

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
API = (REFERENCE / "api.md").read_text()
METRICS = (REFERENCE / "metrics.md").read_text()
ID = "0123456789abcdef0123456789abcdef"
UNSERVED = re.search(r"not served yet \(404\): (.+?)\.\n\n", API, re.S)


def documented() -> set[tuple[str, str]]:
    """Method and path of each row of the reference."""
    return set(re.findall(r"^\| ([A-Z]+) \| `(/[^`]*)` \|", API, re.M))


def concrete(path: str) -> str:
    return re.sub(r"{[^}]+}", ID, path)


class Nothing:
    """Stands for the parts of the API, which are not asked for anything while it is made."""

    def __getattr__(self, name: str) -> Any:
        return True if name in ("replicas_shown", "pages") else self


def control_plane() -> set[tuple[str, str]]:
    parts: Any = Nothing()
    served = [*app.routes(parts), *Docs(dict).routes()]
    routes = [route for route in served if isinstance(route, Route)]
    return {
        (method, route.path)
        for route in routes
        for method in (route.methods or ())
        if method != "HEAD"
    }


def error_kinds(kind: type[errors.GatewayError]) -> Iterator[type[errors.GatewayError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from error_kinds(child)


def test_every_route_of_the_control_plane_is_documented() -> None:
    assert control_plane() - documented() == set()


def test_the_control_plane_serves_every_route_documented_as_its_own() -> None:
    its = {row for row in documented() if paths.owner(row[0], concrete(row[1])) == "control-plane"}
    assert its - control_plane() == set()


def test_every_route_of_the_data_plane_is_documented() -> None:
    """The fixed ones by name; those with a name in them by an example of each room."""
    assert set(FIXED) - {path for _, path in documented()} == set()
    rooms = {resolve(method, concrete(path)).room for method, path in documented()}
    assert {"mcp", "prompt", "resource"} <= rooms


def test_the_data_plane_serves_every_route_documented_as_its_own() -> None:
    for method, path in documented():
        assert resolve(method, concrete(path)).room != "absent", f"{method} {path}"


def test_of_every_path_of_the_data_plane_the_reference_says_whether_it_is_served() -> None:
    assert UNSERVED is not None
    unserved = {path.replace("...", ID) for path in re.findall(r"`(/\S+)`", UNSERVED.group(1))}
    for path in unserved:
        assert resolve("POST", concrete(path)).room == "absent", path
    told = {concrete(path) for _, path in documented()} | {concrete(path) for path in unserved}
    for row in paths.TABLE:
        if row.owner == "data-plane":
            assert any(re.fullmatch(row.pattern, path) for path in told), row.pattern


@pytest.mark.parametrize("kind", list(error_kinds(errors.GatewayError)))
def test_every_error_code_is_documented_with_its_status(kind: type[errors.GatewayError]) -> None:
    rows = re.findall(r"^\| (`[^|]+) \| (\d[^|]*) \|", API, re.M)
    codes = {code: statuses for shown, statuses in rows for code in re.findall(r"`(\w+)`", shown)}
    assert kind.code in codes
    assert str(kind.status) in codes[kind.code]


async def shown() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Kind and labels of every metric of every service."""
    anything: Any = Nothing()
    data_plane, control_plane = Registry(), Registry()
    Calls(data_plane)
    measures.add_replica(data_plane, anything)
    measures.add_doors(data_plane, anything)
    measures.add_pools(data_plane, anything)
    measures.add_following(data_plane, anything)
    measures.add_tools(data_plane, anything)
    measures.add_searching(data_plane, anything)
    measures.add_workers(data_plane, anything, anything)
    measures.add_grpc(data_plane)
    measures.add_rest(data_plane)
    measures.add_embeddings(data_plane)
    measures.add_reports(data_plane, anything)
    ToolCounts(data_plane)
    measures.add_neighbours(data_plane, anything)
    measures.add_table(data_plane, anything, anything, anything)
    add_front(data_plane, anything, anything)
    Measured(anything, control_plane, anything)
    add_metrics(control_plane, anything, anything)
    add_usage(control_plane, anything)
    with watching(data_plane):
        found = {**data_plane.described, **control_plane.described}
    return {**found, SHOWN: ("gauge", ()), MISSING: ("gauge", ())}


async def test_every_metric_is_documented_as_it_is_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", METRICS, re.M)
    told = {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    assert told == await shown()


@pytest.mark.parametrize("role", MODULES)
def test_every_setting_of_a_service_is_documented(role: str) -> None:
    table = (REFERENCE / "settings.md").read_text()
    for spec in specs_of(role):
        assert re.search(rf"^\| `{spec.name}` \| [^|]*\b{role}\b", table, re.M), spec.name


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    assert f"\n## mcpgateway {command}\n" in (REFERENCE / "cli.md").read_text()
