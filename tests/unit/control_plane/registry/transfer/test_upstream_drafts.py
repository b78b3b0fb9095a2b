"""What of an upstream's draft is new."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from mcpgateway.control_plane.registry.discovered.ports import Target
from mcpgateway.control_plane.registry.drafts import NewAuth, NewIdentity, UpstreamDraft
from mcpgateway.control_plane.registry.model import Auth, Upstream, Who
from mcpgateway.control_plane.registry.transfer.upstream_drafts import reduced, says_something
from mcpgateway.control_plane.registry.upstream_auth.oauth_config import OAuthConfig

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LINES = (("Authorization", "Bearer kept"),)
ROW = Upstream(
    id="u",
    name="clock",
    slug="clock",
    url="http://clock/mcp",
    auth=Auth("bearer"),
    client_cert="CERT",
    transport="SSE",
    era="legacy",
    protocol_version="2024-11-05",
    created_at=NOW,
    updated_at=NOW,
    created=Who("x"),
)
TARGET = Target(ROW.url, "SSE", LINES, client_cert="CERT", client_key="KEY")
SAME = UpstreamDraft(
    name="clock",
    url="http://clock/mcp",
    transport="SSE",
    auth=NewAuth(Auth("bearer"), LINES),
    identity=NewIdentity("CERT", "KEY"),
    tags=(),
)


def test_what_is_so_already_says_nothing() -> None:
    assert not says_something(reduced(SAME, ROW, TARGET, {}))
    found_out = UpstreamDraft(transport=None, identity=NewIdentity("CERT"))
    assert not says_something(reduced(found_out, ROW, TARGET, {}))


@pytest.mark.parametrize(
    ("kept", "said"),
    [((), None), ((("A", "1"), ("B", "2")), (("B", "2"), ("A", "1")))],
)
def test_the_environment_that_is_kept_already_says_nothing(kept: Any, said: Any) -> None:
    target = msgspec.structs.replace(TARGET, environment=kept)
    assert not says_something(reduced(UpstreamDraft(environment=said), ROW, target, {}))
    other = reduced(UpstreamDraft(environment=(("A", "new"),)), ROW, target, {})
    assert other.environment == (("A", "new"),)


def test_the_document_that_is_kept_already_says_nothing() -> None:
    row = msgspec.structs.replace(ROW, document=sha256(b"same").hexdigest())
    assert reduced(UpstreamDraft(document=b"same"), row, TARGET, {}).document is UNSET
    assert reduced(UpstreamDraft(document=b"other"), row, TARGET, {}).document == b"other"


@pytest.mark.parametrize(
    "change",
    [
        {"auth": NewAuth(Auth("bearer"), (("Authorization", "Bearer new"),))},
        {"auth": None},
        {"identity": NewIdentity("CERT", "ANOTHER")},
        {"identity": NewIdentity("OTHER", "KEY")},
        {"identity": None},
        {"url": "http://elsewhere/mcp"},
        {"tags": ("new",)},
        {"description": "new"},
    ],
)
def test_what_differs_is_kept_and_nothing_else(change: dict[str, object]) -> None:
    rest = reduced(msgspec.structs.replace(SAME, **change), ROW, TARGET, {})
    said = {n: getattr(rest, n) for n in rest.__struct_fields__ if getattr(rest, n) is not UNSET}
    assert said == change


def test_to_find_out_the_transport_is_new_at_another_address() -> None:
    rest = reduced(UpstreamDraft(url="http://elsewhere", transport=None), ROW, TARGET, {})
    assert rest.transport is None


@pytest.mark.parametrize(
    ("given", "differs"),
    [({}, False), ({"client_secret": "a"}, False), ({"client_secret": "b"}, True)],
)
def test_the_secret_of_an_oauth_client_is_new_when_it_is_another(
    given: dict[str, str], differs: bool
) -> None:
    config = OAuthConfig("client_credentials", client_id="c", secrets=("client_secret",))
    shown = Auth("oauth", oauth=config)
    row = msgspec.structs.replace(ROW, auth=shown, client_cert=None)
    draft = UpstreamDraft(auth=NewAuth(shown, (), given, frozenset({"client_secret"} - set(given))))
    rest = reduced(draft, row, Target(ROW.url, "SSE"), {"client_secret": "a"})
    assert says_something(rest) is differs
