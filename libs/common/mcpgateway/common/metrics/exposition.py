"""Families of samples: merged over processes, passed between them, and as Prometheus text."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from math import inf, isinf, isnan
from typing import Literal

import msgspec

Kind = Literal["counter", "gauge", "histogram"]

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"


class Sample(msgspec.Struct, frozen=True):
    """`values` are those of the family's labels. Of a histogram, `value` is the sum of what was
    observed and `counts` the number in each bucket alone."""

    values: tuple[str, ...]
    value: float
    counts: list[int] = []


class Family(msgspec.Struct, frozen=True):
    """`bounds` are a histogram's, without the last bucket, which has none."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...]
    samples: list[Sample]
    bounds: tuple[float, ...] = ()


_decoder = msgspec.json.Decoder(list[Family])


def encode(families: Sequence[Family]) -> bytes:
    """For another process of ours."""
    return msgspec.json.encode(families)


def decode(data: bytes) -> list[Family]:
    """Raises ValueError for what `encode` has not made."""
    try:
        families = _decoder.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"not a list of metric families: {error}") from None
    for family in families:
        buckets = len(family.bounds) + 1 if family.kind == "histogram" else 0
        for sample in family.samples:
            if (len(sample.values), len(sample.counts)) != (len(family.labels), buckets):
                raise ValueError(f"a sample of {family.name} does not fit its family")
    return families


def merge(label: str, parts: Mapping[str, Iterable[Family]]) -> list[Family]:
    """The families of several processes as one list, each sample labelled with whose it is. The
    first one decides what a family is; a part that differs there (another version) is left out of
    it."""
    merged: dict[str, Family] = {}
    for owner, families in parts.items():
        for family in families:
            samples = [
                Sample((owner, *sample.values), sample.value, sample.counts)
                for sample in family.samples
            ]
            known = merged.get(family.name)
            labels = (label, *family.labels)
            if known is None:
                merged[family.name] = Family(
                    family.name, family.kind, family.help, labels, samples, family.bounds
                )
            elif (known.kind, known.labels, known.bounds) == (family.kind, labels, family.bounds):
                known.samples.extend(samples)
    return list(merged.values())


def render(families: Iterable[Family]) -> bytes:
    """The Prometheus text format, version 0.0.4."""
    lines: list[str] = []
    for family in families:
        lines.append(f"# HELP {family.name} {_escaped_help(family.help)}")
        lines.append(f"# TYPE {family.name} {family.kind}")
        for sample in family.samples:
            labels = [*map(_label, family.labels, sample.values)]
            if family.kind == "histogram":
                lines += _histogram(family, sample, labels)
            else:
                lines.append(f"{family.name}{_braced(labels)} {_number(sample.value)}")
    return ("\n".join(lines) + "\n").encode() if lines else b""


def _histogram(family: Family, sample: Sample, labels: list[str]) -> list[str]:
    """Buckets count what is at most their bound, so each holds those before it."""
    bounds = (*family.bounds, inf)
    totals = list(accumulate(sample.counts))
    buckets = [
        f"{family.name}_bucket{_braced([*labels, _label('le', _number(bound))])} {total}"
        for bound, total in zip(bounds, totals, strict=True)
    ]
    return [
        *buckets,
        f"{family.name}_sum{_braced(labels)} {_number(sample.value)}",
        f"{family.name}_count{_braced(labels)} {totals[-1]}",
    ]


def _braced(labels: list[str]) -> str:
    return "{" + ",".join(labels) + "}" if labels else ""


def _label(name: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    return f'{name}="{escaped}"'


def _escaped_help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _number(value: float) -> str:
    if isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if isnan(value):
        return "NaN"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
