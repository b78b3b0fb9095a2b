"""Filters of tools' results: JSONPath (RFC 9535) where the text begins with `$`, else jq. Pure.

A filter may run for ever and take all memory, so it is applied only where it can be stopped (see
`runtime.bounded`); whether a text is one, anybody may ask.
"""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jq
import jsonpath
import msgspec

MAX_FILTER = 4096  # characters
_KEPT = 256  # programs; the least recently used is compiled again

# Files are nobody's result. A module can be named in no other way than by a string.
_MODULE = re.compile(r'(?<![.$\w"@])(?:import|include)\s*(?:#[^\n]*\s*)*"')
_ENVIRONMENT = re.compile(r"\$ENV\b|(?<![.$\w\"@:])env\b(?!\s*:)")
_PATHS = jsonpath.JSONPathEnvironment(strict=True)


class FilterFailed(ValueError):
    """It can not be applied to this value; the message says why."""


def filter_problem(text: str) -> str | None:
    """Why this is no filter, None when it is one. For who writes one; "" is no filter."""
    try:
        _program(text)
    except ValueError as error:
        return str(error)
    return None


def apply(text: str, document: bytes) -> bytes:
    """The result of a filter on a JSON document, as JSON: the value of a JSONPath that names one
    place (null where nothing is there), an array of all that any other finds; what a jq program
    gives, in an array where that is not exactly one value. Raises FilterFailed. Takes as long and
    as much as the filter says."""
    try:
        return _program(text)(document)
    except (ValueError, RecursionError) as error:
        raise FilterFailed(_first_lines(str(error))) from None


_Program = Callable[[bytes], bytes]


@lru_cache(maxsize=_KEPT)
def _program(text: str) -> _Program:
    """Raises ValueError."""
    if not text.strip():
        raise ValueError("is empty")
    if len(text) > MAX_FILTER:
        raise ValueError(f"has {len(text)} characters, at most {MAX_FILTER} are taken")
    return _path(text.strip()) if text.lstrip().startswith("$") else _jq(text)


def _path(text: str) -> _Program:
    try:
        path = _PATHS.compile(text)
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise ValueError(f"is no JSONPath (RFC 9535): {_first_lines(str(error))}") from None
    assert isinstance(path, jsonpath.JSONPath)  # strict: no union of several
    one = path.singular_query()

    def run(document: bytes) -> bytes:
        try:
            found = path.findall(json.loads(document))
        except jsonpath.JSONPathError as error:
            raise ValueError(str(error)) from None
        return _written((found[0] if found else None) if one else found)

    return run


def _jq(text: str) -> _Program:
    if _MODULE.search(text):
        raise ValueError("is a jq program that reads modules, which are files")
    if _ENVIRONMENT.search(text):
        raise ValueError("is a jq program that reads the environment")
    try:
        program = jq.compile(text)
    except ValueError as error:
        raise ValueError(f"is no jq program: {_first_lines(str(error))}") from None

    def run(document: bytes) -> bytes:
        found = program.input_text(document.decode()).all()
        return _written(found[0] if len(found) == 1 else found)

    return run


def _written(value: Any) -> bytes:
    """Raises ValueError for numbers that JSON has not."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode()


def _first_lines(text: str) -> str:
    return " ".join(text.split())[:300]


def shown(value: Any) -> str:
    """A filtered value as the text of a result: a string as it is, all else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
