"""Visits, calls, complaints and the like."""

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from sqlalchemy import Date, Integer, String, select

from bot.errors import N_, BadInput
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.kind import Counts, KindOption, UpsertKind, WrittenTable
from bot.services.imports.read import text
from bot.services.imports.read.columns import FileField
from bot.services.imports.read.refusal import RefusedValue
from bot.services.imports.references import CUSTOMER, CustomerReferences, person_by_email
from db.book.facts import Activity, ActivityPeriod
from db.book.imports import table

_period = table(ActivityPeriod)


class ActivityKind(UpsertKind):
    """Upserts on (source, id); without an id, a row with the same contents is the same activity."""

    name = "activities"
    key_field = "id"
    fields = (
        CUSTOMER,
        FileField(
            name="date",
            synonyms="activity date, happened on, visit date, 日期, 活动日期, 拜访日期, 时间, 发生日期, "
            "Datum, Besuchsdatum, Kontaktdatum",
            required=True,
            read=ImportJob.past_days,
            column="happened_on",
        ),
        FileField(
            name="kind",
            synonyms="type, activity, activity type, 类型, 类别, 活动类型, 方式, "
            "Art, Typ, Aktivität, Aktivitätsart, Kontaktart",
            required=True,
            read=lambda job, name: text.choice(text.ACTIVITY_KINDS),
        ),
        FileField(
            name="person",
            synonyms="email, e-mail, person email, by, owner, 人员, 邮箱, 人员邮箱, 跟进人, 负责人, "
            "Mitarbeiter, Bearbeiter, Betreuer, Durchgeführt von",
            read=person_by_email,
            column="person_id",
        ),
        FileField(
            name="note",
            synonyms="notes, comment, remarks, subject, 备注, 说明, 内容, 记录, "
            "Notiz, Notizen, Bemerkung, Betreff, Kommentar",
            read=ImportJob.paragraph,
        ),
        FileField(
            name="id",
            synonyms="activity id, activity no, 编号, 活动编号, 记录编号, Aktivitätsnummer",
            unique=True,
        ),
    )
    staged: ClassVar = {
        "customer_id": Integer,
        "happened_on": Date,
        "kind": String,
        "person_id": Integer,
        "note": String,
    }
    writes = (WrittenTable(table=table(Activity)), WrittenTable(table=_period, counted=False))
    options = (
        KindOption(
            name="covers",
            help="Activities: the source has every one of this kind in this period, so that none means none.",
            type=list[str] | None,
            default=None,
            metavar="KIND=FROM..TO",
        ),
    )

    def prepare(self, job: ImportJob) -> None:
        self._customers = CustomerReferences(job.connection, job.source)
        covers = job.options.kind_options.get("covers") or ()
        self._periods = [_read_period(given, job.now.date()) for given in covers]

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        values = chunk.values
        self._customers.resolve(chunk)
        columns = ("customer_id", "date", "kind", "person", "note")
        parts = zip(*(values[name] for name in columns), strict=True)
        values["key"] = [given or _derived_id(row) for given, row in zip(values["id"], parts, strict=True)]

    def defaults(self, job: ImportJob) -> Mapping[str, Any]:
        return {"recorded_at": job.now}

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        counts = super().publish(job, batch_id)
        for kind, first, last in self._periods:
            given = {"kind": kind, "first_day": first, "last_day": last, "source": job.source}
            known = select(_period.c.id).where(*(_period.c[name] == value for name, value in given.items()))
            if job.connection.execute(known).first() is None:
                job.connection.execute(_period.insert(), {**given, "batch_id": batch_id})
        return counts


def _read_period(given: str, today: date) -> tuple[str, date, date]:
    """(kind, first day, last day) of KIND=FROM..TO."""
    name, _, days = given.partition("=")
    kind = text.choice(text.ACTIVITY_KINDS)(name)
    if isinstance(kind, RefusedValue):
        raise BadInput(N_("--covers %(text)s: %(problem)s."), text=given, problem=kind.reason)
    try:
        first, last = (date.fromisoformat(day) for day in days.split(".."))
    except ValueError:
        raise BadInput(
            N_("--covers %(text)s: write it as complaint=2025-11-01..2026-10-31."), text=given
        ) from None
    if not first <= last <= today:
        raise BadInput(
            N_("--covers %(text)s: a period ends on or after its first day and not in the future."),
            text=given,
        )
    return kind, first, last


def _derived_id(row: tuple[Any, ...]) -> str:
    return "row-" + hashlib.sha256("\x1f".join(map(str, row)).encode()).hexdigest()[:24]
