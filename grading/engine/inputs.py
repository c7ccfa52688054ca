"""The inputs of an assessment as the few bytes that are stored with it, and back to the same bits.

A row holds the fields of its scheme in the order of their names: a byte for this layout, a bit per field for known and
one for dated, the known values (8 bytes a number, 1 a word or boolean), then the days (3 bytes each). Words that the
scheme does not know follow as JSON. A scheme version never changes, so neither does the layout of its rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grading.engine.fields import DATE_SUFFIX, MONTHS_WITH_US, Bools, Columns, factorize
from grading.scheme.model import Map, OneOf, Scheme

LAYOUT = 1
_OTHER = 255  # a word that is written out at the end of the row
_EPOCH = 719_163  # the number of 1970-01-01, counted from 0001-01-01 as 1

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Slot:
    """One field's place in a row; `words` is None for a number."""

    name: str
    words: tuple[str | bool, ...] | None

    @property
    def width(self) -> int:
        return 8 if self.words is None else 1


def pack(columns: Columns, rows: int, scheme: Scheme) -> list[bytes]:
    """Each of `rows` rows of columns, as `scoring.grade_columns` takes them, as bytes; missing fields take none."""
    slots = _slots(scheme)
    head = 1 + (2 * len(slots) + 7) // 8
    at, days = head, head + sum(slot.width for slot in slots)
    cells = np.zeros((rows, days + 3 * len(slots)), dtype=np.uint8)
    known = np.zeros((rows, len(slots)), dtype=bool)
    dated = np.zeros((rows, len(slots)), dtype=bool)
    spelled: dict[int, list[str]] = {}
    for place, slot in enumerate(slots):
        if slot.name in columns:
            cell = cells[:, at : at + slot.width]
            cell[:], known[:, place] = (_numbers if slot.words is None else _codes)(
                columns[slot.name], slot, spelled
            )
        if slot.name + DATE_SUFFIX in columns:
            measured = np.asarray(columns[slot.name + DATE_SUFFIX]).astype("datetime64[D]")
            dated[:, place] = known[:, place] & ~np.isnat(measured)
            day = np.where(dated[:, place], measured.astype(np.int64) + _EPOCH, 0)
            cells[:, days : days + 3] = day.astype("<u4").view(np.uint8).reshape(rows, 4)[:, :3]
        at, days = at + slot.width, days + 3
    cells[:, 0] = LAYOUT
    cells[:, 1:head] = np.packbits(np.hstack([known, dated]), axis=1)
    kept = _kept(known, dated, slots, head)
    flat, ends = cells[kept].tobytes(), kept.sum(axis=1).cumsum().tolist()
    packed = [flat[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    texts: dict[tuple[str, ...], bytes] = {}  # few distinct ones
    for row, words in spelled.items():
        key = tuple(words)
        if key not in texts:
            texts[key] = json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode()
        packed[row] += texts[key]
    return packed


def unpack(packed: Sequence[bytes], scheme: Scheme) -> dict[str, NDArray[Any]]:
    """The columns of rows that were packed under this scheme; a field that no row knows has none.

    Numbers come as float64 (NaN is missing), words and booleans as objects (None), `FIELD@date` as datetime64[D].
    ValueError when a row is not one that `pack` makes under this scheme.
    """
    slots = _slots(scheme)
    count, rows = len(slots), len(packed)
    head = 1 + (2 * count + 7) // 8
    if rows == 1:
        return _unpack_one(packed[0], slots, head, scheme)
    if any(len(row) < head or row[0] != LAYOUT for row in packed):
        raise ValueError(f"inputs are not in layout {LAYOUT} of scheme {scheme.scheme}")
    heads = np.frombuffer(b"".join(row[:head] for row in packed), dtype=np.uint8).reshape(rows, head)
    bits = np.unpackbits(heads[:, 1:], axis=1)[:, : 2 * count].astype(bool)
    known, dated = bits[:, :count], bits[:, count:]
    kept = _kept(known, dated, slots, head)
    ends = kept.sum(axis=1).tolist()
    if any(len(row) < end for row, end in zip(packed, ends, strict=True)):
        raise ValueError(f"inputs are cut off, or of another scheme than {scheme.scheme}")
    cells = np.zeros(kept.shape, dtype=np.uint8)
    cells[kept] = np.frombuffer(
        b"".join(row[:end] for row, end in zip(packed, ends, strict=True)), dtype=np.uint8
    )
    spelled = {
        row: iter(json.loads(text[end:]))
        for row, (text, end) in enumerate(zip(packed, ends, strict=True))
        if len(text) > end
    }
    columns: dict[str, NDArray[Any]] = {}
    at, days = head, head + sum(slot.width for slot in slots)
    for place, slot in enumerate(slots):
        here = known[:, place]
        if here.any():
            part = np.ascontiguousarray(cells[:, at : at + slot.width])
            columns[slot.name] = _read(part, here, slot, spelled)
            if dated[:, place].any():
                day = np.zeros((rows, 4), dtype=np.uint8)
                day[:, :3] = cells[:, days + 3 * place : days + 3 * place + 3]
                number = day.view("<u4")[:, 0].astype(np.int64) - _EPOCH
                measured = number.astype("datetime64[D]")
                measured[~dated[:, place]] = np.datetime64("NaT")
                columns[slot.name + DATE_SUFFIX] = measured
        at += slot.width
    return columns


def _unpack_one(row: bytes, slots: list[_Slot], head: int, scheme: Scheme) -> dict[str, NDArray[Any]]:
    """`unpack` for one row: arrays take 5.9 times as long for it."""
    if len(row) < head or row[0] != LAYOUT:
        raise ValueError(f"inputs are not in layout {LAYOUT} of scheme {scheme.scheme}")
    bits = f"{int.from_bytes(row[1:head], 'big'):0{8 * (head - 1)}b}"
    known, dated = bits[: len(slots)], bits[len(slots) : 2 * len(slots)]
    width = sum(slot.width for slot, flag in zip(slots, known, strict=True) if flag == "1")
    at, days = head, head + width
    end = days + 3 * dated.count("1")
    if len(row) < end:
        raise ValueError(f"inputs are cut off, or of another scheme than {scheme.scheme}")
    spelled = iter(json.loads(row[end:]) if len(row) > end else ())
    columns: dict[str, NDArray[Any]] = {}
    for slot, here, day in zip(slots, known, dated, strict=True):
        if here == "1":
            if slot.words is None:
                columns[slot.name] = np.frombuffer(row, dtype="<f8", count=1, offset=at).astype(np.float64)
            else:
                word = row[at]
                columns[slot.name] = cell = np.empty(1, dtype=object)
                cell[0] = slot.words[word] if word < len(slot.words) else next(spelled, None)
                if cell[0] is None:
                    raise ValueError(f"inputs lack the word of {slot.name}")
            at += slot.width
        if day == "1":
            number = int.from_bytes(row[days : days + 3], "little") - _EPOCH
            columns[slot.name + DATE_SUFFIX] = np.array([number], dtype=np.int64).view("datetime64[D]")
            days += 3
    return columns


@lru_cache(maxsize=64)
def _slots(scheme: Scheme) -> list[_Slot]:
    words: dict[str, set[str | bool]] = {}
    for indicator in scheme.indicators:
        if isinstance(indicator.score, Map):
            words.setdefault(indicator.id, set()).update(indicator.score.values)
    for gate in scheme.gates:
        if isinstance(gate.when, OneOf):
            words.setdefault(gate.when.field, set()).update(gate.when.values)
    kinds = {name: field.kind for name, field in scheme.fields.items()} | {MONTHS_WITH_US: "number"}
    return [
        _Slot(name=name, words=None if kind == "number" else _vocabulary(kind, words.get(name, set())))
        for name, kind in sorted(kinds.items())
    ]


def _vocabulary(kind: str, words: set[str | bool]) -> tuple[str | bool, ...]:
    return (False, True) if kind == "bool" else tuple(sorted(map(str, words)))[:_OTHER]


def _kept(known: Bools, dated: Bools, slots: list[_Slot], head: int) -> Bools:
    """(row, byte of the widest row): which of them are stored."""
    widths = [slot.width for slot in slots]
    return np.concatenate(
        [
            np.ones((len(known), head), dtype=bool),
            np.repeat(known, widths, axis=1),
            np.repeat(dated, 3, axis=1),
        ],
        axis=1,
    )


def _numbers(column: Any, _: _Slot, __: dict[int, list[str]]) -> tuple[Bytes, Bools]:
    if isinstance(column, np.ndarray):
        values = column.astype("<f8")
    else:
        values = column.to_numpy(dtype="<f8", na_value=np.nan)
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(values), 8), ~np.isnan(values)


def _codes(column: Any, slot: _Slot, spelled: dict[int, list[str]]) -> tuple[Bytes, Bools]:
    codes, distinct = factorize(column)
    places = {word: place for place, word in enumerate(slot.words or ())}
    table = np.array([places.get(word, _OTHER) for word in distinct] + [0], dtype=np.uint8)
    found = table[codes]
    for row in (found == _OTHER).nonzero()[0].tolist():
        spelled.setdefault(row, []).append(distinct[codes[row]])
    return found.reshape(len(codes), 1), codes >= 0


def _read(part: Bytes, known: Bools, slot: _Slot, spelled: dict[int, Any]) -> NDArray[Any]:
    if slot.words is None:
        numbers = part.view("<f8")[:, 0].astype(np.float64)
        numbers[~known] = np.nan
        return numbers
    table = np.full(_OTHER + 1, None, dtype=object)
    table[: len(slot.words)] = slot.words
    found: NDArray[Any] = table[part[:, 0]]
    found[~known] = None
    for row in (known & (part[:, 0] == _OTHER)).nonzero()[0].tolist():
        found[row] = next(spelled.get(row, iter(())), None)
        if found[row] is None:
            raise ValueError(f"inputs lack the word of {slot.name}")
    return found
