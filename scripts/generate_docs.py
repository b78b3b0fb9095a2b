"""Writes what is generated from the code: `.env.example` and `docs/reference`. `make docs` runs
it; with `--check` it only compares and exits with 1 when a file is not up to date."""

import sys
from pathlib import Path

from mcpgateway.cli import service_settings, settings_reference
from mcpgateway.common.runtime import known_settings
from scripts import cli_reference

ROOT = Path(__file__).parent.parent


def wanted() -> dict[Path, str]:
    """The files as they should be."""
    specs = {role: service_settings.specs_of(role) for role in service_settings.MODULES}
    known = known_settings.entries()
    return {
        ROOT / ".env.example": settings_reference.env_example(specs),
        ROOT / "docs/reference/settings.md": settings_reference.settings_table(specs),
        ROOT / "docs/reference/cli.md": cli_reference.commands(),
        ROOT / "docs/reference/contextforge-settings.md": settings_reference.compatibility_table(
            known
        ),
    }


def main(argv: list[str]) -> int:
    """Exit status."""
    texts = wanted()
    out_of_date = [p for p, text in texts.items() if not p.exists() or p.read_text() != text]
    if "--check" in argv:
        for path in out_of_date:
            sys.stderr.write(f"{path.relative_to(ROOT)} is not up to date: run `make docs`\n")
        return 1 if out_of_date else 0
    for path in out_of_date:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path])
        sys.stderr.write(f"wrote {path.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
