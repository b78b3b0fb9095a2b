"""The requests and results that are sent, in both eras. Pure."""

from mcpgateway.common import jsonrpc

MODERN, LEGACY = "2026-07-28", "2025-11-25"
META = (
    '{"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
    '"io.modelcontextprotocol/clientCapabilities":{}}'
)
TEXT = "0123456789"
TYPED = '"resultType":"complete",'  # what a modern result has and a legacy one has not
CONTENT = f'"content":[{{"type":"text","text":"{TEXT}"}}]'
MODERN_RESULT = f"{{{TYPED}{CONTENT}}}"
LEGACY_RESULT = f"{{{CONTENT}}}"
DISCOVERED = (
    f'{{{TYPED}"supportedVersions":["{MODERN}"],"capabilities":{{"tools":{{}}}},'
    '"ttlMs":0,"cacheScope":"public"}'
)
INITIALIZED = (
    f'{{"protocolVersion":"{LEGACY}","capabilities":{{"tools":{{}}}},'
    '"serverInfo":{"name":"u","version":"1"}}'
)
_INITIALIZE = (
    f'{{"protocolVersion":"{LEGACY}","capabilities":{{}},'
    '"clientInfo":{"name":"c","version":"1"}}'
)
BASE = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


# Stands in requests for what differs in each: its id, and something in its arguments. Load
# generators put other numbers of nine digits there.
NUMBER = 100_000_000


def request(method: str, params: str, id: int = 1) -> str:
    return jsonrpc.request(id, method, params.encode()).decode()


def answer(result: str, id: int) -> str:
    return f'{{"jsonrpc":"2.0","id":{id},"result":{result}}}'


def modern_headers(method: str, name: str = "") -> dict[str, str]:
    named = {"Mcp-Name": name} if name else {}
    return {**BASE, "MCP-Protocol-Version": MODERN, "Mcp-Method": method, **named}


def modern_call(tool: str) -> str:
    params = f'{{"name":"{tool}","arguments":{{"text":"hello {NUMBER}"}},"_meta":{META}}}'
    return request("tools/call", params, NUMBER)


def modern_streamed(tool: str) -> str:
    """A call whose caller wants to hear of progress."""
    meta = f'{META[:-1]},"progressToken":"t"}}'
    return request("tools/call", f'{{"name":"{tool}","arguments":{{}},"_meta":{meta}}}')


def modern_plain(method: str) -> str:
    return request(method, f'{{"_meta":{META}}}')


def modern_listen() -> str:
    """A subscription to changes of the list of tools."""
    wanted = '"notifications":{"toolsListChanged":true}'
    return request("subscriptions/listen", f'{{{wanted},"_meta":{META}}}')


def legacy_call(tool: str) -> str:
    params = f'{{"name":"{tool}","arguments":{{"text":"hello {NUMBER}"}}}}'
    return request("tools/call", params, NUMBER)


def initialize() -> str:
    return request("initialize", _INITIALIZE, 0)


def tools(count: int) -> str:
    """The array of so many tools, about 140 bytes each; the first are those of `bench.upstream`."""
    schema = '{"type":"object","properties":{"text":{"type":"string"}}}'
    names = ["echo", "stream", "hold", *(f"tool-{n:06}" for n in range(3, count))][:count]
    rest = f'"description":"Says it again","inputSchema":{schema}'
    return "[" + ",".join(f'{{"name":"{name}",{rest}}}' for name in names) + "]"


def tools_page(count: int, *, modern: bool) -> str:
    typed = f'{TYPED}"ttlMs":0,"cacheScope":"public",' if modern else ""
    return f'{{{typed}"tools":{tools(count)}}}'
