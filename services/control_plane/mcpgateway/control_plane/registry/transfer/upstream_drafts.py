"""What of an upstream's draft is new: what is so already is neither tried over the network nor
written."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from mcpgateway.control_plane.registry.discovered.ports import Target
from mcpgateway.control_plane.registry.drafts import (
    NewAuth,
    NewIdentity,
    UpstreamDraft,
)
from mcpgateway.control_plane.registry.model import Upstream


def reduced(
    draft: UpstreamDraft, row: Upstream, target: Target, oauth: Mapping[str, str]
) -> UpstreamDraft:
    """`target` has the secrets that are kept, `oauth` those of its OAuth client. Pure."""
    said: dict[str, Any] = {}
    for name in draft.__struct_fields__:
        value = getattr(draft, name)
        if value is not UNSET and getattr(row, name, UNSET) == value:
            said[name] = UNSET
    if draft.transport is None and draft.url in (UNSET, row.url):
        said["transport"] = UNSET  # it was found out
    if draft.document is not UNSET and sha256(draft.document).hexdigest() == row.document:
        said["document"] = UNSET
    if draft.environment is not UNSET and dict(draft.environment or ()) == dict(target.environment):
        said["environment"] = UNSET
    if _same_auth(draft.auth, row, target, oauth):
        said["auth"] = UNSET
    if _same_identity(draft.identity, row, target):
        said["identity"] = UNSET
    return msgspec.structs.replace(draft, **said)


def says_something(draft: msgspec.Struct) -> bool:
    return any(getattr(draft, name) is not UNSET for name in draft.__struct_fields__)


def _same_auth(
    auth: NewAuth | UnsetType | None, row: Upstream, target: Target, oauth: Mapping[str, str]
) -> bool:
    if auth is None or auth is UNSET:
        return auth is None and row.auth is None
    same = auth.shown == row.auth and auth.headers == target.headers
    return same and all(oauth.get(name) == value for name, value in auth.secrets.items())


def _same_identity(identity: NewIdentity | UnsetType | None, row: Upstream, target: Target) -> bool:
    if identity is None or identity is UNSET:
        return identity is None and row.client_cert is None
    return identity.cert == row.client_cert and identity.key in ("", target.client_key)
