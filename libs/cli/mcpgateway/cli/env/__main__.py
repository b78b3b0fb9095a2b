"""`mcpgateway env translate OLD.env`: says what becomes of each setting of a ContextForge `.env`
file, and writes the file that this gateway reads."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mcpgateway.cli import dotenv, service_settings
from mcpgateway.cli.env import report
from mcpgateway.cli.env.verdicts import Translation, translate
from mcpgateway.cli.errors import CommandError, UsageError
from mcpgateway.cli.files import write_private
from mcpgateway.common.runtime import known_settings


def main(argv: Sequence[str]) -> int:
    """Exit status 0: every setting was kept, renamed or safely left out; 1: some are refused or
    unknown; 2: nothing could be translated."""
    args = _parser().parse_args(argv)
    try:
        translation = _translated(Path(args.file))
        if args.output:
            _write(Path(args.output), report.env_file(translation, args.file), args.force)
    except (CommandError, OSError) as error:
        print(f"mcpgateway env: {error}", file=sys.stderr)
        return 2
    shown = report.as_json(translation) if args.format == "json" else None
    print(shown or report.text(translation, args.file), end="")
    return 1 if translation.needs_attention else 0


def _translated(path: Path) -> Translation:
    if path.stat().st_size > dotenv.MAX_SIZE:
        raise UsageError(f"{path} is over {dotenv.MAX_SIZE} bytes")
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from error
    specs = {role: service_settings.specs_of(role) for role in service_settings.MODULES}
    return translate(dotenv.parse(text, str(path)), known_settings.entries(), specs)


def _write(path: Path, text: str, force: bool) -> None:
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; --force replaces it")
    write_private(path, text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mcpgateway env", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="translate")
    sub = commands.add_parser("translate", description=__doc__, help="judge and rewrite a file")
    sub.add_argument("file", metavar="OLD.env", help="a `.env` file of ContextForge")
    sub.add_argument("--output", "-o", metavar="NEW.env", help="write the file for this gateway")
    sub.add_argument("--force", action="store_true", help="replace NEW.env when it is there")
    sub.add_argument("--format", choices=("text", "json"), default="text", help="of the report")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
