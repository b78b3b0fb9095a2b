import ast
import json
import shlex

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.admin.snippets import Snippet, endpoint, snippets, token_command

_ID = "0123456789abcdef" * 2


def _by_id(name: str = "Demo server") -> dict[str, Snippet]:
    return {snippet.id: snippet for snippet in snippets("https://gw.example", _ID, name)}


def test_every_snippet_names_the_endpoint() -> None:
    url = endpoint("https://gw.example", _ID)
    assert url == f"https://gw.example/servers/{_ID}/mcp"
    assert all(url in snippet.text for snippet in _by_id().values())


@given(st.text())
def test_configurations_are_json_whatever_the_server_is_called(name: str) -> None:
    for id in ("http", "stdio"):
        servers = json.loads(_by_id(name)[id].text)["mcpServers"]
        assert len(servers) == 1
        assert next(iter(servers))


def test_the_stdio_snippet_starts_the_wrapper_with_what_it_needs() -> None:
    entry = json.loads(_by_id()["stdio"].text)["mcpServers"]["demo-server"]
    assert entry["args"] == ["-m", "mcpgateway.wrapper"]
    assert set(entry["env"]) == {"MCP_SERVER_URL", "MCP_AUTH"}


def test_the_python_snippet_is_python_and_the_curl_snippet_one_command() -> None:
    ast.parse(_by_id()["python"].text)
    words = shlex.split(_by_id()["curl"].text.replace("\\\n", " "))
    assert words[0] == "curl"
    assert json.loads(words[-1])["method"] == "tools/list"


def test_the_token_command_names_who_is_logged_in() -> None:
    assert token_command("a@b.c") == "export MCP_AUTH=$(mcpgateway token --username a@b.c)"
    assert token_command("") == "export MCP_AUTH=$(mcpgateway token)"
