"""Our errors as HTTP answers."""

from mcpgateway.common.errors import (
    Conflict,
    FieldProblem,
    InvalidCall,
    LimitExceeded,
    Unauthenticated,
    Unavailable,
    UpstreamTimeout,
)
from mcpgateway.control_plane.api.http.errors import body_of, headers_of, status_of


def test_detail_is_the_message_for_all_but_field_problems() -> None:
    body = body_of(Conflict("taken"))
    assert (body["status"], body["code"], body["title"]) == (409, "conflict", "Conflict")
    assert body["detail"] == body["message"] == "taken"


def test_field_problems_are_told_as_clients_of_fastapi_read_them() -> None:
    problem = FieldProblem("server.tools[3]", "is unknown", "known id")
    body = body_of(InvalidCall("tools is unknown", errors=[problem]))
    assert body["status"] == 422
    assert body["detail"] == [
        {"loc": ["body", "server", "tools", 3], "msg": "is unknown", "type": "known id"}
    ]
    assert body["errors"] == [
        {"field": "server.tools[3]", "problem": "is unknown", "rule": "known id"}
    ]


def test_each_error_says_how_to_come_again() -> None:
    assert headers_of(Unauthenticated("no")) == {"www-authenticate": "Bearer"}
    assert headers_of(LimitExceeded("slow down", retry_after=7)) == {"retry-after": "7"}
    assert headers_of(LimitExceeded("slow down")) == {}
    assert "retry-after" in headers_of(Unavailable("down"))
    assert headers_of(Conflict("taken")) == {}


def test_upstream_faults_keep_their_status() -> None:
    assert status_of(UpstreamTimeout("late")) == 504
