"""The outer border: our errors as HTTP answers, one body for all. Pure."""

import re
from http import HTTPStatus
from typing import Any

from mcpgateway.common.errors import (
    FieldProblem,
    GatewayError,
    InvalidCall,
    LimitExceeded,
    Unauthenticated,
    Unavailable,
)

_INDEX = re.compile(r"\[(\d+)\]")
RETRY_SECONDS = 2


class HttpError(GatewayError):
    """An answer that the use cases know nothing of: 404 for a path, 405, 415."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.http_status = status
        self.headers = headers or {}


def bad_query(name: str, problem: str) -> InvalidCall:
    """What is wrong with a parameter of the query string."""
    return InvalidCall(f"{name} {problem}", errors=[FieldProblem(name, problem, "query")])


def status_of(error: GatewayError) -> int:
    """Field problems of a well-formed body are 422."""
    if isinstance(error, HttpError):
        return error.http_status
    if error.errors and error.status == HTTPStatus.BAD_REQUEST:
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return error.status


def body_of(error: GatewayError) -> dict[str, Any]:
    """RFC 9457 members, and `detail` and `message` as clients of ContextForge read them."""
    status = status_of(error)
    detail: object = error.message
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        detail = [_detail(problem) for problem in error.errors]
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": error.code if not isinstance(error, HttpError) else _code(status),
        "detail": detail,
        "message": error.message,
        "errors": [problem._asdict() for problem in error.errors],
    }


def headers_of(error: GatewayError) -> dict[str, str]:
    if isinstance(error, HttpError):
        return error.headers
    if isinstance(error, Unauthenticated):
        return {"www-authenticate": "Bearer"}
    if isinstance(error, Unavailable):
        return {"retry-after": str(RETRY_SECONDS)}
    if isinstance(error, LimitExceeded) and error.retry_after is not None:
        return {"retry-after": str(error.retry_after)}
    return {}


def _detail(problem: FieldProblem) -> dict[str, Any]:
    loc: list[str | int] = ["query" if problem.rule == "query" else "body"]
    for part in _INDEX.sub(r".\1", problem.field).split("."):
        loc.append(int(part) if part.isdigit() else part)
    return {"loc": loc, "msg": problem.problem, "type": problem.rule or "value_error"}


def _code(status: int) -> str:
    return HTTPStatus(status).phrase.lower().replace(" ", "_")
