"""What runners are asked, and how data planes are told of what they serve."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mcpgateway.common import keys, tickets
from mcpgateway.common.errors import InvalidCall
from mcpgateway.common.policy.propagation import header_lines, read
from mcpgateway.common.processes import StdioTicket
from mcpgateway.common.tickets import Purpose, Ticket
from mcpgateway.control_plane.registry.model import Upstream, Who
from mcpgateway.control_plane.registry.routing_records import Routes
from mcpgateway.control_plane.registry.runners import CALLER, NOWHERE, Runners, callers, ourselves

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RING = keys.runner_ring(("a secret of the test suite",), "local", "default")
STORE = keys.store_sealer(("a secret of the test suite",))


def runners(*urls: str) -> Runners:
    return Runners(urls, RING, STORE, bytes, lambda: 1000.0)


def command(**options: Any) -> Upstream:
    return Upstream(
        id="u",
        name="clock",
        slug="clock",
        url="",
        transport="STDIO",
        transport_options={"command": "uvx", **options},
        era="legacy",
        protocol_version="2025-11-25",
        created_at=NOW,
        updated_at=NOW,
        created=Who("ann"),
    )


def test_without_runners_nothing_is_asked() -> None:
    with pytest.raises(InvalidCall, match="MCPGATEWAY_RUNNER_URLS"):
        runners().url("STDIO", "u")


def test_a_command_and_a_tunnel_have_places_of_their_own() -> None:
    assert runners("http://r:1").url("STDIO", "u") == "http://r:1/stdio/u/mcp"
    assert runners("http://r:1").url("TUNNEL", "u") == "http://r:1/tunnels/u/mcp"


@pytest.mark.parametrize("purpose", ["watch", "stop", "end"])
def test_a_request_of_our_own_says_when_it_is_made(purpose: Purpose) -> None:
    ((name, text),) = runners("http://r:1").asking(purpose, "u")
    assert name.encode() == tickets.HEADER
    assert tickets.read(RING, purpose, "u", text, Ticket) == Ticket("u", 1000.0)
    ((_, earlier),) = runners("http://r:1").asking(purpose, "u", 7.0)
    assert tickets.read(RING, purpose, "u", earlier, Ticket).issued == 7.0


def test_what_is_looked_at_is_what_is_served() -> None:
    made = runners("http://r:1")
    row, environment = command(args=["a"]), (("KEY", "v"),)
    looked = made.running("u", "", row.transport_options, environment)
    served = made.serving(row, environment)
    read_as = [
        tickets.read(RING, "stdio", "u", each[0][1], StdioTicket) for each in (looked, served)
    ]
    assert [each.process for each in read_as] == [read_as[0].process] * 2
    assert [each.environment for each in read_as] == [environment] * 2


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"args": 7}, "array"),
        ({"instances": "many"}, "many"),
        ({"args": ["x" * 40_000]}, "32768 bytes"),
    ],
)
def test_what_no_ticket_can_say_is_no_ticket(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        runners("http://r:1").serving(command(**options), ())


def test_callers_are_named_only_where_each_has_a_process_of_his_own() -> None:
    assert callers(command()) == b""
    assert callers(command(instances="session")) == b""
    lines = dict(header_lines(read(callers(command(instances="principal"))), {"id": "ann"}))
    assert lines == {CALLER.encode(): b"ann"}
    assert dict(ourselves()) == {CALLER: "mcpgateway"}


def test_a_data_plane_is_told_no_runner_where_there_is_none() -> None:
    record = Routes("here", False, False).upstream(command())
    assert record.url == NOWHERE


def test_the_address_policy_of_users_is_not_for_runners() -> None:
    record = Routes("here", False, False, runners=runners("http://127.0.0.1:1")).upstream(command())
    assert (record.loopback_allowed, record.private_allowed) == (True, True)
    assert record.credential == "u:ticket"
