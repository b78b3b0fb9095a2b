"""Notes of what was asked for."""

from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.noted import Noted, either, note

TEXT = {"type": "string"}
NUMBER = {"type": "integer"}


def test_a_request_that_is_served_takes_no_notes() -> None:
    members = {"a": 1}
    note(members, "a", NUMBER)
    assert members == {"a": 1}


def test_each_name_that_a_reader_asks_for_is_noted_with_what_may_be_said() -> None:
    body = Noted({"limit": 5, "other": 1})
    fields = Fields(body)
    assert fields.integer("limit", 1, 9) == 5
    fields.boolean("enabled")
    fields.raw("anything")
    assert body.asked == {
        "limit": {"type": "integer", "minimum": 1, "maximum": 9},
        "enabled": {"type": "boolean"},
        "anything": {},
    }


def test_what_is_asked_for_as_two_things_may_be_either() -> None:
    body = Noted()
    note(body, "a", {})
    note(body, "a", TEXT)
    note(body, "a", TEXT)
    assert body.asked == {"a": TEXT}
    note(body, "a", NUMBER)
    assert body.asked == {"a": {"anyOf": [TEXT, NUMBER]}}
    assert either(body.asked["a"], NUMBER) == {"anyOf": [TEXT, NUMBER]}
