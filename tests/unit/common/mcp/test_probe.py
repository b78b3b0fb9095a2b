"""The probe ladder: what each answer to `server/discover` means."""

import json
from typing import Any

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.probe import Next, judge


def result(**members: Any) -> jsonrpc.Frame:
    return jsonrpc.Frame("2.0", id=1, result=msgspec.Raw(json.dumps(members).encode()))


def refusal(code: int, data: object = None) -> jsonrpc.Frame:
    error = {"code": code, "message": "no"} | ({} if data is None else {"data": data})
    return jsonrpc.Frame("2.0", id=1, error=msgspec.Raw(json.dumps(error).encode()))


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (200, result(supportedVersions=["2026-07-28"]), Next.MODERN),
        (200, result(supportedVersions=["2027-01-01", "2026-07-28"]), Next.MODERN),
        (200, result(supportedVersions=["2025-11-25"]), Next.INITIALIZE),
        (200, result(supportedVersions=["2027-01-01"]), Next.STOP),
        (200, result(tools=[]), Next.INITIALIZE),
        (400, refusal(-32022, {"supported": ["2026-07-28"]}), Next.MODERN_UNTOLD),
        (400, refusal(-32022, {"supported": ["2025-06-18"]}), Next.INITIALIZE),
        (400, refusal(-32022, {"supported": ["2027-01-01"]}), Next.STOP),
        (400, refusal(-32022), Next.STOP),
        (400, refusal(-32020), Next.STOP),
        (400, refusal(-32021), Next.STOP),
        (404, refusal(-32601), Next.MODERN_UNTOLD),
        (200, refusal(-32601), Next.INITIALIZE),
        (400, refusal(-32000), Next.INITIALIZE),
        (400, refusal(-32600), Next.INITIALIZE),
        (404, None, Next.INITIALIZE),
        (405, None, Next.INITIALIZE),
        (500, None, Next.INITIALIZE),
        (0, None, Next.INITIALIZE),
        (401, None, Next.STOP),
        (403, refusal(-32600), Next.STOP),
    ],
)
def test_only_a_recognised_modern_answer_means_modern(
    status: int, answer: jsonrpc.Frame | None, expected: Next
) -> None:
    assert judge(status, answer).next is expected


def test_a_server_of_unknown_revisions_is_told_apart_by_what_it_speaks() -> None:
    verdict = judge(200, result(supportedVersions=["2027-01-01"]))
    assert "speaks 2027-01-01, we speak 2026-07-28" in verdict.why
