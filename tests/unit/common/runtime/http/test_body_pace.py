from math import inf

from mcpgateway.common.runtime.http.body_pace import BodyPace
from mcpgateway.common.runtime.http.exchange import ServerLimits

LIMITS = ServerLimits(header_bytes=1_000, body_seconds=10.0, body_total_seconds=25.0)


def test_each_piece_has_its_time_and_all_together_have_theirs() -> None:
    pace = BodyPace(LIMITS)
    assert [pace.deadline(now) for now in (100.0, 109.0, 118.0, 124.0)] == [110, 119, 125, 125]
    pace.begin()
    assert pace.deadline(300.0) == 310.0


def test_the_time_in_which_nothing_is_read_does_not_count() -> None:
    pace = BodyPace(LIMITS)
    pace.deadline(100.0)
    pace.paused(105.0)
    pace.resumed(1_105.0)
    assert pace.deadline(1_120.0) == 1_125.0


def test_a_pause_before_a_body_began_says_nothing_about_its_time() -> None:
    pace = BodyPace(LIMITS)
    pace.paused(0.0)
    pace.resumed(50.0)
    assert pace.deadline(50.0) == 60.0 < inf


def test_framing_may_be_a_head_s_worth_and_16_times_the_data() -> None:
    pace = BodyPace(LIMITS)
    assert not pace.mostly_framing(1_000, 0)
    assert not pace.mostly_framing(17, 1)
    assert pace.mostly_framing(1, 1)
    pace.begin()
    assert not pace.mostly_framing(1_000, 0)
