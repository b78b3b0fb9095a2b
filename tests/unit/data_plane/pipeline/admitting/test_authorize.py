"""Things named in a path: who finds which."""

import pytest

from mcpgateway.common.errors import InvalidCall, NotFound, Unauthenticated
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import Access
from mcpgateway.data_plane.pipeline.admitting.authorize import prompt_named, resource_named
from mcpgateway.data_plane.pipeline.call import ANONYMOUS, Caller
from support.registries import ADMIN, ANN, BOB, USER_ROLE, prompt, resource, upstream

MINE = Access("private", owner=ANN.id)
TABLE = build(
    "a-registry",
    1,
    (
        USER_ROLE,
        ADMIN,
        ANN,
        BOB,
        upstream("u1"),
        upstream("u2"),
        prompt("p1", access=MINE),
        resource("r1", uri="memo://a", access=MINE),
        resource("r2", "u2", uri="memo://a"),
        resource("r3", uri="memo://notes/{id}", template=True),
    ),
)
ann, bob, admin = (Caller(Subject(who), who.id) for who in (ANN, BOB, ADMIN))


@pytest.mark.parametrize("name", ["p1", "u1-p1"])
def test_a_private_prompt_is_found_by_its_owner_and_by_administrators(name: str) -> None:
    assert prompt_named(TABLE, ann, name).id == prompt_named(TABLE, admin, name).id == "p1"
    with pytest.raises(NotFound, match=name):
        prompt_named(TABLE, bob, name)


def test_a_uri_is_ambiguous_only_among_what_the_caller_sees() -> None:
    assert resource_named(TABLE, bob, "memo://a")[0].id == "r2"
    with pytest.raises(NotFound):
        resource_named(TABLE, bob, "r1")


def test_a_template_is_read_by_a_uri_that_it_makes_and_never_by_itself() -> None:
    found, uri = resource_named(TABLE, bob, "memo://notes/7")
    assert (found.id, uri) == ("r3", "memo://notes/7")
    for name in ("r3", "memo://notes/{id}"):
        with pytest.raises(InvalidCall, match="template"):
            resource_named(TABLE, bob, name)


def test_strangers_are_asked_who_they_are() -> None:
    with pytest.raises(Unauthenticated):
        prompt_named(TABLE, ANONYMOUS, "nope")
    with pytest.raises(Unauthenticated):
        resource_named(TABLE, ANONYMOUS, "nope")
