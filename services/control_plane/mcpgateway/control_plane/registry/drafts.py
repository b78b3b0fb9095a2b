"""What a caller asks for when it makes or changes a thing: valid values, not yet resources.

UNSET means that the caller said nothing of the field: the default when something is made, the
present value when it is changed.
"""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from mcpgateway.common.routing.model import Visibility
from mcpgateway.control_plane.registry.model import Auth, Naming, Transport


class NewAuth(msgspec.Struct, frozen=True):
    """Header lines to send to an upstream, and what may be shown of them."""

    shown: Auth
    headers: tuple[tuple[str, str], ...]


class NewIdentity(msgspec.Struct, frozen=True):
    """A client certificate with its chain, and its private key: both PEM. `key` "": the one that
    there is already."""

    cert: str
    key: str = ""


class UpstreamDraft(msgspec.Struct, frozen=True, kw_only=True):
    """`auth` None: send no credentials. `transport` None: find out. `ca_certificate` None: the
    system's authorities. `identity` None: show no client certificate."""

    name: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    transport: Transport | UnsetType | None = UNSET
    auth: NewAuth | UnsetType | None = UNSET
    ca_certificate: str | UnsetType | None = UNSET
    identity: NewIdentity | UnsetType | None = UNSET
    passthrough_headers: tuple[str, ...] | UnsetType = UNSET
    timeout_ms: int | UnsetType = UNSET
    refresh_interval_seconds: int | UnsetType | None = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    visibility: Visibility | UnsetType = UNSET
    team_id: str | UnsetType | None = UNSET
    owner_email: str | UnsetType | None = UNSET


class ServerDraft(msgspec.Struct, frozen=True, kw_only=True):
    """`tools`, `prompts` and `resources` are ids; `fields` maps them to how the caller spelled
    the field, for error messages."""

    id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    icon: str | UnsetType | None = UNSET
    tools: tuple[str, ...] | UnsetType = UNSET
    prompts: tuple[str, ...] | UnsetType = UNSET
    resources: tuple[str, ...] | UnsetType = UNSET
    naming: Naming | UnsetType = UNSET
    anonymous_access: bool | UnsetType = UNSET
    protocol_versions: tuple[str, ...] | UnsetType = UNSET
    oauth_enabled: bool | UnsetType = UNSET
    oauth_config: dict[str, Any] | UnsetType | None = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    visibility: Visibility | UnsetType = UNSET
    team_id: str | UnsetType | None = UNSET
    owner_email: str | UnsetType | None = UNSET
    fields: dict[str, str] = {}


def given(draft: UpstreamDraft | ServerDraft, *names: str) -> dict[str, Any]:
    """Those of the fields that the caller said something of."""
    values = {name: getattr(draft, name) for name in names}
    return {name: value for name, value in values.items() if value is not UNSET}
