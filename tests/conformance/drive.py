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
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
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
# What the gateway does not do for upstreams: proofs of possession, identities of workloads. And it
# exchanges what it believes, while that suite's identity provider publishes no keys.
SKIPPED = re.compile("auth/(dpop|wif|enterprise-managed)")
PATIENCE = 30.0  # seconds for one answer
Visit = Callable[[str], Awaitable[None]]
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


async def use(client: Client, context: Mapping[str, Any], visit: Visit) -> None:
    """Everything once. What one call says is the suite's business, not ours."""
    tools = (await client.list_tools()).tools
    for name, arguments in calls_of(tools, context):
        if await _visited(visit, client.call_tool(name, arguments)):
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


async def _visited(visit: Visit, asked: Any) -> bool:
    """Whether it was refused for want of pages that its user was at now."""
    try:
        await asked
    except MCPError as error:
        if error.error.code != types.URL_ELICITATION_REQUIRED:
            print(f"refused: {error}", file=sys.stderr)
            return False
        for each in error.error.data["elicitations"]:
            await visit(each["url"])
        return True
    except ValidationError as error:
        print(f"refused: {error}", file=sys.stderr)
    return False


async def _nowhere(url: str) -> None:
    print(f"not visited: {url}", file=sys.stderr)


async def _accept(visit: Visit, context: Any, params: Any) -> types.ElicitResult:
    """Goes to a page; fills a form with its defaults."""
    if params.mode == "url":
        await visit(params.url)
        return types.ElicitResult(action="accept")
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
    async with httpx2.AsyncClient(base_url=origin, headers=_bearer(), timeout=PATIENCE) as http:
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
    fields = await authorized.by_the_gateway(http, scenario, url, context())
    id = await register(http, name, url, **fields)
    if fields["oauth_config"]["grant_type"] == "authorization_code":
        fetched = await _fetched(http, id)
        if "answered 401" in fetched.text:  # a token that counts no more is asked for anew
            fetched = await _fetched(http, id)
        assert fetched.status_code == 200, fetched.text
    return await bundle(http, name, id)


async def _fetched(http: httpx2.AsyncClient, id: str) -> httpx2.Response:
    await authorized.consent(http, f"/oauth/authorize/{id}")
    return await http.post(f"/oauth/fetch-tools/{id}?wait=applied")


def _bearer() -> dict[str, str]:
    return {"Authorization": f"Bearer {os.environ[TOKEN]}"}


def context() -> dict[str, Any]:
    """What the suite tells its client."""
    return dict(json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}"))


async def drive(url: str, visit: Visit = _nowhere, **options: Any) -> None:
    """`visit` shows its user a page; `options` of the HTTP client."""
    revision = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION", MODERN)
    client = Client(
        streamable_http_client(url, http_client=httpx2.AsyncClient(**options)) if options else url,
        mode="auto" if revision == MODERN else "legacy",
        read_timeout_seconds=PATIENCE,
        elicitation_callback=partial(_accept, visit),
        sampling_callback=_sample,
        list_roots_callback=_roots,
    )
    async with client:
        await use(client, context(), visit)


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
        given: dict[str, Any] = {}
        if with_tokens:
            auth = authorized.by_itself(scenario, options.url, context())
            given = {"auth": auth, "timeout": PATIENCE}
        await drive(options.url, **given)
        return 0
    async with _offered(options.through, scenario, options.url) as url:
        options_of_http: dict[str, Any] = {"headers": _bearer(), "timeout": PATIENCE}
        async with httpx2.AsyncClient(base_url=options.through, **options_of_http) as browser:
            visit = partial(authorized.consent, browser)
            await drive(url, visit, **(options_of_http if with_tokens else {}))
    return 0


if __name__ == "__main__":
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    sys.exit(asyncio.run(_main()))
