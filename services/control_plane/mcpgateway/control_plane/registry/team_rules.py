"""What the operator says of teams: how many, how large, who may make and join them. Pure."""

from dataclasses import dataclass


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


USUAL = TeamRules()
