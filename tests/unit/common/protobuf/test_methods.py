"""What becomes a tool of a set of descriptors."""

from mcpgateway.common.protobuf import methods, pool
from mcpgateway.common.protobuf.methods import Method
from support.descriptor_sets import compiled

SHOP = """
syntax = "proto3";
package shop.v1;
import "google/protobuf/empty.proto";
message Order { string id = 1; }
service Orders {
  // Gets one.
  rpc Get(Order) returns (Order);
  rpc Watch(google.protobuf.Empty) returns (stream Order);
  rpc Put(stream Order) returns (google.protobuf.Empty) { option deprecated = true; }
}
service Chat { rpc Talk(stream Order) returns (stream Order); }
"""


def test_each_method_is_told_with_its_kind_and_types() -> None:
    found = methods.methods(pool.read(compiled({"shop.proto": SHOP})))

    order, empty = "shop.v1.Order", "google.protobuf.Empty"
    assert found == [
        Method("shop.v1.Orders.Get", "shop.v1.Orders", "Get", order, order, comment="Gets one."),
        Method(
            "shop.v1.Orders.Watch", "shop.v1.Orders", "Watch", empty, order, server_streaming=True
        ),
        Method(
            "shop.v1.Orders.Put",
            "shop.v1.Orders",
            "Put",
            order,
            empty,
            client_streaming=True,
            deprecated=True,
        ),
        Method(
            "shop.v1.Chat.Talk",
            "shop.v1.Chat",
            "Talk",
            order,
            order,
            client_streaming=True,
            server_streaming=True,
        ),
    ]


def test_a_pool_finds_each_method_by_its_name() -> None:
    files = pool.read(compiled({"shop.proto": SHOP}))
    built = pool.build(files)

    for method in methods.methods(files):
        described = built.FindMethodByName(method.name)
        assert described.input_type.full_name == method.input
        assert described.output_type.full_name == method.output


def test_a_service_outside_any_package_has_its_bare_name() -> None:
    bare = 'syntax = "proto3"; message M {} service S { rpc Do(M) returns (M); }'

    (found,) = methods.methods(pool.read(compiled({"bare.proto": bare})))

    assert (found.name, found.service, found.input) == ("S.Do", "S", "M")
