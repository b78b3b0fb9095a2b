"""How a gRPC service is named, reached and handed on to the process that serves it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from mcpgateway.common.runtime.stdio.options import Serve
from mcpgateway.translate.grpc.options import METADATA, GrpcOptions, parse, service_of
from mcpgateway.translate.options import parse as parse_translate


def chosen(*argv: str, **environ: str) -> GrpcOptions:
    return parse(["--grpc", "h:1", *argv], environ)


def served(*argv: str, environ: Mapping[str, str] | None = None) -> Serve:
    found = parse_translate(["--grpc", "h:1", *argv], environ or {})
    assert isinstance(found, Serve)
    return found


def test_a_service_is_served_by_one_process_for_all() -> None:
    made = served("--port", "9000")
    assert service_of(made.command) == "h:1"
    assert (made.stateless, made.sse, made.streamable, made.port) == (True, True, True, 9000)
    assert service_of(("uvx", "mcp-server-time")) == ""


def test_the_process_is_told_all_that_was_chosen_and_secrets_on_no_command_line() -> None:
    argv = ("--grpc-ca", "a", "--grpc-cert", "c", "--grpc-key", "k")
    secret = ("--grpc-metadata", "Authorization=Bearer s3cret=", "--grpc-metadata", "x-a=1")
    made = served(*argv, *secret)
    assert not any("s3cret" in word for word in made.command)
    again = parse(made.command[3:], dict(made.environment))
    assert again == chosen(*argv, *secret)
    assert again.metadata == (("authorization", "Bearer s3cret="), ("x-a", "1"))


@pytest.mark.parametrize(
    ("argv", "url"),
    [
        ((), "grpc://h:1"),
        (("--grpc-tls",), "grpcs://h:1"),
        (("--grpc-ca", "a"), "grpcs://h:1"),
    ],
)
def test_who_names_a_certificate_wants_tls(argv: tuple[str, ...], url: str) -> None:
    assert chosen(*argv).url == url


def test_metadata_of_the_environment_are_a_json_object() -> None:
    assert chosen(**{METADATA: '{"X-A":"1"}'}).metadata == (("x-a", "1"),)


@pytest.mark.parametrize(
    ("argv", "environ", "says"),
    [
        (["--grpc", "h"], {}, "must be HOST:PORT"),
        (["--grpc", "http://h:1"], {}, "must be HOST:PORT"),
        (["--grpc", "u@h:1"], {}, "must be HOST:PORT"),
        (["--grpc", "h:1", "--grpc-key", "k"], {}, "go together"),
        (["--grpc", "h:1", "--grpc-metadata", "grpc-timeout=1"], {}, "can not be a key"),
        (["--grpc", "h:1", "--grpc-metadata", "a=\n"], {}, "printable ASCII"),
        (["--grpc", "h:1"], {METADATA: "{"}, "is no JSON"),
        (["--grpc", "h:1"], {METADATA: json.dumps({"a": 1})}, "object of strings"),
    ],
)
def test_what_can_not_be_used_is_said(
    argv: list[str], environ: dict[str, str], says: str, capsys: Any
) -> None:
    with pytest.raises(SystemExit) as left:
        parse(argv, environ)
    assert left.value.code == 2
    assert says in capsys.readouterr().err
