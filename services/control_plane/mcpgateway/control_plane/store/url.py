"""DATABASE_URL as people write it, as asyncpg takes it. Pure."""

from urllib.parse import urlsplit

_NOT_HERE = {
    "sqlite": "sqlite is understood by `mcpgateway up` only, which keeps PostgreSQL beside it",
    "mysql": "MySQL is not supported: the registry needs PostgreSQL 14 or newer",
    "mariadb": "MariaDB is not supported: the registry needs PostgreSQL 14 or newer",
}


def database_url(text: str) -> str:
    """`postgresql+psycopg://` and the like become `postgresql://`. Raises ValueError, which never
    shows the URL: it may hold a password."""
    scheme, separator, rest = text.strip().partition("://")
    dialect = scheme.partition("+")[0].lower()
    if dialect in _NOT_HERE:
        raise ValueError(_NOT_HERE[dialect])
    if dialect not in ("postgres", "postgresql") or not separator:
        raise ValueError("must look like postgresql://user:password@host:5432/database")
    url = f"postgresql://{rest}"
    try:
        host = urlsplit(url).port or urlsplit(url).netloc or urlsplit(url).query
    except ValueError:
        raise ValueError("has a port that is no number from 1 to 65535") from None
    if not host:
        raise ValueError("names no host")
    return url
