"""Reads one mapping of a scheme key by key; every fault goes to the document and reading goes on.

A reader that finds a fault returns None or the default, so that one pass reports all of them; nothing
of what it returned is used once a problem is on the list.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from grading.scheme.model import Name
from grading.scheme.problems import suggest
from grading.scheme.text import Document, Node

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
REQUIRED: Any = object()


def describe(entry: Node) -> str:
    """A value as a person would name it: `the text "ten"`."""
    value = entry.value
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a group of keys"
    if isinstance(value, list):
        return "a list"
    return f'the text "{value[:60]}"' if isinstance(value, str) else f"the number {value!r:.30}"


def read_number(document: Document, entry: Node) -> float | None:
    """A finite number, or a problem."""
    value = entry.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
        document.add(entry, "the number is not finite", "write an ordinary number")
        return None
    document.add(entry, f"expected a number, found {describe(entry)}", "write a number without quotes")
    return None


class Section:
    """One mapping with the keys it may have; an unknown key is a problem when the section is opened."""

    def __init__(self, document: Document, entry: Node, known: Iterable[str]) -> None:
        self.document = document
        self.entry = entry
        self.keys: dict[str, Node] = {}
        known = tuple(known)
        if not isinstance(entry.value, dict):
            document.add(
                entry, f"expected keys and values, found {describe(entry)}", "give " + ", ".join(known)
            )
            self.usable = False
            return
        self.usable = True
        for key, child in entry.value.items():
            if key in known:
                self.keys[key] = child
            else:
                document.add(child, f'unknown key "{key}"', suggest(key, known))

    def __contains__(self, key: str) -> bool:
        return key in self.keys

    def path(self, key: str) -> str:
        """The key as it appears in a problem: `dimensions[0].weight`."""
        return f"{self.entry.path}.{key}" if self.entry.path else key

    def get(self, key: str, required: bool = True) -> Node | None:
        """The value of a key; a problem when a required one is not there."""
        found = self.keys.get(key)
        if found is None and required and self.usable:
            self.document.add(self.entry, f'"{key}" is missing', f'add "{key}:"', key=self.path(key))
        return found

    def number(
        self,
        key: str,
        default: Any = REQUIRED,
        *,
        low: float = -math.inf,
        high: float = math.inf,
        above: float = -math.inf,
    ) -> Any:
        """A number with low <= number <= high and number > above."""
        entry = self.get(key, default is REQUIRED)
        number = None if entry is None else read_number(self.document, entry)
        if entry is None or number is None:
            return None if default is REQUIRED else default
        if low <= number <= high and number > above:
            return number
        limits = [f"above {above:g}"] if above > -math.inf else []
        limits += [f"at least {low:g}"] if low > -math.inf else []
        limits += [f"at most {high:g}"] if high < math.inf else []
        remedy = "use a number " + " and ".join(limits)
        self.document.add(entry, f"{number:g} is out of range", remedy)
        return None if default is REQUIRED else default

    def whole(self, key: str, default: Any = REQUIRED, *, low: int = 0, high: float = math.inf) -> Any:
        """A whole number."""
        number = self.number(key, default, low=low, high=high)
        if isinstance(number, float) and number != int(number):
            self.document.add(
                self.keys[key], f"{number:g} is not a whole number", "write it without a fraction"
            )
            return None if default is REQUIRED else default
        return int(number) if isinstance(number, float) else number

    def truth(self, key: str, default: Any = REQUIRED) -> Any:
        """true or false."""
        entry = self.get(key, default is REQUIRED)
        if entry is not None and not isinstance(entry.value, bool):
            self.document.add(
                entry,
                f"expected true or false, found {describe(entry)}",
                "write true or false without quotes",
            )
        return entry.value if entry is not None and isinstance(entry.value, bool) else default

    def word(self, key: str, default: Any = REQUIRED) -> Any:
        """Text that is not empty."""
        entry = self.get(key, default is REQUIRED)
        missing = None if default is REQUIRED else default
        if entry is None:
            return missing
        if isinstance(entry.value, str) and entry.value.strip():
            return entry.value.strip()
        self.document.add(entry, f"expected text, found {describe(entry)}", "write a word; put it in quotes")
        return missing

    def choice(self, key: str, choices: Iterable[str], default: Any = REQUIRED) -> Any:
        """One of the listed words."""
        choices = tuple(choices)
        word = self.word(key, default)
        if key in self.keys and isinstance(word, str) and word not in choices:
            self.document.add(self.keys[key], f'"{word}" is not known here', suggest(word, choices))
            return None if default is REQUIRED else default
        return word

    def identifier(self, key: str = "id") -> Any:
        """A letter, then letters, digits and underscores."""
        word = self.word(key)
        if isinstance(word, str) and not _ID.fullmatch(word):
            remedy = "begin with a letter and use only A-Z, a-z, 0-9 and _; the names may be in any language"
            self.document.add(self.keys[key], f'"{word}" cannot be an id', remedy)
            return None
        return word

    def name(self) -> Name:
        """The `name` in English and Chinese."""
        entry = self.get("name")
        if entry is None:
            return Name(en="", zh="")
        if isinstance(entry.value, str):
            remedy = f'write name: {{en: "{entry.value}", zh: "…"}}'
            self.document.add(entry, "a name is given in English and in Chinese", remedy)
            return Name(en="", zh="")
        section = Section(self.document, entry, ("en", "zh"))
        return Name(en=section.word("en") or "", zh=section.word("zh") or "")

    def items(self, key: str, required: bool = True) -> list[Node]:
        """The entries of a list that is not empty."""
        entry = self.get(key, required)
        if entry is None:
            return []
        if not isinstance(entry.value, list):
            self.document.add(
                entry, f"expected a list, found {describe(entry)}", 'begin each entry with "- "'
            )
            return []
        if not entry.value and required:
            self.document.add(entry, "the list is empty", "add at least one entry")
        return entry.value
