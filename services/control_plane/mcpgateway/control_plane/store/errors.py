"""The border to asyncpg: its errors become ours."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from mcpgateway.common.errors import Conflict, InvalidCall, Unavailable

# What a unique constraint of the migrations means to the caller.
_TAKEN = {
    "upstreams_slug": "another gateway has this name, or one that gives the same slug",
    "upstreams_url": "another gateway has this url",
    "servers_name": "another server has this name",
    "servers_pkey": "another server has this id",
    "resources_own_uri": "another resource of the gateway's own has this uri",
    "roots_uri": "another root has this uri",
    "agents_name": "another agent has this name",
    "agents_slug": "another agent has this name, or one that gives the same slug",
    "tools_name": "the offered name of a tool was taken meanwhile; try again",
    "tools_original_name": "its gateway has another tool of this name now",
    "prompts_original_name": "its gateway has another prompt of this name now",
    "resources_uri": "its gateway has another resource of this uri now",
    "teams_slug": "another team has this name, or one that gives the same slug",
    "api_tokens_name": "you have another token of this name",
    "prompts_name": "the offered name of a prompt was taken meanwhile; try again",
}
_DOWN = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
)


@contextmanager
def translated() -> Iterator[None]:
    """Raises Conflict for what is taken or gone, InvalidCall for text that PostgreSQL can not hold
    (NUL), Unavailable for a database that is down, slow or full. Anything else is a bug and passes
    through."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        name = error.constraint_name or ""
        raise Conflict(_TAKEN.get(name, f"it is there already ({name})")) from error
    except asyncpg.ForeignKeyViolationError as error:
        raise Conflict("something that this refers to was deleted meanwhile") from error
    except (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError) as error:
        raise InvalidCall("text must not hold the character NUL") from error
    except _DOWN as error:
        raise Unavailable(f"the database does not answer: {type(error).__name__}") from error
