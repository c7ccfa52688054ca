"""Visits, calls, complaints and the like."""

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, and_, literal, select

from bot.errors import N_, BadInput
from bot.services.imports import publication
from bot.services.imports.kind import CUSTOMER, Chunk, Counts, ImportJob, UpsertKind, day_column, stage_table
from bot.services.imports.read import text as words
from bot.services.imports.read.columns import FileField
from bot.services.imports.read.refusal import Parser, RefusedValue
from bot.services.imports.references import CustomerBook, people, person_with
from db.book.facts import Activity, ActivityPeriod
from db.book.imports import table

_activity, _declared = table(Activity), table(ActivityPeriod)


class ActivityKind(UpsertKind):
    """Upserts on (source, id); without an id, the same row is the same activity."""

    name = "activities"
    key_field = "id"
    fields = (
        CUSTOMER,
        FileField(
            name="date",
            headers=(
                "activity date",
                "happened on",
                "visit date",
                "日期",
                "活动日期",
                "拜访日期",
                "时间",
                "发生日期",
            ),
            required=True,
        ),
        FileField(
            name="kind",
            headers=("type", "activity", "activity type", "类型", "类别", "活动类型", "方式"),
            required=True,
        ),
        FileField(
            name="person",
            headers=(
                "email",
                "e-mail",
                "person email",
                "by",
                "owner",
                "人员",
                "邮箱",
                "人员邮箱",
                "跟进人",
                "负责人",
            ),
        ),
        FileField(
            name="note", headers=("notes", "comment", "remarks", "subject", "备注", "说明", "内容", "记录")
        ),
        FileField(
            name="id", headers=("activity id", "activity no", "编号", "活动编号", "记录编号"), unique=True
        ),
    )
    staged = ("key", "customer_id", "day", "kind", "person_id", "note")

    def __init__(self) -> None:
        self._metadata = MetaData()
        self.stage = stage_table(
            self._metadata,
            "staged_activity",
            Column("customer_id", Integer),
            day_column("day"),
            Column("kind", String),
            Column("person_id", Integer),
            Column("note", String),
        )

    def prepare(self, job: ImportJob) -> None:
        self._metadata.create_all(job.connection)
        self._book = CustomerBook(job.connection, job.source)
        self._people = people(job.connection)
        self._periods = [_period(text, job.now.date()) for text in job.options.covers]

    def parsers(self, job: ImportJob) -> Mapping[str, Parser]:
        return {
            "customer": words.line_of_text(),
            "date": job.dates("date", past_only=True),
            "kind": words.choice(words.ACTIVITY_KINDS),
            "person": person_with(self._people),
            "note": job.paragraph("note"),
            "id": words.line_of_text(),
        }

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        values = chunk.values
        values["day"], values["person_id"] = values["date"], values["person"]
        customers = resolve_customers(self._book, values["customer"])
        chunk.take("customer_id", customers, "customer")
        parts = zip(customers, values["day"], values["kind"], values["person"], values["note"], strict=True)
        values["key"] = [given or _derived(row) for given, row in zip(values["id"], parts, strict=True)]

    def upsert(self, job: ImportJob) -> publication.Upsert:
        stage = self.stage.c
        return publication.Upsert(
            target=_activity,
            stage=self.stage,
            match=and_(_activity.c.source == job.source, _activity.c.external_id == stage.key),
            columns={
                "customer_id": stage.customer_id,
                "happened_on": stage.day,
                "kind": stage.kind,
                "person_id": stage.person_id,
                "note": stage.note,
            },
        )

    def given(self, job: ImportJob) -> Mapping[str, Any]:
        return {
            "source": job.source,
            "external_id": self.stage.c.key,
            "recorded_at": literal(job.now, _activity.c.recorded_at.type),
        }

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        counts = super().publish(job, batch_id)
        self._declare(job, batch_id)
        return counts

    def _declare(self, job: ImportJob, batch_id: int) -> None:
        """Note the periods that the source has every activity of, each once."""
        for kind, first, last in self._periods:
            given = {"kind": kind, "first_day": first, "last_day": last, "source": job.source}
            known = select(_declared.c.id).where(
                *(_declared.c[name] == value for name, value in given.items())
            )
            if job.connection.execute(known).first() is None:
                job.connection.execute(_declared.insert(), {**given, "batch_id": batch_id})


def resolve_customers(book: CustomerBook, references: list[Any]) -> list[Any]:
    """Ids for a column of references; Refused where there is no such customer."""
    found: dict[Any, Any] = dict(book.find(value for value in references if isinstance(value, str)))
    for reference, customer in found.items():
        if customer is None:
            found[reference] = book.unknown(reference)
    return [found.get(reference) for reference in references]


def _period(text: str, today: date) -> tuple[str, date, date]:
    """(kind, first day, last day) of KIND=FROM..TO."""
    name, _, days = text.partition("=")
    kind = words.choice(words.ACTIVITY_KINDS)(name)
    if isinstance(kind, RefusedValue):
        raise BadInput(N_("--covers %(text)s: %(problem)s."), text=text, problem=kind.reason)
    try:
        first, last = (date.fromisoformat(day) for day in days.split(".."))
    except ValueError:
        raise BadInput(
            N_("--covers %(text)s: write it as complaint=2025-11-01..2026-10-31."), text=text
        ) from None
    if not first <= last <= today:
        raise BadInput(
            N_("--covers %(text)s: a period ends on or after its first day and not in the future."), text=text
        )
    return kind, first, last


def _derived(row: tuple[Any, ...]) -> str:
    return "row-" + hashlib.sha256("\x1f".join(map(str, row)).encode()).hexdigest()[:24]
