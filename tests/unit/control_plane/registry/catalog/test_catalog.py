"""The catalog: the list that is shipped, and its filters."""

from collections import Counter
from importlib.resources import files
from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common import ids
from mcpgateway.control_plane.registry.catalog.catalog import (
    API_KEY,
    OPEN,
    Catalog,
    Wanted,
    facets,
    matching,
)
from mcpgateway.control_plane.registry.catalog.catalog_text import parse

SHIPPED = parse(
    files("mcpgateway.control_plane.store").joinpath("public_servers.yaml").read_text("utf-8")
)
words = st.sampled_from(["", "git", "CLOUD", "documentation", "no such", "Database", "Open"])


def test_the_shipped_list_is_whole() -> None:
    hosts = [urlsplit(entry.url).scheme for entry in SHIPPED.entries]
    slugs = Counter(ids.slug(entry.name) for entry in SHIPPED.entries)

    assert len(SHIPPED.entries) >= 30
    assert set(hosts) == {"https"}
    assert len({entry.urls for entry in SHIPPED.entries}) == len(SHIPPED.entries)
    assert max(slugs.values()) == 1  # else two could not be registered under their names
    assert {entry.category for entry in SHIPPED.entries} == set(SHIPPED.categories)
    assert all(entry.requires_api_key is (entry.auth_type == API_KEY) for entry in SHIPPED.entries)
    assert not any(entry.needs_key for entry in SHIPPED.entries if entry.auth_type == OPEN)


@given(st.builds(Wanted, category=words, auth_type=words, provider=words, search=words))
def test_a_filter_more_finds_no_server_more(wanted: Wanted) -> None:
    everything = matching(SHIPPED.entries, Wanted())
    found = matching(SHIPPED.entries, wanted)

    assert len(everything) == len(SHIPPED.entries)
    assert [entry for entry in everything if entry in found] == found


def test_searches_take_words_in_any_order_and_case() -> None:
    [found] = matching(SHIPPED.entries, Wanted(search="wikis deepWiki"))

    assert found.id == "deepwiki"


def test_facets_keep_the_order_of_the_files_categories() -> None:
    known = facets(Catalog(SHIPPED.entries, ("Database", "Unused", "Cloud")))

    assert list(known.categories[:2]) == ["Database", "Cloud"]
    assert list(known.categories[2:]) == sorted(known.categories[2:])
