"""Made-up roles, rules, callers and scopes: hypothesis strategies that go with `registries`."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from mcpgateway.common.policy.access.permissions import USE
from mcpgateway.common.policy.access.scope import EVERYTHING, Scope
from mcpgateway.common.policy.access.subject import NOBODY, Subject
from mcpgateway.common.routing.model import (
    Access,
    Principal,
    Prompt,
    Resource,
    Role,
    Rule,
    Server,
    Tool,
)
from support.registries import prompt, resource, server, tool

USES = tuple(USE.values())
_ids = st.sampled_from(["1", "2", "3"])
_teams = st.sampled_from(["red", "blue"])
_people = st.sampled_from(["ann", "bob"])
_acts = st.lists(st.sampled_from((*USES, "*", "tools.delete")), min_size=1, max_size=2).map(tuple)

accesses = st.builds(Access, st.sampled_from(["public", "team", "private"]), _teams, _people)
things: st.SearchStrategy[Tool | Prompt | Resource | Server] = st.one_of(
    st.builds(tool, _ids, access=accesses, tags=st.sampled_from([(), ("x",)])),
    st.builds(prompt, _ids, access=accesses),
    st.builds(resource, _ids, access=accesses),
    st.builds(
        server,
        st.sampled_from(["s1", "s2"]),
        tools=st.lists(_ids, unique=True).map(tuple),
        prompts=st.lists(_ids, unique=True).map(tuple),
        resources=st.lists(_ids, unique=True).map(tuple),
        anonymous_access=st.booleans(),
        access=accesses,
    ),
)
roles = st.builds(Role, _ids, _ids, st.lists(st.sampled_from((*USES, "*")), max_size=2).map(tuple))
_grants = st.lists(
    st.one_of(
        st.tuples(_ids, st.just("global"), st.just("")),
        st.tuples(_ids, st.just("team"), _teams),
        st.tuples(_ids, st.just("personal"), st.just("")),
    ),
    max_size=3,
).map(msgspec.json.encode)
principals = st.builds(
    Principal,
    _people,
    active=st.sampled_from([True, True, True, False]),
    admin=st.sampled_from([False, False, True]),
    teams=st.lists(_teams, unique=True).map(tuple),
    grants=_grants,
)
STATIC = ("", "principal.admin", "principal.id == 'ann'", "claims.missing == 1")


def rules(*conditions: str) -> st.SearchStrategy[Rule]:
    """With one of the conditions each."""
    few = st.lists
    subjects = st.fixed_dictionaries(
        {}, optional={"principals": few(_people, max_size=1), "teams": few(_teams, max_size=1)}
    )
    objects = st.fixed_dictionaries(
        {},
        optional={
            "kinds": few(st.sampled_from(tuple(USE)), max_size=1),
            "ids": few(_ids, max_size=1),
            "names": few(st.sampled_from(["u1-*", "*1", "s1"]), max_size=1),
            "tags": few(st.just("x"), max_size=1),
            "upstreams": few(st.just("u1"), max_size=1),
            "servers": few(st.sampled_from(["s1", "s2"]), max_size=1),
        },
    )
    specs = st.fixed_dictionaries(
        {
            "actions": _acts,
            "subjects": subjects,
            "objects": objects,
            "condition": st.sampled_from(conditions),
        }
    )

    def made(id: str, effect: Any, spec: dict[str, Any]) -> Rule:
        return Rule(id, f"rule {id}", effect, msgspec.json.encode(spec))

    return st.builds(made, _ids, st.sampled_from(["allow", "deny"]), specs)


scopes = st.one_of(
    st.just(EVERYTHING),
    st.builds(
        Scope,
        st.none() | st.lists(_teams, unique=True).map(tuple),
        st.none() | st.lists(st.sampled_from((*USES, "*")), max_size=3).map(tuple),
        st.sampled_from(["", "", "s1"]),
    ),
)
subjects = st.just(NOBODY) | st.builds(Subject, principals, scopes)
