"""Makes what gets, keeps and puts tokens for upstreams."""

import os
from typing import NamedTuple

import asyncpg
import msgspec

from mcpgateway.common import keys
from mcpgateway.common.policy.propagation import Propagation
from mcpgateway.common.subjects import Subjects
from mcpgateway.control_plane.discovery.oauth import HttpOAuth
from mcpgateway.control_plane.discovery.outbound import Outbound
from mcpgateway.control_plane.publish.token_bucket import NatsTokens
from mcpgateway.control_plane.registry.upstream_auth.compiled import Identity, Passthrough
from mcpgateway.control_plane.registry.upstream_auth.ports import Rules, TokenPorts
from mcpgateway.control_plane.settings.process import Settings
from mcpgateway.control_plane.store.people.upstream_tokens import PostgresTokens


class UpstreamAuth(NamedTuple):
    """`bucket` is the one of `ports`, to be given a connection."""

    ports: TokenPorts
    bucket: NatsTokens


def make_upstream_auth(
    settings: Settings, pool: "asyncpg.Pool[asyncpg.Record]", outbound: Outbound
) -> UpstreamAuth:
    place = (settings.cluster, settings.group)
    wire = keys.DataPlaneKeys.derive(settings.secrets, *place).wire
    bucket = NatsTokens(Subjects(*place), wire, os.urandom)
    network = HttpOAuth(outbound, settings.oauth_timeout)
    ports = TokenPorts(network, PostgresTokens(pool), bucket, rules_of(settings))
    return UpstreamAuth(ports, bucket)


def rules_of(settings: Settings) -> Rules:
    return Rules(
        public_url=settings.public_url.rstrip("/"),
        consent_seconds=settings.consent_minutes * 60.0,
        discovery=settings.oauth_discovery,
        registers=settings.dcr_enabled,
        automatic=settings.dcr_automatic,
        issuers=settings.dcr_issuers,
        scopes=settings.dcr_scopes,
        auth_method=settings.dcr_auth_method,
        client_name=settings.dcr_name,
        query_auth=settings.query_auth,
        query_hosts=settings.query_auth_hosts,
    )


def passthrough_of(settings: Settings) -> Passthrough:
    return Passthrough(
        settings.passthrough_enabled,
        settings.passthrough_defaults,
        settings.passthrough_source,
        settings.passthrough_overwrites,
    )


def identity_of(settings: Settings) -> Identity:
    how = {"mode": settings.identity_mode, "prefix": settings.identity_prefix}
    return Identity(settings.identity_enabled, msgspec.convert(how, Propagation))
