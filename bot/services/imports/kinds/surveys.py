"""Scores of satisfaction surveys, each with its contact; the facts that the grading counts follow from them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import Boolean, Connection, Date, Integer, String, func, literal, or_, select
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from bot.errors import N_, Phrase
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.check.known.reused_numbers import find_reused, reused_number
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.kind import Counts, KindOption, UpsertKind, WrittenTable
from bot.services.imports.kinds.activities import contacts_of_records, derived_id, write_contacts
from bot.services.imports.layout.columns import FileField
from bot.services.imports.publication import Upsert, of_another_customer
from bot.services.imports.read import text
from bot.services.imports.read.cells.word_lists import NOTHING_BUT_NA
from bot.services.imports.read.refusal import RefusedValue
from bot.services.imports.references import CUSTOMER, CustomerReferences
from bot.services.name_keys import person_key
from bot.services.survey_scales import SurveyScale, load_scales, plain, read_score
from db.book import contact_people
from db.book.facts import Activity, ContactKind, Fact
from db.book.imports import changed_rows, table
from db.care.records import surveys
from db.care.records.surveys import SurveyScore
from db.graded import tier_rows

_score, _activity = table(SurveyScore), table(Activity)
REUSED = reused_number("survey-id-reused")
PERCENT = "%"
HUNDRED = Decimal(100)

SCALE_UNKNOWN = FindingType(
    name="survey-scale",
    level=Level.QUESTION,
    sentence=N_("Scores of which the file does not say the scale: %(count)d (line %(line)d: %(score)s)."),
    answer=N_("Say which it is: --scale %(scales)s, or give --map scale=COLUMN."),
)
SCALE = KindOption(
    name="scale",
    help="Surveys: the scale of scores of which the file does not say it.",
    type=str | None,
    default=None,
    metavar="SCALE",
    remembered=True,
)
NOT_A_CONTACT = FindingType(
    name="survey-contact",
    level=Level.NOTE,
    sentence=N_(
        "Who answered is no contact person of the customer, or several have the name: %(count)d (line %(line)d:"
        " %(name)s). These scores are stored without it."
    ),
)


class _ImportedScores(WrittenTable):
    @contextmanager
    def around_undo(self, connection: Connection, batch_id: int) -> Iterator[None]:
        """Bring the facts in line with the scores that are left."""
        changed = list(connection.scalars(changed_rows(batch_id, _score)))
        days = set(surveys.days_of(connection, or_(_score.c.batch_id == batch_id, _score.c.id.in_(changed))))
        yield
        days.update(surveys.days_of(connection, _score.c.id.in_(changed)))
        surveys.restore_facts(connection, days, batch_id)


def _read(cell: str) -> str | RefusedValue:
    """A score as it is computed with; the sign of a percentage stays."""
    cell = cell.strip().replace("％", PERCENT)
    number = read_score(cell.removesuffix(PERCENT))
    if number is None:
        return RefusedValue(Phrase(N_("is not a score; write a number with at most two decimals")))
    return plain(number) + (PERCENT if cell.endswith(PERCENT) else "")


class SurveyKind(UpsertKind):
    """Upserts on (source, id), as activities do; without an id, a row with the same contents is the same answer."""

    name = "surveys"
    key_field = "id"
    fields = (
        CUSTOMER,
        FileField(
            name="date",
            synonyms="survey date, answered on, answer date, response date, responded on, submitted, submitted on, "
            "日期, 调查日期, 答复日期, 填写日期, 提交日期, 回收日期, 提交时间, Datum, Umfragedatum, Befragt am, "
            "Beantwortet am, Antwortdatum",
            required=True,
            read=ImportJob.past_days,
            column="answered_on",
        ),
        FileField(
            name="score",
            synonyms="rating, satisfaction, satisfaction score, csat, csat score, nps, nps score, result, answer, "
            "得分, 评分, 满意度, 满意度评分, 满意度得分, 分数, 打分, Bewertung, Zufriedenheit, Punkte, Punktzahl",
            required=True,
            read=lambda job, name: _read,
        ),
        FileField(
            name="scale",
            synonyms="score scale, rating scale, scale type, survey type, 量表, 评分制, 分制, 评分标准, Skala, "
            "Bewertungsskala",
            read=lambda job, name: text.choice(load_scales(job.options.survey_scales).words),
        ),
        FileField(
            name="contact",
            synonyms="contact person, answered by, respondent, contact name, 联系人, 答复人, 填写人, 受访人, 受访者, "
            "Ansprechpartner, Beantwortet von, Teilnehmer, Kontakt",
        ),
        FileField(
            name="note",
            synonyms="comment, comments, remarks, feedback, 备注, 意见, 意见建议, 反馈, 说明, Bemerkung, "
            "Kommentar, Anmerkung, Rückmeldung",
            read=ImportJob.paragraph,
        ),
        FileField(
            name="id",
            synonyms="survey id, response id, answer id, survey no, 编号, 问卷编号, 调查编号, 答卷编号, 序号, "
            "Umfragenummer, Antwortnummer, Umfrage-Nr",
            read=ImportJob.codes,
            nothing=NOTHING_BUT_NA,
            unique=True,
        ),
    )
    staged: ClassVar = {
        "customer_id": Integer,
        "answered_on": Date,
        "score": String,
        "scale": String,
        "value": String,
        "note": String,
        "contact_person_id": Integer,
        "follow_up_from": Date,
        "follow_up_until": Date,
        "is_high": Boolean,  # not low
        "activity_id": Integer,  # once its contact is written
    }
    writes = (
        _ImportedScores(table=_score, called=N_("survey scores")),
        WrittenTable(table=_activity, called=N_("activities"), counted=False),
        WrittenTable(table=table(Fact), called=N_("facts"), counted=False),
    )
    options = (SCALE,)

    def prepare(self, job: ImportJob) -> None:
        self._customers = CustomerReferences(job.connection, job.source)
        self._scales = load_scales(job.options.survey_scales)
        given = job.options.kind_options.get(SCALE.name)
        self._usual = self._scales.require(given) if given else None
        self._unknown: list[tuple[int, str]] = []  # line and score without a scale
        self._nobody: list[tuple[int, str]] = []  # line and name that is no contact person's

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        self._customers.resolve(chunk)
        values, rows = chunk.values, range(len(chunk.lines))
        values["key"] = [
            given or derived_id((customer, day, ContactKind.SURVEY, scale, score, contact, note))
            for given, customer, day, scale, score, contact, note in zip(
                *(
                    values[name]
                    for name in ("id", "customer_id", "date", "scale", "score", "contact", "note")
                ),
                strict=True,
            )
        ]
        known = {one for one in values["customer_id"] if isinstance(one, int)}
        with Session(bind=job.connection) as session:
            tiers = tier_rows.present_tiers(session, known)
            named = any(isinstance(one, str) for one in values["contact"])
            people = contact_people.of_customers(session, known) if named else {}
        values["contact_person_id"] = [self._contact(chunk, row, people) for row in rows]
        for name in ("value", "follow_up_from", "follow_up_until", "is_high", "activity_id"):
            values[name] = [None for _ in rows]
        for row in rows:
            customer = values["customer_id"][row]
            self._count(job, chunk, row, tiers.get(customer) if isinstance(customer, int) else None)

    def _contact(self, chunk: Chunk, row: int, people: Mapping[int, Sequence[Any]]) -> int | None:
        """The contact person of the customer who has the name of the row."""
        name, customer = chunk.values["contact"][row], chunk.values["customer_id"][row]
        if not isinstance(name, str) or not isinstance(customer, int):
            return None
        same = [one for one in people.get(customer, ()) if person_key(one.name) == person_key(name)]
        if len(same) != 1:
            self._nobody.append((chunk.lines[row], name))
            return None
        return int(same[0].id)

    def _count(self, job: ImportJob, chunk: Chunk, row: int, tier: str | None) -> None:
        """Say what the score of a row counts as, and whether it is followed up; refuse one that its scale has not."""
        values = chunk.values
        given, day = values["score"][row], values["date"][row]
        if not isinstance(given, str):
            return
        scale = self._scale(chunk, row, given)
        if scale is None:
            return
        score = Decimal(given.removesuffix(PERCENT))
        refusal = scale.refusal(score)
        if refusal is None and given.endswith(PERCENT) and scale.most != HUNDRED:
            refusal = Phrase(N_("is a percentage, and its scale is %(scale)s"), scale=scale.id)
        if refusal is not None:
            chunk.refuse(row, "score", refusal)
            return
        values["score"][row], values["scale"][row] = plain(score), scale.id
        values["value"][row] = plain(self._scales.value(scale, score))
        values["is_high"][row] = score > scale.low
        if isinstance(day, str) and self._scales.is_followed_up(  # days are staged as text
            scale, score, date.fromisoformat(day), job.today
        ):
            values["follow_up_from"][row] = job.today.isoformat()
            values["follow_up_until"][row] = self._scales.deadline(tier, job.today).isoformat()

    def _scale(self, chunk: Chunk, row: int, given: str) -> SurveyScale | None:
        named = chunk.values["scale"][row]
        if isinstance(named, RefusedValue):
            return None
        scale = self._scales.find(named) if isinstance(named, str) else self._usual
        if scale is None:
            self._unknown.append((chunk.lines[row], given))
        return scale

    def check(self, job: ImportJob) -> None:
        super().check(job)
        if "id" in job.layout.places:
            find_reused(job, REUSED, self.stage, _score, "answered_on")
        if self._unknown:
            line, score = min(self._unknown)
            scales = "|".join(scale.id for scale in self._scales.scales)
            job.findings.add(
                SCALE_UNKNOWN, count=len(self._unknown), line=line, score=repr(score), scales=scales
            )
        if self._nobody:
            line, name = min(self._nobody)
            job.findings.add(NOT_A_CONTACT, count=len(self._nobody), line=line, name=repr(name))

    def columns(self, job: ImportJob) -> Mapping[str, Any]:
        found = {name: value for name, value in super().columns(job).items() if name != "activity_id"}
        # A follow-up that is open keeps its deadline.
        for name in ("follow_up_from", "follow_up_until"):
            found[name] = func.coalesce(_score.c[name], self.stage.c[name])
        return found

    def clears(self, job: ImportJob) -> Mapping[str, ColumnElement[bool]]:
        followed = dict.fromkeys(("follow_up_from", "follow_up_until"), self.stage.c.is_high)
        return {**followed, "contact_person_id": of_another_customer(_score, self.stage)}

    def defaults(self, job: ImportJob) -> Mapping[str, Any]:
        stage = self.stage.c
        new = {name: stage[name] for name in ("follow_up_from", "follow_up_until", "activity_id")}
        return {**new, "version": 1}

    def _activities(self, job: ImportJob) -> Upsert:
        """The contacts of the staged scores."""
        stage = self.stage.c
        return contacts_of_records(
            job,
            self.stage,
            ContactKind.SURVEY,
            literal("survey:") + stage.key,
            stage.answered_on,
            note=stage.note,
        )

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        """Write the contacts and the scores, and then the facts of all days that have other scores now."""
        upsert, activities, stage = self.upsert(job), self._activities(job), self.stage
        joined = stage.join(_score, upsert.match)
        before = select(_score.c.customer_id, _score.c.answered_on).select_from(joined).where(upsert.differs)
        days = {(customer, day) for customer, day in job.connection.execute(before)}
        changed = upsert.change(job.connection, batch_id)
        write_contacts(job, activities, batch_id)
        created = upsert.create(job.connection, batch_id, self.defaults(job))
        after = select(stage.c.customer_id, stage.c.answered_on).distinct()
        days.update((customer, day) for customer, day in job.connection.execute(after))
        surveys.write_facts(job.connection, days, job.now, batch_id)
        return Counts(created=created, changed=changed)
