"""Jinja2 in a sandbox: what a template can reach, and what it can not make in one step.

Nothing here bounds the time that a template takes: loops may be nested, and reading a template of
64 KiB can take a second. `runtime.rendering` therefore runs it in a worker process, with little
memory and nothing in it to be stolen. What is refused here is refused early, with words.
"""

import re
from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, Template, TemplateError, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from typing_extensions import override

from mcpgateway.common.content.jobs import Found
from mcpgateway.common.content.kept import Kept
from mcpgateway.common.content.limits import LIMITS

MAX_LOOP = 10_000  # elements of one range()
MAX_NUMBER = 10_000  # that says how wide, how often, how many
MAX_BITS = 4_096  # of an integer that is calculated
MAX_SEQUENCE = 1024 * 1024  # elements of a sequence that is repeated
_KEPT = 2 * 1024 * 1024  # characters of templates whose compiled form is kept

# Methods of strings that make no more than they are given.
_STRING_METHODS = frozenset(
    (
        "capitalize",
        "casefold",
        "count",
        "endswith",
        "find",
        "index",
        "isalnum",
        "isalpha",
        "isascii",
        "isdecimal",
        "isdigit",
        "isidentifier",
        "islower",
        "isnumeric",
        "isspace",
        "istitle",
        "isupper",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "rfind",
        "rindex",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "swapcase",
        "title",
        "upper",
    )
)
_GLOBALS = frozenset(("range", "dict", "namespace", "cycler", "joiner"))
# Random, or made for HTML pages, or showing what objects are inside.
_NO_FILTERS = frozenset(("random", "pprint", "urlize", "xmlattr"))
_WIDENING = ("batch", "center", "indent", "round", "slice", "tojson", "truncate", "wordwrap")
_FILES: tuple[type[nodes.Node], ...] = (
    nodes.Include,
    nodes.Import,
    nodes.FromImport,
    nodes.Extends,
)
_WIDE = re.compile(r"%[^A-Za-z%]*(?:\*|\d{4})")


class TemplateProblem(Exception):
    """What is wrong with a template, or came of filling it."""


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset(("*", "**", "%"))

    @override
    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str) and attr not in _STRING_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)

    @override
    def wrap_str_format(self, value: Any) -> None:
        """`str.format` is no safe attribute: the filter of that name is there."""
        return

    @override
    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        problem = _OPERATORS[operator](left, right)
        if problem:
            raise SecurityError(problem)
        return super().call_binop(context, operator, left, right)


class Sandbox:
    """Compiled templates are kept (`_KEPT`)."""

    def __init__(self) -> None:
        environment = _Environment(keep_trailing_newline=True, cache_size=0, optimized=False)
        known = environment.globals
        environment.globals = {name: known[name] for name in _GLOBALS}
        environment.globals["range"] = _range
        _restrict(environment)
        self._environment = environment
        self._compiled = Kept(self._compile, len, _KEPT)

    def check(self, template: str) -> Found:
        """Whether it can be compiled, and what it expects to be given."""
        try:
            self._compiled.of(template)
            names = meta.find_undeclared_variables(self._environment.parse(template))
        except TemplateProblem as problem:
            return Found(problem=str(problem))
        return Found(names=tuple(sorted(names - _GLOBALS)))

    def render(self, template: str, values: Mapping[str, str], room: int) -> str:
        """At most `room` characters. Raises TemplateProblem, MemoryError."""
        compiled = self._compiled.of(template)
        parts: list[str] = []
        try:
            for part in compiled.generate(values):
                room -= len(part)
                if room < 0:
                    break
                parts.append(part)
        except MemoryError:
            raise
        except Exception as error:
            raise TemplateProblem(_described(error)) from error
        if room < 0:
            raise TemplateProblem("makes more text than is allowed")
        return "".join(parts)

    def _compile(self, template: str) -> Template:
        if len(template) > LIMITS.template:
            raise TemplateProblem(f"has over {LIMITS.template} characters")
        try:
            tree = self._environment.parse(template)
            if any(tree.find(kind) for kind in _FILES):
                raise TemplateProblem("can not include, import or extend another template")
            return self._environment.from_string(tree)
        except TemplateError as error:
            raise TemplateProblem(_described(error)) from error
        except (SyntaxError, RecursionError, ValueError) as error:
            # The compiler's own limits: of nested blocks, of digits, of depth.
            raise TemplateProblem(
                f"is nested or chained too deeply ({_described(error)})"
            ) from error


def _described(error: Exception) -> str:
    line = getattr(error, "lineno", None)
    where = f"line {line}: " if isinstance(line, int) else ""
    message = str(error).partition("\n")[0][:300]
    kind = "" if isinstance(error, TemplateError) else f"{type(error).__name__}: "
    return f"{where}{kind}{message or type(error).__name__}"


def _range(*bounds: int) -> range:
    made = range(*bounds)
    if len(made) > MAX_LOOP:
        raise SecurityError(f"range() of over {MAX_LOOP} elements")
    return made


def _restrict(environment: Environment) -> None:
    for name in _NO_FILTERS:
        del environment.filters[name]
    for name in _WIDENING:
        environment.filters[name] = _narrow(environment.filters[name])
    environment.filters["format"] = _format
    environment.filters["replace"] = _replace


def _narrow(made: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, for numbers that are no larger than MAX_NUMBER."""

    @wraps(made)
    def narrowed(*args: Any, **kwargs: Any) -> Any:
        for each in (*args[1:], *kwargs.values()):
            if isinstance(each, int | float) and abs(each) > MAX_NUMBER:
                raise SecurityError(f"a number over {MAX_NUMBER} is too large here")
        return made(*args, **kwargs)

    return narrowed


def _format(value: Any, *args: Any, **kwargs: Any) -> str:
    """As Jinja2's, without widths of four digits."""
    if args and kwargs:
        raise SecurityError("format takes arguments by place or by name")
    text = str(value)
    problem = _formats_widely(text, args)
    if problem:
        raise SecurityError(problem)
    return text % (kwargs or args)


def _replace(value: Any, old: str, new: str, count: int = -1) -> str:
    text, old, new = str(value), str(old), str(new)
    if len(text) + text.count(old) * max(0, len(new) - len(old)) > MAX_SEQUENCE:
        raise SecurityError(f"replace would make over {MAX_SEQUENCE} characters")
    return text.replace(old, new, count)


def _repeats_much(left: Any, right: Any) -> str:
    if isinstance(left, int) and isinstance(right, int):
        large = left.bit_length() + right.bit_length() > MAX_BITS
        return f"an integer of over {MAX_BITS} bits" if large else ""
    for sequence, times in ((left, right), (right, left)):
        if isinstance(sequence, str | list | tuple) and isinstance(times, int):
            many = len(sequence) * times > MAX_SEQUENCE
            return f"a sequence of over {MAX_SEQUENCE} elements" if many else ""
    return ""


def _raises_much(left: Any, right: Any) -> str:
    if isinstance(left, int) and isinstance(right, int) and right > 0:
        large = left.bit_length() * right > MAX_BITS
        return f"an integer of over {MAX_BITS} bits" if large else ""
    return ""


def _formats_widely(left: Any, right: Any) -> str:
    if isinstance(left, str) and _WIDE.search(left):
        return "a format with a width of four digits or one that is given"
    return ""


_OPERATORS: Mapping[str, Callable[[Any, Any], str]] = MappingProxyType(
    {"*": _repeats_much, "**": _raises_much, "%": _formats_widely}
)
