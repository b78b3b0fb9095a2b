"""The small commands, run as a user runs them."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest
from joserfc.jwk import OctKey

from mcpgateway.cli import dotenv, init_secrets, secrets_file
from mcpgateway.cli.embedded.nats import Nats
from mcpgateway.common import tokens
from mcpgateway.common.keys import DataPlaneKeys
from mcpgateway.common.runtime.nats import Link, connect
from mcpgateway.common.subjects import CONTROL_PLANE_INBOX

Done = subprocess.CompletedProcess[str]


def run(*args: str, cwd: Path, **environ: str) -> Done:
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd), **environ}
    argv = [sys.executable, "-m", "mcpgateway.cli", *args]
    return subprocess.run(argv, env=env, cwd=cwd, capture_output=True, text=True, check=False)


def test_a_token_of_a_data_folder_verifies_with_its_secret(tmp_path: Path) -> None:
    secret = secrets_file.ensure(tmp_path, {}).values["JWT_SECRET_KEY"]
    secrets_file.remember(tmp_path, {"PLATFORM_ADMIN_EMAIL": "root@example.org"})
    done = run("token", "--data-dir", str(tmp_path), cwd=tmp_path)
    key = tokens.VerifyKey("hs", "HS256", OctKey.import_key(secret))
    claims = tokens.verify(done.stdout.strip(), [key], tokens.TokenRules(), time.time())
    assert claims.subject == "root@example.org"
    assert claims.expires is not None


def test_a_folder_without_secrets_gives_no_token_but_the_reason(tmp_path: Path) -> None:
    done = run("token", "--data-dir", str(tmp_path / "empty"), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Has `mcpgateway up` run with this --data-dir?" in done.stderr


def test_keys_are_what_a_data_plane_derives_nothing_from(tmp_path: Path) -> None:
    done = run("keys", "data-plane", cwd=tmp_path, AUTH_ENCRYPTION_SECRET="the secret")
    values = dotenv.parse(done.stdout)
    expected = DataPlaneKeys.derive(("the secret",), "local", "default").text()
    assert values["MCPGATEWAY_DATA_PLANE_KEY"] == expected
    assert "the secret" not in done.stdout
    assert set(values) == {
        "MCPGATEWAY_DATA_PLANE_KEY",
        "MCPGATEWAY_ROUTING_PUBLIC_KEY",
        "MCPGATEWAY_EDGE_SECRET",
    }


def test_keys_are_rotated_by_the_word_for_it(tmp_path: Path) -> None:
    before = secrets_file.ensure(tmp_path, {}).values["AUTH_ENCRYPTION_SECRET"]
    done = run("keys", "rotate", "switch", "--data-dir", str(tmp_path), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    after = secrets_file.read(tmp_path)
    assert after["AUTH_ENCRYPTION_SECRET"] != before
    assert before in after["AUTH_ENCRYPTION_SECRET_ACCEPTED"]


async def test_a_server_with_the_written_accounts_knows_the_written_logins(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("nats-auth", "--out", str(out), cwd=tmp_path)
    auth = (out / "nats.conf").read_text().split("}\n", 1)[1]
    server = Nats(tmp_path / "server", auth=auth).start()
    try:
        creds = str(out / "control-plane.creds")
        client = await connect(Link(server.url, creds, "", CONTROL_PLANE_INBOX, "test"))
        await client.close()
    finally:
        server.stop()


def test_the_whole_written_configuration_is_valid_for_a_server(tmp_path: Path) -> None:
    run("nats-auth", "--out", str(tmp_path), cwd=tmp_path)
    program = Path(sys.executable).with_name("nats-server")
    done = subprocess.run(
        [program, "-t", "-c", tmp_path / "nats.conf"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def written(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def test_secrets_for_a_deployment_are_made_once(tmp_path: Path) -> None:
    args = ("init-secrets", "--out", "s", "--database-url", "postgresql://me:@db:5432/registry")
    assert run(*args, cwd=tmp_path).returncode == 0
    first = written(tmp_path / "s")
    assert run(*args, cwd=tmp_path).returncode == 0
    assert written(tmp_path / "s") == first
    control = dotenv.parse(first["control-plane/env"])
    password = first["postgres/password"]
    assert control["DATABASE_URL"] == f"postgresql://me:{password}@db:5432/registry"


def test_a_secret_is_written_to_the_folders_of_the_roles_that_need_it_only(tmp_path: Path) -> None:
    run("init-secrets", "--out", "s", "--database-url", "postgresql://me:@db/r", cwd=tmp_path)
    files = written(tmp_path / "s")
    control = dotenv.parse(files["control-plane/env"])

    def having(secret: str) -> set[str]:
        return {name.split("/")[0] for name, text in files.items() if secret in text}

    for name in secrets_file.NAMES:
        assert having(control[name]) == {"init", "control-plane"}, name
    assert having(files["postgres/password"]) == {"postgres", "control-plane"}
    assert having(files["control-plane/nats.creds"]) == {"control-plane"}
    assert having(files["data-plane/nats.creds"]) == {"data-plane"}
    edge = dotenv.parse(files["admin/env"])["MCPGATEWAY_EDGE_SECRET"]
    assert having(edge) == {"admin", "data-plane"}


def test_secrets_are_private_unless_asked_otherwise(tmp_path: Path) -> None:
    def modes() -> dict[str, set[int]]:
        found: dict[str, set[int]] = {}
        for path in (tmp_path / "s").glob("*/*"):
            found.setdefault(path.parent.name, set()).add(path.stat().st_mode & 0o777)
        return found

    run("init-secrets", "--out", "s", cwd=tmp_path)
    assert set(modes()) == {"init", *init_secrets.ROLES}
    assert all(mode == {0o600} for mode in modes().values())
    run("init-secrets", "--out", "s", "--readable", cwd=tmp_path)
    assert modes() == {"init": {0o600}, **{role: {0o644} for role in init_secrets.ROLES}}
    assert (tmp_path / "s" / "init").stat().st_mode & 0o777 == 0o700


def test_a_value_that_some_readers_would_take_otherwise_is_refused(tmp_path: Path) -> None:
    done = run("init-secrets", "--out", "s", cwd=tmp_path, PLATFORM_ADMIN_PASSWORD="a $b `c`")
    assert done.returncode == 1
    assert "PLATFORM_ADMIN_PASSWORD may hold letters, digits" in done.stderr
    assert "$b" not in done.stderr


def test_the_doctor_finds_this_machine_able(tmp_path: Path) -> None:
    done = run("doctor", "--port", "39417", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "PostgreSQL" in done.stdout
    assert not (tmp_path / ".local").exists()


def test_the_doctor_says_which_server_does_not_answer(tmp_path: Path) -> None:
    url = "postgresql://u:hidden@127.0.0.1:1/registry"
    done = run("doctor", "--port", "39417", cwd=tmp_path, DATABASE_URL=url)
    assert done.returncode == 1
    assert "LACK  PostgreSQL (DATABASE_URL) at 127.0.0.1:1: Connection refused" in done.stdout
    assert "hidden" not in done.stdout


async def test_a_new_lineage_changes_the_identity_and_nothing_else(
    database: str, tmp_path: Path
) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute(
        "CREATE TABLE registry_revision (n bigint, registry uuid DEFAULT gen_random_uuid());"
        "INSERT INTO registry_revision (n) VALUES (57)"
    )
    before = await connection.fetchrow("SELECT * FROM registry_revision")
    done = await asyncio.to_thread(
        run, "doctor", "--new-lineage", cwd=tmp_path, DATABASE_URL=database
    )
    after = await connection.fetchrow("SELECT * FROM registry_revision")
    await connection.close()
    assert done.returncode == 0, done.stderr
    assert after is not None
    assert before is not None
    assert after["n"] == 57
    assert after["registry"] != before["registry"]
    assert str(after["registry"]) in done.stdout


@pytest.mark.parametrize("command", ["token", "keys", "nats-auth", "init-secrets", "doctor"])
def test_every_command_explains_itself(command: str, tmp_path: Path) -> None:
    done = run(command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert f"usage: mcpgateway {command}" in done.stdout
