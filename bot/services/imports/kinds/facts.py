"""Dated facts: a correction supersedes the old value, and both are kept."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from operator import itemgetter
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Date, Integer, String, and_, exists, func, select
from sqlmodel import Session

from bot.errors import N_, Phrase
from bot.services.imports.check.fields import KnownFields
from bot.services.imports.check.meaning.unit_columns import FactUnits
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.kind import Counts, DatedTable, FileKind, KindOption
from bot.services.imports.layout.columns import FileField
from bot.services.imports.publication import insert_staged
from bot.services.imports.read import text
from bot.services.imports.read.cells.cache import CellCache
from bot.services.imports.read.cells.word_lists import NOTHING_IN_FACTS
from bot.services.imports.read.numbers import Numbers
from bot.services.imports.read.refusal import RefusedValue
from bot.services.imports.references import CUSTOMER, CustomerReferences
from bot.services.schemes import store
from db.book.facts import Fact
from db.book.imports import affected, table
from grading.indicators.sources import JUDGED

_fact = table(Fact)
_KEPT_OF_A_FIELD = 5_000  # values that were read


class FactKind(FileKind):
    """Known by customer, field, date and source."""

    name = "facts"
    key_field = "field"
    fields = (
        CUSTOMER,
        FileField(
            name="field",
            synonyms="indicator, metric, 指标, 字段, 指标名称, 项目, Kennzahl, Merkmal, Feld",
            required=True,
        ),
        FileField(
            name="value",
            synonyms="score, 值, 数值, 取值, 指标值, 得分, Wert",
            required=True,
            read=lambda job, name: text.value_text,
            nothing=NOTHING_IN_FACTS,
        ),
        FileField(
            name="date",
            synonyms="measured on, measured at, as of, 日期, 评估日期, 统计日期, 截止日期, Datum, Stichtag, Stand",
            required=True,
            read=ImportJob.past_days,
            column="measured_on",
        ),
        FileField(
            name="author",
            synonyms="by, assessed by, 评估人, 填报人, 录入人, Verfasser, Bewertet von, Erfasst von, Bearbeiter",
        ),
        FileField(
            name="evidence",
            synonyms="note, reason, 依据, 备注, 说明, Begründung, Nachweis, Bemerkung",
            read=ImportJob.paragraph,
        ),
    )
    staged: ClassVar = {
        "customer_id": Integer,
        "field": String,
        "value": String,
        "measured_on": Date,
        "author": String,
        "evidence": String,
    }
    writes = (DatedTable(table=_fact, called=N_("facts")),)
    options = (
        KindOption(
            name="percent",
            help="Facts: numbers of this field are percent.",
            type=list[str] | None,
            default=None,
            metavar="FIELD",
            remembered=True,
        ),
    )

    def prepare(self, job: ImportJob) -> None:
        self._customers = CustomerReferences(job.connection, job.source)
        with Session(bind=job.connection) as session:
            schemes = store.at_work(session, store.SchemeCache(), job.today)
        manual = {indicator.id for scheme in schemes for indicator in scheme.indicators if indicator.manual}
        self._judged = JUDGED | manual
        percent = job.options.kind_options.get("percent") or ()
        self._fields = KnownFields(schemes, percent)
        self._units = FactUnits(
            job.layout,
            job.findings,
            self._fields,
            percent=percent,
            firm_currency=job.options.firm_currency,
            titles=job.titles,
        )
        self._readers: dict[str, CellCache] = {}  # by field

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        self._customers.resolve(chunk)
        values = chunk.values
        names = {
            name: self._fields.find(name) for name in dict.fromkeys(values["field"]) if isinstance(name, str)
        }
        values["field"] = [names.get(name, name) for name in values["field"]]
        pairs = list(zip(values["field"], values["value"], strict=True))
        read = {pair: self._read_value(job, *pair) for pair in dict.fromkeys(pairs)}
        chunk.set_column("value", [read[pair] for pair in pairs])
        if not self._judged.isdisjoint(names.values()):
            self._refuse_unsigned(chunk)
        values["key"] = [
            f"{customer}|{day}|{field}"
            for customer, day, field in zip(
                values["customer_id"], values["date"], values["field"], strict=True
            )
        ]

    def after_staging(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:
        by_field = defaultdict[str, list[int]](list)
        fields, lines, values = chunk.values["field"], chunk.lines, chunk.values["value"]
        for row in rows:
            by_field[fields[row]].append(row)
        for field, found in by_field.items():
            of_lines, of_values = _at(found, lines), _at(found, values)
            self._fields.collect(field, of_lines, of_values)
            if self._units.is_needed:
                self._units.collect(field, of_lines, _at(found, chunk.cells), of_values)

    def check(self, job: ImportJob) -> None:
        self._fields.ask(job.findings)

    def _refuse_unsigned(self, chunk: Chunk) -> None:
        """Refuse judgements of which nobody knows who made them, and why."""
        for row, field in enumerate(chunk.values["field"]):
            if field in self._judged:
                for name in ("author", "evidence"):
                    if chunk.values[name][row] is None:
                        chunk.refuse(
                            row,
                            name,
                            Phrase(N_("is empty, but %(field)s is somebody's judgement"), field=field),
                        )

    def _read_value(self, job: ImportJob, field: Any, value: Any) -> Any:
        """A value as its field allows; what was refused or is missing already stays so."""
        if not isinstance(field, str) or not isinstance(value, str):
            return value
        if field not in self._readers:
            style = job.decimal_among("value", "field", self._fields.find_number, field)
            currency = self._fields.currency(field) or job.options.firm_currency
            read = partial(self._fields.read, field, numbers=Numbers(style, currency))
            self._readers[field] = CellCache(read, _KEPT_OF_A_FIELD)
        found = self._readers[field][value]
        if isinstance(found, RefusedValue):
            return RefusedValue(
                Phrase(N_("cannot be read as %(field)s: %(reason)s"), field=field, reason=found.reason)
            )
        return found

    def _current(self, job: ImportJob) -> ColumnElement[bool]:
        """Whether a fact is the valid one that a staged row is about."""
        stage = self.stage.c
        return and_(
            _fact.c.customer_id == stage.customer_id,
            _fact.c.field == stage.field,
            _fact.c.measured_on == stage.measured_on,
            _fact.c.source == job.source,
            _fact.c.superseded_at.is_(None),
        )

    def count(self, job: ImportJob) -> Counts:
        matched = select(func.count()).select_from(self.stage.join(_fact, self._current(job)))
        total = select(func.count()).select_from(self.stage)
        changed = matched.where(_fact.c.value != self.stage.c.value)
        counted = [job.connection.execute(statement).scalar_one() for statement in (total, matched, changed)]
        return Counts(created=counted[0] - counted[1], changed=counted[2])

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        stage = self.stage.c
        # Not an EXISTS for each fact: SQLite reads the whole staging table for each, 7 s for 20,000 facts.
        matched = select(_fact.c.id).select_from(self.stage.join(_fact, self._current(job))).correlate(None)
        superseded = affected(
            job.connection,
            _fact.update()
            .where(_fact.c.id.in_(matched.where(_fact.c.value != stage.value)))
            .values(superseded_at=job.now, superseded_by_batch=batch_id),
        )
        values = {
            **{name: stage[name] for name in self.staged},
            "source": job.source,
            "recorded_at": job.now,
            "batch_id": batch_id,
        }
        current = exists(select(1).select_from(_fact).where(self._current(job)))
        written = insert_staged(job.connection, _fact, self.stage, values, ~current)
        return Counts(created=written - superseded, changed=superseded)


def _at(rows: Sequence[int], column: Sequence[Any]) -> Sequence[Any]:
    """The values of a column in these rows."""
    return itemgetter(*rows)(column) if len(rows) > 1 else (column[rows[0]],)
