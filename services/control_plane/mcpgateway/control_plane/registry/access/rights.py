"""Which permission each act in the registry needs. One table, and nothing decided. Pure."""

from collections.abc import Mapping

# What permissions call each noun, by the word for it in messages; and what rules call it.
NOUNS: Mapping[str, str] = {
    "gateway": "gateways",
    "server": "servers",
    "tool": "tools",
    "prompt": "prompts",
    "resource": "resources",
    "agent": "a2a",
    "root": "roots",
}
KINDS: Mapping[str, str] = {"gateway": "upstream"}  # where it is another word

# Of acts that are about no one thing of the registry.
HISTORY = "admin.security_audit"
RESTORE = "admin.system_config"
EXPORT = "admin.export"  # of credentials
TEST = "admin.system_config"  # of connections to anywhere
ENTRUST = "admin.system_config"  # tokens of callers to an authorization server, or another place
RUN = "admin.system_config"  # commands on a machine of ours
OPEN_SERVER = "admin.system_config"  # to callers without a token
GIVE = "admin.user_management"  # a thing to another owner
ROLES = "admin.user_management"
IN_TEAM = "teams.manage_members"  # roles that count in one team alone
RULES = "admin.security_audit"  # to see them, and what was decided
CHANGE_RULES = "admin.system_config"


def needed(what: str, act: str) -> str:
    """The permission that an act (create, read, update, delete) on a noun needs."""
    return f"{NOUNS[what]}.{act}"


def kind_of(what: str) -> str:
    """The word of rules for a noun."""
    return KINDS.get(what, what)
