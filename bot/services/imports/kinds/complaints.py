"""Complaints, open and closed ones, each with the activity that the grading counts."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any, ClassVar

from sqlalchemy import Connection, Date, Integer, String, and_, exists, func, or_, select
from sqlmodel import Session

from bot.errors import N_, Conflict, Phrase
from bot.services.complaint_kinds import ComplaintKinds, load_kinds
from bot.services.imports.check.known.recorded_contacts import CONTACT_AS_COMPLAINT, ask_about_contacts
from bot.services.imports.check.known.reused_numbers import find_reused, reused_number
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.kind import Counts, UpsertKind, WrittenTable
from bot.services.imports.kinds.activities import contacts_of_records, derived_id, write_contacts
from bot.services.imports.layout.columns import FileField
from bot.services.imports.publication import Upsert
from bot.services.imports.read import text
from bot.services.imports.read.cells.word_lists import NOTHING_BUT_NA
from bot.services.imports.read.refusal import Parser
from bot.services.imports.references import CUSTOMER, CustomerReferences, find_person
from db.book.facts import Activity, ContactKind
from db.book.imports import ImportBatch, changed_rows, table
from db.care import redraws
from db.care.records.complaints import Agreed, Complaint, Told
from db.graded import tier_rows

_complaint, _activity = table(Complaint), table(Activity)
_batch = table(ImportBatch)
REUSED = reused_number("complaint-id-reused")


def _kind_of(kinds: ComplaintKinds) -> Parser:
    return text.choice(kinds.words, kinds.names)


class _ImportedComplaints(WrittenTable):
    @contextmanager
    def around_undo(self, connection: Connection, batch_id: int) -> Iterator[None]:
        """Refuse while somebody has worked on the complaints since: what they wrote would be lost."""
        created = _complaint.c.batch_id == batch_id
        changed = _complaint.c.id.in_(changed_rows(batch_id, _complaint))
        published = select(_batch.c.published_at).where(_batch.c.id == batch_id).scalar_subquery()
        # Every step, every end, and every reopening is a version of its own.
        worked_on = or_(
            and_(created, _complaint.c.version > 1), and_(changed, _complaint.c.closed_at > published)
        )
        found = connection.execute(
            select(func.count(), func.min(_complaint.c.external_id)).where(worked_on)
        ).one()
        if found[0]:
            raise Conflict(
                N_(
                    "Import %(batch)d cannot be undone: somebody has added steps to complaints of it, closed them or"
                    " opened them again since (%(number)d, first %(id)s). Correct the file, and import it again."
                ),
                batch=batch_id,
                number=found[0],
                id=found[1],
            )
        for some in (select(_complaint.c.id).where(created), changed_rows(batch_id, _complaint)):
            redraws.mark_complaints(connection, some)
        yield


class ComplaintKind(UpsertKind):
    """Upserts on (source, id), as activities do; without an id, a row with the same contents is the same complaint."""

    name = "complaints"
    key_field = "id"
    fields = (
        CUSTOMER,
        FileField(
            name="date",
            synonyms="complaint date, reported on, received on, opened on, opened, "
            "日期, 投诉日期, 受理日期, 投诉时间, Datum, Reklamationsdatum, Gemeldet am, Eingang",
            required=True,
            read=ImportJob.past_days,
            column="happened_on",
        ),
        FileField(
            name="kind",
            synonyms="type, category, complaint type, complaint kind, 类别, 类型, 投诉类型, 投诉类别, 问题类型, "
            "Art, Kategorie, Reklamationsart, Grund",
            required=True,
            read=lambda job, name: _kind_of(load_kinds(job.options.complaint_kinds)),
        ),
        FileField(
            name="what",
            synonyms="what happened, description, complaint, subject, note, notes, 投诉内容, 内容, 问题描述, 描述, "
            "备注, Beschreibung, Reklamation, Beschwerde, Inhalt, Bemerkung",
            read=ImportJob.paragraph,
        ),
        FileField(
            name="reported_by",
            synonyms="complainant, contact, contact person, 投诉人, 联系人, 反馈人, Gemeldet von, Ansprechpartner",
        ),
        FileField(
            name="handler",
            synonyms="owner, responsible, assigned to, handled by, email, 处理人, 负责人, 跟进人, "
            "Bearbeiter, Zuständig, Verantwortlich",
            read=find_person,
            column="handler_id",
        ),
        FileField(
            name="deadline",
            synonyms="due, due date, due on, 期限, 处理期限, 截止日期, Frist, Fällig am, Termin",
            read=ImportJob.days,
        ),
        FileField(
            name="closed",
            synonyms="closed on, closing date, resolved on, resolved, 结案日期, 关闭日期, 解决日期, 完成日期, "
            "Abgeschlossen am, Erledigt am, Geschlossen am",
            read=ImportJob.past_days,
            column="closed_on",
        ),
        FileField(
            name="state",
            synonyms="status, case status, complaint status, 状态, 投诉状态, 处理状态, 结案状态, 当前状态, "
            "Bearbeitungsstand, Bearbeitungsstatus, Stand",
            read=lambda job, name: text.choice(text.STATES),
        ),
        FileField(
            name="outcome",
            synonyms="resolution, solution, what was done, measure, 处理结果, 解决方案, 处理措施, 处理情况, "
            "Lösung, Maßnahme, Ergebnis",
            read=ImportJob.paragraph,
        ),
        FileField(
            name="agreed",
            synonyms="customer agrees, customer satisfied, accepted, 客户认可, 客户是否认可, 客户同意, 客户满意, "
            "Kunde einverstanden, Einverstanden, Kunde zufrieden",
            read=lambda job, name: text.choice(text.AGREED),
        ),
        FileField(
            name="id",
            synonyms="complaint id, complaint no, complaint number, case, case no, ticket, 编号, 投诉编号, 投诉单号, "
            "工单号, Reklamationsnummer, Reklamations-Nr, Vorgangsnummer",
            read=ImportJob.codes,
            nothing=NOTHING_BUT_NA,
            unique=True,
        ),
    )
    staged: ClassVar = {
        "customer_id": Integer,
        "happened_on": Date,
        "kind": String,
        "what": String,
        "reported_by": String,
        "handler_id": Integer,
        "deadline": Date,
        "closed_on": Date,
        "outcome": String,
        "agreed": String,
        "usual_deadline": Date,  # by the kind and the customer's tier, for a new one
        "told": Integer,
        "activity_id": Integer,  # once its activity is written
    }
    writes = (
        _ImportedComplaints(table=_complaint, called=N_("complaints")),
        WrittenTable(table=_activity, called=N_("activities"), counted=False),
    )

    def prepare(self, job: ImportJob) -> None:
        self._customers = CustomerReferences(job.connection, job.source)
        self._kinds = load_kinds(job.options.complaint_kinds)

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        self._customers.resolve(chunk)
        values = chunk.values
        known = {one for one in values["customer_id"] if isinstance(one, int)}
        with Session(bind=job.connection) as session:
            tiers = tier_rows.present_tiers(session, known)
        rows = range(len(chunk.lines))
        for row in rows:
            self._refuse_unfinished(chunk, row)
        values["agreed"] = [
            agreed or (Agreed.NOT_ASKED if closed is not None else None)
            for agreed, closed in zip(values["agreed"], values["closed"], strict=True)
        ]
        values["key"] = [
            given or derived_id((customer, day, ContactKind.COMPLAINT, None, what))
            for given, customer, day, what in zip(
                values["id"], values["customer_id"], values["date"], values["what"], strict=True
            )
        ]
        values["usual_deadline"], values["told"] = [], []
        for kind, customer, day, closed in zip(
            values["kind"], values["customer_id"], values["date"], values["closed"], strict=True
        ):
            tier = tiers.get(customer) if isinstance(customer, int) else None
            is_whole = isinstance(day, str) and isinstance(kind, str)  # days are staged as text
            usual = self._kinds.deadline(kind, tier, date.fromisoformat(day)) if is_whole else None
            tells = is_whole and closed is None and self._kinds.tells_opened(kind, tier)
            values["usual_deadline"].append(usual and usual.isoformat())
            values["told"].append(int(Told.OPENING_DUE if tells else Told.OPENED))
        values["activity_id"] = [None for _ in rows]

    def _refuse_unfinished(self, chunk: Chunk, row: int) -> None:
        """Refuse an end without its day, a day before the complaint, and a day of an open one."""
        day, closed, state = (chunk.values[name][row] for name in ("date", "closed", "state"))
        if closed is None and state == "closed":
            reason = Phrase(N_("is empty, but the row says that the complaint is closed; write the day"))
            chunk.refuse(row, "closed", reason)
        elif closed is None and any(chunk.values[name][row] is not None for name in ("outcome", "agreed")):
            reason = Phrase(N_("is empty, but the row says how the complaint ended; write the day"))
            chunk.refuse(row, "closed", reason)
        elif isinstance(closed, str) and state == "open":
            reason = Phrase(
                N_(
                    "has a day, but the row says that the complaint is open; delete the day or correct the state"
                )
            )
            chunk.refuse(row, "closed", reason)
        elif isinstance(closed, str) and isinstance(day, str) and closed < day:
            chunk.refuse(row, "closed", Phrase(N_("lies before the day of the complaint")))

    def check(self, job: ImportJob) -> None:
        super().check(job)
        if "id" in job.layout.places:
            ask_about_contacts(job, self.stage, CONTACT_AS_COMPLAINT, ContactKind.COMPLAINT)
            find_reused(job, REUSED, self.stage, _activity, "happened_on")

    def columns(self, job: ImportJob) -> Mapping[str, Any]:
        only_new = {"told", "activity_id"}
        return {name: value for name, value in super().columns(job).items() if name not in only_new}

    def defaults(self, job: ImportJob) -> Mapping[str, Any]:
        stage = self.stage.c
        return {
            "deadline": func.coalesce(stage.deadline, stage.usual_deadline),
            "told": stage.told,
            "activity_id": stage.activity_id,
            "version": 1,
        }

    def upsert(self, job: ImportJob) -> Upsert:
        other_contact = select(1).where(
            _activity.c.id == _complaint.c.activity_id, self._activities(job).differs
        )
        return replace(super().upsert(job), also=exists(other_contact))

    def _activities(self, job: ImportJob) -> Upsert:
        """The activities of the staged complaints."""
        stage = self.stage.c
        return contacts_of_records(
            job, self.stage, ContactKind.COMPLAINT, stage.key, stage.happened_on, note=stage.what
        )

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        """Write the complaints that change, the activities, and then the new complaints, which refer to them."""
        upsert, activities = self.upsert(job), self._activities(job)
        changed = upsert.change(job.connection, batch_id)
        redraws.mark_complaints(job.connection, changed_rows(batch_id, _complaint))
        write_contacts(job, activities, batch_id)
        return Counts(created=upsert.create(job.connection, batch_id, self.defaults(job)), changed=changed)
