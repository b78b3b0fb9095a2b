"""`python -m conformance.drive [--through ORIGIN] URL`: the client that the suite examines.

It is the official SDK's client and uses all that it is offered: lists, calls, gets, reads. With
`--through` it registers the suite's URL at a running gateway and uses that, so that the client
that the suite sees is the gateway. Exit code 1 when it could not connect.
"""

import argparse
import asyncio
import json
import os
import re
import sys
import warnings
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import mcp_types as types
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from pydantic import ValidationError

from conformance import authorized
from conformance.offering import Offered, bundle, offer, register, withdraw
from support.mcp_servers import MODERN

TOKEN = "CONFORMANCE_TOKEN"  # the variable with an administrator's bearer token
WITH_TOKENS = "auth/"  # scenarios whose server wants tokens
# What the gateway does not do for upstreams: proofs of possession, identities of workloads.
SKIPPED = re.compile("auth/(dpop|wif|enterprise-managed)")
PATIENCE = 30.0  # seconds for one answer
ECHO = "json_schema_echo"  # wants the schema of this tool:
ECHOED = "json_schema_2020_12_tool"


def example(schema: Mapping[str, Any]) -> Any:
    """A value that a property's schema allows."""
    if "default" in schema:
        return schema["default"]
    if "enum" in schema:
        return schema["enum"][0]
    by_type: dict[str, Any] = {
        "integer": 5,
        "number": 5,
        "boolean": True,
        "object": {},
        "array": [],
    }
    return by_type.get(str(schema.get("type")), "x")


def arguments_of(tool: types.Tool, others: Mapping[str, types.Tool]) -> dict[str, Any]:
    """An example of each argument."""
    if tool.name == ECHO and ECHOED in others:
        return {"schema": others[ECHOED].input_schema}
    properties = tool.input_schema.get("properties", {})
    return {name: example(schema) for name, schema in properties.items()}


def calls_of(tools: list[types.Tool], context: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The calls that the suite asks for; where it asks for none, one of each tool."""
    if "toolCalls" in context:
        return [(each["name"], each["arguments"]) for each in context["toolCalls"]]
    by_name = {tool.name: tool for tool in tools}
    return [(tool.name, arguments_of(tool, by_name)) for tool in tools]


async def use(client: Client, context: Mapping[str, Any]) -> None:
    """Everything once. What one call says is the suite's business, not ours."""
    tools = (await client.list_tools()).tools
    for name, arguments in calls_of(tools, context):
        await _try(client.call_tool(name, arguments))
    offers = client.server_capabilities
    if offers.prompts is not None:
        for prompt in (await client.list_prompts()).prompts:
            given = {each.name: "x" for each in prompt.arguments or ()}
            await _try(client.get_prompt(prompt.name, given))
    if offers.resources is not None:
        for resource in (await client.list_resources()).resources:
            await _try(client.read_resource(resource.uri))


async def _try(asked: Any) -> None:
    try:
        await asked
    except (MCPError, ValidationError) as error:
        print(f"refused: {error}", file=sys.stderr)


async def _accept(context: Any, params: Any) -> types.ElicitResult:
    """Fills a form with its defaults."""
    schema = getattr(params, "requested_schema", {})
    content = {name: example(each) for name, each in schema.get("properties", {}).items()}
    return types.ElicitResult(action="accept", content=content)


async def _sample(context: Any, params: Any) -> types.CreateMessageResult:
    content = types.TextContent(type="text", text="sampled")
    return types.CreateMessageResult(role="assistant", content=content, model="none")


async def _roots(context: Any) -> types.ListRootsResult:
    return types.ListRootsResult.model_validate({"roots": [{"uri": "file:///tmp"}]})


@asynccontextmanager
async def _offered(origin: str, scenario: str, url: str) -> AsyncIterator[str]:
    headers = {"Authorization": f"Bearer {os.environ[TOKEN]}"}
    async with httpx2.AsyncClient(base_url=origin, headers=headers, timeout=PATIENCE) as http:
        name = f"{scenario} {os.getpid()}"
        if scenario.startswith(WITH_TOKENS):
            offered = await _authorized(http, scenario, name, url)
        else:
            offered = await offer(http, name, url)
        try:
            yield origin + offered.path
        finally:
            await withdraw(http, offered)


async def _authorized(http: httpx2.AsyncClient, scenario: str, name: str, url: str) -> Offered:
    """Where its tools are known only once somebody has consented."""
    fields = authorized.by_the_gateway(scenario, context())
    id = await register(http, name, url, **fields)
    if fields["oauth_config"]["grant_type"] == "authorization_code":
        await authorized.consent(http, id)
        fetched = await http.post(f"/oauth/fetch-tools/{id}?wait=applied")
        assert fetched.status_code == 200, fetched.text
    return await bundle(http, name, id)


def context() -> dict[str, Any]:
    """What the suite tells its client."""
    return dict(json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}"))


async def drive(url: str, **options: Any) -> None:
    """`options` of the HTTP client."""
    revision = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION", MODERN)
    client = Client(
        streamable_http_client(url, http_client=httpx2.AsyncClient(**options)) if options else url,
        mode="auto" if revision == MODERN else "legacy",
        read_timeout_seconds=PATIENCE,
        elicitation_callback=_accept,
        sampling_callback=_sample,
        list_roots_callback=_roots,
    )
    async with client:
        await use(client, context())


async def _main() -> int:
    parser = argparse.ArgumentParser(description="The client that the suite examines.")
    parser.add_argument("--through", default="", help="origin of a running gateway")
    parser.add_argument("url")
    options = parser.parse_args()
    scenario = os.environ.get("MCP_CONFORMANCE_SCENARIO", "")
    if SKIPPED.match(scenario):
        return 1
    with_tokens = scenario.startswith(WITH_TOKENS)
    if not options.through:
        auth = authorized.by_itself(scenario, options.url, context()) if with_tokens else None
        await drive(options.url, **({"auth": auth, "timeout": PATIENCE} if auth else {}))
        return 0
    async with _offered(options.through, scenario, options.url) as url:
        headers = {"Authorization": f"Bearer {os.environ[TOKEN]}"}
        await drive(url, **({"headers": headers, "timeout": PATIENCE} if with_tokens else {}))
    return 0


if __name__ == "__main__":
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    sys.exit(asyncio.run(_main()))
