"""Small checks from which the limits of Block Kit are put together.

A check looks at one JSON value and reports sentences with the JSON pointer of the place, as Slack does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

#: (value, pointer, report) -> nothing; every fault is handed to `report`.
Report = Callable[[str, str], None]
Check = Callable[[Any, str, Report], None]


def string(most: int, *, least: int = 0, pattern: str | None = None, choices: tuple[str, ...] = ()) -> Check:
    """A string of limited length, of a pattern, or one of a few."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, str):
            report("must be a string", pointer)
        elif len(value) > most:
            report(f"must be less than {most + 1} characters", pointer)
        elif len(value) < least:
            report(f"must be more than {least - 1} characters", pointer)
        elif choices and value not in choices:
            report(f"must be one of: {', '.join(choices)}", pointer)
        elif pattern and not re.fullmatch(pattern, value):
            report(f"must match pattern {pattern}", pointer)

    return check


def number(least: int | None = None, most: int | None = None) -> Check:
    """An integer between two bounds."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            report("must be an integer", pointer)
        elif (least is not None and value < least) or (most is not None and value > most):
            report(f"must be between {least} and {most}", pointer)

    return check


def boolean(value: Any, pointer: str, report: Report) -> None:
    """True or false."""
    if not isinstance(value, bool):
        report("must be a boolean", pointer)


def anything(value: Any, pointer: str, report: Report) -> None:
    """No limit that this workspace knows."""


def array(item: Check, *, most: int, least: int = 1) -> Check:
    """A list of limited length."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, list):
            report("must be an array", pointer)
            return
        if len(value) > most:
            report(f"no more than {most} items allowed", pointer)
        if len(value) < least:
            report(f"no fewer than {least} items allowed", pointer)
        for index, entry in enumerate(value):
            item(entry, f"{pointer}/{index}", report)

    return check


def shape(
    required: Mapping[str, Check],
    optional: Mapping[str, Check] | None = None,
    *,
    also: Check | None = None,
) -> Check:
    """An object with these fields and no others; `also` sees the whole object when its fields are right."""
    known = {**required, **(optional or {})}

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, dict):
            report("must be an object", pointer)
            return
        faults = 0

        def counted(sentence: str, where: str) -> None:
            nonlocal faults
            faults += 1
            report(sentence, where)

        for name in required:
            if name not in value:
                counted(f"missing required field: {name}", pointer)
        for name, entry in value.items():
            if name == "type":
                continue
            if name not in known:
                counted(f"invalid additional property: {name}", pointer)
            else:
                known[name](entry, f"{pointer}/{name}", counted)
        if also and not faults:
            also(value, pointer, report)

    return check


def typed(kinds: Mapping[str, Check]) -> Check:
    """An object whose `type` says which of the checks applies."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, dict):
            report("must be an object", pointer)
        elif "type" not in value:
            report("missing required field: type", pointer)
        elif value["type"] not in kinds:
            report(f"unsupported type: {value['type']}", f"{pointer}/type")
        else:
            kinds[value["type"]](value, pointer, report)

    return check


def exactly_one(*names: str) -> Check:
    """One of these fields, and only one."""

    def check(value: Any, pointer: str, report: Report) -> None:
        present = [name for name in names if name in value]
        if len(present) != 1:
            report(f"must have exactly one of: {', '.join(names)}", pointer)

    return check
