"""What is declared to an upstream is what its client can do, and nothing more."""

import json
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.mcp.client_capabilities import (
    NOTHING,
    Abilities,
    abilities,
    announces_roots,
    declaration,
)
from mcpgateway.common.mcp.revisions import LEGACY, MODERN, SUPPORTED

EVERY = [Abilities(*each) for each in product((False, True), repeat=len(Abilities._fields))]
sensible = st.sampled_from(
    [able for able in EVERY if able.sampling or not (able.tools or able.context)]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("declared", "revision", "able"),
    [
        ({}, "2025-11-25", NOTHING),
        ({"elicitation": {}}, "2025-06-18", Abilities(form=True)),
        ({"elicitation": {}}, "2025-11-25", Abilities(form=True)),
        ({"elicitation": {"url": {}}}, "2025-11-25", Abilities(url=True)),
        ({"elicitation": {"form": {}, "url": {}}}, "2026-07-28", Abilities(form=True, url=True)),
        # What came later means nothing in an older revision.
        ({"elicitation": {"url": {}}}, "2025-06-18", Abilities(form=True)),
        ({"elicitation": {}}, "2025-03-26", NOTHING),
        ({"sampling": {"tools": {}, "context": {}}}, "2025-06-18", Abilities(sampling=True)),
        (
            {"sampling": {"tools": {}}, "roots": {"listChanged": True}},
            "2025-11-25",
            Abilities(sampling=True, tools=True, roots=True),
        ),
        # Not ours to carry, or no declaration at all.
        ({"experimental": {"x": {}}, "tasks": {"list": {}}}, "2025-11-25", NOTHING),
        ({"elicitation": True, "sampling": None, "roots": []}, "2025-11-25", NOTHING),
    ],
)
def test_what_a_client_declared_is_read_in_the_words_of_its_revision(
    declared: object, revision: str, able: Abilities
) -> None:
    era = "modern" if revision in MODERN else "legacy"
    assert abilities(json.dumps(declared).encode(), era, revision) == able  # type: ignore[arg-type]  # one of the two


@pytest.mark.parametrize(
    ("capabilities", "announces"),
    [
        (b'{"roots":{"listChanged":true}}', True),
        (b'{"roots":{"listChanged":false}}', False),
        (b'{"roots":{}}', False),
        (b'{"roots":7}', False),
        (b"{}", False),
        (b"nonsense", False),
    ],
)
def test_that_roots_change_is_declared_where_the_client_says_when(
    capabilities: bytes, announces: bool
) -> None:
    assert announces_roots(capabilities) is announces
    declared = declaration(Abilities(roots=True), "2025-06-18", roots_change=announces)
    assert json.loads(declared) == {"roots": {"listChanged": True} if announces else {}}


@pytest.mark.parametrize(
    ("revision", "declared"),
    [
        ("2024-11-05", {"sampling": {}, "roots": {}}),
        ("2025-03-26", {"sampling": {}, "roots": {}}),
        ("2025-06-18", {"elicitation": {}, "sampling": {}, "roots": {}}),
        *(
            (
                revision,
                {
                    "elicitation": {"form": {}, "url": {}},
                    "sampling": {"tools": {}, "context": {}},
                    "roots": {},
                },
            )
            for revision in ("2025-11-25", "2026-07-28")
        ),
    ],
)
def test_a_client_that_can_do_all_is_declared_as_far_as_the_revision_goes(
    revision: str, declared: object
) -> None:
    assert json.loads(declaration(Abilities(*[True] * 6), revision)) == declared


def test_a_client_that_can_open_pages_only_is_not_declared_where_there_are_but_forms() -> None:
    assert declaration(Abilities(url=True), "2025-06-18") == b"{}"


@given(sensible, st.sampled_from(SUPPORTED))
def test_a_declaration_never_says_more_than_the_client_did(able: Abilities, revision: str) -> None:
    era = "modern" if revision in MODERN else "legacy"
    declared = abilities(declaration(able, revision), era, revision)  # type: ignore[arg-type]  # one of the two
    assert all(can or not said for can, said in zip(able, declared, strict=True))
    if revision >= "2025-11-25":
        assert declared == able


@given(json_values, st.sampled_from(LEGACY))
def test_any_json_is_read_and_stays_a_declaration(declared: object, revision: str) -> None:
    able = abilities(json.dumps(declared).encode(), "legacy", revision)
    assert isinstance(json.loads(declaration(able, revision)), dict)
