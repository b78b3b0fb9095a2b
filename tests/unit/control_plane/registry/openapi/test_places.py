"""Where the operations of an API are called."""

import pytest

from mcpgateway.control_plane.registry.openapi.parts import Operation
from mcpgateway.control_plane.registry.openapi.places import Place, origin
from mcpgateway.control_plane.registry.openapi.pointers import BadPart

OWN = ("https://a.example/v1",)


@pytest.mark.parametrize(
    ("url", "servers", "place"),
    [
        ("", (), "https://a.example/v1"),
        ("", ("https://a.example/v1/",), "https://a.example/v1"),
        ("", ("https://a.example/v2",), "https://a.example/v2"),
        ("", ("/v3",), "https://a.example/v3"),
        ("https://b.example/api", (), "https://b.example/api"),
        ("https://b.example/api", ("https://a.example/v1",), "https://b.example/api"),
        ("https://b.example/api", ("https://a.example/v2",), "https://b.example/v2"),
        ("https://b.example/api", ("https://b.example/v2",), "https://b.example/v2"),
    ],
)
def test_an_operation_is_where_its_api_is(url: str, servers: tuple[str, ...], place: str) -> None:
    operation = Operation("GET", "/x", {}, servers=servers)
    assert Place(url, OWN).of(operation) == place


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_without_a_scheme_is_the_one_with_either(scheme: str) -> None:
    place = Place("http://b.example", ("//a.example",), "http://b.example/openapi.json")
    operation = Operation("GET", "/x", {}, servers=(f"{scheme}://a.example",))
    assert place.of(operation) == "http://b.example"


@pytest.mark.parametrize("server", ["https://evil.example", "http://a.example/v1", "//c.example"])
def test_an_operation_elsewhere_is_none_of_the_api(server: str) -> None:
    with pytest.raises(BadPart, match="register it by itself"):
        Place("", OWN).of(Operation("GET", "/x", {}, servers=(server,)))


def test_an_origin_is_that_of_an_http_url_or_none() -> None:
    assert (
        origin("https://A.example/x") == origin("https://a.example:443") == "https://a.example:443"
    )
    assert origin("ftp://a.example") == origin("//a.example") == origin("https://[") == ""
