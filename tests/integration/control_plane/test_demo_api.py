"""Register, list, bundle: the demo of the README over the REST API, member by member."""

from support.control_plane import Plane, upstream_with


def members(text: str) -> set[str]:
    return set(text.split())


GATEWAY = members(
    """
    id name url description transport capabilities createdAt updatedAt status statusMessage
    registrationAttempts nextRetryAt lastError lifecycleClaimedBy lifecycleClaimedAt
    lifecycleClaimExpiresAt enabled reachable lastSeen passthroughHeaders caCertificate
    caCertificateSig signingAlgorithm clientCert clientKey authType authValue authHeaders
    authHeadersUnmasked oauthConfig authQueryParamKey authQueryParamValueMasked authUsername
    authPassword authToken authHeaderKey authHeaderValue tags authPasswordUnmasked
    authTokenUnmasked authHeaderValueUnmasked teamId team ownerEmail visibility createdBy
    createdFromIp createdVia createdUserAgent modifiedBy modifiedFromIp modifiedVia
    modifiedUserAgent importBatchId federationSource version slug refreshIntervalSeconds
    lastRefreshAt gatewayMode identityPropagation toolCount promptCount resourceCount
    skippedTools
    """
)
TOOL = members(
    """
    id originalName url description originalDescription title requestType integrationType
    headers inputSchema outputSchema annotations extensionMetadata jsonpathFilter auth
    createdAt updatedAt enabled deprecated reachable gatewayId grpcServiceId executionCount
    metrics name displayName gatewaySlug customName customNameSlug tags createdBy
    createdFromIp createdVia createdUserAgent modifiedBy modifiedFromIp modifiedVia
    modifiedUserAgent importBatchId federationSource version teamId team ownerEmail
    visibility baseUrl pathTemplate queryMapping headerMapping timeoutMs exposePassthrough
    allowlist pluginChainPre pluginChainPost _meta
    """
)
SERVER = members(
    """
    id name description icon createdAt updatedAt enabled associatedTools associatedToolIds
    associatedResources associatedPrompts associatedA2aAgents metrics tags createdBy
    createdFromIp createdVia createdUserAgent modifiedBy modifiedFromIp modifiedVia
    modifiedUserAgent importBatchId federationSource version teamId team ownerEmail
    visibility oauthEnabled oauthConfig
    """
)


async def test_the_demo_registers_lists_and_bundles(plane: Plane) -> None:
    url = "http://localhost:8003/sse"
    plane.discoverer.at[url] = upstream_with(["add_numbers", "now"], transport="SSE")

    made = await plane.http.post("/gateways", json={"name": "fast_time", "url": url})
    tools = await plane.http.get("/tools")
    one = next(tool for tool in tools.json() if tool["originalName"] == "add_numbers")
    body = {"server": {"name": "time", "description": "d", "associated_tools": [one["id"]]}}
    server = await plane.http.post("/servers", json=body)
    servers = await plane.http.get("/servers")

    assert made.status_code == 200
    assert made.json().keys() >= GATEWAY
    assert made.json()["slug"] == "fast-time"
    assert made.json()["transport"] == "SSE"
    assert made.json()["toolCount"] == 2
    assert len(made.json()["id"]) == 32
    assert one.keys() >= TOOL
    assert one["name"] == "fast-time-add-numbers"
    assert one["displayName"] == "Add Numbers"
    assert one["inputSchema"] == {"type": "object"}
    assert (one["requestType"], one["integrationType"]) == ("SSE", "MCP")
    assert one["createdVia"] == "federation"
    assert server.status_code == 201
    assert server.json().keys() >= SERVER
    assert server.json()["associatedTools"] == ["fast-time-add-numbers"]
    assert server.json()["associatedToolIds"] == [one["id"]]
    assert servers.json() == [server.json()]


async def test_both_path_families_and_both_spellings_mean_the_same(plane: Plane) -> None:
    await plane.register("a", upstream_with(["x"]))
    [id] = (await plane.tool_ids()).values()

    snake = await plane.http.post("/v1/servers", json={"name": "s", "associated_tools": [id]})
    camel = await plane.http.post(
        "/servers/", json={"server": {"name": "c", "associatedTools": [id]}}
    )

    assert (snake.status_code, camel.status_code) == (201, 201)
    assert snake.json()["associatedToolIds"] == camel.json()["associatedToolIds"] == [id]
    assert (await plane.http.get("/v1/tools")).json() == (await plane.http.get("/tools")).json()


async def test_pages_follow_each_other_without_gap_or_repeat(plane: Plane) -> None:
    await plane.register("a", upstream_with([f"t{n:02}" for n in range(7)]))
    names: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = f"/tools?include_pagination=true&limit=3&cursor={cursor}"
        page = (await plane.http.get(query)).json()
        names += [tool["name"] for tool in page["tools"]]
        cursor = page["nextCursor"]

    assert names == [f"a-t{n:02}" for n in range(7)]


async def test_prompts_resources_and_templates_are_listed_too(plane: Plane) -> None:
    gateway = await plane.register(
        "a", upstream_with([], ["greet"], ["file:///x"], ["file:///{name}"])
    )

    prompts = (await plane.http.get("/prompts")).json()
    resources = (await plane.http.get("/resources")).json()
    templates = (await plane.http.get("/resources/templates/list")).json()

    assert [prompt["name"] for prompt in prompts] == ["a-greet"]
    assert [row["uri"] for row in resources] == ["file:///x", "file:///{name}"]
    for row in resources:
        info = await plane.http.get(f"/resources/{row['id']}/info")
        assert (info.status_code, info.json()) == (200, row)
    assert [row["uriTemplate"] for row in templates] == ["file:///{name}"]
    assert gateway["promptCount"] == 1
    assert gateway["resourceCount"] == 2
    one = await plane.http.get(f"/prompts/{prompts[0]['id']}")
    assert one.json() == prompts[0]


async def test_a_server_lists_what_it_holds(plane: Plane) -> None:
    await plane.register("a", upstream_with(["x", "y"], ["p"], ["file:///r"]))
    ids = await plane.tool_ids()
    prompt = (await plane.http.get("/prompts")).json()[0]["id"]
    held = await plane.bundle("s", [ids["a-y"]], associatedPrompts=[prompt])

    tools = (await plane.http.get(f"/servers/{held['id']}/tools")).json()
    prompts = (await plane.http.get(f"/servers/{held['id']}/prompts")).json()
    resources = (await plane.http.get(f"/servers/{held['id']}/resources")).json()

    assert [tool["name"] for tool in tools] == ["a-y"]
    assert [row["name"] for row in prompts] == ["a-p"]
    assert resources == []
