"""YAML text as a tree of entries that know their line and column, and its canonical content.

Built on the nodes of ruamel.yaml rather than on its loader: every value keeps its place, a duplicate
key is found instead of overwritten, and nothing in the file can name a Python object.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from grading.scheme.problems import SchemeError, SchemeProblem

Scalar = str | int | float | bool | None
Plain: TypeAlias = "Scalar | list[Plain] | dict[str, Plain]"

MAX_CHARACTERS = 500_000  # the longest preset has 12,000; a file beyond this is not a scheme
MAX_DEPTH = 100  # of brackets; the parser takes 20 seconds to give up on a thousand
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A value of the file with its place; `start` and `end` are its characters in the text.

    A group or list that begins below its key has the place of the key: that is the line a person looks for.
    """

    value: Scalar | list[Node] | dict[str, Node]
    line: int
    column: int
    start: int
    end: int
    path: str
    # Keys that YAML does not read as words (true, 1), so that `map` can tell them from quoted ones.
    raw_keys: dict[str, Scalar] = field(default_factory=dict)


class Document:
    """The file as a tree, and the list that every fault in it is added to."""

    def __init__(self, text: str, source: str) -> None:
        self.source = source
        self.problems: list[SchemeProblem] = []
        self._built: set[int] = set()
        text = text.removeprefix("\ufeff")
        if len(text) > MAX_CHARACTERS:
            self._stop(1, 1, f"the file has {len(text)} characters", f"keep it below {MAX_CHARACTERS}")
        depth = itertools.accumulate((c in "[{") - (c in "]}") for c in text)
        if max(depth, default=0) > MAX_DEPTH:
            self._stop(1, 1, "the values are nested too deeply", "remove the extra brackets")
        try:
            node = YAML(typ="rt", pure=True).compose(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            message = " ".join(str(part) for part in (error.context, error.problem) if part)
            self._stop(line, column, f"this is not YAML: {message}", "check quotes, brackets and indentation")
        except RecursionError:
            self._stop(1, 1, "the values are nested too deeply", "remove the extra brackets")
        except YAMLError as error:
            position = getattr(error, "position", 0)
            line = text.count("\n", 0, position) + 1
            self._stop(
                line, 1, "the file holds a character that YAML forbids", "remove the control character"
            )
        if not isinstance(node, MappingNode):
            self._stop(1, 1, "a scheme is a list of keys and values", 'begin with "scheme: my_scheme"')
        self.root = self._build(node, "")

    def add(self, entry: Node, message: str, remedy: str, key: str | None = None) -> None:
        """Record a fault at an entry; `key` names a place below it that has no line of its own."""
        self._note(entry.line, entry.column, key if key is not None else entry.path, message, remedy)

    def _note(self, line: int, column: int, key: str, message: str, remedy: str) -> None:
        self.problems.append(
            SchemeProblem(file=self.source, line=line, column=column, key=key, message=message, remedy=remedy)
        )

    def _stop(self, line: int, column: int, message: str, remedy: str) -> Any:
        self._note(line, column, "", message, remedy)
        raise SchemeError(self.problems)

    def _build(self, node: Any, path: str) -> Node:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        value: Any = None
        raw_keys: dict[str, Scalar] = {}
        tag = str(node.tag)
        if id(node) in self._built:
            # Refused also because a few lines of nested aliases can stand for gigabytes.
            self._note(line, column, path, "an alias (*name) is used", "write the value out")
        elif isinstance(node, ScalarNode):
            value = self._scalar(node, tag, path)
        elif not tag.startswith(_TAG):
            self._note(line, column, path, f'the tag "{tag}" is not supported', "remove it")
        elif isinstance(node, SequenceNode):
            self._built.add(id(node))
            value = [self._build(child, f"{path}[{i}]") for i, child in enumerate(node.value)]
        else:
            self._built.add(id(node))
            value = self._mapping(node, path, raw_keys)
        self._built.add(id(node))
        return Node(
            value=value,
            line=line,
            column=column,
            start=node.start_mark.index,
            end=node.end_mark.index,
            path=path,
            raw_keys=raw_keys,
        )

    def _mapping(self, node: Any, path: str, raw_keys: dict[str, Scalar]) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
            if not isinstance(key_node, ScalarNode):
                self._note(line, column, path, "a key must be a word", "put the key in plain text")
                continue
            key = str(key_node.value)
            key_path = f"{path}.{key}" if path else key
            if key in entries:
                self._note(
                    line,
                    column,
                    key_path,
                    f"the key stands twice, first in line {lines[key]}",
                    "keep one of them",
                )
                continue
            tag = str(key_node.tag)
            raw_keys[key] = key if tag == _TAG + "merge" else self._scalar(key_node, tag, key_path)
            child = self._build(value_node, key_path)
            entries[key] = child if child.line == line else replace(child, line=line, column=column)
            lines[key] = line
        return entries

    def _scalar(self, node: Any, tag: str, path: str) -> Scalar:
        text = str(node.value)
        kind = tag.removeprefix(_TAG)
        try:
            if kind == "null":
                return None
            if kind == "bool":
                return text.lower() in ("true", "yes", "on", "y")
            if kind == "int":
                digits = text.replace("_", "")
                return int(digits, 0 if digits.lstrip("+-")[:2].lower() in ("0x", "0o", "0b") else 10)
            if kind == "float":
                return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            return text
        if kind not in ("str", "timestamp"):
            line, column = node.start_mark.line + 1, node.start_mark.column + 1
            self._note(line, column, path, f'the tag "{tag}" is not supported', "remove it")
        return text


def plain(entry: Node) -> Plain:
    """The values alone, with 30.0 as 30 so that the two are the same content."""
    value = entry.value
    if isinstance(value, dict):
        # A key that is not a word (true) must not hash like the word ("true").
        return {
            key if isinstance(entry.raw_keys[key], str) else f"!!{key.lower()}": plain(child)
            for key, child in value.items()
        }
    if isinstance(value, list):
        return [plain(child) for child in value]
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return int(value)
    return value


def canonical_hash(entry: Node) -> str:
    """SHA-256 of the values as JSON with sorted keys: comments, order of keys and spacing do not count."""
    text = json.dumps(plain(entry), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
