"""Imports what needs grpcio, when it is needed: does not import it itself."""

import importlib
import os
from types import ModuleType


def load(module: str) -> ModuleType:
    """The module by this name. Takes 0.1 s, so call it in a thread."""
    # gRPC's handlers around fork() may wait for its threads, and are of use to nobody here: all our
    # children execute a program. It reads this when it is imported.
    os.putenv("GRPC_ENABLE_FORK_SUPPORT", "0")
    return importlib.import_module(module)
