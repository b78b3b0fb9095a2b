"""`mcpgateway import openapi`: makes a gateway of an API by its OpenAPI document, whose operations
become tools. What it comes to is printed first, with what is left out and why. Done again, it
brings the gateway of this name up to date; edits of its tools stay."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from mcpgateway.cli.declarative import plan_text, preview_text
from mcpgateway.cli.declarative.documents import API_VERSION
from mcpgateway.cli.declarative.remote import Refused, Remote, add_options, remote
from mcpgateway.cli.declarative.run import FINE, WRONG, guarded
from mcpgateway.cli.declarative.sources import text_of
from mcpgateway.cli.errors import CommandError, UsageError

_PLACE = "documents[0].spec."  # of what is wrong, where one document is applied
_CHOICES = {
    "tags": ("tag", "TAG", "only operations with it"),
    "paths": ("path", "PATH", "only operations at it; * is anything"),
    "methods": ("method", "METHOD", "only operations of it"),
    "operations": ("operation", "ID", "only operations of this id; * is anything"),
}


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Exit status 0: it is so, or would be; 2: it could not be done."""
    args = _parser().parse_args(argv)

    def act() -> int:
        if not args.name and not args.dry_run:
            raise UsageError("--name is required: it becomes the prefix of the tools' names")
        said, gateway = _said(args), remote(args, environ)
        preview = _asked(gateway, "/v1/openapi/preview", {**said, **_at(args)})
        print(preview_text.preview(preview, all=args.verbose), end="")
        return _apply(args, gateway, said) if args.name else FINE

    return guarded("import openapi", act)


def _apply(args: argparse.Namespace, gateway: Remote, said: dict[str, Any]) -> int:
    spec = {"transport": "OPENAPI", "openapi": said, **_at(args)}
    document = {
        "apiVersion": API_VERSION,
        "kind": "Gateway",
        "metadata": {"name": args.name},
        "spec": spec,
    }
    path = "/v1/apply?dry_run=true" if args.dry_run else "/v1/apply"
    answer = _asked(gateway, path, {"documents": [document]})
    print()
    print(plan_text.plan(answer, tried=args.dry_run, fields=args.verbose), end="")
    print(plan_text.effects(answer), end="")
    return WRONG if plan_text.fails(answer) else FINE


def _asked(gateway: Remote, path: str, body: object) -> dict[str, Any]:
    """Raises CommandError in the words of this command's options."""
    try:
        answer: dict[str, Any] = gateway.call("POST", path, body)
    except Refused as error:
        raise CommandError(str(error).replace(_PLACE, "")) from error
    return answer


def _said(args: argparse.Namespace) -> dict[str, Any]:
    """The member `openapi` of a gateway."""
    said: dict[str, Any] = {}
    if args.source.startswith(("https://", "http://")):
        said["document_url"] = args.source
    else:
        said["document"] = text_of(args.source)
    exclude = {}
    for name, (option, _, _) in _CHOICES.items():
        if chosen := getattr(args, option):
            said[name] = chosen
        if left := getattr(args, f"exclude_{option}"):
            exclude[name] = left
    return said | ({"exclude": exclude} if exclude else {})


def _at(args: argparse.Namespace) -> dict[str, str]:
    return {"url": args.api_url} if args.api_url else {}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mcpgateway import openapi", description=__doc__)
    add = parser.add_argument
    add(
        "source",
        metavar="SOURCE",
        help="the document, JSON or YAML: a file, - for standard input, or a URL, from which the "
        "gateway fetches it, and fetches it again",
    )
    add("--name", default="", help="of the gateway that it becomes")
    add("--api-url", default="", metavar="URL", help="where the API is; else as the document says")
    for option, metavar, help in _CHOICES.values():
        add(f"--{option}", action="append", metavar=metavar, help=f"{help}; may be given again")
    for option, metavar, help in _CHOICES.values():
        told = help.replace("only", "no", 1)
        add(f"--exclude-{option}", action="append", metavar=metavar, help=told)
    add("--dry-run", action="store_true", help="say what would be made, change nothing")
    add("--verbose", "-v", action="store_true", help="list also what is not chosen")
    add_options(parser)
    return parser
