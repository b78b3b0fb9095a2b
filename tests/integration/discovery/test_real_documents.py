"""Documents of large APIs as they are published: every operation is a sound tool, or listed with
the reason, within the bounds of the worker process that reads them."""

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

import msgspec
import pytest
import yaml

from mcpgateway.common import schema_check
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.rest import rules
from mcpgateway.control_plane.discovery.openapi.reader import HttpApiReader
from mcpgateway.control_plane.discovery.outbound import open_outbound
from mcpgateway.control_plane.registry.discovered.ports import Target
from mcpgateway.control_plane.registry.openapi.importing import Reading
from mcpgateway.control_plane.registry.transports.openapi import SCHEMA_BYTES
from support.real_documents import NAMES, real_document

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
LEAST = {"kubernetes": 800, "github": 800, "stripe": 400, "ec2": 1000, "openai": 200}  # tools
# Why an operation of these documents may become no tool, and nothing else.
REASONS = ("is OPTIONS", "is HEAD", "register it by itself", "whose fields are not named")


async def read(document: bytes) -> Reading:
    async with (
        open_outbound(AddressPolicy()) as outbound,
        aclosing(HttpApiReader(outbound, 5.0)) as reader,
    ):
        return (await reader.read(Target("", "OPENAPI", document=document))).reading


def operations(document: bytes) -> Counter[tuple[str, str]]:
    """As anybody would count them."""
    text = document.lstrip()[:1] == b"{"
    tree: Mapping[str, Any] = (
        json.loads(document) if text else yaml.load(document, yaml.CSafeLoader)
    )
    return Counter(
        (method.upper(), path)
        for path, item in tree["paths"].items()
        for method in item
        if method in METHODS
    )


@pytest.mark.parametrize("name", NAMES)
async def test_every_operation_is_a_sound_tool_or_listed(name: str) -> None:
    document = await real_document(name)
    reading = await read(document)

    done = Counter((each.method, each.path) for each in reading.tools)
    done.update((each.method, each.path) for each in reading.left_out)
    assert done == operations(document)
    assert len(reading.tools) >= LEAST.get(name, 40)
    strange = [each for each in reading.left_out if not any(r in each.reason for r in REASONS)]
    assert strange == []
    names = [each.name for each in reading.tools]
    assert len(set(names)) == len(names)
    for tool in reading.tools:
        told = msgspec.json.decode(tool.definition)
        schemas = [told["inputSchema"], told.get("outputSchema", {})]
        assert rules.problems(tool.request) == [], tool.name
        assert [schema_check.problems(each) for each in schemas] == [[], []], tool.name
        assert len(told["description"]) <= 1024
    sizes = sorted(len(tool.definition) for tool in reading.tools)
    assert sizes[len(sizes) // 2] < SCHEMA_BYTES


async def test_another_choice_changes_no_name() -> None:
    document = await real_document("openai")
    whole = {each.name: each.request for each in (await read(document)).tools}
    async with (
        open_outbound(AddressPolicy()) as outbound,
        aclosing(HttpApiReader(outbound, 5.0)) as reader,
    ):
        options = {"tags": ["Chat"], "methods": ["POST"]}
        chosen = Target("", "OPENAPI", options=options, document=document)
        some = (await reader.read(chosen)).reading
    assert 0 < len(some.tools) < 10
    assert {each.name: each.request for each in some.tools}.items() <= whole.items()
