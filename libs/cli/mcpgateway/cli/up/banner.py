"""What `up` says when it is ready. Pure."""

import shlex
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Facts:
    """`password` is empty unless it was made just now; `command` is how to call us again.
    `trusted` is the self-signed certificate that clients are to be told, None without one."""

    url: str
    data_dir: Path
    email: str
    password: str
    admin: bool
    command: str
    seconds: float
    trusted: Path | None = None


def text(facts: Facts) -> str:
    rows = [("URL", facts.url), ("MCP", f"{facts.url}/mcp")]
    if facts.admin:
        rows.append(("Admin pages", f"{facts.url}/admin"))
    rows.append(("Admin", facts.email))
    if facts.password:
        rows.append(("Password", f"{facts.password}   (shown once; kept in secrets.env)"))
    rows.append(("Data", str(facts.data_dir)))
    if facts.trusted is not None:
        rows.append(("Certificate", f"{facts.trusted}   (self-signed: give it to clients)"))
    trust = "" if facts.trusted is None else f"--cacert {shlex.quote(str(facts.trusted))} "
    table = "\n".join(f"  {label:<12} {value}" for label, value in rows)
    return (
        f"\nMCP Gateway is ready ({facts.seconds:.1f} s)\n\n{table}\n\n"
        f"Get a token, try it:\n"
        f"  export TOKEN=$({shlex.quote(facts.command)} token --data-dir "
        f"{shlex.quote(str(facts.data_dir))})\n"
        f'  curl {trust}-H "Authorization: Bearer $TOKEN" {facts.url}/v1/gateways\n'
    )
