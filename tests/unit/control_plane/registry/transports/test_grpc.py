"""Which methods of a gRPC service become tools, and what data planes need for them."""

import pytest

from mcpgateway.common.protobuf import pool
from mcpgateway.common.protobuf.methods import Method, methods
from mcpgateway.control_plane.registry.transports import grpc
from mcpgateway.control_plane.registry.transports.grpc import GrpcOptions
from support.descriptor_sets import compiled

SHOP = {
    "money.proto": 'syntax = "proto3"; package money; message Sum { int64 cents = 1; }',
    "shop.proto": """syntax = "proto3"; package shop; import "money.proto";
        // Buys.
        service Shop { rpc Buy(money.Sum) returns (money.Sum);
          rpc Sell(money.Sum) returns (money.Sum) { option deprecated = true; } }""",
    "chat.proto": """syntax = "proto3"; package chat; message Word {}
        service Chat { rpc Say(Word) returns (Word); }""",
    "health.proto": """syntax = "proto3"; package grpc.health.v1; message Asked {}
        service Health { rpc Check(Asked) returns (Asked); }""",
}
FILES = pool.read(compiled(SHOP))


def _chosen(options: GrpcOptions) -> set[str]:
    return {each.name for each in methods(FILES) if grpc.chosen(options, each)}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (GrpcOptions(), {"shop.Shop.Buy", "shop.Shop.Sell", "chat.Chat.Say"}),
        (GrpcOptions(deprecated=False), {"shop.Shop.Buy", "chat.Chat.Say"}),
        (GrpcOptions(include=("shop.Shop",)), {"shop.Shop.Buy", "shop.Shop.Sell"}),
        (GrpcOptions(include=("shop.*",), exclude=("*.Sell",)), {"shop.Shop.Buy"}),
        (GrpcOptions(exclude=("chat.Chat",)), {"shop.Shop.Buy", "shop.Shop.Sell"}),
        (GrpcOptions(include=("grpc.health.v1.Health",)), {"grpc.health.v1.Health.Check"}),
        (GrpcOptions(include=("shop.shop",)), set()),
    ],
)
def test_include_and_exclude_name_methods_and_services(
    options: GrpcOptions, names: set[str]
) -> None:
    assert _chosen(options) == names


def test_data_planes_get_the_files_of_chosen_methods_alone_and_no_comments() -> None:
    options = grpc.kept(GrpcOptions(include=("shop.Shop.Buy",)))

    files = pool.unpack(grpc.packed(options, compiled(SHOP)))

    assert [file.name for file in files.file] == ["money.proto", "shop.proto"]
    assert not any(file.HasField("source_code_info") for file in files.file)
    pool.build(files).FindMethodByName("shop.Shop.Buy")


def test_options_come_back_as_they_were_kept_and_usual_ones_take_no_room() -> None:
    options = GrpcOptions(reflection=False, include=("a.*",), output_schemas=False)

    assert grpc.read(grpc.kept(options)) == options
    assert grpc.kept(GrpcOptions()) == {}


def test_a_deprecated_method_is_one_by_its_own_word() -> None:
    method = Method("a.S.Do", "a.S", "Do", "a.M", "a.M", deprecated=True)

    assert grpc.chosen(GrpcOptions(), method)
    assert not grpc.chosen(GrpcOptions(deprecated=False), method)
