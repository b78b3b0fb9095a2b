"""Imports what needs grpcio, when it is needed: does not import it itself."""

import importlib
import os
from types import ModuleType

# Read by gRPC when it is imported. Its handlers around fork() are of use to nobody here, since all
# children execute a program, and may wait for its threads; what it would log, calls say.
_ENVIRONMENT = {"GRPC_ENABLE_FORK_SUPPORT": "0", "GRPC_VERBOSITY": "NONE"}


def load(module: str) -> ModuleType:
    """The module by this name. Takes 0.1 s, so call it in a thread. An operator who sets the
    variables of gRPC gets what he wants."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    return importlib.import_module(module)
