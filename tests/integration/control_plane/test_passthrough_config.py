"""The headers that all upstreams may be passed: one write, for those whom it concerns."""

from collections.abc import Sequence

import pytest

from mcpgateway.common.routing.model import Upstream
from mcpgateway.control_plane.registry.routing_records import Routes
from mcpgateway.control_plane.registry.upstream_auth.compiled import Passthrough
from mcpgateway.control_plane.store.delta import PostgresRoutingSource
from support.control_plane import Plane, bearer, client, upstream_with

PATH = "/admin/config/passthrough-headers"


async def passed(plane: Plane, since: int = 0) -> dict[str, Sequence[str]]:
    """What data planes get of it, by upstream, of those that changed."""
    routes = Routes("local", True, True, passthrough=Passthrough(enabled=True))
    delta = await PostgresRoutingSource(plane.pool, routes).delta(since)
    found = [each for each in delta.upserts if isinstance(each, Upstream)]
    return {each.name: each.passthrough_headers for each in found}


async def put(plane: Plane, *names: str) -> str:
    answer = await plane.http.put(PATH, json={"passthrough_headers": names})
    assert answer.status_code == 200, answer.text
    return answer.headers["registry-revision"]


async def test_it_is_one_revision_of_the_upstreams_that_name_nothing(plane: Plane) -> None:
    await plane.register("plain", upstream_with(["x"]))
    await plane.register("choosy", upstream_with(["x"]), passthrough_headers=["X-Own"])
    before = await plane.revision()
    assert await put(plane, "X-Tenant") == str(before + 1)
    assert await plane.revision() == before + 1
    assert await passed(plane, before) == {"plain": ("X-Tenant",)}
    assert await passed(plane) == {"plain": ("X-Tenant",), "choosy": ("X-Own",)}


async def test_without_such_upstreams_it_is_set_and_takes_no_revision(plane: Plane) -> None:
    before = await plane.revision()
    await put(plane, "X-Tenant")
    assert await plane.revision() == before
    await plane.register("plain", upstream_with(["x"]))
    assert await passed(plane) == {"plain": ("X-Tenant",)}


async def test_nothing_is_set_when_the_upstreams_can_not_be_told(plane: Plane) -> None:
    await plane.register("plain", upstream_with(["x"]))
    await plane.pool.execute(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE lock_not_available; END $$; "
        "CREATE TRIGGER fails BEFORE INSERT ON revisions FOR EACH ROW EXECUTE FUNCTION fail()"
    )
    refused = await plane.http.put(PATH, json={"passthrough_headers": ["X-Tenant"]})
    assert refused.status_code == 503
    assert (await plane.http.get(PATH)).json() == {"passthrough_headers": []}


async def test_nothing_is_cached_and_that_is_what_is_said(plane: Plane) -> None:
    stats = (await plane.http.get(f"{PATH}/cache-stats")).json()
    assert (stats["is_cached"], stats["hit_count"]) == (False, 0)
    done = (await plane.http.post(f"{PATH}/invalidate-cache")).json()
    assert (done["status"], done["cache_stats"]) == ("invalidated", stats)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/cache-stats"), ("POST", "/invalidate-cache"), ("PUT", "")]
)
async def test_only_who_may_configure_the_system_gets_there(
    plane: Plane, method: str, path: str
) -> None:
    body = {"email": "ann@example.com", "password": "Correct-horse-9", "full_name": "Ann"}
    assert (await plane.http.post("/auth/email/admin/users", json=body)).status_code == 201
    async with client(plane.app, bearer(plane.clock, "ann@example.com")) as ann:
        assert (await ann.request(method, PATH + path, json={})).status_code == 403
