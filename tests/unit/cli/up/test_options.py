"""What `up` understands of its command line, environment and `.env`."""

from pathlib import Path

import pytest

from mcpgateway.cli.errors import UsageError
from mcpgateway.cli.up.options import Options, parse, read_database
from mcpgateway.common.runtime.server_tls import TlsFiles


def options(tmp_path: Path, *argv: str, **environ: str) -> Options:
    return parse(argv, {"HOME": str(tmp_path), **environ}, tmp_path)


def test_without_anything_it_listens_on_loopback_and_embeds_its_servers(tmp_path: Path) -> None:
    found = options(tmp_path)
    assert found.url == "http://127.0.0.1:4444"
    assert (found.database_url, found.nats_url, found.replicas) == ("", "", 1)
    assert found.data_dir == tmp_path / ".local/share/mcpgateway"


def test_the_command_line_beats_the_environment_and_that_beats_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HOST=10.0.0.1\nPORT=1111\nLOG_LEVEL=ERROR\n")
    found = options(tmp_path, "--host", "0.0.0.0", PORT="2222")
    assert (found.host, found.port) == ("0.0.0.0", 2222)
    assert found.settings["LOG_LEVEL"] == "ERROR"
    assert found.meant == {"HOST", "PORT", "LOG_LEVEL"}


def test_an_address_that_means_everywhere_is_shown_as_one_that_can_be_opened(
    tmp_path: Path,
) -> None:
    assert options(tmp_path, "-H", "0.0.0.0", "-p", "80").url == "http://127.0.0.1:80"
    assert options(tmp_path, "-H", "::", "-p", "80").url == "http://[::1]:80"


def test_the_short_options_of_the_reference_work(tmp_path: Path) -> None:
    (tmp_path / "other.env").write_text("JWT_ISSUER=me\n")
    found = options(
        tmp_path, "-e", "other.env", "-H", "::1", "-p", "5", "-w", "3", "-r", "--log", "debug"
    )
    assert (found.host, found.port, found.replicas, found.reload) == ("::1", 5, 3, True)
    assert found.settings["LOG_LEVEL"] == "DEBUG"
    assert found.settings["JWT_ISSUER"] == "me"
    other = options(tmp_path, "--env", "other.env", "-l", "warning", "-f", "json")
    assert (other.settings["LOG_LEVEL"], other.settings["LOG_FORMAT"]) == ("WARNING", "json")


def test_a_named_env_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"can not read .*nowhere\.env"):
        options(tmp_path, "-e", "nowhere.env")


@pytest.mark.parametrize(
    ("argv", "environ", "message"),
    [
        (("--port", "0"), {}, "PORT must be 1 to 65535, got '0'"),
        ((), {"PORT": "tcp://10.0.0.1:80"}, "PORT must be 1 to 65535"),
        (("--replicas", "65"), {}, "--replicas must be 1 to 64, got '65'"),
        (("-w", "many"), {}, "--replicas must be 1 to 64, got 'many'"),
    ],
)
def test_a_number_out_of_range_is_named_with_its_range(
    tmp_path: Path, argv: tuple[str, ...], environ: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        options(tmp_path, *argv, **environ)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_the_driver_of_a_postgresql_url_is_stripped(scheme: str, tmp_path: Path) -> None:
    assert read_database(f"{scheme}://u:p@h/d", tmp_path).url == "postgresql://u:p@h/d"


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("sqlite:///./mcp.db", "mcp.db.postgres"),
        ("sqlite+aiosqlite:///data/mcp.db?mode=rw", "data/mcp.db.postgres"),
    ],
)
def test_sqlite_means_an_embedded_postgresql_beside_the_file(
    url: str, folder: str, tmp_path: Path
) -> None:
    found = read_database(url, tmp_path)
    assert found.folder == tmp_path / folder
    assert str(found.folder) in found.notice


def test_an_absolute_sqlite_path_stays_absolute(tmp_path: Path) -> None:
    assert read_database("sqlite:////srv/mcp.db", tmp_path).folder == Path("/srv/mcp.db.postgres")


def test_sqlite_in_memory_means_the_usual_embedded_postgresql(tmp_path: Path) -> None:
    found = read_database("sqlite:///:memory:", tmp_path)
    assert found.folder is None
    assert "embedded PostgreSQL" in found.notice


@pytest.mark.parametrize(
    "url", ["mysql://u:hidden@h/d", "mariadb+pymysql://u:hidden@h/d", "hidden"]
)
def test_another_database_is_refused_with_the_reason_and_without_its_password(
    url: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"PostgreSQL|postgresql") as caught:
        read_database(url, tmp_path)
    assert "hidden" not in str(caught.value)


def test_paths_are_meant_from_the_folder_that_up_is_started_in(tmp_path: Path) -> None:
    found = options(tmp_path, MCPGATEWAY_NATS_CREDS="logins", MCPGATEWAY_NATS_CA="/etc/ca.pem")
    assert found.settings["MCPGATEWAY_NATS_CREDS"] == str(tmp_path / "logins")
    assert found.settings["MCPGATEWAY_NATS_CA"] == "/etc/ca.pem"


def test_tls_makes_the_address_an_https_one_with_absolute_paths(tmp_path: Path) -> None:
    found = options(tmp_path, "--tls-cert", "c.pem", "--tls-key", "k.pem", "--http3")
    assert found.url == "https://127.0.0.1:4444"
    assert found.settings["CERT_FILE"] == str(tmp_path / "c.pem")
    assert found.settings["KEY_FILE"] == str(tmp_path / "k.pem")
    assert found.settings["MCPGATEWAY_HTTP3"] == "true"
    assert (found.self_signed, found.trusted) == (False, None)


def test_tls_of_the_environment_is_that_of_contextforge(tmp_path: Path) -> None:
    found = options(tmp_path, SSL="true", KEY_FILE_PASSWORD="hush")
    folder = tmp_path / "certs"
    assert found.tls == TlsFiles(folder / "cert.pem", folder / "key.pem", "hush")
    assert options(tmp_path, SSL="false", CERT_FILE="c.pem").tls is None


def test_a_self_signed_certificate_is_in_the_data_folder(tmp_path: Path) -> None:
    found = options(tmp_path, "--tls-self-signed", "--data-dir", "d")
    assert found.trusted == tmp_path / "d/tls/cert.pem"
    assert found.settings["CERT_FILE"] == str(found.trusted)


@pytest.mark.parametrize(
    ("argv", "environ", "message"),
    [
        (("--tls-key", "k.pem"), {}, "--tls-key needs --tls-cert"),
        (("--http3",), {}, "--http3 needs TLS"),
        ((), {"SSL": "perhaps"}, "SSL must be true or false"),
    ],
)
def test_tls_that_is_half_said_is_refused(
    tmp_path: Path, argv: tuple[str, ...], environ: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        options(tmp_path, *argv, **environ)
