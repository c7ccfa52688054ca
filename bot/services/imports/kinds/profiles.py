"""Customer profiles: a row for each customer, a column for each field that the firm's file names."""

import json
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, Self

from sqlalchemy import Date, Integer, String, select

from bot.errors import N_, BadInput
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.kind import Counts, DatedTable, FileKind
from bot.services.imports.layout.columns import FileField
from bot.services.imports.read.numbers import Numbers
from bot.services.imports.read.refusal import Parser, RefusedValue
from bot.services.imports.references import CUSTOMER, CustomerReferences
from bot.services.imports.report import ImportOptions
from bot.services.traits.acts import unsuited
from bot.services.traits.fields import TraitField, TraitFields, load_fields
from bot.services.traits.values import PresentValue, check_values, compare, split
from db.book import customers, traits
from db.book.imports import table
from db.book.traits import Trait

_trait = table(Trait)
_AT_ONCE = 2_000  # customers whose values are compared at a time
CREATED, CHANGED = "created", "changed"  # what a statement does to a field


def _reader(of: TraitField, job: ImportJob, name: str) -> Parser:
    """A parser of the values of a field, as a JSON list."""
    number = Numbers(job.decimal(name)) if of.type == "number" else None

    def parse(cell: str) -> str | RefusedValue:
        read = number(cell) if number is not None else cell
        if isinstance(read, RefusedValue):
            return read
        try:
            return json.dumps(check_values(of, split(of, read)), ensure_ascii=False)
        except ValueError as error:
            return RefusedValue(error.args[0])

    return parse


def _column(of: TraitField) -> FileField:
    return FileField(
        name=of.id,
        synonyms=", ".join((of.name.en, of.name.zh, *of.also)),
        read=lambda job, name: _reader(of, job, name),
    )


class ProfileKind(FileKind):
    """Each row states the values of its fields for a customer on a day; an empty cell states nothing."""

    name = "customer-profiles"
    key_field = "customer"
    repeats = False
    fields = (
        CUSTOMER,
        FileField(
            name="date",
            synonyms="as of, recorded on, updated on, survey date, 日期, 记录日期, 更新日期, 调查日期, Datum, Stand, "
            "Stichtag, Erfasst am",
            read=ImportJob.past_days,
            column="as_of",
        ),
        FileField(
            name="author",
            synonyms="by, recorded by, entered by, 记录人, 填写人, 录入人, 填报人, Verfasser, Erfasst von, Bearbeiter",
        ),
    )
    staged: ClassVar = {"customer_id": Integer, "as_of": Date, "author": String, "profile": String}
    writes = (DatedTable(table=_trait, called=N_("values of customer profiles")),)

    def under(self, options: ImportOptions) -> Self:
        own = copy(self)
        own._known = load_fields(options.profile_fields)
        own.fields = (*type(self).fields, *map(_column, own._known.fields))  # type: ignore[misc, assignment]
        return own

    _known: TraitFields

    def prepare(self, job: ImportJob) -> None:
        self._customers = CustomerReferences(job.connection, job.source)
        self._given = [one for one in self._known.fields if one.id in job.layout.places]
        if not self._given:
            raise BadInput(
                N_(
                    "%(file)s has no column of the customer profile. Its fields are: %(fields)s. Name the column of one:"
                    ' --map %(first)s="COLUMN"'
                ),
                file=job.file.path.name,
                fields=", ".join(one.id for one in self._known.fields),
                first=self._known.fields[0].id,
            )

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        self._customers.resolve(chunk)
        values = chunk.values
        self._refuse_unsuited(job, chunk)
        values["profile"] = [
            _joined({one.id: values[one.id][row] for one in self._given}) for row in range(len(chunk.lines))
        ]
        values["key"] = [
            f"{customer}|{day or ''}"
            for customer, day in zip(values["customer_id"], values["date"], strict=True)
        ]

    def _refuse_unsuited(self, job: ImportJob, chunk: Chunk) -> None:
        """Refuse values that customers of this type do not have."""
        some = [one for one in self._given if one.of is not None]
        if not some:
            return
        ids = {one for one in chunk.values["customer_id"] if isinstance(one, int)}
        types = customers.types_of(job.connection, ids)
        for row, customer in enumerate(chunk.values["customer_id"]):
            kind = types.get(customer) if isinstance(customer, int) else None
            is_person = self._known.is_person(kind)
            for one in some:
                if isinstance(chunk.values[one.id][row], str) and not one.suits(is_person):
                    chunk.refuse(row, one.id, unsuited(one, kind))

    def count(self, job: ImportJob) -> Counts:
        created = changed = 0
        for found in self._statements(job, 0):
            created += found.created
            changed += found.changed
        return Counts(created=created, changed=changed)

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        created = changed = 0
        for found in self._statements(job, batch_id):
            created += found.created
            changed += found.changed
            found.write(job, batch_id)
        return Counts(created=created, changed=changed)

    def _statements(self, job: ImportJob, batch_id: int) -> Iterator["_Statements"]:
        """What the staged rows change, for some customers at a time, in the order of the days."""
        stage, last = self.stage.c, 0
        while True:
            ids = select(stage.customer_id).where(stage.customer_id > last).distinct()
            some = job.connection.scalars(ids.order_by(stage.customer_id).limit(_AT_ONCE)).all()
            if not some:
                return
            last = some[-1]
            present = _present(job, some)
            columns = select(stage.customer_id, stage.as_of, stage.author, stage.profile)
            rows = columns.where(stage.customer_id.between(some[0], last)).order_by(stage.line)
            staged = job.connection.execute(rows).all()
            changes = _Statements(batch_id=batch_id, source=job.source, today=job.today)
            for customer, day, author, profile in sorted(staged, key=lambda row: row[1] or job.today):
                done = {
                    changes.state(customer, name, present, values, day, author)
                    for name, values in json.loads(profile).items()
                }
                changes.created += done <= {None, CREATED} and CREATED in done
                changes.changed += CHANGED in done
            yield changes


@dataclass(kw_only=True)
class _StoredValue:
    """A value that counts; `row` is there where this import states it."""

    id: int
    value: str
    as_of: date
    batch_id: int | None
    row: dict[str, Any] | None = None


@dataclass(kw_only=True)
class _Statements:
    """What the statements about some customers change."""

    batch_id: int
    source: str
    today: date
    created: int = 0
    changed: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)

    def state(
        self,
        customer: int,
        name: str,
        present: dict[tuple[int, str], list[_StoredValue]],
        values: Sequence[str],
        day: date | None,
        author: str | None,
    ) -> str | None:
        """Add a statement about a field, and bring the values that count up to date; what it does to the field."""
        known = present.setdefault((customer, name), [])
        found = compare(
            [PresentValue(one.id, one.value, one.as_of) for one in known], values, day, self.today
        )
        if not (found.added or found.ended):
            return None
        done = CHANGED if known else CREATED
        ended = [one for one in known if one.id in found.ended]
        for one in ended:
            known.remove(one)
            if one.row is not None:
                one.row["superseded_by_batch"] = self.batch_id
        self.ended += [one.id for one in ended if one.row is None]
        by = max(known, key=lambda one: one.as_of).batch_id or self.batch_id if found.is_past else None
        for value in found.added:
            row: dict[str, Any] = {
                "customer_id": customer,
                "field": name,
                "value": value,
                "as_of": day or self.today,
                "author": author,
                "superseded_by_batch": by,
            }
            self.rows.append(row)
            if not found.is_past:
                number = -len(self.rows)
                known.append(
                    _StoredValue(id=number, value=value, as_of=row["as_of"], batch_id=self.batch_id, row=row)
                )
        return done

    def write(self, job: ImportJob, batch_id: int) -> None:
        """Write them to the book."""
        ended = {"superseded_at": job.now, "superseded_by_batch": batch_id}
        for start in range(0, len(self.ended), _AT_ONCE):
            some = _trait.c.id.in_(self.ended[start : start + _AT_ONCE])
            job.connection.execute(_trait.update().where(some).values(ended))
        same = {"source": self.source, "recorded_at": job.now, "batch_id": batch_id}
        rows = [
            {**row, **same, "superseded_at": job.now if row["superseded_by_batch"] is not None else None}
            for row in self.rows
        ]
        if rows:
            job.connection.execute(_trait.insert(), rows)


def _present(job: ImportJob, customer_ids: Sequence[int]) -> dict[tuple[int, str], list[_StoredValue]]:
    """Customer and field -> the values that count."""
    found: dict[tuple[int, str], list[_StoredValue]] = {}
    for one in traits.present_of(job.connection, customer_ids):
        known = _StoredValue(id=one.id, value=one.value, as_of=one.as_of, batch_id=one.batch_id)
        found.setdefault((one.customer_id, one.field), []).append(known)
    return found


def _joined(lists: dict[str, Any]) -> str:
    """The JSON object of JSON lists; what is empty or refused is left out."""
    parts = (f"{json.dumps(name)}: {values}" for name, values in lists.items() if isinstance(values, str))
    return f"{{{', '.join(parts)}}}"
