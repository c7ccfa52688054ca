"""The one way YAML text is read: bounded in size, in depth, and in what its aliases stand for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML  # noqa: TID251 - here it is bounded
from ruamel.yaml.composer import Composer, MaxDepthExceededError
from ruamel.yaml.nodes import ScalarNode

from grading.phrases import N_, Phrase

MAX_CHARACTERS = 500_000  # the longest preset has 12,000; a file beyond this is no scheme and no plan
MAX_DEPTH = 100  # of values in values; the parser takes 20 seconds to give up on a thousand brackets
MAX_VALUES = 50_000  # with aliases written out: ten lines of nested aliases can stand for gigabytes


class Refused(Exception):
    """Text that is too large, too deep, or stands for what no plan has; says what is wrong and what to do."""

    def __init__(self, message: Phrase, remedy: Phrase) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def read(path: Path) -> str:
    """The text of a file, or so much of it that it is refused. Raises OSError and UnicodeDecodeError."""
    with path.open(encoding="utf-8-sig") as file:
        return file.read(MAX_CHARACTERS + 1)


def compose(text: str) -> Any:
    """A document's nodes, an alias as the node it names. Raises Refused and ruamel's YAMLError."""
    with _bounded(text) as yaml:
        return yaml.compose(text)


def load(text: str) -> Any:
    """A document's values with their lines, aliases written out. Raises as `compose` does."""
    with _bounded(text) as yaml:
        yaml.Composer = _CountingComposer
        try:
            return yaml.load(text)
        except ValueError:  # 2026-02-30, or a whole number of five thousand digits
            raise Refused(
                Phrase(N_("a day or a number in it does not exist")),
                Phrase(N_("mend it or put it in quotes")),
            ) from None


@contextmanager
def _bounded(text: str) -> Iterator[YAML]:
    if len(text) > MAX_CHARACTERS:
        raise Refused(
            Phrase(N_("the file has more than %(limit)s characters"), limit=f"{MAX_CHARACTERS:,}"),
            Phrase(N_("remove what does not belong there")),
        )
    yaml = YAML(typ="rt", pure=True)
    yaml.max_depth = MAX_DEPTH
    try:
        if max(itertools.accumulate((c in "[{") - (c in "]}") for c in text), default=0) > MAX_DEPTH:
            raise RecursionError
        yield yaml
    except (RecursionError, MaxDepthExceededError):
        raise Refused(
            Phrase(N_("the values are nested too deeply")), Phrase(N_("remove the extra brackets"))
        ) from None


class _CountingComposer(Composer):
    """Refuses a document before its values are made, when its aliases stand for too many."""

    def get_single_node(self) -> Any:
        root = super().get_single_node()
        if root is not None and _values(root, {}) > MAX_VALUES:
            raise Refused(
                Phrase(N_("the aliases stand for more than %(limit)s values"), limit=f"{MAX_VALUES:,}"),
                Phrase(N_("write the values out")),
            )
        return root


def _values(node: Any, known: dict[int, float]) -> float:
    """How many values a node stands for, each alias counted in full; infinitely many where it contains itself."""
    if isinstance(node, ScalarNode):
        return 1
    if id(node) not in known:
        known[id(node)] = float("inf")  # while its own parts are counted
        parts = itertools.chain.from_iterable(
            pair if isinstance(pair, tuple) else (pair,) for pair in node.value
        )
        known[id(node)] = 1 + sum(_values(part, known) for part in parts)
    return known[id(node)]
