"""Fixtures that any test may ask for."""

import gc
import logging
import os
from collections.abc import Iterator

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


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """For tests that set the log up in this process: its stream is theirs and closes with them."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: the dear tests wait for processes for half of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """What is loaded by now stays: no garbage collection of a test walks through it again."""
    gc.collect()
    gc.freeze()
