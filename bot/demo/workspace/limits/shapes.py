"""Small checks from which the limits of Block Kit are put together.

A check reads one JSON value and yields what is wrong: a sentence and the JSON pointer of the place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Faults = Iterable[tuple[str, str]]
#: (value, its JSON pointer) -> what is wrong with it.
Check = Callable[[Any, str], Faults]


def string(most: int, *, least: int = 0, pattern: str = "", choices: tuple[str, ...] = ()) -> Check:
    """A string of limited length, of a pattern, or one of a few."""

    def check(value: Any, pointer: str) -> Faults:
        if not isinstance(value, str):
            yield "must be a string", pointer
        elif len(value) > most:
            yield f"must be less than {most + 1} characters", pointer
        elif len(value) < least:
            yield f"must be more than {least - 1} characters", pointer
        elif choices and value not in choices:
            yield f"must be one of: {', '.join(choices)}", pointer
        elif pattern and not re.fullmatch(pattern, value):
            yield f"must match pattern {pattern}", pointer

    return check


def number(least: int | None = None, most: int | None = None) -> Check:
    """An integer between two bounds."""

    def check(value: Any, pointer: str) -> Faults:
        if isinstance(value, bool) or not isinstance(value, int):
            yield "must be an integer", pointer
        elif (least is not None and value < least) or (most is not None and value > most):
            yield f"must be between {least} and {most}", pointer

    return check


def boolean(value: Any, pointer: str) -> Faults:
    """True or false."""
    return () if isinstance(value, bool) else [("must be a boolean", pointer)]


def anything(value: Any, pointer: str) -> Faults:
    """No limit that this workspace knows."""
    return ()


def array(item: Check, *, most: int, least: int = 1) -> Check:
    """A list of limited length."""

    def check(value: Any, pointer: str) -> Faults:
        if not isinstance(value, list):
            yield "must be an array", pointer
            return
        if len(value) > most:
            yield f"no more than {most} items allowed", pointer
        if len(value) < least:
            yield f"no fewer than {least} items allowed", pointer
        for index, entry in enumerate(value):
            yield from item(entry, f"{pointer}/{index}")

    return check


def shape(required: Mapping[str, Check], *rules: Check, **optional: Check) -> Check:
    """An object with these fields and no others; the rules read the object once its fields are right."""
    known = {**required, **optional, "type": anything}

    def find(value: dict[str, Any], pointer: str) -> Iterator[tuple[str, str]]:
        for name in required:
            if name not in value:
                yield f"missing required field: {name}", pointer
        for name, entry in value.items():
            if name in known:
                yield from known[name](entry, f"{pointer}/{name}")
            else:
                yield f"invalid additional property: {name}", pointer

    def check(value: Any, pointer: str) -> Faults:
        if not isinstance(value, dict):
            return [("must be an object", pointer)]
        return list(find(value, pointer)) or [fault for rule in rules for fault in rule(value, pointer)]

    return check


def typed(**kinds: Check) -> Check:
    """An object whose `type` decides which of the checks applies."""

    def check(value: Any, pointer: str) -> Faults:
        if not isinstance(value, dict):
            return [("must be an object", pointer)]
        if "type" not in value:
            return [("missing required field: type", pointer)]
        if value["type"] not in kinds:
            return [(f"unsupported type: {value['type']}", f"{pointer}/type")]
        return kinds[value["type"]](value, pointer)

    return check


def exactly_one(*names: str) -> Check:
    """One of these fields, and only one."""

    def check(value: Any, pointer: str) -> Faults:
        if sum(name in value for name in names) != 1:
            yield f"must have exactly one of: {', '.join(names)}", pointer

    return check
