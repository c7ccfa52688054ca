"""The page of a customer before a visit, put together from what the book says on a day."""

from datetime import date
from typing import Any

from sqlmodel import Session

from bot.masking import mask_text
from bot.services import access
from bot.services.access import Act, Actor, can
from bot.services.ask.brief import known
from bot.services.ask.brief.trade import credit_parts, invoice_parts, trade_parts
from bot.services.ask.brief.worth import MOST_POINTS, graded_fields, score_points
from bot.services.ask.graded import graded_of
from bot.services.ask.masks import masked_fields
from bot.services.care.schedule import CareRules
from bot.services.care.surveys.views import last_scores
from bot.services.schemes.store import SchemeCache
from bot.wording.actions import Pointer
from bot.wording.ask.briefs import (
    ProspectCard,
    ProspectCardInFull,
    VisitBrief,
    VisitBriefInFull,
)
from bot.wording.parts import NextStep, Who
from db.audit import AuditAction, ObjectKind
from db.book import contact_people, facts, people, traits
from db.book.customers import CustomerRow, RecordType
from db.engine import Database
from db.graded import credit
from db.privacy import is_masked, of_field

Page = VisitBrief | ProspectCard
WholePage = VisitBriefInFull | ProspectCardInFull


def brief(
    session: Session,
    scheme_cache: SchemeCache,
    rules: CareRules,
    actor: Actor,
    meant: int | Pointer,
    today: date,
    *,
    refusal: str = access.NOT_YOURS,
    visit: NextStep | None = None,
) -> Page:
    """The page of an account, or the card of a prospect, with masks. Raises Hidden for what is not the actor's.

    `visit`: the planned visit for which it is sent.
    """
    customer = access.customer_for(session, actor, Act.SEE, meant, refusal)
    fields = _fields(session, scheme_cache, rules, actor, customer, today, in_full=False) | {"visit": visit}
    if customer.record_type == RecordType.PROSPECT:
        return ProspectCard(**fields)
    return VisitBrief(**fields)


def in_full(
    database: Database,
    scheme_cache: SchemeCache,
    rules: CareRules,
    actor: Actor,
    meant: int | Pointer,
    today: date,
) -> WholePage:
    """The same without masks, for who may see that; the audit records it with the names of the fields."""
    with database.write() as session:
        customer = access.customer_for(session, actor, Act.UNMASK, meant)
        actor.record(
            session,
            AuditAction.PERSONAL_SHOWN,
            ObjectKind.CUSTOMER,
            customer.id,
            after={"fields": _masked_names(session, scheme_cache, rules, customer)},
        )
        fields = _fields(session, scheme_cache, rules, actor, customer, today, in_full=True)
        if customer.record_type == RecordType.PROSPECT:
            return ProspectCardInFull(**fields)
        return VisitBriefInFull(**fields)


def _fields(
    session: Session,
    scheme_cache: SchemeCache,
    rules: CareRules,
    actor: Actor,
    customer: CustomerRow,
    today: date,
    *,
    in_full: bool,
) -> dict[str, Any]:
    """The fields of a page. Every list is cut, with how many rows are left out."""
    number = customer.id
    contacts, last_contact = known.contact_rows(session, number)
    graded = graded_of(session, scheme_cache, customer)
    scheme = graded.scheme if graded else None
    points, left_out = score_points(session, scheme_cache, customer, MOST_POINTS)
    common = {
        **access.about(customer),
        "day": today,
        "owner": None
        if customer.owner_name is None
        else Who(name=customer.owner_name, slack_user_id=customer.owner_slack_user_id),
        **graded_fields(
            session, scheme_cache, customer, graded, last_contact, today, in_full=in_full, actor=actor
        ),
        "history": tuple(reversed(points)),
        "more_history": left_out,
        **contacts,
        **known.promise_rows(session, number, today),
        **known.complaint_rows(session, rules.complaints, number, today),
        **known.person_rows(session, number, today, in_full=in_full),
        **known.profile_rows(session, rules.traits, number, in_full=in_full),
        **known.fact_rows(session, scheme, number, in_full=in_full),
        "scores": last_scores(session, rules.surveys, number),
        **known.step_rows(session, rules.plans, number, today),
        "may_unmask": can(actor, Act.UNMASK, customer),
        "may_log": can(actor, Act.LOG_CONTACT, customer),
        "wants_briefs": people.wants_briefs(session, actor.person_id),
    }
    if customer.record_type == RecordType.PROSPECT:
        return common
    return {
        **common,
        "trade": trade_parts(session, number, today),
        "through": graded.run.orders_through if graded else None,
        **invoice_parts(session, number, today),
        "credit": credit_parts(session, number, today, in_full=in_full),
    }


def _masked_names(
    session: Session, scheme_cache: SchemeCache, rules: CareRules, customer: CustomerRow
) -> list[str]:
    """The names of what is masked of a customer otherwise."""
    graded = graded_of(session, scheme_cache, customer)
    names = set(masked_fields(graded.scheme)) if graded else set()
    held = {field for field, value, _ in facts.current(session, customer.id) if mask_text(value) != value}
    held |= {field for field, _, _ in facts.current(session, customer.id) if is_masked(of_field(field))}
    names = {name for name in names if name in held} | held
    if credit.approvals(session, customer.id):
        names.add("approved_limit")
    present = traits.present(session, customer.id)
    names |= {one.field for one in present if rules.traits.is_personal(one.field)}
    for person in contact_people.of_customer(session, customer.id):
        told = ("email", "phone", "birthday", "interests", "note")
        names |= {f"contact_person.{name}" for name in told if getattr(person, name)}
    return sorted(names)
