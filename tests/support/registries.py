"""Made-up registries and routing resources: short builders, and hypothesis strategies of them."""

from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from mcpgateway.common.policy.access.permissions import USE
from mcpgateway.common.routing.model import (
    Access,
    Credential,
    Delta,
    Key,
    Kind,
    Principal,
    Prompt,
    Record,
    Resource,
    Role,
    Server,
    Tool,
    Upstream,
)

REGISTRY = "7f3c2a10d5e64b0f8c1d9e2a3b4c5d6e"
ADMIN = Principal(id="admin@example.com", admin=True)
# May use whatever is visible; a table needs the role beside the principals that have it.
USER_ROLE = Role("user", "platform_viewer", tuple(sorted(USE.values())))
HAS_USER_ROLE = b'[["user","global"]]'
ANN = Principal(id="ann@example.com", teams=("red",), grants=HAS_USER_ROLE)
BOB = Principal(id="bob@example.com", grants=HAS_USER_ROLE)


def upstream(id: str = "u1", **fields: Any) -> Upstream:
    return replace(Upstream(id=id, name=id, slug=id, url="http://127.0.0.1:1"), **fields)


def tool(id: str = "t1", upstream: str = "u1", **fields: Any) -> Tool:
    made = Tool(id=id, upstream=upstream, name=f"{upstream}-{id}", original_name=id)
    return replace(made, **fields)


def prompt(id: str = "p1", upstream: str = "u1", **fields: Any) -> Prompt:
    made = Prompt(id=id, upstream=upstream, name=f"{upstream}-{id}", original_name=id)
    return replace(made, **fields)


def resource(id: str = "r1", upstream: str = "u1", **fields: Any) -> Resource:
    return replace(Resource(id=id, upstream=upstream, uri=f"file:///{id}"), **fields)


def server(id: str = "s1", **fields: Any) -> Server:
    return replace(Server(id=id, name=id), **fields)


# Few ids and names, so that records meet: dangling, healed, renamed, twice the same name.
_ids = st.sampled_from(["1", "2", "3"])
_names = st.sampled_from(["alpha", "beta", ""])
_access = st.one_of(
    st.just(Access()),
    st.builds(
        Access,
        visibility=st.sampled_from(["public", "team", "private", "secret"]),
        team=st.sampled_from(["", "red"]),
        owner=st.sampled_from(["", ANN.id, BOB.id]),
    ),
)
_recipes = st.sampled_from(
    [
        b'{"type":"derived","tool":"1"}',
        b'{"type":"derived","tool":"2"}',
        b'{"type":"composed","steps":[{"name":"a","tool":"2"},{"name":"b","tool":"3"}]}',
        b'{"type":"composed"}',
    ]
)
_definitions = st.sampled_from([b"{}", b'{"title":"x"}', b"[]", b'{"broken"'])

records: st.SearchStrategy[Record] = st.one_of(
    st.builds(upstream, _ids, access=_access, url=st.sampled_from(["http://a", "ftp://a"])),
    st.builds(
        tool, _ids, _ids, name=_names, original_name=_names, definition=_definitions, access=_access
    ),
    st.builds(
        tool, _ids, st.just(""), name=_names, original_name=_names, recipe=_recipes, access=_access
    ),
    st.builds(prompt, _ids, _ids, name=_names, original_name=_names, access=_access),
    st.builds(resource, _ids, _ids, uri=_names, template=st.booleans(), access=_access),
    st.builds(
        server,
        _ids,
        tools=st.lists(_ids).map(tuple),
        resources=st.lists(_ids).map(tuple),
        naming=st.sampled_from(["prefixed", "original"]),
        discovery=st.sampled_from(["full", "search"]),
        anonymous_access=st.booleans(),
        protocol_versions=st.sampled_from([(), ("2025-06-18",)]),
        access=_access,
    ),
    st.builds(Principal, id=st.sampled_from([ANN.id, BOB.id]), admin=st.booleans()),
    st.builds(Credential, id=_ids, sealed=st.binary(max_size=4)),
)

_kinds: st.SearchStrategy[Kind] = st.sampled_from(
    ["upstream", "tool", "prompt", "resource", "server", "principal", "credential"]
)
keys = st.builds(Key, _kinds, _ids)


def deltas(revision: int) -> st.SearchStrategy[Delta]:
    return st.builds(
        Delta,
        registry=st.just(REGISTRY),
        base=st.just(revision - 1),
        revision=st.just(revision),
        upserts=st.lists(records, max_size=12).map(tuple),
        deletes=st.lists(keys, max_size=4).map(tuple),
    )
