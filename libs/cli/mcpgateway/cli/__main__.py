"""The `mcpgateway` command. Each command is a module that `python -m` can run as well; only the
chosen one is imported, so that the small ones start fast."""

import runpy
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

COMMANDS = {
    "up": "mcpgateway.cli.up",
    "down": "mcpgateway.cli.down",
    "control-plane": "mcpgateway.control_plane",
    "data-plane": "mcpgateway.data_plane",
    "front": "mcpgateway.data_plane.front",
    "admin": "mcpgateway.admin",
    "runner": "mcpgateway.runner",
    "translate": "mcpgateway.translate",
    "wrapper": "mcpgateway.wrapper",
    "tunnel": "mcpgateway.cli.tunnel",
    "login": "mcpgateway.cli.login",
    "token": "mcpgateway.cli.token",
    "init-secrets": "mcpgateway.cli.init_secrets",
    "keys": "mcpgateway.cli.keys",
    "rotate-secret": "mcpgateway.cli.rotate_secret",
    "nats-auth": "mcpgateway.cli.nats_auth",
    "doctor": "mcpgateway.cli.doctor",
    "apply": "mcpgateway.cli.declarative.apply",
    "diff": "mcpgateway.cli.declarative.diff",
    "delete": "mcpgateway.cli.declarative.delete",
    "export": "mcpgateway.cli.declarative.export",
    "import": "mcpgateway.cli.declarative.import_",
    "env": "mcpgateway.cli.env",
    "users": "mcpgateway.cli.users",
}

HELP = """\
usage: mcpgateway [COMMAND] [OPTIONS]        (each command explains itself with --help)

Start
  up             everything on this machine, PostgreSQL and NATS included (the default command)
  down           stop what `up --wait` left running
  doctor         say what this machine has and lacks

Get a token, connect a client
  login          log in at a gateway by a browser; other commands then need no token
  token          print an admin token of a running `up`, or of a login
  wrapper        let a client that only speaks stdio use the gateway
  translate      offer a stdio MCP server over SSE or Streamable HTTP
  tunnel         serve a stdio MCP server of this machine at a gateway elsewhere

One service at a time, settings from the environment (see .env.example)
  control-plane  registry, REST API, routing
  data-plane     client traffic
  front          before several data planes: a dead one takes no call with it
  admin          web pages
  runner         local commands that are MCP servers, and ends of tunnels
  init-secrets   write the secrets of all services for compose or Kubernetes
  keys           print what a data plane may know of the secrets
  rotate-secret  change the AUTH_ENCRYPTION_SECRET of `up`, step by step
  nats-auth      write the accounts of a NATS server

Say in files what a gateway has
  apply          make a gateway as documents say; the plan is printed first
  diff           what `apply` would change
  delete         delete what documents name
  export         write what a gateway has as documents, or as an export file
  import         take over an export file, also of ContextForge; `import openapi`: an API

Look after who logs in
  users          `users list`, `create`, `reset-password`, `unlock`, `delete`

Come from ContextForge
  env            `env translate OLD.env`: what each of its settings means here

Other
  version        print the version

Try: mcpgateway up
     mcpgateway --host 0.0.0.0 --port 8080      (the same as `mcpgateway up ...`)
"""

SHADOWED = """\
another package named `mcpgateway` is installed here ({where}), so that parts of this one can not \
be found. ContextForge (mcp-contextforge-gateway) has that name: install one of them in an \
environment of its own, e.g. `python3 -m venv gateway && gateway/bin/pip install mcpgateway`"""


def shadow() -> str | None:
    """Where a regular package hides this namespace package, or None."""
    spec = find_spec("mcpgateway")
    return spec.origin if spec is not None else None


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point. Returns the exit status."""
    args = list(sys.argv[1:] if argv is None else argv)
    hidden = shadow()
    if hidden is not None:
        print(f"mcpgateway: {SHADOWED.format(where=hidden)}", file=sys.stderr)
        return 1
    first = args[0] if args else "up"
    if first in ("-h", "--help", "help"):
        print(HELP, end="")
        return 0
    if first in ("version", "--version", "-V"):
        print(_version())
        return 0
    if first in COMMANDS:
        return _run(first, args[1:])
    if first.startswith("-"):
        return _run("up", args)
    print(f"mcpgateway: there is no command {first!r}\n\n{HELP}", end="", file=sys.stderr)
    return 2


def _run(command: str, args: list[str]) -> int:
    sys.argv = [f"mcpgateway {command}", *args]
    runpy.run_module(COMMANDS[command], run_name="__main__", alter_sys=True)
    return 0


def _version() -> str:
    try:
        return version("mcpgateway")
    except PackageNotFoundError:
        return "unknown (not installed)"


if __name__ == "__main__":
    sys.exit(main())
