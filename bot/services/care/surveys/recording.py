"""Recording the score of a satisfaction survey, by itself or with the step that asked for the survey."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from bot.errors import N_, BadInput, Conflict
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care import answers
from bot.services.care.answers import Answered
from bot.services.care.answers.contacts import SAME_CONTACT, check_contact
from bot.services.care.schedule import CareRules, count_again
from bot.services.survey_scales import SurveyScale, plain, read_score
from bot.wording.actions import Pointer
from bot.wording.care.surveys import ScoreLogged
from db.audit import AuditAction, ObjectKind
from db.book import contact_people
from db.book.customers import CustomerRow
from db.book.facts import Activity, ContactKind
from db.care import surveys, touches
from db.care.surveys import StoredScore, SurveyScore
from db.engine import Database
from db.graded import tier_rows
from db.processes import InboundKey
from grading.scheme.model import BLOCKED

LONGEST = 2_000  # characters of a note


@dataclass(frozen=True, kw_only=True)
class SurveyAnswer:
    """What a person enters about a survey that a customer answered."""

    score: str
    scale: str | None
    answered_on: date | None = None  # None: today
    contact_person_id: int | None = None  # who answered
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class RecordedScore:
    """What recording a score, or taking it back, has made of it."""

    message: ScoreLogged
    customer_id: int
    score_id: int


@dataclass(frozen=True, kw_only=True)
class _Checked:
    """An answer that can be recorded."""

    score: Decimal
    scale: SurveyScale
    answered_on: date
    contact_person_id: int | None
    note: str | None


def check_answer(actor: Actor, answer: SurveyAnswer, rules: CareRules, now: datetime) -> _Checked:
    """What is recorded of an answer. Raises BadInput. Reads nothing, so that a form is answered at once."""
    scale = rules.surveys.require(answer.scale)
    score = read_score(answer.score)
    if score is None:
        msgid = N_("%(score)s is not a score; write a number with at most two decimals.")
        raise BadInput(msgid, score=answer.score[:40]).of("score")
    if (refusal := scale.refusal(score)) is not None:
        raise BadInput(
            N_("%(reason)s; choose the scale of the survey, or correct the score."), reason=refusal
        ).of("score")
    answered_on = answer.answered_on or actor.today(now)
    try:
        check_contact(actor, ContactKind.SURVEY, answered_on, now)
    except BadInput as error:
        raise error.of("day") from None
    note = (answer.note or "").strip() or None
    if note is not None and len(note) > LONGEST:
        raise BadInput(N_("Write a note of at most %(most)s characters."), most=LONGEST).of("note")
    return _Checked(
        score=score,
        scale=scale,
        answered_on=answered_on,
        contact_person_id=answer.contact_person_id,
        note=note,
    )


def record_score(
    database: Database,
    actor: Actor,
    answer: SurveyAnswer,
    *,
    meant: int | Pointer,
    source: str,
    external_id: str,
    rules: CareRules,
    now: datetime,
    before_commit: Callable[[], None] = lambda: None,
) -> RecordedScore:
    """Record a score with its contact; the next grading counts it, and the clocks restart from its day.

    The same source and id again correct what was recorded. The same content under another id within minutes records
    nothing: the person did not see that the first had arrived. `before_commit` may raise, to record nothing.
    """
    checked = check_answer(actor, answer, rules, now)
    with database.write() as session:
        customer = access.customer_for(session, actor, Act.LOG_CONTACT, meant)
        touches.lock(session, [customer.id])  # so that a second submission at the same time sees the first
        known = surveys.by_external_id(session, source, external_id)
        if known is None and (same := _same(session, actor, customer, checked, now)) is not None:
            before_commit()
            return logged(session, rules, same, repeated=True)
        if known is not None and known.customer_id != customer.id:
            raise Conflict(N_("This is the id of another survey. Open the form again, or give another id."))
        activity = _write_activity(session, actor, customer, checked, source, external_id, known, now)
        found, has_changed = _write(session, actor, rules, checked, activity, source, external_id, known, now)
        before_commit()
        corrected = known is not None and has_changed
        return logged(
            session,
            rules,
            found,
            repeated=not has_changed,
            corrected=corrected,
            may_undo=known is None,
        )


def finish(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    *,
    answer: SurveyAnswer | None,
    rules: CareRules,
    now: datetime,
    request: InboundKey,
    before_commit: Callable[[], None] = lambda: None,
) -> Answered:
    """Done for a step that asked for a survey, with the score where it is known. Raises as `answers.finish`."""
    if answer is None:
        return answers.finish(
            database, actor, pointer, rules=rules, now=now, request=request, before_commit=before_commit
        )
    checked = check_answer(actor, answer, rules, now)

    def record(session: Session, customer: CustomerRow, activity_id: int) -> None:
        activity = session.get_one(Activity, activity_id)
        activity.note = checked.note
        _write(session, actor, rules, checked, activity, activity.source, activity.external_id, None, now)

    return answers.finish(
        database,
        actor,
        pointer,
        rules=rules,
        now=now,
        request=request,
        then=record,
        before_commit=before_commit,
    )


def _write_activity(
    session: Session,
    actor: Actor,
    customer: CustomerRow,
    checked: _Checked,
    source: str,
    external_id: str,
    known: SurveyScore | None,
    now: datetime,
) -> Activity:
    """The contact of a score, as it was entered."""
    content: dict[str, Any] = {"happened_on": checked.answered_on, "note": checked.note}
    activity = session.get(Activity, known.activity_id) if known is not None else None
    if activity is None:
        activity = Activity(
            customer_id=customer.id,
            source=source,
            external_id=f"survey:{external_id}",
            kind=ContactKind.SURVEY,
            person_id=actor.person_id or None,
            recorded_at=now,
            **content,
        )
    activity.sqlmodel_update(content)
    session.add(activity)
    session.flush()
    return activity


def _write(
    session: Session,
    actor: Actor,
    rules: CareRules,
    checked: _Checked,
    activity: Activity,
    source: str,
    external_id: str,
    known: SurveyScore | None,
    now: datetime,
) -> tuple[StoredScore, bool]:
    """Write a score, the fact that follows from it and what planning makes of it; whether anything has changed."""
    customer_id, today = activity.customer_id, actor.today(now)
    values: dict[str, Any] = {
        "answered_on": checked.answered_on,
        "score": plain(checked.score),
        "scale": checked.scale.id,
        "value": plain(rules.surveys.value(checked.scale, checked.score)),
        "contact_person_id": _contact_person(session, customer_id, checked),
        "follow_up_from": None,
        "follow_up_until": None,
    }
    if rules.surveys.is_followed_up(checked.scale, checked.score, checked.answered_on, today):
        tier = tier_rows.present_tiers(session, [customer_id]).get(customer_id)
        values |= {"follow_up_from": today, "follow_up_until": rules.surveys.deadline(tier, today)}
    if known is not None and known.follow_up_from is not None and values["follow_up_from"] is not None:
        values |= {"follow_up_from": known.follow_up_from, "follow_up_until": known.follow_up_until}
    days = {(customer_id, checked.answered_on)}
    before: dict[str, Any] | None = None
    if known is None:
        known = SurveyScore(
            customer_id=customer_id,
            activity_id=activity.id or 0,
            source=source,
            external_id=external_id,
            **values,
        )
        has_changed = True
    else:
        before = {"scale": known.scale, "day": known.answered_on}
        days.add((customer_id, known.answered_on))
        has_changed = any(getattr(known, name) != value for name, value in values.items())
        known.sqlmodel_update({**values, "version": known.version + has_changed})
    session.add(known)
    session.flush()
    found = surveys.row(session, known.id or 0)
    assert found is not None
    if has_changed:
        surveys.write_facts(session.connection(), days, now)
        count_again(session, rules, customer_id, now)
        action = AuditAction.SURVEY_RECORDED if before is None else AuditAction.SURVEY_CORRECTED
        after = {"survey_score": found.id, "scale": found.scale, "day": found.answered_on}
        actor.record(session, action, ObjectKind.CUSTOMER, customer_id, before=before, after=after)
    return found, has_changed


def _contact_person(session: Session, customer_id: int, checked: _Checked) -> int | None:
    if checked.contact_person_id is None:
        return None
    person = contact_people.get(session, checked.contact_person_id)
    if person is None or person.customer_id != customer_id:
        raise BadInput(N_("This contact person is no longer there. Choose another one, or nobody.")).of(
            "contact"
        )
    return person.id


def _same(
    session: Session, actor: Actor, customer: CustomerRow, checked: _Checked, now: datetime
) -> StoredScore | None:
    """The score with this content that the actor recorded a moment ago."""
    found, _ = surveys.listed(session, owners=None, customer_id=customer.id, low=False, most=100)
    content = (
        *(plain(checked.score), checked.scale.id, checked.answered_on, checked.contact_person_id),
        *(checked.note, actor.person_id or None),
    )
    return next(
        (
            one
            for one in found
            if one.recorded_at > now - SAME_CONTACT
            and (
                *(one.score, one.scale, one.answered_on, one.contact_person_id),
                *(one.note, one.recorded_by),
            )
            == content
        ),
        None,
    )


def logged(session: Session, rules: CareRules, found: StoredScore, **fields: Any) -> RecordedScore:
    """What is said of a score that was recorded or taken back."""
    follow_up = None
    if found.follow_up_from is not None:
        tier = tier_rows.present_tiers(session, [found.customer_id]).get(found.customer_id)
        follow_up = "ungraded" if tier is None else "blocked" if tier == BLOCKED else "owed"
    message = ScoreLogged(
        score_id=found.id,
        version=found.version,
        customer_id=found.customer_id,
        name=found.name,
        code=found.code,
        score=found.score,
        scale=rules.surveys.name(found.scale),
        value=found.value,
        least=plain(rules.surveys.indicator.least),
        most=plain(rules.surveys.indicator.most),
        answered_on=found.answered_on,
        follow_up=follow_up,
        follow_up_until=found.follow_up_until,
        **fields,
    )
    return RecordedScore(message=message, customer_id=found.customer_id, score_id=found.id)
