"""Results that the gateway makes itself, in both eras' words."""

import msgspec
import pytest

from mcpgateway.common.mcp import tool_result
from mcpgateway.common.mcp.tool_result import text
from mcpgateway.common.strict_json import Located


def test_a_modern_result_names_its_type_and_a_legacy_one_does_not() -> None:
    said = b'"content":[{"type":"text","text":"a"}],"isError":false}'
    assert tool_result.result("legacy", [text("a")]) == b"{" + said
    assert tool_result.result("modern", [text("a")]) == b'{"resultType":"complete",' + said
    assert tool_result.failed("modern", "no") == (
        b'{"resultType":"complete","content":[{"type":"text","text":"no"}],"isError":true}'
    )


def test_a_legacy_client_gets_no_structured_content_but_objects() -> None:
    assert b"structuredContent" not in tool_result.result("legacy", [], b"[1]")
    assert b'"structuredContent":{"a":1}' in tool_result.result("legacy", [], b'{"a":1}')
    assert b'"structuredContent":[1]' in tool_result.result("modern", [], b"[1]")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"content":[],"isError":true}',
        b'{"resultType":"input_required","inputRequests":{}}',
        b'{"resultType":"task","taskId":"t"}',
        b'{"task":{"taskId":"t"}}',
        b"[]",
    ],
)
def test_what_is_no_result_of_work_done_is_not_read(raw: bytes) -> None:
    assert tool_result.read(raw) is None


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"content":[],"structuredContent":{"a":1.0}}', b'{"a":1.0}'),
        (b'{"content":[{"type":"text","text":"[1]"}]}', b"[1]"),
        (b'{"content":[{"type":"text","text":"hello"}]}', None),
        (b'{"content":[{"type":"text","text":"1"},{"type":"text","text":"2"}]}', None),
        (b'{"content":[{"type":"image","data":"","mimeType":"image/png"}]}', None),
    ],
)
def test_a_results_value_is_its_structure_or_its_only_text(raw: bytes, value: bytes | None) -> None:
    members = tool_result.read(raw)
    assert members is not None
    assert tool_result.value(members) == value


def test_other_contents_leave_the_rest_of_a_result_as_it_is() -> None:
    members = tool_result.read(b'{"content":[],"structuredContent":{},"_meta":{"k":1}}')
    assert members is not None
    made = msgspec.json.decode(tool_result.replaced(members, [text("x")], None))
    assert made == {"content": [{"type": "text", "text": "x"}], "_meta": {"k": 1}}


def test_problems_are_a_list_for_the_reader() -> None:
    assert tool_result.listed("No", [Located("/a", "x"), Located("", "y")]) == "No:\n- /a: x\n- y"


@pytest.mark.parametrize(
    ("result", "found"),
    [
        (b'{"content":[],"structuredContent":{"a":1}}', b'{"a":1}'),
        (b'{"resultType":"complete","structuredContent":[1],"isError":false}', b"[1]"),
        (b'{"structuredContent":{"a":1},"isError":true}', None),
        (b'{"structuredContent":null,"content":[]}', None),
        (b'{"content":[{"type":"text","text":"{}"}]}', None),
        (b'{"resultType":"task","structuredContent":{}}', None),
        (b'{"isError":1,"structuredContent":{}}', None),
        (b"[]", None),
    ],
)
def test_structured_content_is_found_in_one_look_or_left_to_a_closer_one(
    result: bytes, found: bytes | None
) -> None:
    seen = tool_result.structured(b'{"jsonrpc":"2.0","id":1,"result":%b}' % result)
    assert (None if seen is None else bytes(seen)) == found
    if found is not None:
        members = tool_result.read(result)
        assert members is not None
        assert tool_result.value(members) == found


def test_an_error_has_no_structured_content() -> None:
    assert tool_result.structured(b'{"jsonrpc":"2.0","id":1,"error":{"code":1}}') is None
    assert tool_result.structured(b"no JSON") is None
