"""A trial is a trial, or it is refused."""

import pytest

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.api.http import untried
from support.api_document import api_document, operations

# They change nothing that a trial would have to spare.
READS = {
    "POST /access/explain",
    "POST /access/simulate",
    "POST /admin/export/selective",
    "POST /admin/gateways/discover-oauth",
    "POST /admin/gateways/test",
    "POST /admin/import/preview",
    "POST /export",
    "POST /export/selective",
    "POST /admin/tools/generate-schemas-from-openapi",
    "POST /mcp-servers/test",
    "POST /mcp-servers/test-handshake",
    "POST /openapi/preview",
    "POST /prompts/preview",
    "POST /rbac/permissions/check",
    "POST /resources/subscribe",
    "POST /tools/generate-schemas-from-openapi",
}
# Their description ends before the query is read; they go by `Writes` as their siblings do.
TRIED = {"PUT /roots/{uri}", "DELETE /roots/{uri}", "POST /revisions/{revision}/restore"}


def test_what_changes_something_is_tried_or_refuses_to_be() -> None:
    for each in operations(api_document()):
        name = f"{each.method} {each.path}"
        asked = {said["name"] for said in each.told.get("parameters", ())}
        if each.method == "GET" or "dry_run" in asked or name in READS | TRIED:
            assert not untried.is_untried(each.method, each.path), name
        else:
            assert untried.is_untried(each.method, each.path), name


@pytest.mark.parametrize("said", ["true", "1"])
def test_a_trial_that_is_none_is_refused(said: str) -> None:
    with pytest.raises(InvalidCall, match="dry_run can not be asked of this"):
        untried.check("POST", "/auth/email/admin/users", {"dry_run": said})


def test_without_a_trial_it_is_done() -> None:
    untried.check("POST", "/auth/email/admin/users", {"dry_run": "false"})
    untried.check("POST", "/auth/email/admin/users", {})
    untried.check("POST", "/tools", {"dry_run": "true"})
