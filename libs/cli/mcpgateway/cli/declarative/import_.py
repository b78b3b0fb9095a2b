"""`mcpgateway import`: takes an export file over: of this gateway or of ContextForge (JSON), or
documents (YAML), which are applied. `import openapi` makes a gateway of an OpenAPI document."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from mcpgateway.cli.declarative import apply, openapi, plan_text
from mcpgateway.cli.declarative.remote import add_options, remote
from mcpgateway.cli.declarative.run import FINE, WRONG, guarded
from mcpgateway.cli.declarative.sources import text_of
from mcpgateway.cli.errors import CommandError, UsageError

STRATEGIES = ("update", "skip", "rename", "fail")


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Exit status 0: all of it was taken; 2: it was not."""
    if argv[:1] == ["openapi"]:
        return openapi.main(argv[1:], environ)
    args = _parser().parse_args(argv)

    def act() -> int:
        export = _export(text_of(args.file))
        if export is None:
            return _apply(args, environ)
        answer = remote(args, environ).call("POST", "/v1/import", _body(args, environ, export))
        print(plan_text.plan(answer, tried=args.dry_run, fields=args.verbose), end="")
        print(plan_text.summary(answer), end="")
        for warning in answer.get("warnings", ()):
            print(f"warning: {warning}", file=sys.stderr)
        return WRONG if plan_text.fails(answer) else FINE

    return guarded("import", act)


def _export(text: str) -> dict[str, Any] | None:
    """None for documents."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) and "entities" in value else None


def _apply(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    if args.include or args.rekey_secret or args.conflict_strategy != "update":
        raise UsageError("these are documents: import them without options of export files")
    where = ["--url", args.url] if args.url else []
    where += ["--token", args.token] if args.token else []
    where += ["--data-dir", args.data_dir] if args.data_dir else []
    flags = ["--dry-run"] if args.dry_run else []
    return apply.main(["-f", args.file, *where, *flags], environ)


def _body(
    args: argparse.Namespace, environ: Mapping[str, str], export: dict[str, Any]
) -> dict[str, Any]:
    secret = args.rekey_secret or environ.get("MCPGATEWAY_REKEY_SECRET", "")
    return {
        "import_data": export,
        "conflict_strategy": args.conflict_strategy,
        "dry_run": args.dry_run,
        "best_effort": args.best_effort,
        **({"rekey_secret": secret} if secret else {}),
        **({"selected_entities": selected(args.include)} if args.include else {}),
    }


def selected(text: str) -> dict[str, list[str]]:
    """`tools:a,b;servers:c`. Raises CommandError."""
    found: dict[str, list[str]] = {}
    for part in filter(None, (each.strip() for each in text.split(";"))):
        name, colon, names = part.partition(":")
        if not colon:
            raise CommandError("--include must look like tools:name,name;servers:name")
        found[name.strip()] = [each.strip() for each in names.split(",") if each.strip()]
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mcpgateway import", description=__doc__)
    add = parser.add_argument
    add("file", metavar="FILE", help="the file, or - for standard input")
    add("--conflict-strategy", choices=STRATEGIES, default="update", help="for what is there")
    add("--dry-run", action="store_true", help="say what would be taken, change nothing")
    add("--best-effort", action="store_true", help="leave out what fails alone, and say so")
    add("--rekey-secret", default="", metavar="SECRET", help="what credentials are sealed with")
    add("--include", default="", metavar="SELECTION", help="only these: tools:a,b;servers:c")
    add("--verbose", "-v", action="store_true", help="say what changes, field by field")
    add_options(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
