"""What the operator says of API tokens. Pure."""

from dataclasses import dataclass

from mcpgateway.control_plane.settings.teams import TeamSettings


@dataclass(frozen=True, slots=True)
class TokenRules:
    """`days` of a token that says nothing, 0 for ever; `most_days` that one may say, 0 for no
    limit. `usage`: whether it is kept how they are used."""

    days: int = 90
    most_days: int = 0
    usage: bool = True

    @classmethod
    def of(cls, settings: TeamSettings) -> "TokenRules":
        return cls(settings.api_token_days, settings.api_token_most_days, settings.token_usage)


USUAL = TokenRules()
