"""Plain values as YAML text that `yaml_tree` reads back as the same values. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from typing_extensions import override

from mcpgateway.cli.declarative.yaml_tree import scalar


class _Dumper(yaml.SafeDumper):
    """Texts that a reader could take for something else are quoted; those of several lines are
    written line by line. Nothing is aliased."""

    @override
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = None
    odd = any(not (char.isprintable() or char == "\n") for char in value)
    if odd or not isinstance(scalar(value), str) or value == "<<":
        style = '"'
    elif "\n" in value and _may_be_block(value):
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style)


def _may_be_block(value: str) -> bool:
    lines = value.split("\n")
    plain = all(line == line.rstrip() and line.isprintable() for line in lines)
    return plain and not value.startswith((" ", "\n"))


_Dumper.add_representer(str, _text)


def dump(documents: Iterable[Mapping[str, Any]]) -> str:
    """Several documents, members in the order given."""
    return yaml.dump_all(
        [dict(each) for each in documents],
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
        explicit_start=True,
    )
