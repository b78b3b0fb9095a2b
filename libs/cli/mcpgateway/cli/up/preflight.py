"""Whether the services can read their settings, asked before anything starts. Pure.

It does not judge secrets: the control plane does, which knows who can reach it.
"""

from dataclasses import replace

from mcpgateway.cli import group, secrets_file, service_settings
from mcpgateway.cli.up.options import Options
from mcpgateway.cli.up.plan import RUNNER, Backing, Planner, roles

_LATER = Backing(  # worked out when the servers start
    database_url="postgresql://127.0.0.1/postgres",
    nats_url="nats://127.0.0.1:4222",
    control_plane_creds="",
    data_plane_creds="",
    control_plane_port=4445,
    admin_port=4446,
)


def problems(options: Options) -> list[str]:
    """What the services would complain about, once each."""
    secrets = {name: options.settings.get(name) or "made later" for name in secrets_file.NAMES}
    started = roles(options)
    planner = Planner(
        options,
        secrets,
        replace(_LATER, runner_port=4447 if RUNNER in started else 0),
        service_settings.names(started),
        group.subjects(options.settings),
        python="",
    )
    environs = {command.name.split()[0]: command.env for command in planner.commands()}
    found = [p for role, env in environs.items() for p in service_settings.problems(role, env)]
    return list(dict.fromkeys(found))
