"""Which URIs may be roots of the gateway. Pure.

A root is a name that the gateway tells; it opens nothing. So by default any URI may be one.
"""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

FILE = "file"


@dataclass(frozen=True, slots=True)
class RootPolicy:
    """`schemes` and `file_prefixes`: none named, any. `files`: whether file: URIs may be roots,
    where `schemes` names none."""

    schemes: tuple[str, ...] = ()
    files: bool = True
    file_prefixes: tuple[str, ...] = ()

    def problem(self, uri: str) -> str | None:
        """Why this may be no root, naming the setting that decides; None when it may."""
        try:
            parts = urlsplit(uri)
        except ValueError:
            return "is no URI"
        scheme = parts.scheme.lower()
        if not scheme:
            return "must begin with a scheme, such as file://"
        if scheme == FILE and not self.files:
            return "must not be a file: URI (ROOT_ALLOW_FILE_SCHEME=false)"
        if self.schemes and scheme not in (*self.schemes, FILE):
            known = ", ".join(self.schemes)
            return f"must begin with one of the schemes {known} (ROOT_ALLOWED_SCHEMES)"
        if scheme == FILE and not self._holds(unquote(parts.path)):
            return f"must be under {' or '.join(self.file_prefixes)} (ROOT_ALLOWED_FILE_PREFIXES)"
        return None

    def _holds(self, path: str) -> bool:
        if ".." in path.split("/"):
            return not self.file_prefixes
        return not self.file_prefixes or any(
            path == prefix.rstrip("/") or path.startswith(prefix.rstrip("/") + "/")
            for prefix in self.file_prefixes
        )


ANY_ROOT = RootPolicy()
