"""Limits for a firm's own templates: a mistake in one can neither stop the process nor fill its memory.

Every turn of a loop, call and included template is a step, which is counted and looks at the clock; what is printed or
joined is counted in characters. What makes a large value in one operation is refused before it is done: a list that
names one text a thousand times is small until something reads it, so what an operation is given is measured as read.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any

from jinja2 import BaseLoader, TemplateError, nodes
from jinja2.runtime import Context, markup_join
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

MOST_STEPS = 10_000  # the longest shipped message takes some hundred
MOST_SECONDS = 1.0
MOST_CHARACTERS = 100_000  # Slack takes 40,000
MOST_SOURCE = 50_000  # the longest shipped file has 18,000
_MOST_BITS = 1_000  # of a whole number
_LARGEST_ARGUMENT = 1_000  # number, or length of a text, that a filter is given
_WIDE_SPECIFIER = re.compile(r"%[^a-zA-Z%]*(?:\d{3}|\*)").search
_WIDE_FIELD = re.compile(r"\d{3}|\{[^{}]*\{").search  # a width of its own or of a value
_TEXT_METHODS = frozenset(
    {
        "capitalize",
        "casefold",
        "count",
        "endswith",
        "find",
        "isalpha",
        "isascii",
        "isdigit",
        "isnumeric",
        "lower",
    }
    | {
        "lstrip",
        "removeprefix",
        "removesuffix",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "title",
    }
    | {"upper"}
)


class TooMuch(TemplateError):
    """A template that takes more time or space than any message needs."""


@dataclass
class _Spent:
    """What the rendering of one message has taken so far."""

    until: float  # by the clock of its thread, which stands still while the process waits
    steps: int = 0
    characters: int = 0


_SPENT: ContextVar[_Spent | None] = ContextVar("spent", default=None)


@contextmanager
def limited() -> Iterator[None]:
    """Everything rendered inside counts as one message, and raises TooMuch beyond a limit."""
    before = _SPENT.set(_Spent(until=time.thread_time() + MOST_SECONDS))
    try:
        yield
    finally:
        _SPENT.reset(before)


def step() -> None:
    """Count a step. Raises TooMuch."""
    spent = _SPENT.get()
    if spent is None:
        return
    spent.steps += 1
    if spent.steps > MOST_STEPS:
        raise TooMuch(f"takes more than {MOST_STEPS:,} steps.")
    if time.thread_time() > spent.until:
        raise TooMuch(f"takes more than {MOST_SECONDS:g} s.")


def printed(text: Any) -> Any:
    """Count what is printed, and give it back. Raises TooMuch."""
    spent = _SPENT.get()
    if spent is not None:
        spent.characters += max(1, len(text))  # what prints nothing, a million times, takes its time too
        if spent.characters > MOST_CHARACTERS:
            raise TooMuch(f"prints more than {MOST_CHARACTERS:,} characters.")
    return text


def measured(value: Any) -> Any:
    """Give a value back unless it is large with all it holds, which counts each time that it is named. Raises TooMuch."""
    _measure(value)
    return value


def _measure(*values: Any) -> int:
    """How many characters and items that is. Raises TooMuch."""
    size, unread = 0, list(values)
    while unread:
        value = unread.pop()
        if not isinstance(value, str | bytes | list | tuple | dict | set | frozenset):
            size += 1
            continue
        size += 1 + len(value)
        if size > MOST_CHARACTERS:
            break
        if isinstance(value, dict):
            unread += [*value.keys(), *value.values()]
        elif not isinstance(value, str | bytes):
            unread += value
    if size > MOST_CHARACTERS:
        raise TooMuch(f"works on more than {MOST_CHARACTERS:,} characters or items at once.")
    return size


def _measure_filling(texts: Iterable[Any], *values: Any) -> None:
    """Refuse to fill texts with values if each of their places could take the largest. Raises TooMuch."""
    size = _measure(*values)
    places = sum(text.count("%") + text.count("{") for text in texts if isinstance(text, str))
    if places * size > MOST_CHARACTERS:
        raise TooMuch(f"fills a text with more than {MOST_CHARACTERS:,} characters.")


class LimitedEnvironment(ImmutableSandboxedEnvironment):
    """Compiles templates so that they count their steps and refuse what would grow too large."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, loader: BaseLoader, **options: Any) -> None:
        super().__init__(loader=loader, **options)
        for name in ("lipsum", "cycler", "joiner"):
            del self.globals[name]
        self.filters.update(_join=markup_join, format=_format)

    def limit_filters(self) -> None:
        """Bound every filter and test, when all of them are there."""
        self.filters = {name: _bounded(filter_) for name, filter_ in self.filters.items()}
        self.filters.update(_steps=_steps, _measured=measured)
        tests: dict[str, Any] = self.tests
        self.tests = {name: _bounded(test) for name, test in tests.items()}

    def concat(self, parts: Iterable[str]) -> str:  # of what a block or macro has printed
        return "".join(map(printed, parts))

    def call(self, context: Context, called: Any, *arguments: Any, **options: Any) -> Any:
        _measure_filling(arguments, *arguments, *options.values())
        return super().call(context, called, *arguments, **options)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return super().getitem(obj, measured(argument))

    def get_template(self, *arguments: Any, **options: Any) -> Any:
        step()  # an include may include itself
        return super().get_template(*arguments, **options)

    def _generate(self, source: nodes.Template, *arguments: Any, **options: Any) -> str:
        return super()._generate(_Counting().visit(source), *arguments, **options)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        if len(source) > MOST_SOURCE:
            raise TooMuch(f"has more than {MOST_SOURCE:,} characters.")
        return super()._parse(source, name, filename)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str):
            return attr in _TEXT_METHODS
        return not isinstance(obj, bytes | int | float) and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Any:
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None
        text, fill = value.__self__, wrapped
        if _WIDE_FIELD(text):
            raise TooMuch("formats a value wider than any message is.")

        @wraps(fill)
        def measured_first(*arguments: Any, **options: Any) -> Any:
            _measure_filling([text], *arguments, *options.values())
            return fill(*arguments, **options)

        return measured_first

    def is_safe_callable(self, obj: Any) -> bool:
        step()
        return super().is_safe_callable(obj)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if not all(isinstance(side, int | float) for side in (left, right)):
            if operator == "%" and isinstance(left, str):
                return _format(left, *right) if isinstance(right, tuple) else _format(left, right)
            if operator != "+":
                raise TooMuch(f"{operator} is for numbers here.")
        elif operator in ("*", "**") and _bits(operator, left, right) > _MOST_BITS:
            raise TooMuch(f"{operator} makes a number that is too large.")
        return _sized(super().call_binop(context, operator, left, right))


class _Counting(NodeTransformer):
    """Lets each turn of a loop be a step, and each text that ~ makes be measured."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - the name is the library's
        self.generic_visit(node)
        if node.recursive:
            raise TooMuch("a recursive loop is not supported.")
        node.iter = _filtered("_steps", node.iter)
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802 - the name is the library's
        self.generic_visit(node)
        node.expr = _filtered("_measured", node.expr)
        for operand in node.ops:
            operand.expr = _filtered("_measured", operand.expr)
        return node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:  # noqa: N802 - the name is the library's
        self.generic_visit(node)
        node.key = _filtered("_measured", node.key)  # a key is hashed
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - the name is the library's
        self.generic_visit(node)
        return _filtered("_join", nodes.List(node.nodes, lineno=node.lineno))


def _filtered(name: str, node: Any) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _steps(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        step()
        yield item


def _bounded(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, refusing large arguments and large results. What its library marked it with stays on it."""

    place = int(hasattr(filter_, "jinja_pass_arg"))  # of the value, after the environment where it takes that

    @wraps(filter_)
    def bounded(*arguments: Any, **options: Any) -> Any:
        if isinstance(value := arguments[place], Iterator):  # it would be read without being measured
            value = list(_steps(value))
        arguments = (*arguments[:place], value, *arguments[place + 1 :])
        _measure(*arguments[place:], *options.values())
        for given in (*arguments[place + 1 :], *options.values()):
            large = isinstance(given, int | float) and abs(given) > _LARGEST_ARGUMENT
            if large or (isinstance(given, str) and len(given) > _LARGEST_ARGUMENT):
                raise TooMuch("gives a filter a number or a text that is too large.")
        return _sized(filter_(*arguments, **options))

    return bounded


def _format(text: str, *values: Any) -> str:
    """`%.1f` and the like, with values or with one mapping."""
    _measure_filling([text], *values)
    if _WIDE_SPECIFIER(text):
        raise TooMuch("formats a value wider than any message is.")
    return str(_sized(text % (values[0] if len(values) == 1 and isinstance(values[0], dict) else values)))


def _sized(value: Any) -> Any:
    if isinstance(value, Sequence) and len(value) > MOST_CHARACTERS:
        raise TooMuch(f"makes a value of more than {MOST_CHARACTERS:,} characters or items.")
    return value


def _bits(operator: str, left: float, right: float) -> float:
    """How long the whole number of a product or a power can be."""
    if isinstance(left, float) or isinstance(right, float):
        return 0
    return left.bit_length() * abs(right) if operator == "**" else left.bit_length() + right.bit_length()
