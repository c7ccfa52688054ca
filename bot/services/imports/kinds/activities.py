"""Visits, calls, complaints and the like."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Date, Integer, String, Table, and_, exists, func, literal, select

from bot.errors import N_, BadInput
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.check.known.other_numbers import ask_about_activities_by_other_numbers
from bot.services.imports.check.known.recorded_contacts import refuse_changed_records
from bot.services.imports.check.known.reused_numbers import find_reused, reused_number
from bot.services.imports.check.meaning.activity_rows import DERIVED, RowCounts, ask_about_known_activities
from bot.services.imports.check.meaning.row_columns import RowColumns
from bot.services.imports.job import AT_ONCE, Chunk, ImportJob
from bot.services.imports.kind import Counts, KindOption, UpsertKind, WrittenTable
from bot.services.imports.layout.columns import FileField
from bot.services.imports.publication import Upsert
from bot.services.imports.read import text
from bot.services.imports.read.cells.word_lists import NOTHING_BUT_NA
from bot.services.imports.read.refusal import RefusedValue
from bot.services.imports.read.text import plain
from bot.services.imports.read.times import read_time, time_of
from bot.services.imports.references import CUSTOMER, CustomerReferences, find_person
from db.book.customers import Customer
from db.book.facts import Activity, ActivityPeriod, ContactKind
from db.book.imports import table

_activity, _period, _customer = table(Activity), table(ActivityPeriod), table(Customer)

REUSED = reused_number("activity-id-reused")
REPEATED = FindingType(
    name="activities-repeated",
    level=Level.NOTE,
    sentence=N_(
        "Activities with the same contents as an earlier row count once: %(count)d (line %(line)d). If they are"
        " several, the file needs a column with their times or ids."
    ),
)

PLANNED_DATE = FindingType(
    name="planned-date",
    level=Level.QUESTION,
    sentence=N_(
        "The day of the activities is taken from the column %(column)s, which seems to say when they were to take place."
    ),
    answer=N_(
        "Name the column of the day on which they took place: --map date=COLUMN; --yes planned-date: they took place then."
    ),
    accept=True,
)
_PLANNED = re.compile("plan|scheduled|due|预计|预约|计划|拟|geplant|faellig")


class ActivityKind(UpsertKind):
    """Upserts on (source, id); without an id, a row with the same contents and time is the same activity."""

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
            name="time",
            synonyms="start time, time of day, 时刻, 开始时间, 具体时间",
            read=lambda job, name: read_time,
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
            read=find_person,
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
            read=ImportJob.codes,
            nothing=NOTHING_BUT_NA,
            unique=True,
        ),
    )
    staged: ClassVar = {
        "customer_id": Integer,
        "happened_on": Date,
        "kind": String,
        "person_id": Integer,
        "note": String,
        "untimed": String,  # the derived id without the time of day, where the row has a time
    }
    writes = (
        WrittenTable(table=_activity, called=N_("activities")),
        WrittenTable(table=_period, counted=False),
    )
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
        self._periods = [_read_period(given, job.today) for given in covers]
        self._joined: dict[int, list[int]] = defaultdict(list)
        joined = select(_customer.c.joined_into, _customer.c.id).where(_customer.c.joined_into.is_not(None))
        for customer, other in job.connection.execute(joined):
            self._joined[customer].append(other)
        self._repeats: list[int] = []
        self._has_times = False
        self._row_counts = RowCounts(job)
        self._row_columns = RowColumns(job, self.name)

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        values = chunk.values
        self._customers.resolve(chunk)
        self._row_columns.count(chunk)
        rows = list(zip(*(values[name] for name in _CONTENTS), strict=True))
        bases = [given or derived_id(row) for given, row in zip(values["id"], rows, strict=True)]
        times = self._times(job, chunk)
        for row, known in self._known_before_joins(job, values["id"], rows, times).items():
            bases[row] = known
        dated = [given is None and time is not None for given, time in zip(values["id"], times, strict=True)]
        parts = list(zip(bases, times, dated, strict=True))
        values["key"] = [f"{base}@{time}" if both else base for base, time, both in parts]
        values["untimed"] = [base if both else None for base, _, both in parts]
        self._has_times = self._has_times or any(dated)

    def _times(self, job: ImportJob, chunk: Chunk) -> list[str | None]:
        """The time of each row: of its own column, else in the cell of its day."""
        times = [time if isinstance(time, str) else None for time in chunk.values["time"]]
        place = job.layout.places.get("date", -1)
        cells = [cells[place] for cells in chunk.cells]
        in_cells = {cell: time_of(cell) for cell in set(cells)}
        return [time or in_cells[cell] for time, cell in zip(times, cells, strict=True)]

    def _known_before_joins(
        self, job: ImportJob, ids: Sequence[Any], rows: Sequence[Any], times: Sequence[str | None]
    ) -> dict[int, str]:
        """Row -> its derived id from when its customer was another one, where the book has the activity by that."""
        if not self._joined:
            return {}
        candidates: dict[str, tuple[int, str]] = {}
        for row, (given, contents) in enumerate(zip(ids, rows, strict=True)):
            for customer in self._joined.get(contents[0], ()) if given is None else ():
                base = derived_id((customer, *contents[1:]))
                candidates |= dict.fromkeys((base, f"{base}@{times[row]}"), (row, base))
        keys = list(candidates)
        found: dict[int, str] = {}
        for start in range(0, len(keys), AT_ONCE):
            known = select(_activity.c.external_id).where(
                _activity.c.source == job.source, _activity.c.external_id.in_(keys[start : start + AT_ONCE])
            )
            found |= dict(candidates[key] for key in job.connection.scalars(known))
        return found

    def after_staging(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:
        self._row_counts.take(chunk, rows)

    def after_repeats(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:
        self._repeats += [chunk.lines[row] for row in rows if chunk.values["id"][row] is None]

    def check(self, job: ImportJob) -> None:
        self._take_untimed(job)
        self._row_counts.check()
        self._row_columns.check(job)
        self._check_planned(job)
        if "id" in job.layout.places:
            refuse_changed_records(job, self.stage)
            find_reused(job, REUSED, self.stage, _activity, "happened_on")
            ask_about_activities_by_other_numbers(job, self.key_field, self.stage, _activity)
        ask_about_known_activities(job, self.stage)
        if self._repeats:
            job.findings.add(REPEATED, count=len(self._repeats), line=min(self._repeats))

    def _check_planned(self, job: ImportJob) -> None:
        header = job.layout.columns["date"]
        if _PLANNED.search(plain(header)):
            job.findings.add(PLANNED_DATE, column=repr(header))

    def _take_untimed(self, job: ImportJob) -> None:
        """Let the first new time of an activity that the book has without a time be this activity.

        It came from a file without times, or before times told activities apart.
        """
        if not self._has_times:
            return
        stage, other, timed = self.stage.c, self.stage.alias().c, _activity.alias().c
        untimed = and_(_activity.c.source == job.source, _activity.c.external_id == stage.untimed)
        known = select(1).where(timed.source == job.source, timed.external_id == stage.key)
        in_file = select(1).where(other.key == stage.untimed)
        first = (
            select(func.min(stage.line))
            .select_from(self.stage.join(_activity, untimed))
            .where(~exists(known), ~exists(in_file))
            .group_by(stage.untimed)
        )
        job.connection.execute(self.stage.update().where(stage.line.in_(first)).values(key=stage.untimed))

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


_CONTENTS = ("customer_id", "date", "kind", "person", "note")


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


def derived_id(row: tuple[Any, ...]) -> str:
    """The id of an activity that has none: of its customer, day, kind, person and note."""
    return DERIVED + hashlib.sha256("\x1f".join(map(str, row)).encode()).hexdigest()[:24]


def contacts_of_records(
    job: ImportJob, stage: Table, kind: ContactKind, external_id: Any, happened_on: Any, **columns: Any
) -> Upsert:
    """The activities of staged records that are contacts too, such as complaints: of this kind, with these columns."""
    contact_kind: ColumnElement[str] = literal(kind.value)
    always = {"customer_id": stage.c.customer_id, "kind": contact_kind, "happened_on": happened_on}
    return Upsert(
        target=_activity,
        stage=stage,
        identity={"source": job.source, "external_id": external_id},
        columns={**always, **columns},
    )


def write_contacts(job: ImportJob, contacts: Upsert, batch_id: int) -> None:
    """Change and create the activities of staged records, and note with each record which one is its own."""
    contacts.change(job.connection, batch_id)
    contacts.create(job.connection, batch_id, {"recorded_at": job.now})
    written = select(_activity.c.id).where(contacts.match)
    job.connection.execute(contacts.stage.update().values(activity_id=written.scalar_subquery()))
