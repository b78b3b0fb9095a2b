"""What is noted of a head is true only under the table and in the time that it was found in."""

import gc
import weakref
from ipaddress import ip_network
from typing import Any

import pytest

from mcpgateway.common.errors import InvalidCall, NotFound, Unauthenticated, Unavailable
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import Principal, Record
from mcpgateway.data_plane.edge.callers import Admission, Callers
from mcpgateway.data_plane.edge.client_view import Seen
from mcpgateway.data_plane.pipeline.admitting.authenticate import Authenticator, Unsealer
from mcpgateway.data_plane.table.holder import TableHolder
from support.endpoint import KEYS, NOW, USER, Clock, bearer, signing_key, token
from support.exchange import RecordingExchange
from support.registries import BOB, USER_ROLE, server, tool, upstream


class Door:
    """Requests that repeat one head, as those of one connection do."""

    repeats = True  # the head; else only the connection is the same

    def __init__(self, *records: Record) -> None:
        self.kept: dict[str, Any] = {}
        self.clock = Clock()
        self.tables = TableHolder()
        self.callers = Callers(
            self.tables, Authenticator(Unsealer(KEYS.wire, "local", "default"), self.clock)
        )
        self.notes: dict[str, Any] = {}
        if records:
            self.put(*records)

    def put(self, *records: Record) -> None:
        revision = self.tables.current.revision + 1
        self.tables.swap(build("a-registry", revision, records), None)

    def knock(self, server: str = "", *, bearer_token: str | None = None) -> Admission:
        exchange = RecordingExchange(headers=[bearer(bearer_token or token())])
        exchange.notes = self.notes if self.repeats else {}
        exchange.kept = self.kept
        return self.callers.admit(exchange, server)


OFFER = (upstream("u"), tool("t", "u"))
WORLD = (USER, signing_key(), *OFFER)


def test_a_repeated_head_gets_the_same_caller_and_view() -> None:
    door = Door(*WORLD)
    first, second = door.knock(), door.knock()
    assert (second.caller, second.view, second.table) == (first.caller, first.view, first.table)
    assert second.lines is first.lines


def test_before_the_first_table_nobody_is_admitted() -> None:
    with pytest.raises(Unavailable):
        Door().knock()


@pytest.mark.parametrize(
    "records",
    [
        (Principal(USER.id, active=False), signing_key(), *OFFER),
        (Principal(USER.id, admin=True, not_before=NOW + 1), signing_key(), *OFFER),
        (signing_key(), *OFFER),
        (USER, signing_key(b"another secret of sufficient size"), *OFFER),
        (USER, *OFFER),
    ],
    ids=["deactivated", "revoked", "removed", "another key", "no key"],
)
def test_a_caller_that_the_next_table_does_not_admit_is_refused_at_once(
    records: tuple[Record, ...],
) -> None:
    door = Door(*WORLD)
    door.knock()
    door.put(*records)
    with pytest.raises(Unauthenticated):
        door.knock()


def test_credentials_end_when_they_expire_though_the_table_stays() -> None:
    door = Door(*WORLD)
    door.knock()
    door.clock.now = NOW + 3600
    with pytest.raises(Unauthenticated, match="expired"):
        door.knock()


def test_the_next_table_s_offer_is_seen_at_once() -> None:
    door = Door(*WORLD)
    assert list(door.knock().view.tools) == ["u-t"]
    door.put(USER, signing_key(), upstream("u"), tool("other", "u"))
    assert list(door.knock().view.tools) == ["u-other"]


def test_a_server_that_is_gone_is_not_found_at_once() -> None:
    door = Door(*WORLD, server("s", tools=("t",)))
    assert door.knock("s").view.server is not None
    door.put(*WORLD)
    with pytest.raises(NotFound):
        door.knock("s")


def test_a_refusal_is_not_noted() -> None:
    door = Door(USER, *OFFER)
    with pytest.raises(Unauthenticated):
        door.knock()
    door.put(*WORLD)
    assert door.knock().caller.principal == USER


def test_a_note_keeps_no_old_table_in_memory() -> None:
    door = Door(*WORLD)
    old = weakref.ref(door.knock().table)
    door.put(*WORLD)
    gc.collect()
    assert old() is None


def test_on_one_connection_the_credentials_and_the_server_decide_whatever_the_head() -> None:
    door = Door(*WORLD, BOB, USER_ROLE, server("s", tools=("t",)))
    door.repeats = False
    first = door.knock()
    assert door.knock().view is first.view
    assert door.knock("s").view.server is not None
    assert door.knock().view is first.view
    bob = door.knock(bearer_token=token("bob@example.com")).caller
    assert bob.principal is not None
    assert bob.principal.id == "bob@example.com"
    with pytest.raises(Unauthenticated):
        door.knock(bearer_token="forged")


def test_what_is_kept_for_a_connection_ends_with_the_table_and_with_the_token() -> None:
    door = Door(*WORLD)
    door.repeats = False
    door.knock()
    door.put(Principal(USER.id, active=False), signing_key(), *OFFER)
    with pytest.raises(Unauthenticated):
        door.knock()
    door.put(*WORLD)
    door.knock()
    door.clock.now = NOW + 3600
    with pytest.raises(Unauthenticated, match="expired"):
        door.knock()


class Bound:
    """Requests at a gateway that is reached at an address, with a token for one URL of it."""

    def __init__(self, *records: Record, **seen: Any) -> None:
        tables = TableHolder()
        tables.swap(build("a-registry", 1, (*WORLD, server("s", tools=("t",)), *records)), None)
        authenticator = Authenticator(Unsealer(KEYS.wire, "local", "default"), Clock())
        self.callers = Callers(tables, authenticator, Seen(**seen))
        self.kept: dict[str, Any] = {}

    def at(
        self, server: str, *lines: tuple[bytes, bytes], host: bytes = b"gw.example.com", **more: Any
    ) -> Admission:
        exchange = RecordingExchange(headers=[(b"host", host), *lines], **more)
        exchange.kept = self.kept
        return self.callers.admit(exchange, server)


FOR_S = bearer(token(aud="http://gw.example.com/servers/s/mcp"))


def test_a_token_for_one_endpoint_counts_there_and_nowhere_else() -> None:
    bound = Bound()
    assert bound.at("s", FOR_S).caller.principal == USER
    with pytest.raises(Unauthenticated, match="made for another resource"):
        bound.at("", FOR_S)
    with pytest.raises(Unauthenticated, match="made for another resource"):
        bound.at("s", FOR_S, host=b"other.example.com")
    exchange = RecordingExchange(path="/rpc", headers=[(b"host", b"gw.example.com"), FOR_S])
    with pytest.raises(Unauthenticated, match="counts at http"):
        bound.callers.identify(exchange, dict(exchange.headers))


def test_where_the_address_is_configured_no_host_makes_a_token_count() -> None:
    bound = Bound(public_url="https://public.example.com")
    with pytest.raises(Unauthenticated, match="another resource"):
        bound.at("s", FOR_S)
    for_public = bearer(token(aud=["https://public.example.com/servers/s/mcp"]))
    assert bound.at("s", for_public, host=b"anything").caller.principal == USER


@pytest.mark.parametrize("query", ["access_token=x", "a=1&access_token=x", "token=x", "JWT=x"])
def test_a_token_in_the_url_is_refused_as_a_bad_request(query: str) -> None:
    with pytest.raises(InvalidCall, match="never in the URL"):
        Bound().at("", query=query)


def test_credentials_come_in_the_header_that_is_configured() -> None:
    bound = Bound(header=b"x-mcp-auth")
    own = (b"x-mcp-auth", b"Bearer " + token().encode())
    assert bound.at("", own, bearer("of-an-upstream")).caller.principal == USER
    with pytest.raises(Unauthenticated):
        bound.at("s", bearer(token()))


NAMED = (b"x-authenticated-user", USER.id.encode())
PROXY = {"proxies": (ip_network("10.0.0.0/8"),), "user_header": NAMED[0]}


def test_a_proxy_that_is_believed_names_the_caller_and_nobody_else_does() -> None:
    bound = Bound(**PROXY)
    assert bound.at("", NAMED, peer=("10.0.0.1", 1)).caller.principal == USER
    for peer, lines in (("192.0.2.1", (NAMED,)), ("10.0.0.1", ())):
        with pytest.raises(Unauthenticated):
            bound.at("", *lines, peer=(peer, 1))
    with pytest.raises(Unauthenticated, match="no active user"):
        bound.at("", (NAMED[0], b"nobody@example.com"), peer=("10.0.0.1", 1))
    with pytest.raises(Unauthenticated):
        Bound().at("", NAMED, peer=("10.0.0.1", 1))


def test_another_user_on_a_proxys_connection_is_another_caller() -> None:
    bound = Bound(Principal("bob@example.com"), **PROXY)
    for email in (USER.id, "bob@example.com"):
        line = (NAMED[0], email.encode())
        assert bound.at("", line, peer=("10.0.0.1", 1)).caller.subject.id == email


def test_a_refusal_says_where_a_token_is_to_be_had() -> None:
    exchange = RecordingExchange(path="/servers/s/mcp", headers=[(b"host", b"gw.example.com")])
    Bound().callers.refuse(exchange, Unauthenticated("who"))
    assert exchange.status == 401
    said = exchange.sent_headers[b"www-authenticate"].decode()
    at = "http://gw.example.com/.well-known/oauth-protected-resource/servers/s/mcp"
    assert f'resource_metadata="{at}"' in said
