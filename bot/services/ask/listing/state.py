"""A query as the text that a button holds, so that the press answers the same question; and that text as a query again.

A button is no authority: what it says is asked anew, with the rights of whoever presses it.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import TypeVar

from bot.errors import N_, BadInput
from bot.services.ask.questions.query import (
    Direction,
    Excluded,
    Filters,
    Listing,
    MovedSince,
    Risk,
    Silence,
    SilentFor,
    Sort,
)

OLD_BUTTON = N_("This button is from an older version. Ask again with /tier.")
MOST_DAYS, MOST_ROWS, LARGEST_ID = 36_500, 2**31 - 1, 2**31 - 1
CHOSEN = "#"  # before the number of a customer that was chosen, among names as they were typed
_ESCAPED = re.compile(r"[%;,=:#<>&\"\\]|[^ -~\w]|[^\S ]")
_CODE = re.compile(r"%([0-9a-f]+)\.")
_LISTED, _COMPARED = "l", "c"

One = TypeVar("One")


def of_list(query: Listing, start: int = 0) -> str:
    """A list from a place on."""
    filters = query.filters
    given: dict[str, Iterable[str]] = {
        "t": map(_escape, filters.tiers),
        "r": map(_escape, filters.regions),
        "i": map(_escape, filters.industries),
        "c": map(_escape, filters.countries),
        "o": map(str, filters.owners),
        "m": map(str, filters.teams),
        "s": map(_escape, filters.schemes),
        "y": map(_escape, filters.record_types),
        "p": (f"{_escape(field)}:{_escape(value)}" for field, value in filters.profile),
        "k": filters.risks,
        "q": (f"{one.what}:{one.days}" for one in filters.silent_for),
        "n": [filters.near] if filters.near else [],
        "v": [_moved_text(filters.moved)] if filters.moved else [],
        "g": [str(filters.complained_since)] if filters.complained_since else [],
        "xt": map(_escape, filters.without.tiers),
        "xr": map(_escape, filters.without.regions),
        "xi": map(_escape, filters.without.industries),
        "xc": map(_escape, filters.without.countries),
        "xo": map(str, filters.without.owners),
        "xm": map(str, filters.without.teams),
        "xk": filters.without.risks,
        "u": ["1"] if filters.unattended else [],
        "b": [] if query.sort == Sort.TIER else [query.sort],
        "d": ["1"] if query.descending else [],
        "w": [] if query.limit is None else [str(query.limit)],
        "a": [str(start)] if start else [],
    }
    parts = {key: ",".join(values) for key, values in given.items()}
    return ";".join([_LISTED, *(f"{key}={values}" for key, values in parts.items() if values)])


def list_of(text: str | None) -> tuple[Listing, int]:
    """The list of a button, and the place. Raises BadInput."""
    try:
        kind, *parts = (text or "").split(";")
        given = dict(part.split("=") for part in parts)
        if kind != _LISTED or len(given) != len(parts):
            raise ValueError
        return _read(given)
    except (ValueError, KeyError, OverflowError):
        raise BadInput(OLD_BUTTON) from None


def of_names(names: Iterable[str | int]) -> str:
    """Names to compare as they were typed; customers that were chosen by their numbers."""
    return (
        f"{_COMPARED};{','.join(_escape(one) if isinstance(one, str) else f'{CHOSEN}{one}' for one in names)}"
    )


def names_of(text: str | None) -> tuple[str | int, ...]:
    """The names, and the numbers of chosen customers, of a button. Raises BadInput."""
    try:
        kind, _, names = (text or "").partition(";")
        found = tuple(
            _number(one[1:]) if one.startswith(CHOSEN) else _unescape(one) for one in names.split(",")
        )
        if kind != _COMPARED or "" in found:
            raise ValueError
    except (ValueError, OverflowError):
        raise BadInput(OLD_BUTTON) from None
    return found


def _read(given: dict[str, str]) -> tuple[Listing, int]:
    def several(key: str, read: Callable[[str], One]) -> tuple[One, ...]:
        return tuple(map(read, given.pop(key).split(","))) if key in given else ()

    def one(key: str, read: Callable[[str], One]) -> One | None:
        return read(given.pop(key)) if key in given else None

    filters = Filters(
        tiers=several("t", _unescape),
        regions=several("r", _unescape),
        industries=several("i", _unescape),
        countries=several("c", _unescape),
        owners=several("o", _number),
        teams=several("m", _number),
        schemes=several("s", _unescape),
        record_types=several("y", _unescape),
        profile=several("p", _trait),
        risks=several("k", Risk),
        silent_for=several("q", _silence),
        near=one("n", Direction),
        moved=one("v", _moved),
        complained_since=one("g", date.fromisoformat),
        without=Excluded(
            tiers=several("xt", _unescape),
            regions=several("xr", _unescape),
            industries=several("xi", _unescape),
            countries=several("xc", _unescape),
            owners=several("xo", _number),
            teams=several("xm", _number),
            risks=several("xk", Risk),
        ),
        unattended=one("u", _number) is not None,
    )
    query = Listing(
        filters=filters,
        sort=one("b", Sort) or Sort.TIER,
        descending=one("d", _number) is not None,
        limit=one("w", _number),
    )
    start = one("a", _number) or 0
    if given:
        raise ValueError
    return query, start


def _number(text: str) -> int:
    found = int(text) if re.fullmatch("[0-9]{1,10}", text) else -1
    if not 0 <= found <= LARGEST_ID:
        raise ValueError
    return found


def _trait(text: str) -> tuple[str, str]:
    field, value = text.split(":")
    return _unescape(field), _unescape(value)


def _silence(text: str) -> SilentFor:
    what, days = text.split(":")
    if _number(days) > MOST_DAYS:
        raise ValueError
    return SilentFor(what=Silence(what), days=_number(days))


def _moved(text: str) -> MovedSince:
    direction, since, *until = text.split(":")
    if len(until) > 1:
        raise ValueError
    return MovedSince(
        direction=None if direction == "any" else Direction(direction),
        since=date.fromisoformat(since),
        until=date.fromisoformat(until[0]) if until else None,
    )


def _moved_text(moved: MovedSince) -> str:
    until = f":{moved.until}" if moved.until else ""
    return f"{moved.direction or 'any'}:{moved.since}{until}"


def _escape(text: str) -> str:
    return _ESCAPED.sub(lambda found: f"%{ord(found[0]):x}.", text)


def _unescape(text: str) -> str:
    return _CODE.sub(lambda found: chr(int(found[1], 16)), text)
