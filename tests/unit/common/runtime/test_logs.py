"""A log line is one line and says who wrote it, whatever is in the message."""

import json
import logging

import pytest

from mcpgateway.common.runtime import logs

pytestmark = pytest.mark.usefixtures("logging_as_before")

FORGED = "GET /a\n12:00:00 INFO    control-plane x: all is well\x1b[2J"


def written(capsys: pytest.CaptureFixture[str], kind: str, message: str) -> str:
    logs.set_up("data-plane", "INFO", kind)
    logging.getLogger("a.room").warning("refused %s", message)
    return capsys.readouterr().err


def test_a_message_can_not_forge_a_second_line(capsys: pytest.CaptureFixture[str]) -> None:
    text = written(capsys, "text", FORGED)
    assert text.count("\n") == 1
    assert "\x1b" not in text
    assert r"/a\n12:00:00" in text


def test_a_good_message_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    text = written(capsys, "text", "größe of the café")
    assert text.endswith("WARNING data-plane a.room: refused größe of the café\n")


def test_json_lines_hold_what_was_said(capsys: pytest.CaptureFixture[str]) -> None:
    line = written(capsys, "json", FORGED)
    assert line.count("\n") == 1
    assert json.loads(line)["message"] == f"refused {FORGED}"


def test_a_trace_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("data-plane", "INFO")
    try:
        int("broken")
    except ValueError:
        logging.getLogger("a.room").exception("it failed")
    assert capsys.readouterr().err.count("\n") > 2
