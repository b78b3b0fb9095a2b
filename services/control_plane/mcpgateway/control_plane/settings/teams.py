"""The settings of teams and of API tokens."""

from dataclasses import dataclass

from mcpgateway.common.runtime.settings import boolean, integer, setting


@dataclass(frozen=True, kw_only=True)
class TeamSettings:
    """A part of the control plane's `Settings`."""

    personal_teams: bool = setting(
        "AUTO_CREATE_PERSONAL_TEAMS", boolean, default=True, doc="everybody has a team of his own"
    )
    personal_team_prefix: str = setting(
        "PERSONAL_TEAM_PREFIX", default="", doc="what slugs of personal teams begin with"
    )
    teams_per_user: int = setting(
        "MAX_TEAMS_PER_USER",
        integer(1, 10_000),
        default=50,
        doc="teams that one may be in, beside his own",
    )
    members_per_team: int = setting(
        "MAX_MEMBERS_PER_TEAM",
        integer(1, 1_000_000),
        default=100,
        doc="members of a team that names no limit of its own",
    )
    team_seeds: int = setting(
        "MAX_TEAM_MEMBER_SEEDS",
        integer(0, 10_000),
        default=500,
        doc="members that may be named when a team is made",
    )
    invitation_days: int = setting(
        "INVITATION_EXPIRY_DAYS",
        integer(1, 365),
        default=7,
        doc="days for which invitations and requests to join count",
    )
    verified_invited: bool = setting(
        "REQUIRE_EMAIL_VERIFICATION_FOR_INVITES",
        boolean,
        default=True,
        doc="who accepts an invitation must have a verified email",
    )
    team_creation: bool = setting(
        "ALLOW_TEAM_CREATION", boolean, default=True, doc="others than administrators make teams"
    )
    team_joining: bool = setting(
        "ALLOW_TEAM_JOIN_REQUESTS", boolean, default=True, doc="people may ask to join public teams"
    )
    team_inviting: bool = setting(
        "ALLOW_TEAM_INVITATIONS", boolean, default=True, doc="owners of teams may invite people"
    )
    api_token_days: int = setting(
        "MCPGATEWAY_API_TOKEN_DAYS",
        integer(0, 3650),
        default=90,
        doc="days that an API token counts, when nothing is said at its making; 0: for ever",
    )
    api_token_most_days: int = setting(
        "MCPGATEWAY_API_TOKEN_MAX_DAYS",
        integer(0, 3650),
        default=0,
        doc="most days that an API token may count; 0: for ever",
    )
    token_usage: bool = setting(
        "TOKEN_USAGE_LOGGING_ENABLED",
        boolean,
        default=True,
        doc="keep how often and when API tokens are used",
    )
