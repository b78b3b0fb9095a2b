"""What listeners follow becomes few watches, in nobody else's name, for as long as they may."""

import gc
import weakref
from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from mcpgateway.common.mcp.revisions import V2025_11_25, V2026_07_28
from mcpgateway.common.mcp.session import Session
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.delta import apply
from mcpgateway.common.routing.model import Access, Credential, Delta, Key, Principal, Record
from mcpgateway.data_plane.pipeline.admitting.authenticate import Unsealer
from mcpgateway.data_plane.pipeline.call import Call, Caller
from mcpgateway.data_plane.pipeline.forms import MESSAGE
from mcpgateway.data_plane.pipeline.listening.fan_in import GROUPS, Limits, SharedUpdates
from mcpgateway.data_plane.pipeline.listening.updates import Following
from mcpgateway.data_plane.pipeline.upstream_auth.credentials import Credentials
from mcpgateway.data_plane.upstreams.request import UpstreamRequest
from mcpgateway.data_plane.upstreams.watching import Tempo, Watcher
from support.endpoint import KEYS, wire_sealed
from support.exchange import RecordingExchange
from support.registries import ANN, BOB, HAS_USER_ROLE, USER_ROLE, resource, server, upstream
from support.wait import until

TELLS = b'{"resources":{"subscribe":true}}'
MODERN = upstream("u1", era="modern", capabilities=TELLS)
LEGACY = upstream("u2", era="legacy", capabilities=TELLS)
MUTE = upstream("u3", capabilities=b'{"resources":{}}')
RECORDS: tuple[Record, ...] = (
    USER_ROLE,
    ANN,
    BOB,
    MODERN,
    LEGACY,
    MUTE,
    resource("r1", "u1", uri="x:a"),
    resource("r2", "u1", uri="x:notes/{id}", template=True),
    resource("r3", "u2", uri="y:a"),
    resource("r4", "u3", uri="z:a"),
    server("s1", resources=("r1", "r3"), anonymous_access=True),
)


class Watch:
    """One watch that was made."""

    def __init__(self, request: UpstreamRequest, watcher: Watcher) -> None:
        self.request = request
        self.watcher = watcher
        self.wanted: set[str] = set()
        self.closed = False

    def want(self, uris: frozenset[str]) -> None:
        self.wanted = set(uris)

    def close(self) -> None:
        self.closed = True

    def stands(self, *uris: str, gap: bool = False) -> None:
        """It tells of these of what is wanted, or of all."""
        asked = frozenset(self.wanted)
        self.watcher.standing(asked, frozenset(uris) or asked, gap=gap)


class Rig:
    def __init__(self, records: Iterable[Record] = RECORDS, **limits: Any) -> None:
        self.table = build("a-registry", 1, records)
        self.made: list[Watch] = []
        unsealer = Unsealer(KEYS.wire, "local", "default")
        self.updates = SharedUpdates(self._watch, Credentials(unsealer), Limits(**limits))
        self.told: list[str] = []

    def _watch(self, request: UpstreamRequest, watcher: Watcher, tempo: Tempo) -> Watch:
        self.made.append(Watch(request, watcher))
        return self.made[-1]

    @property
    def open(self) -> list[Watch]:
        return [watch for watch in self.made if not watch.closed]

    def call(
        self,
        principal: Principal | None = ANN,
        session: str = "",
        server: str = "",
        headers: Iterable[tuple[bytes, bytes]] = (),
    ) -> Call:
        view = self.table.view(Subject(principal), server or None)
        assert view is not None
        return Call(
            RecordingExchange("POST", "/mcp", list(headers), b""),
            self.table,
            view,
            Caller(Subject(principal), "" if principal is None else principal.id),
            "legacy" if session else "modern",
            V2025_11_25 if session else V2026_07_28,
            1,
            "",
            {},
            None,
            MESSAGE,
            Session(session, V2025_11_25, 0, b"{}", b"{}") if session else None,
        )

    def follow(self, *uris: str, **who: Any) -> Following:
        return self.updates.follow(self.call(**who), frozenset(uris), self.told.append)

    def change(self, *upserts: Record, deletes: tuple[Key, ...] = ()) -> None:
        revision = self.table.revision
        applied = apply(self.table, Delta("a-registry", revision, revision + 1, upserts, deletes))
        self.table = applied.table
        self.updates.table_changed(applied.table, applied.touched)

    async def settle(self) -> None:
        """Every watch is asked, and tells of all."""
        await until(lambda: all(watch.wanted for watch in self.open), "all is wanted")
        for watch in self.open:
            watch.stands()


async def test_only_what_is_offered_by_an_upstream_that_tells_is_followed() -> None:
    rig = Rig()
    following = rig.follow("x:a", "x:notes/7", "y:a", "z:a", "x:unknown")
    assert following.uris == {"x:a", "x:notes/7", "y:a"}
    await rig.settle()
    assert sorted(sorted(watch.wanted) for watch in rig.made) == [["x:a", "x:notes/7"], ["y:a"]]


async def test_at_a_virtual_server_only_its_members_are_followed() -> None:
    assert Rig().follow("x:a", "x:notes/7", "y:a", server="s1").uris == {"x:a", "y:a"}


async def test_what_the_caller_may_not_see_is_not_followed() -> None:
    private = resource("r9", "u1", uri="x:private", access=Access("private", owner=BOB.id))
    rig = Rig((*RECORDS, private))
    assert rig.follow("x:private", principal=ANN).uris == frozenset()
    assert rig.follow("x:private", principal=BOB).uris == {"x:private"}


async def test_what_upstreams_do_not_honour_is_not_followed() -> None:
    rig = Rig()
    following = rig.follow("x:a", "x:notes/7")
    await until(lambda: bool(rig.made[0].wanted), "they are wanted")
    rig.made[0].stands("x:a")
    assert following.uris == {"x:a"}


async def test_a_modern_upstream_is_listened_to_once_for_a_group_who_show_it_the_same() -> None:
    many = [Principal(f"p{n}@example.com", grants=HAS_USER_ROLE) for n in range(GROUPS * 4)]
    rig = Rig((*RECORDS, *many))
    for who in (*many, *many, None):
        rig.follow("x:a", principal=who, server="s1")
    rig.follow("x:notes/7", principal=many[0], session="s")
    assert 1 < len(rig.made) <= GROUPS
    await rig.settle()
    for watch in rig.made:
        watch.watcher.updated("x:a")
    assert rig.told == ["x:a"] * (2 * len(many) + 1)


async def test_at_a_legacy_upstream_nobody_is_followed_for_in_anothers_session() -> None:
    rig = Rig()
    rig.follow("y:a", principal=ANN)
    rig.follow("y:a", principal=ANN)
    assert len(rig.made) == 1
    rig.follow("y:a", principal=BOB)
    rig.follow("y:a", principal=ANN, session="s1")
    rig.follow("y:a", principal=ANN, session="s2")
    rig.follow("y:a", principal=None, server="s1")
    rig.follow("y:a", principal=None, server="s1")
    assert len(rig.made) == 6
    sessions = [watch.request.client.session for watch in rig.made]
    assert sessions == ["", "", "s1", "s2", "", ""]


async def test_header_lines_that_pass_through_tell_followers_apart() -> None:
    passing = upstream("u1", capabilities=TELLS, passthrough_headers=("X-Tenant",))
    rig = Rig((USER_ROLE, *RECORDS[4:], ANN, passing))
    for tenant in (b"a", b"b", b"b"):
        rig.follow("x:a", headers=[(b"x-tenant", tenant), (b"cookie", b"never")])
    assert [watch.request.headers for watch in rig.made] == [
        ((b"x-tenant", b"a"),),
        ((b"x-tenant", b"b"),),
    ]


async def test_who_leaves_is_told_nothing_and_the_last_one_ends_the_watch() -> None:
    rig = Rig()
    one, other = rig.follow("x:a"), rig.follow("x:a")
    await rig.settle()
    one.close()
    rig.made[0].watcher.updated("x:a")
    assert rig.told == ["x:a"]
    other.close()
    await until(lambda: rig.made[0].closed, "the watch ends")
    assert rig.updates.watches == 0


async def test_a_listener_is_ready_when_all_its_upstreams_have_spoken() -> None:
    rig = Rig()
    ready: list[str] = []
    rig.follow("x:a", "y:a").ready(lambda: ready.append("now"))
    await until(lambda: all(watch.wanted for watch in rig.made), "all is wanted")
    rig.made[0].stands()
    assert ready == []
    rig.made[1].watcher.refused(lasting=True)
    assert ready == ["now"]
    assert rig.told == []


async def test_who_follows_nothing_or_what_stands_already_is_ready_at_once() -> None:
    rig = Rig()
    ready: list[str] = []
    rig.follow("z:a").ready(lambda: ready.append("nothing"))
    rig.follow("x:a")
    await rig.settle()
    rig.follow("x:a").ready(lambda: ready.append("stands"))
    assert ready == ["nothing", "stands"]


async def test_a_late_upstream_holds_nobody_up_and_what_may_be_missed_is_told() -> None:
    rig = Rig(ready_seconds=0.01)
    ready: list[str] = []
    rig.follow("x:a").ready(lambda: ready.append("late"))
    await until(lambda: ready == ["late"], "it is ready all the same")
    await rig.settle()
    rig.made[0].stands()
    assert rig.told == ["x:a"]


async def test_a_refusal_is_remembered_until_the_upstream_is_another() -> None:
    rig = Rig()
    following = rig.follow("x:a")
    rig.made[0].watcher.refused(lasting=True)
    assert following.uris == frozenset()
    assert rig.follow("x:a").uris == frozenset()
    assert len(rig.made) == 1
    rig.change(upstream("u1", era="modern", capabilities=TELLS, protocol_version="new"))
    assert following.uris == {"x:a"}
    assert len(rig.made) == 2


async def test_lack_of_room_is_counted_and_not_remembered() -> None:
    rig = Rig()
    rig.follow("x:a", "x:notes/7")
    rig.made[0].watcher.refused(lasting=False)
    assert rig.updates.unfollowed == 2
    assert rig.follow("x:a").uris == {"x:a"}


@pytest.mark.parametrize("limits", [{"watches": 1}, {"per_upstream": 1}, {"uris": 1}])
async def test_what_is_over_a_limit_is_not_followed_and_counted(limits: dict[str, int]) -> None:
    both = resource("r3", "u2", uri="y:a"), resource("r4", "u2", uri="y:b")
    records = (USER_ROLE, ANN, BOB, LEGACY, *both)
    rig = Rig(records, **limits)
    assert rig.follow("y:a", principal=ANN).uris == {"y:a"}
    over = rig.follow("y:b", principal=ANN if "uris" in limits else BOB)
    assert over.uris == frozenset()
    assert rig.updates.unfollowed == 1


async def test_what_is_no_longer_offered_is_followed_no_longer_and_again_once_it_is() -> None:
    rig = Rig()
    following = rig.follow("x:a")
    await rig.settle()
    rig.change(deletes=(Key("resource", "r1"),))
    assert following.uris == frozenset()
    rig.made[0].watcher.updated("x:a")
    assert rig.told == []
    rig.change(resource("r1", "u1", uri="x:a"))
    assert following.uris == {"x:a"}


async def test_an_upstream_that_moved_is_followed_where_it_is_now_and_the_gap_is_told() -> None:
    rig = Rig()
    following = rig.follow("x:a", "y:a")
    await rig.settle()
    rig.change(upstream("u1", era="modern", capabilities=TELLS, url="http://127.0.0.1:2"))
    await until(lambda: rig.made[0].closed, "the watch at the old address ends")
    assert [watch.request.upstream.id for watch in rig.open] == ["u2", "u1"]
    await rig.settle()
    assert rig.told == ["x:a"]
    assert following.uris == {"x:a", "y:a"}


async def test_an_upstream_that_is_another_in_name_only_is_followed_on() -> None:
    rig = Rig()
    rig.follow("x:a")
    await rig.settle()
    rig.change(upstream("u1", era="modern", capabilities=TELLS, instructions="new"))
    assert len(rig.made) == 1


async def test_a_new_credential_is_shown_and_the_old_one_is_used_no_longer() -> None:
    def sealed(token: str, id: str) -> Credential:
        plain = f'[["Authorization","{token}"]]'.encode()
        return Credential(id, wire_sealed("credential", id, plain))

    secured = upstream("u1", era="modern", capabilities=TELLS, credential="c1")
    rig = Rig((USER_ROLE, ANN, secured, resource("r1", "u1", uri="x:a"), sealed("one", "c1")))
    rig.follow("x:a")
    await rig.settle()
    rig.change(sealed("two", "c1"))
    await until(lambda: rig.made[0].closed, "the old watch ends")
    shown = [watch.request.headers for watch in rig.made]
    assert shown == [((b"authorization", b"one"),), ((b"authorization", b"two"),)]


async def test_a_principal_that_is_gone_follows_nothing() -> None:
    rig = Rig()
    following = rig.follow("x:a")
    rig.change(deletes=(Key("principal", ANN.id),))
    assert following.uris == frozenset()


async def test_what_is_wanted_may_change() -> None:
    rig = Rig()
    following = rig.follow("x:a")
    await rig.settle()
    following.want(rig.call(), frozenset({"x:notes/7", "y:a"}))
    assert following.uris == {"x:notes/7", "y:a"}
    await until(lambda: [w.wanted for w in rig.made] == [{"x:notes/7"}, {"y:a"}], "they are wanted")


async def test_a_part_that_is_not_offered_to_a_follower_of_the_whole_is_not_named_to_it() -> None:
    rig = Rig()
    mine = Access("private", owner=BOB.id)
    rig.change(resource("r5", "u1", uri="x:a/b", access=mine), resource("r6", "u1", uri="x:a/c"))
    rig.follow("x:a")
    await rig.settle()
    (watch,) = rig.made
    for uri in ("x:a/b", "x:a/c", "x:a/unlisted"):
        watch.watcher.updated(uri)
    assert rig.told == ["x:a", "x:a/c", "x:a"]


async def test_closing_ends_all_watches() -> None:
    rig = Rig()
    following = rig.follow("x:a", "y:a")
    rig.updates.close()
    await until(lambda: not rig.open, "all watches end")
    following.want(rig.call(), frozenset({"x:a"}))
    assert rig.updates.watches == 0


async def test_no_old_table_is_kept() -> None:
    rig = Rig()
    following = rig.follow("x:a", "y:a")
    await rig.settle()
    old = weakref.ref(rig.table.view(Subject(ANN), None) or rig.table)
    rig.change(ANN)
    rig.change(resource("r1", "u1", uri="x:a", definition=b'{"name":"new"}'))
    gc.collect()
    assert old() is None
    assert following.uris == {"x:a", "y:a"}


OWN = resource("o1", "", uri="o:a", content=b'{"text":"one"}')
OWN_NOTES = resource("o2", "", uri="o:n/{id}", template=True, content=b'{"text":"{{ id }}"}')


async def test_what_is_our_own_is_followed_in_the_table() -> None:
    rig = Rig((*RECORDS, OWN, OWN_NOTES, server("s2", resources=("o1",))))
    everything, bundle = rig.follow("o:a", "o:n/7", "x:a"), rig.follow("o:a", server="s2")
    assert everything.uris == {"o:a", "o:n/7", "x:a"}
    assert bundle.uris == {"o:a"}
    assert [watch.request.upstream.id for watch in rig.made] == ["u1"]
    rig.change(replace(OWN, content=b'{"text":"two"}'))
    assert rig.told == ["o:a", "o:a"]
    rig.change(replace(OWN_NOTES, definition=b'{"mimeType":"text/html"}'))
    assert rig.told[2:] == ["o:n/7"]
    rig.change(replace(OWN, content=b'{"text":"two"}', access=Access("team", team="red")))
    assert len(rig.told) == 3  # the content is as it was
    everything.close()
    bundle.close()
    rig.change(OWN)
    assert len(rig.told) == 3


async def test_what_was_our_own_and_is_gone_is_told_when_it_comes_back() -> None:
    rig = Rig((*RECORDS, OWN))
    following = rig.follow("o:a")
    rig.change(deletes=(Key("resource", "o1"),))
    assert (rig.told, following.uris) == ([], frozenset())
    rig.change(OWN)
    assert following.uris == {"o:a"}
    assert rig.told == ["o:a"]


async def test_what_of_our_own_the_caller_may_not_see_any_more_is_not_told() -> None:
    rig = Rig((*RECORDS, OWN))
    following = rig.follow("o:a", principal=BOB)
    hidden = Access("private", owner=ANN.id)
    rig.change(replace(OWN, content=b'{"text":"two"}', access=hidden))
    assert (rig.told, following.uris) == ([], frozenset())


async def test_one_of_our_own_is_followed_without_waiting_for_anybody() -> None:
    ready: list[bool] = []
    Rig((*RECORDS, OWN)).follow("o:a").ready(lambda: ready.append(True))
    assert ready == [True]
