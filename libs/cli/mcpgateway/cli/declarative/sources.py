"""Where documents come from: files, folders, standard input."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from mcpgateway.cli.declarative.documents import Document, Problem, problems
from mcpgateway.cli.declarative.references import ReferenceProblem, Secrets
from mcpgateway.cli.declarative.yaml_tree import MAX_DOCUMENTS, MAX_TEXT, Tree, TreeError, read
from mcpgateway.cli.errors import CommandError

SUFFIXES = (".yaml", ".yml", ".json")
STDIN = "-"


class InvalidDocuments(CommandError):
    """Everything that is wrong, one line for each."""

    def __init__(self, found: Iterable[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in found))


def load(sources: Iterable[str], secrets: Secrets) -> list[Document]:
    """Documents of files, of folders (all files with SUFFIXES in them and below, by name) and of
    `-`, with references resolved. Raises InvalidDocuments with all problems of all of them, and
    CommandError for what can not be read."""
    found: list[Document] = []
    wrong: list[Problem] = []
    for source in sources:
        for file in _files(source):
            try:
                found += _read(file)
            except TreeError as error:
                place = error.place
                where = f"{file}:{place.line}:{place.column}"
                wrong.append(Problem(where, "", error.problem))
    if len(found) > MAX_DOCUMENTS:
        raise CommandError(f"there are {len(found)} documents, {MAX_DOCUMENTS} is the limit")
    wrong += problems(found)
    resolved = [_resolved(each, secrets, wrong) for each in found]
    if wrong:
        raise InvalidDocuments(wrong)
    return resolved


def text_of(source: str) -> str:
    """The whole text of one file or of standard input. Raises CommandError."""
    try:
        if source == STDIN:
            raw = sys.stdin.buffer.read(MAX_TEXT + 1)
        else:
            with Path(source).open("rb") as file:
                raw = file.read(MAX_TEXT + 1)
    except OSError as error:
        raise CommandError(f"{source}: {error.strerror}") from error
    if len(raw) > MAX_TEXT:
        raise CommandError(f"{source} is over {MAX_TEXT} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(f"{source} is not UTF-8: byte {error.start}") from error


def _files(source: str) -> Iterator[str]:
    folder = Path(source)
    if source == STDIN or not folder.is_dir():
        yield source
        return
    files = sorted(f for f in folder.rglob("*") if f.suffix in SUFFIXES and f.is_file())
    if not files:
        raise CommandError(f"{source} holds no file that ends in {', '.join(SUFFIXES)}")
    yield from map(str, files)


def _read(source: str) -> list[Document]:
    return [Document(source, tree) for tree in read(text_of(source))]


def _resolved(document: Document, secrets: Secrets, wrong: list[Problem]) -> Document:
    folder = Path(".") if document.source == STDIN else Path(document.source).parent
    try:
        value = secrets.resolved(document.tree.value, folder)
    except ReferenceProblem as error:
        wrong.append(Problem(document.where(error.path), "", error.problem))
        return document
    return Document(document.source, Tree(value, document.tree.places))
