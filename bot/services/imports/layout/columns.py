"""Finds the column of a file that holds each field."""

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from bot.errors import N_, BadInput, Phrase
from bot.services.imports.layout.suggestion import is_data, suggest
from bot.services.imports.layout.vendors import VendorShape, find_shape
from bot.services.imports.read.cells.word_lists import NOTHING
from bot.services.imports.read.headers import of_lines
from bot.services.imports.read.refusal import Parser, clip
from bot.services.imports.read.text import line_of_text, plain

DECLINED = "-"  # --map FIELD=-: no column holds it


def _read_text(job: Any, name: str) -> Parser:
    return line_of_text()


@dataclass(frozen=True, kw_only=True)
class FileField:
    """One field of an import kind: the headers it is recognised by, how its cells are read, and where they go."""

    name: str
    synonyms: str = ""  # other headers than the name, separated by ", "
    weak: str = ""  # of these, headers that are of a product in a file with order lines
    required: bool = False
    unique: bool = False  # values hardly repeat, so that caching what was read would not pay
    read: Callable[[Any, str], Parser] = _read_text  # makes the parser for an ImportJob and the field's name
    nothing: frozenset[str] = NOTHING  # cells that count as empty
    column: str | None = None  # of the staging table, where it is not the name

    @cached_property
    def known_headers(self) -> frozenset[str]:
        """The name and its synonyms, as `plain` compares them."""
        return frozenset(map(plain, (self.name, *self.synonyms.split(", ")))) - {""}

    def headers_among(self, header: Collection[str]) -> frozenset[str]:
        """The known headers, less those that are of a product where others, as `plain` compares them, are."""
        weak = frozenset(map(plain, self.weak.split(", "))) - {""}
        if weak and of_lines(set(header) - weak):
            return self.known_headers - weak
        return self.known_headers


def known_headers(fields: Iterable[FileField]) -> frozenset[str]:
    """The headers that any of the fields is recognised by, as `plain` compares them."""
    return frozenset[str]().union(*(field.known_headers for field in fields))


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The columns of a file: which holds which field, and which are ignored."""

    header: tuple[str, ...]
    places: Mapping[str, int]  # field -> index of its column
    marked: frozenset[int] = frozenset()  # columns in which an apostrophe stands before every cell
    declined: frozenset[str] = frozenset()  # fields of which a person said that no column holds them
    chosen: frozenset[str] = frozenset()  # fields whose column a person named
    shape: VendorShape | None = None  # whose export it is
    gone: tuple[tuple[str, str], ...] = ()  # fields and their remembered columns that are not in the file

    @property
    def ignored(self) -> tuple[str, ...]:
        """The headers of columns that hold no field."""
        used = set(self.places.values())
        return tuple(name for place, name in enumerate(self.header) if place not in used and name)

    @property
    def twins(self) -> list[tuple[int, int]]:
        """The columns of fields, each with another one of the same name."""
        folded = [name.casefold() for name in self.header]
        return [
            (place, other)
            for place in self.places.values()
            for other, name in enumerate(folded)
            if other != place and name == folded[place]
        ]

    def without(self, field: str) -> "Layout":
        """The layout of the file if its column for a field were not there."""
        return replace(self, places={name: place for name, place in self.places.items() if name != field})

    @property
    def filled(self) -> int | None:
        """The place of the column that is empty on lines which continue the row above."""
        wanted = self.shape.filled if self.shape is not None else ""
        return next(
            (place for place, name in enumerate(self.header) if wanted and plain(name) == plain(wanted)), None
        )

    @property
    def columns(self) -> dict[str, str]:
        """Field -> header of its column."""
        return {field: self.header[place] for field, place in self.places.items()}

    @property
    def of_lines(self) -> list[str]:
        """The headers that show that a row is a line, and its amount too."""
        if self.shape is not None and not of_lines(self.shape.signature.split(", ")):
            return []  # exports of this shape have the amount of the whole on each line
        return of_lines(self.unused.values())

    @property
    def unused(self) -> dict[int, str]:
        """The place and header of each column that no field uses."""
        used = set(self.places.values())
        return {place: name for place, name in enumerate(self.header) if place not in used and name}


def recognise(
    fields: Sequence[FileField],
    header: Sequence[str],
    *,
    kind: str,
    file: str,
    given: Mapping[str, str],
    remembered: Mapping[str, str],
    rows: Sequence[Sequence[str]] = (),
) -> Layout:
    """Follow what --map gives, then what an earlier import's --map gave, a vendor's shape, then the known headers.

    `rows` are the first ones of the file: they show which columns a person probably means where one is missing.
    """
    names = tuple(cell.strip().lstrip("\ufeff") for cell in header)
    by_name = {field.name: field for field in fields}
    declined = frozenset(
        name for name, column in (dict(remembered) | dict(given)).items() if column == DECLINED
    )
    places: dict[str, int] = {}
    for name, column in given.items():
        if name not in by_name:
            raise BadInput(
                N_("%(kind)s have no field %(field)s%(hint)s; the fields are %(fields)s."),
                kind=kind,
                field=name,
                hint=_hint(name, by_name),
                fields=", ".join(by_name),
            )
        if name in declined and by_name[name].required:
            raise BadInput(
                N_("--map %(field)s=-: %(kind)s need a column for %(field)s."), field=name, kind=kind
            )
        if name not in declined:
            places[name] = find_column(column, names, file)
    gone: dict[str, str] = {}
    for name, column in remembered.items():
        if name not in by_name or name in given or name in declined:
            continue
        found = _find_alike(column, names)
        if found is None:
            gone[name] = column
        elif found not in places.values():
            places[name] = found
    chosen = frozenset(places)
    shape = find_shape(kind, names)
    unread = _by_shape(shape, names, places, declined) if shape is not None else set()
    wanted = [field for field in fields if field.name not in declined]
    _by_known_headers(wanted, names, places, file, unread)
    missing = [field for field in fields if field.required and field.name not in places]
    if missing:
        if len(names) == 1:
            raise BadInput(
                N_(
                    "%(file)s has one column only, %(columns)s, and no column for %(missing)s. If something else than"
                    " comma, semicolon or tab separates its cells, say what: --delimiter"
                ),
                file=file,
                columns=repr(clip(names[0])),
                missing=", ".join(field.name for field in missing),
            )
        values = {
            "file": file,
            "missing": ", ".join(field.name for field in missing),
            "columns": ", ".join(_clipped(names)),
        }
        if is_data(names, rows):
            raise BadInput(
                N_(
                    "%(file)s has no column for %(missing)s: its first line is data, not a header (%(columns)s). Write a"
                    " line with the names of the columns above it, such as %(header)s, or name them: --map %(map)s"
                ),
                **values,
                header=",".join(field.name for field in fields if field.required),
                map=f'{missing[0].name}="COLUMN"',
            )
        likely = suggest(missing, names, set(places.values()), rows)
        raise BadInput(
            N_(
                "%(file)s has no column for %(missing)s. Its columns are: %(columns)s. Say which one it is: %(map)s"
            ),
            **values,
            map=" ".join(f'--map {field.name}="{likely.get(field.name, "COLUMN")}"' for field in missing),
        )
    order = {field.name: number for number, field in enumerate(fields)}
    return Layout(
        header=names,
        places=dict(sorted(places.items(), key=lambda item: order[item[0]])),
        marked=frozenset(place for place in places.values() if _is_marked(place, rows)),
        declined=declined,
        chosen=chosen,
        shape=shape,
        gone=tuple(gone.items()),
    )


def _by_shape(
    shape: VendorShape, names: Sequence[str], places: dict[str, int], no_column: Collection[str]
) -> set[int]:
    """Add a shape's fields that have no column yet to `places`; the places of columns that hold no field."""
    folded = [plain(name) for name in names]
    taken, declined = set(places.values()), set()
    for field, header in shape.pairs:
        place = folded.index(plain(header)) if plain(header) in folded else None
        if place is None or place in taken:
            continue
        if field == "-":
            declined.add(place)
        elif field not in no_column:
            places.setdefault(field, place)
    return declined


def _by_known_headers(
    fields: Sequence[FileField],
    names: Sequence[str],
    places: dict[str, int],
    file: str,
    declined: Collection[int],
) -> None:
    """Add the fields that have no column yet to `places`, but no column that is `declined`."""
    used = {*places.values(), *declined}
    folded = [plain(name) for name in names]
    for field in fields:
        if field.name in places:
            continue
        # The field's own name wins; between several synonyms the person must choose.
        free = [(place, name) for place, name in enumerate(folded) if place not in used]
        known = field.headers_among(folded)
        found = [place for place, name in free if name == plain(field.name)] or [
            place for place, name in free if name in known
        ]
        if len({names[place].casefold() for place in found}) > 1:
            raise BadInput(
                N_("%(file)s: the columns %(columns)s could both be %(field)s; choose one: --map %(map)s"),
                file=file,
                columns=", ".join(repr(names[place]) for place in found),
                field=field.name,
                map=f'{field.name}="{names[found[0]]}"',
            )
        if found:
            places[field.name] = found[0]
            used.update(found)


def _is_marked(place: int, rows: Sequence[Sequence[str]]) -> bool:
    """Whether a spreadsheet's mark for text stands before every cell of a column, as no name could show alone."""
    cells = [text for row in rows if place < len(row) and (text := row[place].strip())]
    return len(cells) > 1 and all(cell.startswith("'") for cell in cells)


def find_column(column: str, names: Sequence[str], file: str) -> int:
    """The place of the column that an option names; refused when there is none, or several."""
    found = _find_alike(column, names)
    if found is not None:
        return found
    raise BadInput(
        N_("%(file)s has no column %(column)s%(hint)s. Its columns are: %(columns)s."),
        file=file,
        column=repr(column),
        hint=_hint(column, names),
        columns=", ".join(_clipped(names)),
    )


def _find_alike(column: str, names: Sequence[str]) -> int | None:
    """The place of a column, whatever its case and signs; None where there is none, or several."""
    wanted = column.strip()
    for test in (str, str.casefold, plain):
        found = [place for place, name in enumerate(names) if test(name) == test(wanted)]
        if len({names[place].casefold() for place in found}) == 1:
            return found[0]
    return None


def _hint(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return Phrase(N_(" (did you mean %(near)s?)"), near=near[0]) if near else ""


def _clipped(names: Sequence[str]) -> list[str]:
    shown = [name for name in names if name][:30]
    return shown if len(names) <= 30 else [*shown, "..."]
