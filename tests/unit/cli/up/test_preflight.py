"""Settings that a service would refuse are told before anything starts, all at once."""

from pathlib import Path

from mcpgateway.cli.up.options import parse
from mcpgateway.cli.up.preflight import problems


def found(tmp_path: Path, *argv: str, **environ: str) -> list[str]:
    return problems(parse(argv, {"HOME": str(tmp_path), **environ}, tmp_path))


def test_the_settings_of_a_first_start_are_fine(tmp_path: Path) -> None:
    assert found(tmp_path) == []


def test_what_each_service_would_refuse_is_told_once(tmp_path: Path) -> None:
    told = found(
        tmp_path, AUTH_REQUIRED="maybe", SECURE_COOKIES="perhaps", SSRF_ALLOW_LOCALHOST="some"
    )
    assert sorted(told) == [
        "AUTH_REQUIRED must be true or false, got 'maybe'",
        "SECURE_COOKIES must be true or false, got 'perhaps'",
        "SSRF_ALLOW_LOCALHOST must be true or false, got 'some'",
    ]


def test_services_that_do_not_start_are_not_asked(tmp_path: Path) -> None:
    assert found(tmp_path, MCPGATEWAY_UI_ENABLED="perhaps") != []
    assert found(tmp_path, "--no-admin", MCPGATEWAY_UI_ENABLED="perhaps") == []
