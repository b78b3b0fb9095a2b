"""The empty table offers nothing and refuses nothing; a table answers by kind and key."""

from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.check import KINDS
from mcpgateway.common.routing.model import Fault, Key
from mcpgateway.common.routing.table import Table
from support.registries import ADMIN, ANN, REGISTRY, server, tool, upstream


def test_the_empty_table_is_of_no_registry_and_offers_nothing() -> None:
    table = Table.empty()
    assert (table.registry, table.revision, table.faults) == ("", 0, ())
    assert table.view(Subject(ADMIN), "s1") is None
    view = table.view(Subject(ADMIN), None)
    assert view is not None
    assert view.tools_list == b"[]"


def test_every_kind_has_its_resources() -> None:
    table = build(REGISTRY, 1, [upstream(), tool(), server(), ANN])
    assert set(table.by_kind()) == set(KINDS)
    assert {kind: list(by_id) for kind, by_id in table.by_kind().items() if by_id} == {
        "upstream": ["u1"],
        "tool": ["t1"],
        "server": ["s1"],
        "principal": [ANN.id],
    }


def test_a_rejected_resource_is_not_had_but_named_in_order() -> None:
    table = build(REGISTRY, 1, [tool("t2"), tool("t1"), upstream("u2", url="")])
    assert not table.has(Key("tool", "t1"))
    assert table.faults == (
        Fault("tool", "t1", "its upstream 'u1' is not in the table"),
        Fault("tool", "t2", "its upstream 'u1' is not in the table"),
        Fault("upstream", "u2", "url must start with http:// or https://"),
    )
    assert build(REGISTRY, 2, [upstream(), tool()]).has(Key("tool", "t1"))
