import pytest

from mcpgateway.wrapper.options import Options, OptionsError, authorization, endpoint, parse


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("http://localhost:4444", "http://localhost:4444/mcp"),
        ("http://localhost:4444/", "http://localhost:4444/mcp"),
        ("http://localhost:4444/mcp", "http://localhost:4444/mcp"),
        ("http://localhost:4444/mcp/", "http://localhost:4444/mcp"),
        ("http://h/servers/abc", "http://h/servers/abc/mcp"),
        ("http://h/servers/abc/mcp", "http://h/servers/abc/mcp"),
        ("http://h/servers/abc/sse", "http://h/servers/abc/mcp"),
        ("https://h/gw/mcp?x=1", "https://h/gw/mcp?x=1"),
    ],
)
def test_the_endpoint_is_found_with_or_without_its_last_part(given: str, asked: str) -> None:
    assert endpoint(given) == asked


@pytest.mark.parametrize("url", ["localhost:4444", "ftp://h", "http://", "http://h:x", ""])
def test_what_is_no_http_url_is_refused(url: str) -> None:
    with pytest.raises(OptionsError, match="URL"):
        endpoint(url)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("abc.def", "Bearer abc.def"),
        ("Bearer abc", "Bearer abc"),
        ("Basic eA==", "Basic eA=="),
        ("", ""),
        ("  abc\n", "Bearer abc"),
    ],
)
def test_a_bare_token_becomes_a_bearer_one(given: str, sent: str) -> None:
    assert authorization(given) == sent


def test_a_header_value_with_a_line_break_inside_is_refused() -> None:
    with pytest.raises(OptionsError, match="one line"):
        authorization("abc\r\nX-Other: 1")


def test_the_environment_is_enough() -> None:
    options = parse(
        [],
        {
            "MCP_SERVER_URL": "http://h/servers/1",
            "MCP_AUTH": "t",
            "MCP_TOOL_CALL_TIMEOUT": "5",
            "MCP_WRAPPER_LOG_LEVEL": "OFF",
            "CONCURRENCY": "3",
        },
    )
    assert options == Options("http://h/servers/1/mcp", "Bearer t", 5.0, "off", 3)


def test_a_flag_wins_over_the_environment() -> None:
    environ = {"MCP_SERVER_URL": "http://a", "MCP_AUTH": "a", "MCP_TOOL_CALL_TIMEOUT": "1"}
    options = parse(["--url", "http://b", "--auth", "b", "--timeout", "2"], environ)
    assert options == Options("http://b/mcp", "Bearer b", 2.0)


@pytest.mark.parametrize(
    ("argv", "environ", "says"),
    [
        ([], {}, "MCP_SERVER_URL"),
        (["--url", "http://h", "--timeout", "soon"], {}, "timeout must be a number"),
        (["--url", "http://h", "--timeout", "0"], {}, "over 0"),
        (["--url", "http://h", "--log-level", "loud"], {}, "log level must be one of"),
        (["--url", "http://h"], {"CONCURRENCY": "0"}, "CONCURRENCY"),
    ],
)
def test_what_can_not_be_used_is_refused_with_the_reason(
    argv: list[str], environ: dict[str, str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(argv, environ)
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.out == ""
