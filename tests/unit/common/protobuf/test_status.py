"""How the end of a call is told to whoever called the tool."""

from typing import Any

import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2 as details
from google.rpc.status_pb2 import Status

from mcpgateway.common.protobuf.status import MAX_SAID, Ended, told
from support.grpc_service import detail, message, pool


def said(*packed: Any, code: str = "NOT_FOUND", words: str = "no", **more: Any) -> list[str]:
    status = Status(code=5, message="no", details=packed).SerializeToString()
    return told(Ended("a.B.C", code, words, status, **more), pool()).splitlines()


@pytest.mark.parametrize(
    ("packed", "line"),
    [
        (
            details.BadRequest(
                field_violations=[
                    details.BadRequest.FieldViolation(field="a.b", description="is\nodd")
                ]
            ),
            "- field 'a.b': is odd",
        ),
        (
            details.ErrorInfo(reason="STOCKOUT", domain="x.example", metadata={"zone": "1"}),
            "- reason: STOCKOUT (x.example); zone=1",
        ),
        (details.RetryInfo(retry_delay=Duration(seconds=1, nanos=500_000_000)), "after 1.5 s"),
        (
            details.ResourceInfo(resource_type="user", resource_name="7", description="gone"),
            "- user '7': gone",
        ),
        (
            details.PreconditionFailure(
                violations=[
                    details.PreconditionFailure.Violation(
                        type="TOS", subject="x", description="sign"
                    )
                ]
            ),
            "- TOS of 'x': sign",
        ),
        (
            details.QuotaFailure(
                violations=[details.QuotaFailure.Violation(subject="p", description="daily")]
            ),
            "- quota of 'p': daily",
        ),
        (
            details.Help(links=[details.Help.Link(description="read", url="https://x.example")]),
            "- read: https://x.example",
        ),
        (details.LocalizedMessage(locale="en", message="Sorry"), "- Sorry"),
        (details.RequestInfo(request_id="r1"), "- request id: r1"),
    ],
)
def test_what_a_detail_says_is_a_line(packed: Any, line: str) -> None:
    first, second = said(detail(packed))
    assert first == "a.B.C ended with NOT_FOUND: no"
    assert line in second


def test_the_inside_of_a_service_is_nobodys_business() -> None:
    assert said(detail(details.DebugInfo(stack_entries=["secret.py:7"]))) == [
        "a.B.C ended with NOT_FOUND: no"
    ]


def test_details_of_the_services_own_types_are_shown_and_unknown_ones_are_named() -> None:
    own = Packed(
        type_url="type.googleapis.com/probe.v1.Number",
        value=message("probe.v1.Number", number=7).SerializeToString(),
    )
    unknown = Packed(type_url="type.googleapis.com/x.Y", value=b"")
    broken = Packed(type_url="type.googleapis.com/google.rpc.BadRequest", value=b"\xff")
    assert said(own, unknown, broken)[1:] == [
        '- probe.v1.Number: {"number":"7"}',
        "- x.Y (it can not be read)",
        "- google.rpc.BadRequest (it can not be read)",
    ]


def test_details_that_are_none_are_left_out() -> None:
    assert told(Ended("a.B.C", "NOT_FOUND", "", b"\xff"), pool()) == "a.B.C ended with NOT_FOUND"


def test_no_service_says_more_than_its_limit() -> None:
    long = detail(details.LocalizedMessage(message="x" * 5000))
    lines = said(*([long] * 50), words="y" * 5000)
    assert max(map(len, lines)) <= MAX_SAID + 100
    assert len("\n".join(lines)) < 2 * MAX_SAID + 200


@pytest.mark.parametrize(
    ("code", "more", "warned"),
    [
        ("DEADLINE_EXCEEDED", {"once": True}, True),
        ("UNAVAILABLE", {"once": True}, True),
        ("UNAVAILABLE", {"once": True, "unsent": True}, False),
        ("UNAVAILABLE", {"once": False}, False),
        ("INVALID_ARGUMENT", {"once": True}, False),
    ],
)
def test_who_can_not_know_whether_it_was_done_is_warned(
    code: str, more: dict[str, Any], warned: bool
) -> None:
    lines = said(code=code, **more)
    assert ("may have been carried out" in lines[-1]) is warned
