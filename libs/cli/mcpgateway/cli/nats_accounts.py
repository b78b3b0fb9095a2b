"""The accounts of a NATS server that only the gateway uses: kept as one seed, made from it again
at each start, so that permissions follow the version that runs and identities stay."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from mcpgateway.cli.files import private_folder, write_private
from mcpgateway.common.nkeys import NatsAuth, make_auth
from mcpgateway.common.subjects import Subjects

_SEED = 256  # bytes
ISSUED_AT = 1_700_000_000  # Unix seconds; fixed, so that the same seed gives the same tokens


@dataclass(frozen=True, slots=True)
class Accounts:
    """`config` goes into the server's configuration; the others are paths of `.creds` files."""

    config: str
    control_plane: Path
    data_plane: Path


def from_seed(folder: Path, subjects: Subjects) -> NatsAuth:
    """The accounts that `folder/seed` (0600) stands for; made when it is not there."""
    private_folder(folder)
    seed = folder / "seed"
    if not seed.exists():
        write_private(seed, secrets.token_hex(_SEED) + "\n")
    return make_auth(subjects, bytes.fromhex(seed.read_text().strip()), ISSUED_AT)


def kept(folder: Path, subjects: Subjects) -> Accounts:
    """Those of `from_seed`, with the creds files (0600) beside the seed."""
    made = from_seed(folder, subjects)
    accounts = Accounts(made.config, folder / "control-plane.creds", folder / "data-plane.creds")
    write_private(accounts.control_plane, made.control_plane)
    write_private(accounts.data_plane, made.data_plane)
    return accounts


def fresh(subjects: Subjects) -> NatsAuth:
    """New accounts, kept nowhere."""
    return make_auth(subjects, secrets.token_bytes(_SEED), ISSUED_AT)


def logins(path: str) -> tuple[str, str]:
    """The `.creds` files of control plane and data planes on a NATS of somebody else: those of a
    folder that `mcpgateway nats-auth` wrote, or one file for both; "" for none."""
    if not path or not Path(path).is_dir():
        return path, path
    return str(Path(path) / "control-plane.creds"), str(Path(path) / "data-plane.creds")
