import pytest

from mcpgateway.common.runtime.stdio.options import Serve
from mcpgateway.translate.options import Connect, parse


def _serve(*argv: str) -> Serve:
    options = parse(["--stdio", "uvx mcp-server-time", *argv], {})
    assert isinstance(options, Serve)
    return options


def test_the_command_of_the_readme_is_understood() -> None:
    options = _serve("--expose-sse", "--port", "8003")
    assert options.command == ("uvx", "mcp-server-time")
    assert (options.host, options.port, options.sse, options.streamable) == (
        "127.0.0.1",
        8003,
        True,
        False,
    )
    assert (options.sse_path, options.message_path, options.keepalive) == ("/sse", "/message", 30)


def test_without_an_expose_flag_both_transports_are_served() -> None:
    options = _serve()
    assert options.sse
    assert options.streamable


def test_a_quoted_command_keeps_its_words_together() -> None:
    options = parse(["--stdioCommand", "sh -c 'a b'"], {})
    assert isinstance(options, Serve)
    assert options.command == ("sh", "-c", "a b")


def test_headers_become_variables_when_that_is_enabled() -> None:
    options = _serve("--enable-dynamic-env", "--header-to-env", "X-Token=API_TOKEN")
    assert options.header_to_env == (("x-token", "API_TOKEN"),)


def test_a_remote_server_is_connected_to_with_its_token() -> None:
    assert parse(["--connect-sse", "http://h/sse", "--oauth2Bearer", "t"], {}) == Connect(
        "http://h/sse", sse=True, authorization="Bearer t"
    )
    found = parse(["--connect-streamable-http", "https://h/x"], {})
    assert found == Connect("https://h/x", sse=False)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ([], "--stdio"),
        (["--stdio", ""], "needs a command"),
        (["--stdio", "'x"], "No closing quotation"),
        (["--stdio", "x", "--port", "65536"], "--port must be 0 to 65535"),
        (["--stdio", "x", "--max-children", "0"], "--max-children must be 1"),
        (["--stdio", "x", "--ssePath", "sse"], "--ssePath must be a path"),
        (["--stdio", "x", "--messagePath", "/mcp"], "--messagePath must be a path"),
        (["--stdio", "x", "--keepAlive", "-1"], "--keepAlive must be over 0"),
        (["--stdio", "x", "--header-to-env", "A=B"], "--enable-dynamic-env"),
        (["--stdio", "x", "--enable-dynamic-env", "--header-to-env", "A=B C"], "HEADER=VARIABLE"),
        (["--connect-sse", "ftp://h"], "no http://"),
        (["--stdio", "x", "--connect-sse", "http://h"], "not allowed with"),
        (["--grpc", "h"], "must be HOST:PORT"),
        (["--grpc", "h:1", "--grpc-cert", "c.pem"], "go together"),
        (["--grpc", "h:1", "--grpc-metadata", "x"], "KEY=VALUE"),
        (["--grpc", "h:1", "--grpc-metadata", "gr pc=1"], "can not be a key"),
    ],
)
def test_what_can_not_be_used_is_refused_with_the_reason(
    argv: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(argv, {})
    assert says in capsys.readouterr().err
