"""Which operation of a document a URL is."""

import json

import pytest

from mcpgateway.control_plane.registry.openapi.asking import operation_at
from mcpgateway.control_plane.registry.openapi.importing import Document, read
from mcpgateway.control_plane.registry.transports.openapi import OpenApiOptions

PATHS = ("/pets/{id}", "/pets/mine", "/pets/{id}/toys/{n}", "/a.b")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/pets/mine", "/pets/mine"),
        ("/pets/7", "/pets/{id}"),
        ("/pets/{id}", "/pets/{id}"),
        ("/v1/pets/7", "/pets/{id}"),
        ("/pets/7/toys/2", "/pets/{id}/toys/{n}"),
        ("/aXb", None),
        ("/pets", None),
        ("/v2/pets/7", None),
    ],
)
def test_a_path_names_the_operation_that_fits_it_best(path: str, found: str | None) -> None:
    tree = {"openapi": "3.0.0", "paths": {each: {"get": {}} for each in PATHS}}
    reading = read(Document(json.dumps(tree).encode(), OpenApiOptions(), "https://a.example/v1"))
    operation = operation_at(reading, path)
    assert (operation.path if operation else None) == found
