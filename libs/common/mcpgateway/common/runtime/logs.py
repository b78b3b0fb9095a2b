"""Logging set-up: one line an event on standard error, text for people, JSON for machines."""

import json
import logging
import sys
import time

from typing_extensions import override

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class _Json(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    @override
    def format(self, record: logging.LogRecord) -> str:
        moment = time.gmtime(record.created)
        entry = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", moment) + f".{record.msecs:03.0f}Z",
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


class _Text(logging.Formatter):
    """A message is one line, whatever somebody sent us: no one forges a second, or moves the
    cursor of a terminal."""

    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        line = super().formatMessage(record)
        return line if line.isprintable() else "".join(map(_shown, line))


def _shown(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


def set_up(service: str, level: str, log_format: str = "text") -> None:
    """Call once, from a service's `__main__`."""
    handler = logging.StreamHandler(sys.stderr)
    if log_format == "json":
        handler.setFormatter(_Json(service))
    else:
        line = f"%(asctime)s %(levelname)-7s {service} %(name)s: %(message)s"
        handler.setFormatter(_Text(line, "%H:%M:%S"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("hypercorn.access").setLevel(logging.WARNING)
