"""Guesses which kind a file is and which column holds each field, by headers and by values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select

from bot.services.imports.check.findings import FileFindings
from bot.services.imports.check.styles import Styles
from bot.services.imports.job import AT_ONCE, ImportJob
from bot.services.imports.kind import FileKind
from bot.services.imports.kinds import KINDS, kind_under
from bot.services.imports.kinds.customers import CustomerKind
from bot.services.imports.layout.columns import FileField, Layout
from bot.services.imports.layout.vendors import VendorShape, find_shape
from bot.services.imports.profile.likeness import nearness, of_a_code
from bot.services.imports.profile.sample import Sample
from bot.services.imports.read.refusal import Parser, RefusedValue
from bot.services.imports.read.terms import of_terms
from bot.services.imports.read.text import plain
from bot.services.imports.references import find_person
from bot.services.imports.rejects import Rejects
from bot.services.imports.report import ImportOptions
from db.book.customers import Customer, CustomerKey
from db.book.imports import table

How = Literal["given", "remembered", "header", "known", "guess"]
_TRIED = 200  # values of a column
_PROBES = ("2026-03-05", "12.50", "mia@example.com", "words")  # a parser of text takes them all
_NEAR = 0.6
_NAMED = 0.4  # what the header of a required field counts even if none of its values can be read
_SHAPE = 2.0  # what a vendor's whole header line adds to a score


@dataclass(frozen=True, kw_only=True)
class FoundColumn:
    """The column that holds a field, and how that is known."""

    place: int
    how: How
    fit: float  # the share of its values that can be read
    others: tuple[int, ...] = ()  # columns that may hold it as well


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A kind that a file may be."""

    kind: str
    columns: Mapping[str, FoundColumn]  # by field
    missing: tuple[str, ...]  # required fields without a column
    score: float
    recognised: bool  # at least two fields, or all columns, by headers and not only by values

    @property
    def complete(self) -> bool:
        return not self.missing

    @property
    def likely(self) -> bool:
        """Whether the file may be of this kind at all."""
        return self.score > 0 and self.recognised


@dataclass(frozen=True, kw_only=True)
class Guesser:
    """Tries the columns of a sample on the fields of the kinds."""

    sample: Sample
    connection: Connection
    options: ImportOptions
    now: datetime
    _shares: dict[tuple[str, str, int], float] = field(default_factory=dict)

    def rank(self) -> list[Guess]:
        """All kinds, the likeliest first."""
        guesses = [self.guess(name, {}) for name in KINDS]
        return sorted(guesses, key=lambda one: (one.score, one.complete), reverse=True)

    def guess(self, name: str, remembered: Mapping[str, str]) -> Guess:
        """The columns of a kind: as given, as remembered, by known headers, and for what is then missing, by likeness."""
        kind = kind_under(name, self.options)
        found: dict[str, FoundColumn] = {}
        names = {one.name for one in kind.fields}
        known: tuple[tuple[How, Mapping[str, str]], ...] = (
            ("remembered", remembered),
            ("given", self.options.columns),
        )
        for how, columns in known:
            for field_name, header in columns.items():
                place = self._place_of(header)
                if place is not None and field_name in names:
                    found[field_name] = FoundColumn(place=place, how=how, fit=1.0)
        shape = find_shape(name, self.sample.header)
        declined = self._by_shape(kind, shape, found) if shape is not None else set()
        for one in kind.fields:
            used = {*declined, *(column.place for column in found.values())}
            places = [] if one.name in found else self._by_header(one, used)
            if places:
                best = max(places, key=lambda place: self._share(kind, one, place))
                others = tuple(place for place in places if place != best)
                share = self._share(kind, one, best)
                found[one.name] = FoundColumn(place=best, how="header", fit=share, others=others)
        self._prefer_known_codes(kind, found)
        if isinstance(kind, CustomerKind) and shape is None:
            self._other_codes(found)
        for one in kind.fields:
            if one.required and one.name not in found:
                guessed = self._by_likeness(kind, one, {used.place for used in found.values()})
                if guessed is not None:
                    found[one.name] = guessed
        missing = tuple(one.name for one in kind.fields if one.required and one.name not in found)
        named = sum(one.how != "guess" or one.fit >= _NEAR for one in found.values())
        return Guess(
            kind=name,
            columns=found,
            missing=missing,
            score=self._score(kind, found) + (_SHAPE if shape is not None else 0),
            recognised=named >= min(2, sum(map(bool, self.sample.header))),
        )

    def _score(self, kind: FileKind, found: Mapping[str, FoundColumn]) -> float:
        score = 0.0
        for one in kind.fields:
            column = found.get(one.name)
            if column is None:
                score -= 3 if one.required else 0
            elif column.how == "guess":
                score += 1.5 * column.fit
            else:
                score += 3 * max(column.fit, _NAMED) if one.required else column.fit
        return score

    def _place_of(self, header: str) -> int | None:
        places = [place for place, name in enumerate(self.sample.header) if plain(name) == plain(header)]
        return places[0] if places else None

    def _by_shape(self, kind: FileKind, shape: VendorShape, found: dict[str, FoundColumn]) -> set[int]:
        """Add the columns of a vendor's export to `found`; the places of those that hold no field."""
        fields, declined = {one.name: one for one in kind.fields}, set()
        for name, header in shape.pairs:
            place = self._place_of(header)
            if place is None:
                continue
            if name == "-":
                declined.add(place)
            elif name not in found:
                share = self._share(kind, fields[name], place)
                found[name] = FoundColumn(place=place, how="header", fit=share)
        return declined

    def _by_header(self, one: FileField, used: set[int]) -> list[int]:
        """The columns whose header is the field's name or, without such, one of its synonyms."""
        free = [(place, plain(name)) for place, name in enumerate(self.sample.header) if place not in used]
        own = [place for place, name in free if name == plain(one.name)]
        return own[:1] or [place for place, name in free if name in one.known_headers]

    def _by_likeness(self, kind: FileKind, one: FileField, used: set[int]) -> FoundColumn | None:
        """The free column that is most like a field, by its header and values."""
        candidates: list[tuple[float, int, float]] = []
        selective = self._is_selective(one)
        for place, header in enumerate(self.sample.header):
            if place in used or not header or not self.sample.columns[place]:
                continue
            share = self._share(kind, one, place)
            near = nearness(header, one)
            if share >= 0.8 and (near >= _NEAR or (selective and near > 0)):
                candidates.append((near + self._shape(kind, one, place), place, share))
        if not candidates:
            return None
        (best, place, share), *rest = sorted(candidates, key=lambda item: (-item[0], item[1]))
        if best < _NEAR and rest:
            return None  # several columns have such values, and no header tells them apart
        others = tuple(other for score, other, _ in rest[:3] if score >= max(_NEAR, best - 0.2))
        return FoundColumn(place=place, how="guess", fit=share * min(1.0, max(best, 0.3)), others=others)

    def _shape(self, kind: FileKind, one: FileField, place: int) -> float:
        """What the values of a column add to the likeness of its header."""
        cells = self.sample.columns[place]
        different = len(set(cells)) / len(cells)
        filled = len(cells) / max(1, len(self.sample.rows))
        if one.name == kind.key_field:
            return 0.4 * different * filled
        if one.name == "customer":
            return (
                0.4 * min(1.0, different * 4) * filled
            )  # of columns of codes, the one with most different values
        if one.name == "amount":
            return 0.2 * filled * (1 if any("." in cell or "," in cell for cell in cells[:_TRIED]) else 0.5)
        return 0.2 * filled

    def _prefer_known_codes(self, kind: FileKind, found: dict[str, FoundColumn]) -> None:
        """Take the column whose values the book knows as customers' codes, where the recognised one has none."""
        name = "code" if isinstance(kind, CustomerKind) else "customer"
        column = found.get(name)
        if column is None or column.how in ("given", "remembered"):
            return
        field = next(one for one in kind.fields if one.name == name)
        used = {one.place for other, one in found.items() if other != name}
        # Small numbers, such as of employees, may all be codes by chance.
        known = {
            place: self._known_codes(place)
            for place, header in enumerate(self.sample.header)
            if place == column.place
            or (
                place not in used
                and nearness(header, field) >= _NEAR
                and not (field.unique and self.sample.repeats(place))
            )
        }
        best = max(known, key=lambda place: known[place])
        if known[best] >= known[column.place] + 0.5:
            found[name] = replace(column, place=best, how="known", others=(column.place,))

    def _other_codes(self, found: dict[str, FoundColumn]) -> None:
        """Name the other columns that have a code on each row: orders may refer to customers by one of them."""
        column = found.get("code")
        if column is None or column.how not in ("header", "guess"):
            return
        used = {*column.others, *(one.place for one in found.values())}
        rows = len(self.sample.rows)
        more = [
            place
            for place, header in enumerate(self.sample.header)
            if place not in used and of_a_code(header) and self.sample.header.count(header) == 1
            if len(self.sample.columns[place]) == rows and not self.sample.repeats(place)
        ]
        found["code"] = replace(column, others=(*column.others, *more))

    def _known_codes(self, place: int) -> float:
        """The share of a column's values that are codes of customers in the book."""
        codes = self.sample.distinct(place, AT_ONCE)
        if not codes:
            return 0.0
        customer, key = table(Customer).c, table(CustomerKey).c
        by_key = select(key.external_id).where(key.source == self.options.source, key.external_id.in_(codes))
        by_code = select(customer.code).where(customer.code.in_(codes))
        known = {*self.connection.scalars(by_key), *self.connection.scalars(by_code)}
        return len(known) / len(codes)

    def _is_selective(self, one: FileField) -> bool:
        """Whether a field refuses some values, so that the ones it takes say something."""
        parse = self._parsers(one, 0)[0]
        return any(isinstance(parse(probe), RefusedValue) for probe in _PROBES)

    def _share(self, kind: FileKind, one: FileField, place: int) -> float:
        """The share of a column's values that a field can read, in the better of the styles of dates and numbers."""
        if one.read is find_person:
            return 1.0  # whether the people are in the book says nothing about the column
        key = (kind.name, one.name, place)
        if key not in self._shares:
            values = self.sample.distinct(place, _TRIED)
            # A number is a due day only where the header speaks of terms: quantities are numbers, too.
            by_terms = one.name != "due" or of_terms(self.sample.header[place])
            unread = (RefusedValue,) if by_terms else (RefusedValue, int)
            read = [
                sum(not isinstance(parse(value), unread) for value in values)
                for parse in self._parsers(one, place)
            ]
            self._shares[key] = max(read) / len(values) if values else 0.5
        return self._shares[key]

    def _parsers(self, one: FileField, place: int) -> list[Parser]:
        """The parsers of a field for a column, for either style of dates and numbers."""
        styles: tuple[tuple[Literal["dmy", "mdy"], Literal["point", "comma"]], ...] = (
            ("dmy", "point"),
            ("mdy", "comma"),
        )
        parsers = []
        for date_order, decimal in styles:
            findings = FileFindings(())
            layout = Layout(header=self.sample.header, places={one.name: place})
            job = ImportJob(
                connection=self.connection,
                file=self.sample.file,
                options=replace(self.options, date_order=date_order, decimal=decimal),
                layout=layout,
                delimiter=self.sample.delimiter,
                styles=Styles(
                    self.sample.file,
                    self.sample.delimiter,
                    date_order=date_order,
                    decimal=decimal,
                    century=self.options.century,
                    this_year=self.now.year,
                    findings=findings,
                ),
                rejects=Rejects(None, layout.header),
                findings=findings,
                now=self.now,
            )
            parsers.append(one.read(job, one.name))
        return parsers
