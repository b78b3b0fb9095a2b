"""What the operator says of teams: how many, how large, who may make and join them. Pure."""

from dataclasses import dataclass

from mcpgateway.control_plane.settings.teams import TeamSettings


@dataclass(frozen=True, slots=True)
class TeamRules:
    """`personal`: everybody gets a team of his own, its slug begins with `personal_prefix`.
    `per_user` and `members` are limits, `seeds` that of members named when a team is made.
    `verified_only`: who joins by invitation must have a verified email. `creation`, `joining`,
    `inviting`: whether others than administrators may."""

    personal: bool = True
    personal_prefix: str = ""
    per_user: int = 50
    members: int = 100
    seeds: int = 500
    invitation_days: int = 7
    verified_only: bool = True
    creation: bool = True
    joining: bool = True
    inviting: bool = True

    @classmethod
    def of(cls, settings: TeamSettings) -> "TeamRules":
        return cls(
            personal=settings.personal_teams,
            personal_prefix=settings.personal_team_prefix,
            per_user=settings.teams_per_user,
            members=settings.members_per_team,
            seeds=settings.team_seeds,
            invitation_days=settings.invitation_days,
            verified_only=settings.verified_invited,
            creation=settings.team_creation,
            joining=settings.team_joining,
            inviting=settings.team_inviting,
        )


USUAL = TeamRules()
