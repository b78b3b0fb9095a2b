"""Every answer of the API tells browsers to be careful, refusals included."""

from support.control_plane import EDGE_SECRET, Plane

EDGE = {"x-mcpgateway-edge": EDGE_SECRET, "x-forwarded-host": "gateway.example"}


async def test_refusals_say_it_as_answers_do(plane: Plane) -> None:
    for path in ("/tools", "/nothing", "/auth/validate"):
        answer = await plane.http.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["x-frame-options"] == "DENY", path


async def test_https_is_asked_for_only_where_the_edge_saw_it(plane: Plane) -> None:
    came = {"http": {}, "https": {"x-forwarded-proto": "https"}}
    seen = [await plane.http.get("/tools", headers=EDGE | lines) for lines in came.values()]
    unedged = await plane.http.get("/tools", headers={"x-forwarded-proto": "https"})
    assert ["strict-transport-security" in answer.headers for answer in [*seen, unedged]] == [
        False,
        True,
        False,
    ]
