"""The generated reference says what the services declare."""

from pathlib import Path

from mcpgateway.cli import dotenv
from mcpgateway.cli.settings_reference import (
    compatibility_table,
    env_example,
    settings_table,
    shown,
)
from mcpgateway.common.runtime.known_settings import entries
from mcpgateway.common.runtime.settings import Spec, text


def spec(name: str, default: object, doc: str = "what it does") -> Spec:
    return Spec(name, doc, text, False, default)


SPECS = {
    "control-plane": [spec("PORT", 4445), spec("LOG_LEVEL", "INFO"), spec("JWT_SECRET_KEY", None)],
    "data-plane": [spec("PORT", 4444), spec("LOG_LEVEL", "INFO")],
}


def test_every_setting_is_there_once_with_its_default() -> None:
    lines = env_example(SPECS).splitlines()
    for line in ("# LOG_LEVEL=INFO", "# JWT_SECRET_KEY=", "# PG_ROOT="):
        assert lines.count(line) == 1


def test_a_default_that_differs_by_service_is_told() -> None:
    assert "default: control-plane 4445, data-plane 4444" in env_example(SPECS)


def test_nothing_is_set_until_the_reader_says_so() -> None:
    assert dotenv.parse(env_example(SPECS)) == {}


def test_defaults_are_shown_as_one_would_type_them() -> None:
    values = (True, 0.5, 20.0, ("a", "b"), Path("data"), None, "x")
    assert [shown(v) for v in values] == ["true", "0.5", "20", "a,b", "data", "", "x"]


def test_the_compatibility_table_has_a_row_for_each_contextforge_setting() -> None:
    table = compatibility_table(entries())
    assert "| `MCG_PORT` | alias | `PORT` |" in table
    assert "| `HOST` | used |  |" in table
    assert "MCPGATEWAY_DATA_PLANE_KEY" not in table


def test_the_table_has_a_line_for_each_meaning_of_a_setting() -> None:
    table = settings_table(SPECS)
    assert "| `LOG_LEVEL` | control-plane, data-plane | `INFO` | what it does |" in table
    assert "| `PORT` | control-plane | `4445` |" in table
    assert "| `PORT` | data-plane | `4444` |" in table


def test_the_table_marks_what_is_required_and_what_is_secret() -> None:
    key = Spec("THE_KEY", "opens it", text, True, None, required=True)
    empty = Spec("PERHAPS", "empty: as it comes", text, False, None)
    table = settings_table({"admin": [key, empty]})
    assert "| `THE_KEY` | admin | required | opens it | secret |" in table
    assert "| `PERHAPS` | admin |  | empty: as it comes |  |" in table
