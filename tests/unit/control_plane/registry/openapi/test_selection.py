"""Which operations become tools: all that is chosen, nothing that is excluded."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.control_plane.registry.openapi.parts import Operation
from mcpgateway.control_plane.registry.openapi.selection import fits, refusal, unused
from mcpgateway.control_plane.registry.transports.openapi import Choice, OpenApiOptions

PETS = Operation("GET", "/pets/{id}", {"operationId": "getPet", "tags": ["pets", "read"]})
OLD = Operation("POST", "/owners", {"operationId": "addOwner", "deprecated": True})


@pytest.mark.parametrize(
    ("options", "pets", "old"),
    [
        (OpenApiOptions(), "", ""),
        (OpenApiOptions(tags=("pets",)), "", "is not among the tags that were chosen"),
        (OpenApiOptions(paths=("/pets/*",)), "", "is not among the paths that were chosen"),
        (OpenApiOptions(paths=("/pets",)), "is not among the paths that were chosen", None),
        (OpenApiOptions(methods=("POST",)), "is not among the methods that were chosen", ""),
        (OpenApiOptions(operations=("get*", "add*")), "", ""),
        (OpenApiOptions(tags=("pets",), methods=("POST",)), None, None),
        (OpenApiOptions(exclude=Choice(operations=("*Pet",))), "is excluded by its operations", ""),
        (OpenApiOptions(tags=("pets",), exclude=Choice(tags=("read",))), None, None),
        (OpenApiOptions(deprecated=False), "", "is deprecated"),
    ],
)
def test_what_is_chosen(options: OpenApiOptions, pets: str | None, old: str | None) -> None:
    """None: refused, for whatever reason."""
    for operation, wanted in ((PETS, pets), (OLD, old)):
        found = refusal(options, operation)
        assert found == wanted if wanted is not None else found


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_a_star_is_anything(pattern: str, name: str) -> None:
    wanted = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name)
    assert fits(pattern, name) is bool(wanted)


def test_stars_do_not_make_matching_slow() -> None:
    options = OpenApiOptions(paths=("*a*" * 50 + "b",))
    assert refusal(options, Operation("GET", "/" + "a" * 300, {}))


def test_a_choice_of_nothing_is_told() -> None:
    options = OpenApiOptions(tags=("pets", "dogs"), paths=("/cats/*",), operations=("getPet",))
    assert unused(options, [PETS, OLD]) == [
        "tag 'dogs' names no operation",
        "path '/cats/*' names no operation",
    ]
