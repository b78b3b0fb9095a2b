"""What the command line of a tunnel comes to."""

from mcpgateway.cli.declarative.remote import TOKENS
from mcpgateway.cli.tunnel.__main__ import childs


def test_a_server_gets_our_environment_without_what_opens_the_gateway() -> None:
    ours = {"PATH": "/bin", "API_KEY": "theirs", **dict.fromkeys(TOKENS, "secret")}
    assert childs(ours) == {"PATH": "/bin", "API_KEY": "theirs"}
