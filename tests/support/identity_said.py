"""What identity providers say of themselves and of people, in the shapes of their documentation.

One JSON file for each preset in `identity_providers/`: its discovery document, the claims of an ID
token, and what else it answers. Names, ids and hosts are made up.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from mcpgateway.control_plane.identity.sso.presets import preset
from mcpgateway.control_plane.registry.people.sso import Preset, Provider

_FOLDER = Path(__file__).with_name("identity_providers")


@cache
def _read(kind: str) -> str:
    return (_FOLDER / f"{kind}.json").read_text()


def said(kind: str) -> dict[str, Any]:
    return dict(json.loads(_read(kind)))


def provider(kind: Preset, **fields: Any) -> Provider:
    """As an operator sets one up who says no more than he has to."""
    told = said(kind)
    issuer = {} if kind == "github" else {"issuer": told["discovery"]["issuer"]}
    audience = told["id_token"]["aud"] if kind != "github" else "client"
    return preset(kind, id=kind, **{"client_id": audience, **issuer, **fields})
