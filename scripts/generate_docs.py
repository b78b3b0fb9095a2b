"""Writes what is generated from the code: `.env.example` and `docs/reference`. `make docs` runs
it; with `--check` it only compares and exits with 1 when a file is not up to date."""

import sys
from pathlib import Path

from mcpgateway.cli import service_settings, settings_reference
from mcpgateway.common.runtime import known_settings

ROOT = Path(__file__).parent.parent


def wanted() -> dict[Path, str]:
    """The files as they should be."""
    specs = {role: service_settings.specs_of(role) for role in service_settings.MODULES}
    known = known_settings.entries()
    return {
        ROOT / ".env.example": settings_reference.env_example(specs),
        ROOT / "docs/reference/contextforge-settings.md": settings_reference.compatibility_table(
            known
        ),
    }


def stale() -> list[Path]:
    """Which files differ from what they should be."""
    return [
        path for path, text in wanted().items() if not path.exists() or path.read_text() != text
    ]


def main(argv: list[str]) -> int:
    """Exit status."""
    out_of_date = stale()
    if "--check" in argv:
        for path in out_of_date:
            sys.stderr.write(f"{path.relative_to(ROOT)} is not up to date: run `make docs`\n")
        return 1 if out_of_date else 0
    texts = wanted()
    for path in out_of_date:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path])
        sys.stderr.write(f"wrote {path.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
