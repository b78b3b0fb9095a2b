"""What the pages show of the API's answers. Members that are not shown are not named."""

from typing import Any, Literal

import msgspec


class Shape(msgspec.Struct, frozen=True, rename="camel"):
    """All answers are in camelCase."""


class Upstream(Shape, frozen=True):
    id: str
    name: str
    url: str
    slug: str = ""
    description: str | None = None
    transport: str = ""
    auth_type: str | None = None
    enabled: bool = True
    reachable: bool = True
    last_error: str | None = None
    last_seen: str | None = None
    last_refresh_at: str | None = None
    protocol_version: str | None = None
    server_name: str | None = None
    server_version: str | None = None
    tool_count: int = 0
    prompt_count: int = 0
    resource_count: int = 0
    skipped_tools: list[str] | None = None
    visibility: str = "public"
    owner_email: str | None = None
    created_at: str | None = None
    updated_at: str | None = None

    @property
    def state(self) -> Literal["off", "ok", "bad"]:
        if not self.enabled:
            return "off"
        return "ok" if self.reachable else "bad"


class Running(Shape, frozen=True):
    pid: int
    started_at: str


class Exit(Shape, frozen=True):
    at: str
    reason: str


class Line(Shape, frozen=True):
    """Of standard error."""

    at: str
    pid: int
    line: str


class Process(Shape, frozen=True):
    """What runs of a local command. `crashes`: within the last minutes."""

    processes: list[Running] = []
    crashes: int = 0
    last_exit: Exit | None = None
    stderr: list[Line] = []


class Tool(Shape, frozen=True):
    id: str
    name: str
    original_name: str = ""
    display_name: str | None = None
    description: str | None = None
    gateway_id: str | None = None
    gateway_slug: str = ""
    enabled: bool = True
    reachable: bool = True
    input_schema: Any = None
    output_schema: Any = None
    annotations: dict[str, Any] | None = None

    def matches(self, words: list[str]) -> bool:
        """Whether every word (lower case) is in its name or description."""
        text = f"{self.name} {self.display_name or ''} {self.description or ''}".lower()
        return all(word in text for word in words)


class PromptArgument(Shape, frozen=True):
    name: str
    description: str | None = None
    required: bool = False


class Prompt(Shape, frozen=True):
    id: str
    name: str
    original_name: str = ""
    description: str | None = None
    gateway_id: str | None = None
    gateway_slug: str = ""
    enabled: bool = True
    arguments: list[PromptArgument] = []


class Resource(Shape, frozen=True):
    id: str
    uri: str
    name: str = ""
    description: str | None = None
    mime_type: str | None = None
    uri_template: str | None = None
    size: int | None = None
    gateway_id: str | None = None
    enabled: bool = True


class Server(Shape, frozen=True):
    id: str
    name: str
    description: str | None = None
    enabled: bool = True
    associated_tools: list[str] = []
    associated_tool_ids: list[str] = []
    associated_prompts: list[str] = []
    associated_resources: list[str] = []
    anonymous_access: bool = False
    visibility: str = "public"
    owner_email: str | None = None
    created_at: str | None = None


class Refreshed(Shape, frozen=True):
    tools_added: int = 0
    tools_updated: int = 0
    tools_removed: int = 0
    prompts_added: int = 0
    prompts_updated: int = 0
    prompts_removed: int = 0
    resources_added: int = 0
    resources_updated: int = 0
    resources_removed: int = 0

    def summary(self) -> str:
        parts = (
            (self.tools_added + self.prompts_added + self.resources_added, "new"),
            (self.tools_updated + self.prompts_updated + self.resources_updated, "changed"),
            (self.tools_removed + self.prompts_removed + self.resources_removed, "gone"),
        )
        said = ", ".join(f"{count} {word}" for count, word in parts if count)
        return said or "nothing changed"


class SignIn(msgspec.Struct, frozen=True):
    """An identity provider, in snake_case."""

    id: str
    display_name: str


class Login(msgspec.Struct, frozen=True):
    """An answer in snake_case."""

    access_token: str
    expires_in: int


class Me(msgspec.Struct, frozen=True):
    """Another one."""

    email: str
    full_name: str | None = None
    is_admin: bool = False
    auth_provider: str = "local"
    created_at: str | None = None
    last_login: str | None = None
    password_changed_at: str | None = None


class ResetLink(msgspec.Struct, frozen=True):
    valid: bool


class Propagation(msgspec.Struct, frozen=True):
    p50: float | None = None
    p99: float | None = None


class Fault(msgspec.Struct, frozen=True):
    problem: str
    kind: str = ""
    id: str = ""


class Replica(msgspec.Struct, frozen=True):
    """A data plane's last receipt."""

    id: str
    address: str = ""
    revision: int = 0
    version: str = ""
    applied_at: Any = None
    started_at: Any = None
    lag_ms: float | None = None
    propagation_ms: Propagation | None = None
    problems: list[Fault] = []


class Fleet(msgspec.Struct, frozen=True):
    """The replicas, and the revision that they should be at."""

    registry: str = ""
    wanted: int = 0
    replicas: list[Replica] = []

    @property
    def current(self) -> int:
        return sum(replica.revision >= self.wanted for replica in self.replicas)


class FieldError(msgspec.Struct, frozen=True):
    field: str = ""
    problem: str = ""


class Refusal(msgspec.Struct, frozen=True):
    """An error body."""

    message: str = ""
    code: str = ""
    errors: list[FieldError] = []
