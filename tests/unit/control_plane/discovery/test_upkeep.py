"""Which upstreams' upkeep begins and ends when the registry changes."""

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.control_plane.discovery.upkeep import plan
from mcpgateway.control_plane.registry.discovered.ports import Target, Watched

WATCHED = st.builds(
    Watched, st.sampled_from("abcd"), st.builds(Target, st.sampled_from(["http://x", "http://y"]))
)
LISTS = st.lists(WATCHED, max_size=4, unique_by=lambda each: each.id)


@given(LISTS, LISTS)
def test_carrying_out_the_plan_reaches_what_is_wanted(
    before: list[Watched], wanted: list[Watched]
) -> None:
    running = {each.id: each for each in before}
    todo = plan(running, wanted)
    for id in todo.stop:
        del running[id]
    for each in todo.start:
        assert each.id not in running
        running[each.id] = each
    assert running == {each.id: each for each in wanted}


@given(LISTS)
def test_what_did_not_change_is_left_alone(wanted: list[Watched]) -> None:
    assert plan({each.id: each for each in wanted}, wanted) == ((), ())


def test_credentials_are_not_shown() -> None:
    watched = Watched("a", Target("http://x", headers=(("authorization", "Bearer secret"),)))
    assert "secret" not in repr(watched)
