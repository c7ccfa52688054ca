"""Dated facts: a correction supersedes the old value, and both are kept."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, and_, exists, func, literal, select
from sqlmodel import Session

from bot.services.imports.kind import CUSTOMER, Chunk, Counts, FileKind, ImportJob, day_column, stage_table
from bot.services.imports.kinds.activities import resolve_customers
from bot.services.imports.read import text
from bot.services.imports.read.columns import FileField
from bot.services.imports.read.refusal import Parser, RefusedValue
from bot.services.imports.references import CustomerBook
from bot.services.schemes import store
from db.book.facts import Fact
from db.book.imports import affected, table
from grading.engine.cells import read_number, read_truth
from grading.indicators.sources import JUDGED

_fact = table(Fact)
_READERS: Mapping[str, Callable[[str], object]] = {"number": read_number, "bool": read_truth}  # else any word


class FactKind(FileKind):
    """Known by customer, field, date and source."""

    name = "facts"
    key_field = "field"
    fields = (
        CUSTOMER,
        FileField(
            name="field", headers=("indicator", "metric", "指标", "字段", "指标名称", "项目"), required=True
        ),
        FileField(name="value", headers=("score", "值", "数值", "取值", "指标值", "得分"), required=True),
        FileField(
            name="date",
            headers=("measured on", "measured at", "as of", "日期", "评估日期", "统计日期", "截止日期"),
            required=True,
        ),
        FileField(name="author", headers=("by", "assessed by", "评估人", "填报人", "录入人")),
        FileField(name="evidence", headers=("note", "reason", "依据", "备注", "说明")),
    )
    staged = ("key", "customer_id", "field", "value", "day", "author", "evidence")

    def __init__(self) -> None:
        self._metadata = MetaData()
        self.stage = stage_table(
            self._metadata,
            "staged_fact",
            Column("customer_id", Integer),
            Column("field", String),
            Column("value", String),
            day_column("day"),
            Column("author", String),
            Column("evidence", String),
        )

    def prepare(self, job: ImportJob) -> None:
        self._metadata.create_all(job.connection)
        self._book = CustomerBook(job.connection, job.source)
        with Session(bind=job.connection) as session:
            asking = store.at_work(session, store.SchemeCache(), job.now.date())
        manual = {indicator.id for scheme in asking for indicator in scheme.indicators if indicator.manual}
        self._judged = JUDGED | manual
        # A field that schemes take for different things may hold any of them.
        self._kinds: dict[str, set[str]] = {}
        for scheme in asking:
            for field in scheme.fields.values():
                self._kinds.setdefault(field.id, set()).add(field.kind)

    def parsers(self, job: ImportJob) -> Mapping[str, Parser]:
        return {
            "customer": text.line_of_text(),
            "field": text.line_of_text(),
            "value": text.value_text,
            "date": job.dates("date", past_only=True),
            "author": text.line_of_text(),
            "evidence": job.paragraph("evidence"),
        }

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        values = chunk.values
        values["day"] = values["date"]
        customers = resolve_customers(self._book, values["customer"])
        chunk.take("customer_id", customers, "customer")
        for row, (field, value) in enumerate(zip(values["field"], values["value"], strict=True)):
            if field in self._judged:
                for name in ("author", "evidence"):
                    if values[name][row] is None:
                        chunk.refuse(
                            row, name, RefusedValue(f"is empty, but {field} is somebody's judgement")
                        )
            reason = self._unreadable(field, value)
            if reason is not None:
                chunk.refuse(row, "value", RefusedValue(reason))
        values["key"] = [
            f"{customer}|{day}|{field}"
            for customer, day, field in zip(customers, values["day"], values["field"], strict=True)
        ]

    def _unreadable(self, field: str | None, value: str | None) -> str | None:
        """Why no scheme at work could read a value."""
        kinds = self._kinds.get(field or "")
        if value is None or not kinds or not kinds <= _READERS.keys():
            return None
        reasons = []
        for kind in sorted(kinds):
            try:
                _READERS[kind](value)
            except ValueError as error:
                reasons.append(f"cannot be read as {field}: {error}")
            else:
                return None
        return reasons[0]

    def _current(self, job: ImportJob) -> Any:
        """The valid fact a staged row is about."""
        stage = self.stage.c
        return and_(
            _fact.c.customer_id == stage.customer_id,
            _fact.c.field == stage.field,
            _fact.c.measured_on == stage.day,
            _fact.c.source == job.source,
            _fact.c.superseded_at.is_(None),
        )

    def _count(self, job: ImportJob, *where: Any) -> int:
        joined = self.stage.join(_fact, self._current(job))
        found: int = job.connection.execute(
            select(func.count()).select_from(joined).where(*where)
        ).scalar_one()
        return found

    def count(self, job: ImportJob) -> Counts:
        total = job.connection.execute(select(func.count()).select_from(self.stage)).scalar_one()
        changed = self._count(job, _fact.c.value != self.stage.c.value)
        return Counts(created=total - self._count(job), changed=changed)

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        stage = self.stage.c
        superseded = affected(
            job.connection,
            _fact.update()
            .where(
                _fact.c.superseded_at.is_(None),
                exists(
                    select(1).select_from(self.stage).where(self._current(job), _fact.c.value != stage.value)
                ),
            )
            .values(superseded_at=job.now, superseded_by_batch=batch_id),
        )
        columns = {
            "customer_id": stage.customer_id,
            "field": stage.field,
            "measured_on": stage.day,
            "value": stage.value,
            "source": literal(job.source),
            "author": stage.author,
            "evidence": stage.evidence,
            "recorded_at": literal(job.now, _fact.c.recorded_at.type),
            "batch_id": literal(batch_id),
        }
        rows = (
            select(*(value.label(name) for name, value in columns.items()))
            .select_from(self.stage)
            .where(~exists(select(1).select_from(_fact).where(self._current(job))))
            .order_by(stage.line)
        )
        written = affected(job.connection, _fact.insert().from_select(list(columns), rows))
        return Counts(created=written - superseded, changed=superseded)
