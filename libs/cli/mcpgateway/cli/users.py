"""`mcpgateway users`: who may log in, by the API of a running gateway. Who lost the password of the
administrator comes in by the token of the data folder (`up`), or by one of `mcpgateway token`.

A password that this makes is printed once, and has to be changed at the first login.
"""

import argparse
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from mcpgateway.cli.declarative.remote import Remote, add_options, remote
from mcpgateway.cli.declarative.run import guarded
from mcpgateway.cli.errors import UsageError

_USERS = "/v1/auth/email/admin/users"
_BYTES = 18  # of a made password, 24 characters
_PAGE = 500


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Exit status 0: done; 2: it could not be."""
    args = _parser().parse_args(argv)

    def act() -> int:
        args.act(remote(args, environ), args)
        return 0

    return guarded("users", act)


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="mcpgateway users", description=__doc__)
    commands = made.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, act: Any, help: str, *, named: bool = True) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=help, description=help)
        found.set_defaults(act=act)
        if named:
            found.add_argument("email")
        add_options(found)
        return found

    command("list", _list, "print all users", named=False)
    create = command("create", _create, "make a user")
    create.add_argument("--name", help="shown name")
    create.add_argument("--admin", action="store_true", help="make an administrator")
    create.add_argument(
        "--service", action="store_true", help="make a service account, which has no password"
    )
    _given(create)
    _given(command("reset-password", _reset, "give a user another password"))
    command("unlock", _unlock, "let a user log in whose logins failed too often")
    delete = command("delete", _delete, "delete a user")
    delete.add_argument("--transfer-to", metavar="EMAIL", help="who gets what the user owns")
    return made


def _given(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the password from standard input; else one is made and printed",
    )


def _list(gateway: Remote, args: argparse.Namespace) -> None:
    offset, total = 0, 1
    while offset < total:
        asked = urlencode({"limit": _PAGE, "offset": offset})
        page = gateway.call("GET", f"{_USERS}?{asked}")
        for user in page["users"]:
            print(f"{user['email']:40} {_kind(user):14} {_state(user)}")
        offset, total = offset + _PAGE, page["total_count"]


def _create(gateway: Remote, args: argparse.Namespace) -> None:
    body = {"email": args.email, "full_name": args.name, "is_admin": args.admin}
    if args.service:
        gateway.call("POST", _USERS, body | {"is_service": True})
        print(f"{args.email} is made; give it an API token: POST /v1/tokens")
        return
    password, once = _password(args)
    gateway.call("POST", _USERS, body | {"password": password, "password_change_required": once})
    print(f"{args.email} is made")
    _tell(password, once)


def _reset(gateway: Remote, args: argparse.Namespace) -> None:
    password, once = _password(args)
    body = {"password": password, "password_change_required": once}
    gateway.call("PATCH", _path(args), body)
    gateway.call("POST", f"{_path(args)}/unlock")
    print(f"{args.email} has another password; all sessions of before have ended")
    _tell(password, once)


def _unlock(gateway: Remote, args: argparse.Namespace) -> None:
    gateway.call("POST", f"{_path(args)}/unlock")
    print(f"{args.email} may log in")


def _delete(gateway: Remote, args: argparse.Namespace) -> None:
    heir = f"?{urlencode({'transfer_to': args.transfer_to})}" if args.transfer_to else ""
    gateway.call("DELETE", _path(args) + heir)
    print(f"{args.email} is deleted")


def _path(args: argparse.Namespace) -> str:
    return f"{_USERS}/{quote(args.email, safe='')}"


def _password(args: argparse.Namespace) -> tuple[str, bool]:
    """A password, and whether it was made here. Raises UsageError."""
    if not args.password_stdin:
        return secrets.token_urlsafe(_BYTES), True
    given = sys.stdin.readline().rstrip("\r\n")
    if not given:
        raise UsageError("--password-stdin: standard input is empty")
    return given, False


def _tell(password: str, once: bool) -> None:
    if once:
        print(f"password: {password}   (shown once; to be changed at the first login)")


def _kind(user: Mapping[str, Any]) -> str:
    if user["is_service"]:
        return "service"
    return "administrator" if user["is_admin"] else "user"


def _state(user: Mapping[str, Any]) -> str:
    if not user["is_active"]:
        return "off"
    return "locked" if user["is_locked"] else "on"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
