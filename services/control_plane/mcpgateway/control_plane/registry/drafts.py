"""What a caller asks for when it makes or changes a thing: valid values, not yet resources.

UNSET means that the caller said nothing of the field: the default when something is made, the
present value when it is changed.
"""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from mcpgateway.common.routing.model import Visibility
from mcpgateway.common.routing.recipe import Recipe
from mcpgateway.common.routing.rest_request import Body, Pagination
from mcpgateway.control_plane.registry.model import (
    Auth,
    DefinitionPolicy,
    Discovery,
    Naming,
    Transport,
    Validation,
)


class NewAuth(msgspec.Struct, frozen=True):
    """Header lines to send to an upstream, and what may be shown of them. `secrets` are those of an
    OAuth client, by name; those named in `kept` stay as they are."""

    shown: Auth
    headers: tuple[tuple[str, str], ...]
    secrets: dict[str, str] = {}
    kept: frozenset[str] = frozenset()


class NewIdentity(msgspec.Struct, frozen=True):
    """A client certificate with its chain, and its private key: both PEM. `key` "": the one that
    there is already."""

    cert: str
    key: str = ""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What may be said of anything."""

    tags: tuple[str, ...] | UnsetType = UNSET
    visibility: Visibility | UnsetType = UNSET
    team_id: str | UnsetType | None = UNSET
    owner_email: str | UnsetType | None = UNSET


ACCESS = ("tags", "visibility", "team_id", "owner_email")


class UpstreamDraft(Draft, frozen=True, kw_only=True):
    """`auth` None: send no credentials. `transport` None: find out. `ca_certificate` None: the
    system's authorities. `identity` None: show no client certificate. `transport_options` as in
    `Upstream`; `document`: given by hand; `environment`: of a stdio server's process, None for
    none of its own."""

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
    definition_policy: DefinitionPolicy | UnsetType = UNSET
    identity_propagation: dict[str, Any] | UnsetType | None = UNSET
    transport_options: dict[str, Any] | UnsetType = UNSET
    document: bytes | UnsetType = UNSET
    environment: tuple[tuple[str, str], ...] | UnsetType | None = UNSET


class ServerDraft(Draft, frozen=True, kw_only=True):
    """`tools`, `prompts`, `resources` and `agents` are ids; `fields` maps them to how the caller
    spelled the field, for error messages."""

    id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    icon: str | UnsetType | None = UNSET
    tools: tuple[str, ...] | UnsetType = UNSET
    prompts: tuple[str, ...] | UnsetType = UNSET
    resources: tuple[str, ...] | UnsetType = UNSET
    agents: tuple[str, ...] | UnsetType = UNSET
    naming: Naming | UnsetType = UNSET
    discovery: Discovery | UnsetType = UNSET
    anonymous_access: bool | UnsetType = UNSET
    protocol_versions: tuple[str, ...] | UnsetType = UNSET
    oauth_enabled: bool | UnsetType = UNSET
    oauth_config: dict[str, Any] | UnsetType | None = UNSET
    fields: dict[str, str] = {}


class WordedDraft(Draft, frozen=True, kw_only=True):
    """Of a thing that has a definition. `members` are what is said of the definition's members, an
    empty value takes one away; `overrides` replaces all that was put over an upstream's words,
    before `members` are."""

    members: dict[str, Any] = {}
    overrides: dict[str, Any] | UnsetType = UNSET


class NamedDraft(WordedDraft, frozen=True, kw_only=True):
    """`display_name` is a title for who says none."""

    name: str | UnsetType = UNSET
    custom_name: str | UnsetType = UNSET
    display_name: str | UnsetType = UNSET


class RestDraft(msgspec.Struct, frozen=True, kw_only=True):
    """See `common.routing.rest_request.RestRequest`. `method` may be a word that no REST operation
    has, which is how tools of MCP servers are shown. `pagination` None: not paged."""

    url: str | UnsetType = UNSET
    base_url: str | UnsetType = UNSET
    path_template: str | UnsetType = UNSET
    method: str | UnsetType = UNSET
    headers: dict[str, str] | UnsetType = UNSET
    query_mapping: dict[str, str] | UnsetType = UNSET
    header_mapping: dict[str, str] | UnsetType = UNSET
    cookie_mapping: dict[str, str] | UnsetType = UNSET
    body_mapping: dict[str, str] | UnsetType = UNSET
    body: Body | UnsetType = UNSET
    body_argument: str | UnsetType = UNSET
    files: dict[str, str] | UnsetType = UNSET
    query_style: dict[str, str] | UnsetType = UNSET
    accept: str | UnsetType = UNSET
    pagination: Pagination | UnsetType | None = UNSET
    retries: int | UnsetType = UNSET
    allowlist: tuple[str, ...] | UnsetType = UNSET
    expose_passthrough: bool | UnsetType = UNSET
    passthrough_headers: tuple[str, ...] | UnsetType = UNSET


class ToolDraft(NamedDraft, frozen=True, kw_only=True):
    """`auth` None: send no credentials; `timeout_ms` and `max_concurrency` 0: as if unsaid.
    `recipe`: of a tool that is made of others, which it names by id or name. `request_overrides`
    replaces all that was put over the request of an API's tool, before members of `rest` are."""

    rest: RestDraft = RestDraft()
    request_overrides: RestDraft | UnsetType = UNSET
    recipe: Recipe | UnsetType = UNSET
    integration_type: str | UnsetType = UNSET
    auth: NewAuth | UnsetType | None = UNSET
    jsonpath_filter: str | UnsetType = UNSET
    timeout_ms: int | UnsetType = UNSET
    max_concurrency: int | UnsetType = UNSET
    validation: Validation | UnsetType = UNSET
    deprecated: bool | UnsetType = UNSET
    extension_metadata: dict[str, Any] | UnsetType = UNSET
    plugin_chain_pre: tuple[str, ...] | UnsetType = UNSET
    plugin_chain_post: tuple[str, ...] | UnsetType = UNSET


class PromptDraft(NamedDraft, frozen=True, kw_only=True):
    """`messages` is JSON as it is kept. `template` is the text of a prompt that is one text of the
    user's."""

    messages: str | UnsetType = UNSET
    template: str | UnsetType = UNSET


class ResourceDraft(WordedDraft, frozen=True, kw_only=True):
    """`content` is JSON as it is kept."""

    uri: str | UnsetType = UNSET
    template: bool | UnsetType = UNSET
    content: str | UnsetType = UNSET
    ttl_ms: int | UnsetType = UNSET
    extension_metadata: dict[str, Any] | UnsetType = UNSET


class RootDraft(Draft, frozen=True, kw_only=True):
    uri: str | UnsetType = UNSET
    name: str | UnsetType = UNSET


class AgentDraft(Draft, frozen=True, kw_only=True):
    """`auth` None: send no credentials."""

    name: str | UnsetType = UNSET
    slug: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    endpoint_url: str | UnsetType = UNSET
    agent_type: str | UnsetType = UNSET
    protocol_version: str | UnsetType = UNSET
    agent_version: str | UnsetType = UNSET
    capabilities: dict[str, Any] | UnsetType = UNSET
    config: dict[str, Any] | UnsetType = UNSET
    passthrough_headers: tuple[str, ...] | UnsetType = UNSET
    auth: NewAuth | UnsetType | None = UNSET


def given(draft: msgspec.Struct, *names: str) -> dict[str, Any]:
    """Those of the fields that the caller said something of."""
    values = {name: getattr(draft, name) for name in names}
    return {name: value for name, value in values.items() if value is not UNSET}
