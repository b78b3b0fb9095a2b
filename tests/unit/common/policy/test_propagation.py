"""How callers are named to upstreams."""

import hmac
from hashlib import sha256

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.policy import propagation
from mcpgateway.common.policy.access.subject import NOBODY, Subject
from mcpgateway.common.policy.propagation import Propagation
from mcpgateway.common.routing.model import Principal

ANN = Subject(Principal("ann@example.com", teams=("t1", "t,2"), service=True), chain=("bot", "sub"))


def test_a_caller_is_named_with_his_teams_and_who_acts_for_him() -> None:
    lines = dict(propagation.header_lines(Propagation(), propagation.said_of(ANN)))
    assert lines == {
        b"x-forwarded-user-id": b"ann@example.com",
        b"x-forwarded-user-teams": b"t1,t%2C2",
        b"x-forwarded-user-service": b"true",
        b"x-forwarded-user-chain": b"bot,sub",
    }


def test_nobody_is_not_named() -> None:
    assert propagation.said_of(NOBODY) == {}
    assert propagation.header_lines(Propagation(), {}) == ()


@given(st.text(max_size=50), st.text(max_size=50))
def test_no_name_makes_a_second_header_line(id: str, team: str) -> None:
    said = propagation.said_of(Subject(Principal(id, teams=(team,))))
    for name, value in propagation.header_lines(Propagation(prefix="X-Caller"), said):
        assert name.startswith(b"x-caller-")
        assert value.isascii()
        assert not set(value) & set(b"\r\n\0")


def test_every_name_that_is_sent_is_one_that_clients_may_not_pass() -> None:
    how = Propagation(prefix="X-Who")
    sent = {name for name, _ in propagation.header_lines(how, propagation.said_of(ANN))}
    assert sent | {b"x-who-signature"} == propagation.own_names(how)


def test_a_signature_holds_for_one_upstream_one_time_and_what_was_said() -> None:
    said = propagation.said_of(ANN)
    found = propagation.signature(said, "u1", b"key", 7)
    text = b"7.u1." + msgspec.json.encode(said, order="sorted")
    assert found == f"t=7,v1={hmac.new(b'key', text, sha256).hexdigest()}"
    others = (
        propagation.signature(said, "u2", b"key", 7),
        propagation.signature(said, "u1", b"other", 7),
        propagation.signature(said | {"id": "bob"}, "u1", b"key", 7),
    )
    assert found not in others


def test_what_is_compiled_is_read_back() -> None:
    how = Propagation("headers", "X-Who")
    assert propagation.read(msgspec.json.encode(how)) == how
    assert propagation.read(b"{}") == Propagation()
