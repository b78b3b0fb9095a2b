"""What data planes tell of calls, as it is kept."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from mcpgateway.common.usage import Done
from mcpgateway.control_plane.registry.access.usage import decided, used

TOKEN = "a" * 32
AT = datetime(2026, 11, 22, 12, 0, 10, tzinfo=UTC).timestamp()


def done(**changes: Any) -> Done:
    usual = Done(
        at=AT, principal="ann@example.com", token=TOKEN, method="tools/call",
        action="tools.execute", kind="tool", id="1", name="add", server="", source="::1", rule="",
        verdict="allow", count=2,
    )  # fmt: skip
    return msgspec.structs.replace(usual, **changes)


def test_what_was_decided_alike_in_one_minute_is_one_decision() -> None:
    told = [done(), done(at=AT + 49, count=3), done(at=AT + 50), done(verdict="deny", rule="r")]
    kept = decided(told)
    assert [(each.minute.minute, each.verdict, each.count) for each in kept] == [
        (0, "allow", 5),
        (1, "allow", 2),
        (0, "deny", 2),
    ]
    assert kept[0].minute.second == 0
    assert decided([done(action="")]) == []


def test_use_of_a_token_is_summed_by_method_with_its_last_place() -> None:
    told = [
        done(at=AT + 2, source="10.0.0.2"),
        done(source="10.0.0.1", verdict="deny"),
        done(method="tools/list", action=""),
        done(token="a jti"),
    ]
    calls, lists = used(told)
    assert (calls.allowed, calls.refused, calls.source) == (2, 2, "10.0.0.2")
    assert calls.at.timestamp() == AT + 2
    assert (lists.method, lists.allowed, lists.refused) == ("tools/list", 2, 0)
