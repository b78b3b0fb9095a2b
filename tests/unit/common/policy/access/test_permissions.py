"""The names of permissions: which there are, and what is said of one that there is not."""

import pytest

from mcpgateway.common.policy.access.permissions import ALL, NAMES, OWN, USE, problem


@pytest.mark.parametrize(
    "name",
    ["tools.execute", "servers.use", "a2a.invoke", "teams.join", "admin.import", ALL],
)
def test_known_names_have_no_problem(name: str) -> None:
    assert problem(name) is None


def test_an_unknown_name_is_told_which_there_are_of_its_kind() -> None:
    assert "tools.create, tools.delete, tools.execute" in str(problem("tools.run"))
    assert "such as tools.execute" in str(problem("nonsense"))


def test_what_uses_things_can_be_done_with_what_one_owns() -> None:
    assert set(USE.values()) <= OWN <= set(NAMES)
    assert not any(name.startswith(("admin.", "users.", "teams.")) for name in OWN)
