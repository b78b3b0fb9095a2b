"""Which processes `up` starts, and what each may know."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.cli.embedded.process import Command
from mcpgateway.cli.up.options import Options
from mcpgateway.cli.up.plan import Backing, Planner, needs_runner
from mcpgateway.common.keys import DataPlaneKeys, parse_ring, runner_ring
from mcpgateway.common.subjects import Subjects

SECRETS = {
    "JWT_SECRET_KEY": "jwt-secret",
    "AUTH_ENCRYPTION_SECRET": "encryption-secret",
    "PLATFORM_ADMIN_PASSWORD": "admin-secret",
}
BACKING = Backing("postgresql://db-secret", "nats://127.0.0.1:5", "/cp.creds", "/dp.creds", 6, 7)
SUBJECTS = Subjects("local", "default")
SETTINGS_OF = {
    "control-plane": frozenset({"HOST", "PORT", "LOG_LEVEL", "DATABASE_URL", "JWT_SECRET_KEY"}),
    "data-plane": frozenset({"HOST", "PORT", "LOG_LEVEL"}),
    "front": frozenset({"HOST", "PORT", "MCPGATEWAY_EDGE_SECRET"}),
    "admin": frozenset({"HOST", "PORT", "LOG_LEVEL"}),
}


def commands(
    replicas: int = 1,
    *,
    admin: bool = True,
    front: bool = False,
    settings: Mapping[str, str] | None = None,
    runner: Collection[str] = (),
) -> list[Command]:
    """`runner`: what a runner reads; nothing: there is none."""
    options = Options(
        host="0.0.0.0",
        port=8080,
        data_dir=Path("/data"),
        postgres_dir=Path("/data"),
        database_url="",
        nats_url="",
        replicas=replicas,
        admin=admin,
        reload=False,
        wait=False,
        settings=settings or {},
        front=front,
    )
    backing = replace(BACKING, runner_port=8 if runner else 0)
    names = SETTINGS_OF | {"runner": frozenset(runner)}
    return list(Planner(options, SECRETS, backing, names, SUBJECTS, "/python").commands())


def by_role(found: list[Command]) -> dict[str, Command]:
    return {command.argv[3]: command for command in found}


@given(st.integers(1, 64), st.booleans())
def test_there_is_one_control_plane_and_as_many_data_planes_as_asked(n: int, admin: bool) -> None:
    roles = [command.argv[3] for command in commands(n, admin=admin)]
    assert roles.count("control-plane") == 1
    assert roles.count("data-plane") == n
    assert roles.count("admin") == admin


def test_each_command_line_shows_one_role_and_no_other() -> None:
    found = commands(2)
    lines = [" ".join(command.argv[1:]) for command in found]
    assert lines == [
        "-m mcpgateway.cli control-plane",
        "-m mcpgateway.cli data-plane --replica 0",
        "-m mcpgateway.cli data-plane --replica 1",
        "-m mcpgateway.cli admin",
    ]
    assert len({command.name for command in found}) == len(found)


@given(st.sampled_from(["HOST", "PORT"]), st.text(min_size=1))
def test_only_data_planes_get_the_public_address(name: str, value: str) -> None:
    found = by_role(commands(settings={name: value}))
    assert found["data-plane"].env["HOST"] == "0.0.0.0"
    assert found["data-plane"].env["PORT"] == "8080"
    assert [found[role].env["HOST"] for role in ("control-plane", "admin")] == ["127.0.0.1"] * 2
    assert [found[role].env["PORT"] for role in ("control-plane", "admin")] == ["6", "7"]


def test_the_control_plane_knows_whether_strangers_can_reach_the_gateway() -> None:
    assert by_role(commands())["control-plane"].env["MCPGATEWAY_PUBLIC_HOST"] == "0.0.0.0"


def test_the_control_plane_knows_the_port_at_which_an_upstream_would_be_the_gateway_itself() -> (
    None
):
    assert by_role(commands())["control-plane"].env["MCPGATEWAY_PUBLIC_PORT"] == "8080"


def test_without_admin_pages_nobody_is_sent_to_them() -> None:
    name = "MCPGATEWAY_UI_ENABLED"
    assert name not in by_role(commands())["control-plane"].env
    assert by_role(commands(admin=False))["control-plane"].env[name] == "false"


def test_no_secret_of_the_control_plane_reaches_another_service() -> None:
    found = by_role(commands(settings={"DATABASE_URL": "postgresql://db-secret", **SECRETS}))
    for role in ("data-plane", "admin"):
        assert not [v for v in found[role].env.values() if v.endswith("-secret")]


def test_data_planes_get_keys_that_open_what_the_control_plane_seals() -> None:
    env = by_role(commands())["data-plane"].env
    keys = DataPlaneKeys.derive((SECRETS["AUTH_ENCRYPTION_SECRET"],), "local", "default")
    assert env["MCPGATEWAY_DATA_PLANE_KEY"] == keys.text()


def test_every_service_that_speaks_nats_has_its_own_login() -> None:
    found = by_role(commands())
    assert found["control-plane"].env["MCPGATEWAY_NATS_CREDS"] == "/cp.creds"
    assert found["data-plane"].env["MCPGATEWAY_NATS_CREDS"] == "/dp.creds"
    assert "NATS_URL" not in found["admin"].env


def test_the_environment_of_a_child_is_explicit() -> None:
    stray = {"LD_PRELOAD": "x", "KUBERNETES_PORT": "y", "OTHER_SECRET": "z"}
    for command in commands(settings={"LOG_LEVEL": "DEBUG", **stray}):
        assert not stray.keys() & command.env.keys()
        assert command.env["LOG_LEVEL"] == "DEBUG"


def test_a_front_has_the_public_address_and_replicas_know_that_they_are_behind_it() -> None:
    alone, found = commands(2), by_role(commands(2, front=True))
    assert "front" not in by_role(alone)
    assert "MCPGATEWAY_FRONTED" not in by_role(alone)["data-plane"].env
    assert (found["front"].env["HOST"], found["front"].env["PORT"]) == ("0.0.0.0", "8080")
    assert found["data-plane"].env["MCPGATEWAY_FRONTED"] == "true"


def test_a_front_is_given_no_key_of_the_group() -> None:
    environ = by_role(commands(2, front=True))["front"].env
    assert "MCPGATEWAY_DATA_PLANE_KEY" not in environ
    assert environ["MCPGATEWAY_EDGE_SECRET"]


def test_a_runner_is_started_where_it_is_wanted_and_none_is_named() -> None:
    wanted = {"MCPGATEWAY_STDIO_ENABLED": "true"}
    assert needs_runner(wanted)
    assert not needs_runner({})
    assert not needs_runner({"MCPGATEWAY_STDIO_ENABLED": "false"})
    assert not needs_runner(wanted | {"MCPGATEWAY_RUNNER_URLS": "http://runner:4447"})


def test_a_runner_gets_the_key_of_tickets_and_no_other_secret() -> None:
    names = ("HOST", "PORT", "MCPGATEWAY_STDIO_ENABLED", "MCPGATEWAY_STDIO_COMMANDS")
    settings = {
        "MCPGATEWAY_STDIO_ENABLED": "true",
        "MCPGATEWAY_STDIO_COMMANDS": "uvx ...",
        "DATABASE_URL": "postgresql://secret",
        "PATH": "/usr/bin",
    }
    found = by_role(commands(settings=settings, runner=names))
    env = found["runner"].env
    ring = runner_ring(("encryption-secret",), "local", "default")
    assert parse_ring(env["MCPGATEWAY_RUNNER_KEY"]) == ring
    assert (env["HOST"], env["PORT"]) == ("127.0.0.1", "8")
    assert env["MCPGATEWAY_STDIO_COMMANDS"] == "uvx ..."
    assert env["MCPGATEWAY_STDIO_PATH"] == "/usr/bin"
    assert not {"DATABASE_URL", "AUTH_ENCRYPTION_SECRET", "JWT_SECRET_KEY"} & set(env)
    assert found["control-plane"].env["MCPGATEWAY_RUNNER_URLS"] == "http://127.0.0.1:8"
