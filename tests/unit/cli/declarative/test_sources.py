"""Documents on disk: read with their places, references resolved, every problem told at once."""

from pathlib import Path

import pytest

from mcpgateway.cli.declarative.documents import field_name, field_path
from mcpgateway.cli.declarative.references import Secrets, escaped, has_references
from mcpgateway.cli.declarative.sources import InvalidDocuments, load
from mcpgateway.cli.errors import CommandError

TOOL = "apiVersion: mcpgateway/v1\nkind: Tool\nmetadata: {name: %s}\n"


def write(folder: Path, name: str, text: str) -> str:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return str(file)


def test_a_folder_is_read_with_all_below_it_and_other_files_are_left(tmp_path: Path) -> None:
    write(tmp_path, "b.yaml", TOOL % "b")
    write(
        tmp_path,
        "sub/a.json",
        '{"apiVersion":"mcpgateway/v1","kind":"Tool","metadata":{"name":"a"}}',
    )
    write(tmp_path, "README.md", "no document")
    found = load([str(tmp_path)], Secrets({}))
    assert [each.name for each in found] == ["b", "a"]


def test_every_problem_of_every_file_is_told_with_its_place(tmp_path: Path) -> None:
    first = write(tmp_path, "a.yaml", TOOL % "x" + "spec: []\nmore: 1\n---\nkind: Tol\n")
    second = write(tmp_path, "b.yaml", "a: [")
    third = write(tmp_path, "c.yaml", TOOL % "y" + "---\n" + TOOL % "y")
    fourth = write(tmp_path, "d.yaml", TOOL % "z" + "spec: {url: '${env:NOT_SET}'}\n")
    with pytest.raises(InvalidDocuments) as refused:
        load([str(tmp_path)], Secrets({}))
    told = str(refused.value)
    assert f"{first}:5:7: more is not known here" in told
    assert f"{first}:4:7: spec must be a mapping" in told
    assert f"{first}:7:7: kind must be one of" in told
    assert f"{first}:7:1: apiVersion must be mcpgateway/v1" in told
    assert f"{second}:2:1: no YAML" in told
    assert f"{third}:7:18: metadata.name 'y' is the Tool of {third}:3:18 already" in told
    assert f"{fourth}:4:13: the environment has no NOT_SET" in told


def test_resources_may_share_a_name_and_no_uri(tmp_path: Path) -> None:
    note = "apiVersion: mcpgateway/v1\nkind: Resource\nmetadata: {name: note}\nspec: {%s}\n---\n"
    file = write(tmp_path, "a.yaml", note % "uri: 'n://a'" + note % "uriTemplate: 'n://{b}'")
    assert len(load([file], Secrets({}))) == 2
    again = write(tmp_path, "b.yaml", note % "uri: 'n://a'")
    with pytest.raises(InvalidDocuments) as refused:
        load([file, again], Secrets({}))
    assert f"spec.uri 'n://a' is the Resource of {file}:4:13 already" in str(refused.value)


def test_references_are_put_in_and_taken_out_of_what_is_printed(tmp_path: Path) -> None:
    write(tmp_path, "secret.txt", "from a file\n")
    file = write(
        tmp_path,
        "a.yaml",
        TOOL % "x" + "spec: {a: 'x ${env:KEY}', b: ['${file:secret.txt}'], c: '$${env:KEY}'}\n",
    )
    secrets = Secrets({"KEY": "from the environment"})
    [document] = load([file], secrets)
    assert document.value["spec"] == {
        "a": "x from the environment",
        "b": ["from a file"],
        "c": "${env:KEY}",
    }
    printed = "bad: x from the environment, from a file"
    assert secrets.hidden(printed) == "bad: x ${env:KEY}, ${file:secret.txt}"


def test_files_of_any_kind_are_put_in_as_text_or_in_base64(tmp_path: Path) -> None:
    (tmp_path / "set.binpb").write_bytes(b"\xff\x00\n")
    write(tmp_path, "api.yaml.txt", "openapi: 3.0.0\n\n" + "# ä\n" * 100_000)
    spec = "spec: {a: '${base64:set.binpb}', b: '${file:api.yaml.txt}'}\n"
    [document] = load([write(tmp_path, "a.yaml", TOOL % "x" + spec)], Secrets({}))
    found = document.value["spec"]
    assert found["a"] == "/wAK"
    assert found["b"] == ("openapi: 3.0.0\n\n" + "# ä\n" * 100_000)[:-1]
    broken = write(tmp_path, "b.yaml", TOOL % "x" + "spec: {a: '${file:set.binpb}'}\n")
    with pytest.raises(InvalidDocuments, match=r"set\.binpb is no UTF-8 text"):
        load([broken], Secrets({}))


@pytest.mark.parametrize(
    "text", ["${", "${oops}", "${env:}", "${file:none.txt}", "${base64:none.txt}"]
)
def test_a_reference_that_leads_nowhere_is_an_error(tmp_path: Path, text: str) -> None:
    file = write(tmp_path, "a.yaml", TOOL % "x" + f"spec: {{a: '{text}'}}\n")
    with pytest.raises(InvalidDocuments):
        load([file], Secrets({}))


def test_what_is_exported_is_taken_for_no_reference() -> None:
    value = {"a": ["${env:HOME} and ${x}"], "b": 1}
    assert has_references(value)
    assert Secrets({}).resolved(escaped(value), Path()) == value


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"none\.yaml"):
        load([str(tmp_path / "none.yaml")], Secrets({}))
    with pytest.raises(CommandError, match="holds no file"):
        load([str(tmp_path)], Secrets({}))


@pytest.mark.parametrize("path", [("documents", 3, "spec", "tools", 12), ("a",), ("a", 0, 1)])
def test_a_field_as_the_gateway_names_it_is_a_path(path: tuple[str | int, ...]) -> None:
    assert field_path(field_name(path)) == path
