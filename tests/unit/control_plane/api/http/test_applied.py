"""`?wait=applied`: what is asked, and what headers tell."""

import pytest

from mcpgateway.common.errors import InvalidCall
from mcpgateway.common.routing.model import Fault, Key
from mcpgateway.control_plane.api.http.applied import outcome_headers, read_wait
from mcpgateway.control_plane.registry.ports import Outcome

KEY = Key("tool", "t")


def test_no_wait_is_asked_for_by_default() -> None:
    assert read_wait({}) is None
    assert read_wait({"timeout": "3"}) is None
    assert read_wait({"wait": "applied"}) == 5.0
    assert read_wait({"wait": "applied", "timeout": "0"}) == 0


@pytest.mark.parametrize(
    "params",
    [{"wait": "yes"}, {"wait": "applied", "timeout": "31"}, {"wait": "applied", "timeout": "nan"}],
)
def test_a_wait_that_can_not_be_is_refused(params: dict[str, str]) -> None:
    with pytest.raises(InvalidCall):
        read_wait(params)


def test_headers_tell_who_has_it_who_not_and_who_refused_this_very_thing() -> None:
    refused = (("r1", Fault(*KEY, "bad, url\n")), ("r2", Fault("tool", "other", "not ours")))
    headers = outcome_headers(Outcome(2, 3, ("r3",), refused), KEY)
    assert headers == {"Applied": "2/3", "Pending": "r3", "Rejected": "r1=bad; url?"}
    assert outcome_headers(Outcome(0, 0), KEY) == {"Applied": "0/0"}
