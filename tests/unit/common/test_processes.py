"""What a stdio server may be told, and what not."""

import msgspec
import pytest

from mcpgateway.common import processes
from mcpgateway.common.processes import Process, StdioTicket


@pytest.mark.parametrize(
    "name",
    [
        *("LD_PRELOAD", "ld_preload", "DYLD_INSERT_LIBRARIES", "PYTHONPATH", "PYTHONSTARTUP"),
        *("NODE_OPTIONS", "BASH_ENV", "ENV", "PATH", "GIT_SSH_COMMAND", "PERL5OPT", "RUBYOPT"),
        *("JAVA_TOOL_OPTIONS", "npm_config_prefix", "UV_INDEX_URL", "MCPGATEWAY_RUNNER_KEY"),
    ],
)
def test_a_variable_that_makes_an_allowed_program_another_one_is_told_apart(name: str) -> None:
    assert processes.loads_code(name)


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "API_KEY", "TZ", "HTTPS_PROXY", "LANG"])
def test_a_variable_that_a_server_is_told_something_by_is_none_of_them(name: str) -> None:
    assert not processes.loads_code(name)


def test_what_a_ticket_says_of_a_process_survives_the_wire() -> None:
    process = Process("uvx", ("mcp-server-time",), instances="session", memory_mb=64)
    ticket = StdioTicket(upstream="u", issued=1.5, process=process, environment=(("A", "b"),))
    assert msgspec.json.decode(msgspec.json.encode(ticket), type=StdioTicket) == ticket


@pytest.mark.parametrize(
    ("name", "good"),
    [("A", True), ("_a1", True), ("1A", False), ("A-B", False), ("", False), ("A=B", False)],
)
def test_names_of_variables_are_those_of_posix(name: str, good: bool) -> None:
    assert bool(processes.VARIABLE.fullmatch(name)) is good
