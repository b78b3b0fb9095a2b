"""What `apply`, `diff` and `delete` have in common."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mcpgateway.cli.declarative.documents import Document, Problem, field_path
from mcpgateway.cli.declarative.references import Secrets
from mcpgateway.cli.declarative.remote import Refused, Remote, add_options, remote
from mcpgateway.cli.declarative.sources import InvalidDocuments, load
from mcpgateway.cli.errors import CommandError

FINE, DIFFERENT, WRONG = 0, 1, 2


def parser(name: str, description: str | None) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog=f"mcpgateway {name}", description=description)
    made.add_argument(
        "-f",
        "--filename",
        action="append",
        required=True,
        metavar="DIR|FILE|-",
        help="documents in YAML or JSON; may be given several times",
    )
    add_options(made)
    return made


def guarded(name: str, act: Callable[[], int]) -> int:
    """The exit status; what went wrong is said on standard error."""
    try:
        return act()
    except CommandError as error:
        print(f"mcpgateway {name}: {error}", file=sys.stderr)
    except BrokenPipeError:
        sys.stderr.close()
    except KeyboardInterrupt:
        print(f"mcpgateway {name}: interrupted", file=sys.stderr)
    return WRONG


class Session:
    """Documents, and the gateway that they are for."""

    def __init__(self, args: argparse.Namespace, environ: Mapping[str, str]) -> None:
        self.secrets = Secrets(environ)
        self._documents: Sequence[Document] = load(args.filename, self.secrets)
        self._remote: Remote = remote(args, environ)

    def apply(self, *, dry_run: bool, **options: Any) -> dict[str, Any]:
        """The gateway's answer. Raises InvalidDocuments where it found something wrong with them,
        each at its place, and CommandError."""
        body = {"documents": [each.value for each in self._documents], **options}
        path = "/v1/apply?dry_run=true" if dry_run else "/v1/apply"
        try:
            answer: dict[str, Any] = self._remote.call("POST", path, body)
        except Refused as error:
            placed = self._placed(error)
            if not placed:
                raise CommandError(self.secrets.hidden(str(error))) from error
            raise InvalidDocuments(placed) from error
        return answer

    def say(self, text: str) -> None:
        """Without any secret that a reference stood for."""
        print(self.secrets.hidden(text), end="")

    def _placed(self, error: Refused) -> list[Problem]:
        """`documents[3].spec.url` is a place in a file."""
        found = []
        for field, problem in error.problems:
            head, *rest = field_path(field)
            if head != "documents" or not rest or not isinstance(rest[0], int):
                return []
            document, path = self._documents[rest[0]], tuple(rest[1:])
            name = field.partition("].")[2]
            told = self.secrets.hidden(problem)
            found.append(Problem(document.where(path), name, told))
        return found
