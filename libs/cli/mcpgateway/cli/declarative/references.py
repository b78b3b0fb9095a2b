"""`${env:NAME}`, `${file:PATH}` and `${base64:PATH}` in the texts of a document: what stands
elsewhere, as secrets, OpenAPI documents and descriptors of gRPC services do.

They are resolved here, on the machine of whoever applies, and nowhere else; `$${` stands for `${`.
What was put in is never printed: `Secrets.hidden` puts the references back.
"""

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcpgateway.cli.errors import CommandError

MAX_FILE = 24 * 1024 * 1024  # bytes
_REFERENCE = re.compile(r"\$\$\{|\$\{(env|file|base64):([^}\n]+)\}|\$\{")


class ReferenceProblem(CommandError):
    """A reference that leads nowhere, and the text that it stands in by its keys."""

    def __init__(self, problem: str, path: tuple[str | int, ...]) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = path


class Secrets:
    """What references of any document stood for."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._found: dict[str, str] = {}

    def resolved(self, value: Any, folder: Path, path: tuple[str | int, ...] = ()) -> Any:
        """The value with references replaced; those to files are relative to `folder`. Raises
        ReferenceProblem."""
        if isinstance(value, dict):
            return {k: self.resolved(v, folder, (*path, k)) for k, v in value.items()}
        if isinstance(value, list):
            return [self.resolved(v, folder, (*path, i)) for i, v in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        return _REFERENCE.sub(lambda match: self._one(match, folder, path), value)

    def hidden(self, text: str) -> str:
        """The text with what references stood for taken out again."""
        for secret, reference in sorted(self._found.items(), key=lambda item: -len(item[0])):
            text = text.replace(secret, reference)
        return text

    def _one(self, match: re.Match[str], folder: Path, path: tuple[str | int, ...]) -> str:
        whole, kind, name = match.group(0), match.group(1), match.group(2)
        if whole == "$${":
            return "${"
        if kind is None:
            known = "${env:NAME}, ${file:PATH} or ${base64:PATH}"
            problem = f"${{ begins a reference, {known}; write $${{ for itself"
            raise ReferenceProblem(problem, path)
        found = self._referred(kind, name, folder, path)
        if found:
            self._found[found] = whole
        return found

    def _referred(self, kind: str, name: str, folder: Path, path: tuple[str | int, ...]) -> str:
        if kind == "env":
            return self._variable(name, path)
        raw = _bytes(folder / name, path)
        if kind == "base64":
            return base64.b64encode(raw).decode()
        try:
            return raw.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise ReferenceProblem(f"{folder / name} is no UTF-8 text", path) from None

    def _variable(self, name: str, path: tuple[str | int, ...]) -> str:
        value = self._environ.get(name)
        if value is None:
            raise ReferenceProblem(f"the environment has no {name}", path)
        return value


def _bytes(file: Path, path: tuple[str | int, ...]) -> bytes:
    try:
        with file.open("rb") as opened:
            raw = opened.read(MAX_FILE + 1)
    except OSError as error:
        raise ReferenceProblem(f"{file}: {error.strerror}", path) from error
    if len(raw) > MAX_FILE:
        raise ReferenceProblem(f"{file} is over {MAX_FILE} bytes", path)
    return raw


def has_references(value: Any) -> bool:
    """Whether any text in it begins a reference."""
    if isinstance(value, dict):
        return any(has_references(each) for each in value.values())
    if isinstance(value, list):
        return any(has_references(each) for each in value)
    return isinstance(value, str) and "${" in value


def escaped(value: Any) -> Any:
    """The value as a document must write it, so that nothing in it is taken for a reference."""
    if isinstance(value, dict):
        return {key: escaped(each) for key, each in value.items()}
    if isinstance(value, list):
        return [escaped(each) for each in value]
    return value.replace("${", "$${") if isinstance(value, str) else value
