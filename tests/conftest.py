"""Fixtures that any test may ask for."""

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

from support.door import VARIABLE, Door

pytest_plugins = ["support.nats", "support.services"]

# Properties are about results: how long an example takes depends on who else uses the machine.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--door", choices=list(Door), help="how tests reach a running suite")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--door"):
        os.environ[VARIABLE] = config.getoption("--door")


def pytest_collection_finish() -> None:
    """What is loaded by now stays: no garbage collection of a test walks through it again."""
    gc.collect()
    gc.freeze()
