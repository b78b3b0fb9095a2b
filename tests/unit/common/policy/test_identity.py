"""How callers are named to upstreams."""

import hmac
from hashlib import sha256

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.policy import identity
from mcpgateway.common.policy.access.subject import NOBODY, Subject
from mcpgateway.common.policy.identity import Propagation
from mcpgateway.common.routing.model import Principal

ANN = Subject(Principal("ann@example.com", teams=("t1", "t,2"), service=True), chain=("bot", "sub"))


def test_a_caller_is_named_with_his_teams_and_who_acts_for_him() -> None:
    lines = dict(identity.header_lines(Propagation(), identity.said_of(ANN)))
    assert lines == {
        b"x-forwarded-user-id": b"ann@example.com",
        b"x-forwarded-user-teams": b"t1,t%2C2",
        b"x-forwarded-user-service": b"true",
        b"x-forwarded-user-chain": b"bot,sub",
    }


def test_nobody_is_not_named() -> None:
    assert identity.said_of(NOBODY) == {}
    assert identity.header_lines(Propagation(), {}) == ()


@given(st.text(max_size=50), st.text(max_size=50))
def test_no_name_makes_a_second_header_line(id: str, team: str) -> None:
    said = identity.said_of(Subject(Principal(id, teams=(team,))))
    for name, value in identity.header_lines(Propagation(prefix="X-Caller"), said):
        assert name.startswith(b"x-caller-")
        assert value.isascii()
        assert not set(value) & set(b"\r\n\0")


def test_every_name_that_is_sent_is_one_that_clients_may_not_pass() -> None:
    how = Propagation(prefix="X-Who")
    sent = {name for name, _ in identity.header_lines(how, identity.said_of(ANN))}
    assert sent | {b"x-who-signature"} == identity.own_names(how)


def test_a_signature_holds_for_one_upstream_one_time_and_what_was_said() -> None:
    said = identity.said_of(ANN)
    found = identity.signature(said, "u1", b"key", 7)
    text = b"7.u1." + msgspec.json.encode(said, order="sorted")
    assert found == f"t=7,v1={hmac.new(b'key', text, sha256).hexdigest()}"
    others = (
        identity.signature(said, "u2", b"key", 7),
        identity.signature(said, "u1", b"other", 7),
        identity.signature(said | {"id": "bob"}, "u1", b"key", 7),
    )
    assert found not in others


def test_what_is_compiled_is_read_back() -> None:
    how = Propagation("headers", "X-Who")
    assert identity.read(msgspec.json.encode(how)) == how
    assert identity.read(b"{}") == Propagation()
