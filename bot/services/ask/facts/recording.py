"""Recording a fact or a judgement about a customer by hand, and taking it back within minutes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from bot.errors import N_, BadInput, Conflict, Hidden, NotAllowed
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.ask.facts.fields import FactField, FactFields
from bot.services.ask.facts.rights import refuse_masked
from bot.services.care.answers.contacts import LONGEST_AGO
from bot.services.care.schedule import CareRules, count_again
from bot.services.schemes.store import SchemeCache
from bot.wording.actions import Pointer
from bot.wording.ask.facts import FactRecorded
from bot.wording.parts import MASKED
from db.audit import AuditAction, ObjectKind
from db.book import facts
from db.book.customers import CustomerRow
from db.book.facts import RECORDED_HERE, Fact
from db.care import touches
from db.engine import Database
from db.processes import InboundKey, Repeated, take_request

UNDO = timedelta(minutes=10)
LONGEST = 2_000  # characters of evidence
GONE = N_("This fact is no longer there, or not for you.")


@dataclass(frozen=True, kw_only=True)
class GivenFact:
    """What a person enters about a fact."""

    field: str
    value: str
    measured_on: date | None = None  # None: today
    evidence: str | None = None


@dataclass(frozen=True, kw_only=True)
class RecordedFact:
    """What recording a fact, or taking it back, has made of it."""

    message: FactRecorded
    fact_id: int


@dataclass(frozen=True, kw_only=True)
class ToRecord:
    """What a form says about a fact before it is recorded; the value known so far stays behind its mask."""

    name: str
    code: str
    field: FactField
    known: Fact | None


def to_record(
    session: Session, scheme_cache: SchemeCache, actor: Actor, meant: Pointer, today: date
) -> ToRecord:
    """What the form of a fact says. Raises Hidden, NotAllowed, and BadInput for what no scheme asks for."""
    customer = access.customer_for(session, actor, Act.LOG_CONTACT, meant)
    field = FactFields(session, scheme_cache, today).require(meant.query or "")
    refuse_masked(actor, customer, is_masked=field.masked)
    return ToRecord(
        name=customer.name,
        code=customer.code,
        field=field,
        known=facts.newest(session, customer.id, field.id),
    )


def record_fact(
    database: Database,
    scheme_cache: SchemeCache,
    actor: Actor,
    given: GivenFact,
    *,
    meant: int | Pointer,
    source: str,
    request: InboundKey,
    rules: CareRules,
    now: datetime,
    before_commit: Callable[[], None] = lambda: None,
) -> RecordedFact:
    """Record a fact as of a day; the customer is graded again, and its care planned by it.

    Another value of the same source for that day supersedes the earlier one. The same request again, and the same content
    again, record nothing. `before_commit` may raise, to record nothing. Raises BadInput, Hidden and NotAllowed.
    """
    today = actor.today(now)
    with (
        database.read() as session
    ):  # so that what cannot be is said at once, also while another writer is at work
        fields = FactFields(session, scheme_cache, today)
    field = fields.require(given.field)
    value = fields.read(field, given.value)
    day, evidence = _day(given.measured_on, today), _evidence(given.evidence, field)
    with database.write() as session:
        customer = access.customer_for(session, actor, Act.LOG_CONTACT, meant)
        refuse_masked(actor, customer, is_masked=field.masked)
        touches.lock(session, [customer.id])  # so that a second submission at the same time sees the first
        earlier = facts.stated(session, customer.id, field.id, day, source)
        current = next((one for one in earlier if one.superseded_at is None), None)
        is_same = current is not None and (current.value, current.evidence, current.author) == (
            value,
            evidence,
            actor.name,
        )
        try:
            take_request(session, request, now)
        except Repeated:
            before_commit()
            if current is None and earlier:  # it was taken back since
                return _said(session, customer, field, earlier[0], now, outcome="taken_back")
            if current is None:
                raise Hidden(GONE) from None
            return _said(session, customer, field, current, now, outcome="repeated")
        if current is not None and is_same:
            before_commit()
            return _said(session, customer, field, current, now, outcome="repeated")
        if current is not None:
            current.superseded_at = now
            session.add(current)
            session.flush()  # of one source, one value of a day holds
        recorded = Fact(
            customer_id=customer.id,
            field=field.id,
            measured_on=day,
            value=value,
            source=source,
            author=actor.name,
            evidence=evidence,
            recorded_at=now,
        )
        session.add(recorded)
        session.flush()
        count_again(session, rules, customer.id, now)
        corrected = current is not None
        action = AuditAction.FACT_CORRECTED if corrected else AuditAction.FACT_RECORDED
        actor.record(session, action, ObjectKind.CUSTOMER, customer.id, after=_audited(recorded))
        before_commit()
        outcome = "corrected" if corrected else "recorded"
        return _said(session, customer, field, recorded, now, outcome=outcome)


def undo(
    database: Database,
    scheme_cache: SchemeCache,
    actor: Actor,
    pointer: Pointer,
    *,
    within: timedelta | None = UNDO,
    rules: CareRules,
    now: datetime,
    request: InboundKey,
) -> RecordedFact:
    """Take back a fact that the actor recorded a moment ago; what it had corrected holds again.

    Raises Repeated, Hidden, NotAllowed, and Conflict for a fact that came by import, that does not hold any more, or
    for which it is too late. Without `within` it is never too late.
    """
    with database.write() as session:
        take_request(session, request, now)
        found = session.get(Fact, pointer.id)
        if found is None:
            raise Hidden(GONE)
        meant = Pointer(id=found.customer_id, mark=pointer.mark)
        customer = access.customer_for(session, actor, Act.LOG_CONTACT, meant, GONE)
        touches.lock(session, [customer.id])
        session.refresh(found)
        field = FactFields(session, scheme_cache, actor.today(now)).of_stored(found.field)
        refuse_masked(actor, customer, is_masked=field.masked)
        if found.batch_id is not None:
            raise Conflict(
                N_(
                    "This fact came with import %(batch)d: tierbot import undo %(batch)d takes the file back."
                ),
                batch=found.batch_id,
            )
        if found.source not in RECORDED_HERE:
            raise Conflict(N_("This fact was not recorded by hand, so it is not taken back here."))
        if found.superseded_at is not None:
            raise Conflict(N_("This fact was corrected or taken back before."))
        if within is not None and found.author != actor.name:
            raise NotAllowed(N_("Only the person who did this can take it back."))
        if within is not None and now - found.recorded_at > within:
            raise Conflict(
                N_("This could be taken back for ten minutes, and they are over. It stays as it is.")
            )
        found.superseded_at = now
        session.add(found)
        session.flush()
        stated = facts.stated(session, found.customer_id, found.field, found.measured_on, found.source)
        for one in stated:
            if one.id != found.id and one.superseded_at == found.recorded_at and not one.superseded_by_batch:
                one.superseded_at = None
                session.add(one)
                break
        session.flush()
        count_again(session, rules, customer.id, now)
        actor.record(
            session, AuditAction.FACT_UNDONE, ObjectKind.CUSTOMER, customer.id, before=_audited(found)
        )
        return _said(session, customer, field, found, now, outcome="taken_back")


def _day(given: date | None, today: date) -> date:
    day = given or today
    if day > today:
        raise BadInput(N_("The day lies in the future. Choose today or an earlier day.")).of("day")
    if day < today - LONGEST_AGO:
        raise BadInput(N_("The day is more than ten years ago. Choose a later one.")).of("day")
    return day


def _evidence(given: str | None, field: FactField) -> str | None:
    evidence = (given or "").strip() or None
    if evidence is None and field.judged:
        raise BadInput(
            N_("%(name)s is a judgement: write what you base it on."),
            name=field.name,
        ).of("evidence")
    if evidence is not None and len(evidence) > LONGEST:
        raise BadInput(N_("Write at most %(most)s characters."), most=LONGEST).of("evidence")
    return evidence


def _audited(fact: Fact) -> dict[str, object]:
    """What the audit says of a fact: not its value."""
    return {"fact": fact.id, "field": fact.field, "day": fact.measured_on}


def _said(
    session: Session, customer: CustomerRow, field: FactField, fact: Fact, now: datetime, *, outcome: str
) -> RecordedFact:
    newest = facts.newest(session, customer.id, field.id)
    message = FactRecorded(
        fact_id=fact.id or 0,
        customer_id=customer.id,
        name=customer.name,
        code=customer.code,
        names=field.names,
        unit=field.unit,
        value=MASKED if field.masked else field.shown(fact.value),
        measured_on=fact.measured_on,
        outcome=outcome,
        later=newest.measured_on if newest and newest.measured_on > fact.measured_on else None,
        may_undo=outcome != "taken_back" and fact.batch_id is None and now - fact.recorded_at <= UNDO,
    )
    return RecordedFact(message=message, fact_id=fact.id or 0)
