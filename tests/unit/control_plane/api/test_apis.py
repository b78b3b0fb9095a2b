"""What a body says of a document that is only looked at."""

import pytest

from mcpgateway.common.errors import FieldProblem, InvalidCall
from mcpgateway.control_plane.api.apis import beside, read_target

URL = "https://a.example/openapi.json"


def test_it_has_the_members_of_a_gateways_openapi_and_its_url() -> None:
    target = read_target({"documentUrl": URL, "url": "https://a.example/v1", "tags": ["a"]})
    assert (target.url, target.document) == ("https://a.example/v1", b"")
    assert target.options == {"document_url": URL, "tags": ["a"]}


def test_a_choice_that_is_misspelled_is_refused_and_not_taken_for_all() -> None:
    with pytest.raises(InvalidCall) as refused:
        read_target({"document_url": URL, "tag": ["a"], "exclude": {"method": ["GET"]}})
    fields = [each.field for each in refused.value.errors]
    assert fields == ["exclude.method", "tag"]


def test_what_is_wrong_with_the_document_is_told_of_the_member_that_this_body_has() -> None:
    problem = FieldProblem("openapi.document", "is no YAML", "openapi")
    told = beside(InvalidCall("openapi.document is no YAML", errors=[problem]))
    assert told.message == "document is no YAML"
    assert [each.field for each in told.errors] == ["document"]
