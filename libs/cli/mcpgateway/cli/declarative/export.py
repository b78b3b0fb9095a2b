"""`mcpgateway export`: writes what a gateway has as documents that `apply` takes (YAML), or as an
export file in ContextForge's format (JSON). Secrets are masked."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlencode

from mcpgateway.cli.declarative.references import escaped
from mcpgateway.cli.declarative.remote import add_options, remote
from mcpgateway.cli.declarative.run import FINE, guarded
from mcpgateway.cli.declarative.yaml_text import dump
from mcpgateway.cli.errors import UsageError
from mcpgateway.cli.files import write_private

_JSON_ONLY = ("types", "exclude_types", "include_inactive", "no_dependencies", "with_secrets")


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Exit status 0, or 2 when it could not be exported."""
    args = _parser().parse_args(argv)

    def act() -> int:
        form = args.format or ("json" if str(args.out).endswith(".json") else "yaml")
        text = _json(args, environ) if form == "json" else _yaml(args, environ)
        if args.out:
            write_private(Path(args.out), text)
        else:
            print(text, end="")
        return FINE

    return guarded("export", act)


def _yaml(args: argparse.Namespace, environ: Mapping[str, str]) -> str:
    for name in _JSON_ONLY:
        if getattr(args, name):
            raise UsageError(f"--{name.replace('_', '-')} is of --format json")
    asked = {"kinds": args.kinds, "tags": args.tags, "set": args.set}
    query = urlencode({name: value for name, value in asked.items() if value})
    answer = remote(args, environ).call("GET", f"/v1/documents?{query}")
    return dump(escaped(each) for each in answer["documents"])


def _json(args: argparse.Namespace, environ: Mapping[str, str]) -> str:
    if args.kinds or args.set:
        raise UsageError("--kinds and --set are of --format yaml; here it is --types")
    body = {
        "types": args.types,
        "exclude_types": args.exclude_types,
        "tags": args.tags,
        "include_inactive": args.include_inactive,
        "include_dependencies": not args.no_dependencies,
    }
    if args.with_secrets:
        body["rekey_secret"] = _secret(args, environ)
    answer = remote(args, environ).call("POST", "/v1/export", body)
    return json.dumps(answer, indent=2, ensure_ascii=False) + "\n"


def _secret(args: argparse.Namespace, environ: Mapping[str, str]) -> str:
    found: str = args.rekey_secret or environ.get("MCPGATEWAY_REKEY_SECRET", "")
    if not found:
        raise UsageError("--with-secrets needs --rekey-secret or MCPGATEWAY_REKEY_SECRET")
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mcpgateway export", description=__doc__)
    add = parser.add_argument
    add("--out", "--output", "-o", default="", metavar="FILE", help="instead of standard output")
    add("--format", choices=("yaml", "json"), help="yaml; json when FILE ends in .json")
    add("--tags", default="", metavar="A,B", help="only what has one of these tags")
    add("--kinds", default="", metavar="A,B", help="yaml: only documents of these kinds")
    add("--set", default="", metavar="NAME", help="yaml: only what was applied as this set")
    add("--types", default="", metavar="A,B", help="json: tools, gateways, servers, ...")
    add("--exclude-types", default="", metavar="A,B", help="json: all but these")
    add("--include-inactive", action="store_true", help="json: what is switched off too")
    add("--no-dependencies", action="store_true", help="json: only what --types and --tags name")
    add("--with-secrets", action="store_true", help="json: seal credentials into the file")
    add("--rekey-secret", default="", metavar="SECRET", help="what to seal them with")
    add_options(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
