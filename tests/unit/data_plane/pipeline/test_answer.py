"""Our error tree in JSON-RPC: every class has a code."""

import pytest

from mcpgateway.common import errors, jsonrpc
from mcpgateway.data_plane.pipeline.answer import error_of, problem_of


def every(kind: type[errors.GatewayError]) -> list[type[errors.GatewayError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in every(child))]


TREE = [kind for kind in every(errors.GatewayError) if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", TREE)
def test_every_error_keeps_its_message_and_status(kind: type[errors.GatewayError]) -> None:
    problem = problem_of(kind("what was wrong"))
    assert (problem.message, problem.status) == ("what was wrong", kind.status)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NotFound("x"), jsonrpc.INVALID_PARAMS),
        (errors.LimitExceeded("x"), jsonrpc.LIMITED),
        (errors.Denied("x"), jsonrpc.DENIED),
        (errors.UpstreamRejected("x"), jsonrpc.UPSTREAM_FAILED),
        (errors.Unavailable("x"), jsonrpc.INTERNAL_ERROR),
    ],
)
def test_the_nearest_class_decides_the_code(error: errors.GatewayError, code: int) -> None:
    assert problem_of(error).code == code


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (jsonrpc.DENIED, errors.Denied),
        (jsonrpc.INVALID_PARAMS, errors.InvalidCall),
        (jsonrpc.RESOURCE_NOT_FOUND, errors.NotFound),
        (-32603, errors.UpstreamRejected),
    ],
)
def test_a_code_is_the_error_that_callers_beside_json_rpc_are_told(
    code: int, kind: type[errors.GatewayError]
) -> None:
    assert type(error_of(code, "x")) is kind


def test_an_unknown_outcome_is_said_in_data() -> None:
    problem = problem_of(errors.UpstreamRejected("x", outcome_unknown=True))
    assert (problem.code, problem.data) == (jsonrpc.OUTCOME_UNKNOWN, {"outcome": "unknown"})
