"""YAML text, bounded in size, depth and what its aliases stand for: the one place that reads it.

A scheme is read as a tree of nodes that know their line and column. It is built on the nodes of ruamel.yaml rather than
on its loader: every value keeps its place, a duplicate key is found instead of overwritten, and nothing in the file can
name a Python object.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from ruamel.yaml import YAML  # noqa: TID251 - the one place that reads it
from ruamel.yaml.composer import Composer, MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from grading.phrases import N_, Phrase
from grading.scheme import yaml_faults
from grading.scheme.problems import SchemeError, SchemeProblem

Scalar = str | int | float | bool | None
Plain: TypeAlias = "Scalar | list[Plain] | dict[str, Plain]"

MAX_CHARACTERS = 500_000  # the longest preset has 12,000; a file beyond this is no scheme and no plan
MAX_DEPTH = 100  # of values in values
MAX_VALUES = 50_000  # with aliases written out: ten lines of nested aliases can stand for gigabytes
MAX_DIGITS = 1_000  # of a whole number: one of five thousand cannot be shown in an error
NOT_A_WORD = "!!"  # marks a key that YAML reads as true, 1 or null, so that it differs from one in quotes
SWITCHES = {NOT_A_WORD + "true": True, NOT_A_WORD + "false": False}
_TAG = "tag:yaml.org,2002:"


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
        except (ValueError, KeyError):  # 2026-02-30, a number of five thousand digits, or `!!bool x`
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
        # Before the parser reads them all: a hundred thousand brackets take it eight seconds.
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
        if len(node.value) > MAX_DIGITS and str(node.tag) == _TAG + "int":  # Python reads it in hexadecimal
            raise ValueError
        return 1
    if id(node) not in known:
        known[id(node)] = float("inf")  # while its own parts are counted
        parts = itertools.chain.from_iterable(
            pair if isinstance(pair, tuple) else (pair,) for pair in node.value
        )
        known[id(node)] = 1 + sum(_values(part, known) for part in parts)
    return known[id(node)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A value of the file with its place; `start` and `end` are its characters in the text.

    A group or list that begins below its key has the place of the key: that is the line a person searches for.
    """

    value: Scalar | list[Node] | dict[str, Node]
    line: int
    column: int
    start: int
    end: int
    path: str

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    @property
    def entries(self) -> dict[str, Node]:
        """The values by their keys; empty for a value that has none."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Node]:
        """The items of a list; empty for any other value."""
        return self.value if isinstance(self.value, list) else []

    def __getitem__(self, key: str) -> Node:
        """The value of a key; where there is none, a node without a value."""
        return self.entries.get(key, _NOTHING)

    @property
    def found(self) -> str:
        """The value as a problem names it: `the text "ten"`."""
        if isinstance(self.value, str):
            return Phrase(N_("the text %(value)s"), value=self.shown)
        if isinstance(self.value, int | float) and not isinstance(self.value, bool):
            return Phrase(N_("the number %(value)s"), value=self.shown)
        return self.shown

    @property
    def shown(self) -> str:
        """The value without its kind: `"ten"`."""
        if isinstance(self.value, dict | list):
            return Phrase(N_("a list") if isinstance(self.value, list) else N_("a group of keys"))
        if self.value is None:
            return Phrase(N_("nothing"))
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        return f'"{self.value[:60]}"' if isinstance(self.value, str) else f"{self.value!r:.30}"


_NOTHING = Node(value=None, line=1, column=1, start=0, end=0, path="")


class Document:
    """The file as a tree, and the list that every fault in it is added to."""

    def __init__(self, text: str, source: str) -> None:
        self.source = source
        self.problems: list[SchemeProblem] = []
        self._faulty: set[str] = set()
        self._built: set[int] = set()
        self._constructor = YAML(typ="safe", pure=True).constructor
        text = text.removeprefix("\ufeff")
        try:
            node = compose(text)
        except Refused as refused:
            self._stop(refused.message, refused.remedy)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            message = Phrase(N_("this is not YAML: %(fault)s"), fault=yaml_faults.faults(error))
            self._stop(message, Phrase(N_("check quotes, brackets and indentation")), *place)
        except YAMLError as error:
            line = text.count("\n", 0, getattr(error, "position", 0)) + 1
            message = Phrase(N_("the file holds a character that YAML forbids"))
            self._stop(message, Phrase(N_("remove the control character")), line)
        if not isinstance(node, MappingNode):
            self._stop(
                Phrase(N_("a scheme is a list of keys and values")),
                Phrase(N_('begin with "scheme: my_scheme"')),
            )
        self.root = self._build(node, "")

    def add(self, node: Node, message: Phrase, remedy: Phrase, key: str = "") -> None:
        """Record a fault at a node or at one of its keys, which need not be there."""
        path = ".".join(part for part in (node.path, key) if part)
        node = node.entries.get(key, node)
        self._add(node.line, node.column, path, message, remedy)

    def known(self, node: Node) -> Any:
        """The value of a node; None when a fault was recorded at it."""
        return None if node.path in self._faulty else node.value

    def number(self, node: Node) -> float | None:
        """The number of a node without a fault; None for any other value."""
        value = self.known(node)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def word(self, node: Node) -> str:
        """The text of a node without a fault; empty for any other value."""
        value = self.known(node)
        return value.strip() if isinstance(value, str) else ""

    def _add(self, line: int, column: int, key: str, message: Phrase, remedy: Phrase) -> None:
        self._faulty.add(key)
        self.problems.append(
            SchemeProblem(file=self.source, line=line, column=column, key=key, message=message, remedy=remedy)
        )

    def _stop(self, message: Phrase, remedy: Phrase, line: int = 1, column: int = 1) -> NoReturn:
        self._add(line, column, "", message, remedy)
        raise SchemeError(self.problems)

    def _build(self, node: Any, path: str, key: Any = None) -> Node:
        below = key is not None and key.start_mark.line != node.start_mark.line
        line, column = _place(key if below else node)
        seen = id(node) in self._built
        self._built.add(id(node))
        value: Any = None
        if seen:
            # Refused also because a few lines of nested aliases can stand for gigabytes.
            message = Phrase(N_("an alias (*name) is used"))
            self._add(line, column, path, message, Phrase(N_("write the value out")))
        elif isinstance(node, ScalarNode):
            value = self._scalar(node, path)
        elif not str(node.tag).startswith(_TAG):
            self._refuse_tag(node, path)
        elif isinstance(node, SequenceNode):
            value = [self._build(child, f"{path}[{i}]") for i, child in enumerate(node.value)]
        else:
            value = self._mapping(node, path)
        start, end = node.start_mark.index, node.end_mark.index
        return Node(value=value, line=line, column=column, start=start, end=end, path=path)

    def _mapping(self, node: Any, path: str) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        for key_node, value_node in node.value:
            line, column = _place(key_node)
            if not isinstance(key_node, ScalarNode):
                message = Phrase(N_("a key must be a word"))
                self._add(line, column, path, message, Phrase(N_("put the key in plain text")))
                continue
            key = text = str(key_node.value)
            key_path = f"{path}.{text}" if path else text
            if key_node.tag != _TAG + "merge" and not isinstance(self._scalar(key_node, key_path), str):
                key = NOT_A_WORD + text.lower()
            if key in entries:
                message = Phrase(N_("the key stands twice, first in line %(line)s"), line=entries[key].line)
                self._add(line, column, key_path, message, Phrase(N_("keep one of them")))
                continue
            entries[key] = self._build(value_node, key_path, key_node)
        return entries

    def _scalar(self, node: Any, path: str) -> Scalar:
        kind, value = str(node.tag).removeprefix(_TAG), str(node.value)
        if kind in ("null", "bool", "int", "float"):
            with suppress(ValueError, LookupError):
                found: Scalar = self._constructor.construct_object(node)
                return found
        elif kind not in ("str", "timestamp"):
            self._refuse_tag(node, path)
        return value

    def _refuse_tag(self, node: Any, path: str) -> None:
        message = Phrase(N_('the tag "%(tag)s" is not supported'), tag=node.tag)
        self._add(*_place(node), path, message, Phrase(N_("remove it")))


def _place(node: Any) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def plain(node: Node) -> Plain:
    """The values without their places, with 30.0 as 30 so that the two are the same content."""
    value = node.value
    if isinstance(value, dict):
        return {key: plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [plain(child) for child in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def canonical_hash(content: Plain) -> str:
    """SHA-256 of the values as JSON with sorted keys: comments, order of keys and spacing do not count."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
