"""Which way a call of a tool goes, for each pair of eras and what each side knows of tasks."""

import json

import msgspec
import pytest

from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.build import build
from mcpgateway.data_plane.pipeline.call import ANONYMOUS, Call
from mcpgateway.data_plane.pipeline.forms import MESSAGE
from mcpgateway.data_plane.pipeline.tasks.course import Course, course_of, support_of
from support.endpoint import USER
from support.exchange import RecordingExchange
from support.tasks import CORE, EXTENSION, PLAIN, WITH, records

ABLE = "able"
Row = tuple[str, str, bytes, str, bool, Course | None]
_NEVER_MODERN, _NEVER_LEGACY = Course("never", "modern"), Course("never", "legacy")

ROWS: list[Row] = [
    # Where both have tasks of a kind they pass through, and without wishes nothing is done.
    (ABLE, "modern", WITH, "", True, None),
    ("modern", "modern", WITH, "", True, None),
    ("modern", "modern", PLAIN, "", True, None),
    ("modern", "legacy", CORE, "optional", True, None),
    ("task", "legacy", CORE, "optional", True, None),
    ("legacy", "legacy", CORE, "required", True, None),
    ("legacy", "modern", PLAIN, "", True, None),
    # What the upstream lacks the gateway keeps.
    (ABLE, "modern", PLAIN, "", True, Course("later", "modern")),
    (ABLE, "legacy", PLAIN, "", True, Course("later", "plainly")),
    (ABLE, "legacy", CORE, "forbidden", True, Course("later", "plainly")),
    (ABLE, "legacy", CORE, "optional", True, Course("later", "legacy")),
    (ABLE, "legacy", CORE, "required", True, Course("later", "legacy")),
    ("task", "legacy", PLAIN, "", True, Course("at once", "plainly")),
    ("task", "modern", PLAIN, "", True, Course("at once", "modern")),
    ("task", "modern", WITH, "", True, Course("at once", "modern")),
    # What the client has no words for is carried to its end.
    ("legacy", "modern", WITH, "", True, _NEVER_MODERN),
    ("modern", "legacy", CORE, "required", True, _NEVER_LEGACY),
    # A gateway that keeps none still does what a call can not go without.
    (ABLE, "modern", PLAIN, "", False, None),
    (ABLE, "legacy", CORE, "optional", False, None),
    (ABLE, "legacy", CORE, "required", False, _NEVER_LEGACY),
    ("task", "modern", WITH, "", False, _NEVER_MODERN),
    ("task", "modern", PLAIN, "", False, None),
    ("task", "legacy", PLAIN, "", False, None),
]


@pytest.mark.parametrize(("client", "era", "capabilities", "support", "keeps", "expected"), ROWS)
async def test_each_pair_has_its_course(
    client: str, era: str, capabilities: bytes, support: str, keeps: bool, expected: Course | None
) -> None:
    upstream, tool = records(era, capabilities, support=support)
    call = calls_of(client)
    assert course_of(call, upstream, tool.definition, keeps=keeps) == expected


@pytest.mark.parametrize(
    ("client", "era", "capabilities", "expected"),
    [
        (ABLE, "modern", WITH, Course("later", "modern")),
        (ABLE, "legacy", CORE, Course("later", "plainly")),
        ("modern", "modern", WITH, None),
        ("legacy", "modern", WITH, None),
        ("task", "legacy", CORE, Course("at once", "plainly")),
    ],
)
async def test_a_tool_that_is_judged_here_uses_no_task_of_its_upstream(
    client: str, era: str, capabilities: bytes, expected: Course | None
) -> None:
    upstream, tool = records(era, capabilities, support="optional")
    call = calls_of(client)
    assert course_of(call, upstream, tool.definition, keeps=True, reads=True) == expected


def calls_of(client: str) -> Call:
    """A call as the pipeline sees it."""
    params = {"name": msgspec.Raw(b'"t1"')}
    if client == "task":
        params["task"] = msgspec.Raw(b"{}")
    modern = client in (ABLE, "modern")
    declared = msgspec.Raw(json.dumps(EXTENSION if client == ABLE else {}).encode())
    table = build("r", 1, ())
    view = table.view(Subject(USER), None)
    assert view is not None
    return Call(
        exchange=RecordingExchange(),
        table=table,
        view=view,
        caller=ANONYMOUS,
        era="modern" if modern else "legacy",
        revision="2026-07-28" if modern else "2025-11-25",
        id=1,
        method="tools/call",
        params=params,
        meta={META_CLIENT_CAPABILITIES: declared} if modern else None,
        form=MESSAGE,
    )


def test_a_definition_that_is_none_says_nothing_of_tasks() -> None:
    for definition in (b"{}", b'{"execution":{"taskSupport":7}}', b'["taskSupport"]'):
        assert support_of(definition) == ""
    said = json.dumps({"execution": {"taskSupport": "required"}}).encode()
    assert support_of(said) == "required"
