"""Readings that are kept stay within their bound; the one asked for last stays longest."""

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.routing.rest_request import RestRequest
from mcpgateway.control_plane.discovery.openapi.kept import Kept
from mcpgateway.control_plane.registry.openapi.importing import Imported, Reading


def reading(size: int) -> Reading:
    tool = Imported("a", b"x" * size, RestRequest(url=""), "GET", "/", "", "", (), False)
    return Reading("3.1.0", "", "", "", "", (), (), (), (tool,), (), ())


def test_what_was_not_asked_for_longest_goes() -> None:
    kept = Kept(most=25)
    for name in (b"a", b"b"):
        kept.put(name, reading(10))
    assert kept.get(b"a")
    kept.put(b"c", reading(10))
    assert (bool(kept.get(b"a")), kept.get(b"b"), bool(kept.get(b"c"))) == (True, None, True)


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c", b"d"]), st.integers(0, 40))))
def test_it_never_holds_more_than_its_bound(puts: list[tuple[bytes, int]]) -> None:
    kept = Kept(most=50)
    for name, size in puts:
        kept.put(name, reading(size))
        held = [kept.get(each) for each in (b"a", b"b", b"c", b"d")]
        assert sum(len(each.tools[0].definition) for each in held if each) <= 50
