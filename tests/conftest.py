"""Fixtures that any test may ask for."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["support.nats", "support.services"]

# Properties are about results: how long an example takes depends on who else uses the machine.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
