import pytest

from mcpgateway.admin.settings import Settings
from mcpgateway.common.runtime.settings import SettingsError, load


def test_nothing_needs_to_be_set() -> None:
    settings = load(Settings, {})
    assert (settings.host, settings.port) == ("127.0.0.1", 4446)
    assert settings.control_plane == "http://127.0.0.1:4445"
    assert settings.enabled
    assert settings.secure_cookies is None


def test_cookies_follow_the_scheme_unless_told() -> None:
    assert load(Settings, {"SECURE_COOKIES": "true"}).secure_cookies is True
    assert load(Settings, {"SECURE_COOKIES": "false"}).secure_cookies is False


def test_the_edge_secret_is_never_printed() -> None:
    assert "s3cret" not in repr(load(Settings, {"MCPGATEWAY_EDGE_SECRET": "s3cret"}))


def test_every_problem_is_told_at_once() -> None:
    environ = {
        "PORT": "x",
        "MCPGATEWAY_CONTROL_PLANE_URL": "localhost:4445",
        "MCPGATEWAY_UI_ENABLED": "maybe",
    }
    with pytest.raises(SettingsError) as caught:
        load(Settings, environ)
    assert [problem.split()[0] for problem in caught.value.problems] == list(environ)
