"""Credit: what a customer's assessment proposes, what the customer owes, and what a named person approved."""

import math
import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from bot.errors import N_, BadInput, NotReady
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.schemes.store import SchemeCache
from db.audit import AuditAction, ObjectKind
from db.book.customers import CustomerRow
from db.book.trade import invoices
from db.engine import Database
from db.graded import assessments, credit, figures
from db.graded.credit import CreditApproval
from db.graded.runs import Purpose
from grading.engine.inputs import unpack
from grading.indicators.orders import window_start
from grading.scheme.credit import STATEMENT_DAYS, VALID_DAYS, propose
from grading.scheme.model import LIMIT_FIELDS, ZONE, Scheme

# Commas only between groups of three; three digits after a dot may be thousands as well.
_AMOUNT = re.compile(r"-?(\d+|\d{1,3}(,\d{3})+)(\.(?!\d{3}$)\d+)?")
_SEPARATED = re.compile(r"-?\d[\d.,]*")
_PLACES = Decimal("0.0001")
MOST_TERMS = 3650
MASKED = ("approved_limit", "limit", "net_worth")
LOCK = "credit"  # of those who approve some
NOT_YOUR_CREDIT = N_("There is no such customer whose credit you may decide.")


@dataclass(frozen=True, kw_only=True)
class ApprovalRequest:
    """The approval that somebody asks for; None is what was proposed."""

    limit: Decimal | None
    terms_days: int | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class Approved:
    """One approval, with what was proposed then."""

    approved_on: date
    approved_by: str
    limit: Decimal | None  # None where it is masked
    terms_days: int
    proposed_limit: Decimal | None
    proposed_terms: int | None
    grade: str
    assessed_on: date
    reason: str


@dataclass(frozen=True, kw_only=True)
class Credit:
    """A customer's credit as people see it; money in `currency`."""

    code: str
    name: str
    grade: str
    score: float | None
    assessed_on: date
    valid_until: date
    valid: bool
    capped_by: str | None
    z_zone: str | None
    scheme: str
    scheme_version: int
    currency: str | None
    terms_days: int | None
    limit: Decimal | None
    behaviour_only: bool
    lacking: tuple[str, ...]
    avg_monthly_purchases: Decimal | None
    net_worth: Decimal | None
    exposure: Decimal
    overdue: Decimal
    approved: tuple[Approved, ...]  # newest first: the first one holds
    masked: tuple[str, ...] = ()  # what is None because it is not shown


@dataclass(frozen=True, kw_only=True)
class Decidable:
    """A limit and terms that may be approved, by the credit as it is."""

    credit: Credit
    limit: Decimal
    terms_days: int


def show(
    database: Database, scheme_cache: SchemeCache, actor: Actor, customer_id: int, *, today: date
) -> Credit:
    """The newest assessment with what it proposes, what is owed today, and the approvals.

    Raises NotFound for a customer that is not the actor's, NotReady for one without an assessment.
    """
    with database.read() as session:
        customer = access.customer_for(session, actor, Act.SEE, customer_id)
        return _credit(session, scheme_cache, customer, today)


def masked(found: Credit, *, decided: int = 0) -> Credit:
    """The same without the customer's net worth, and without limits, but those of the `decided` newest approvals."""
    hidden = tuple(name for name in ("limit", "net_worth") if getattr(found, name) is not None)
    if found.approved:
        hidden += ("approved_limit",)
    approved = found.approved[:decided]
    approved += tuple(replace(one, limit=None, proposed_limit=None) for one in found.approved[decided:])
    return replace(found, limit=None, net_worth=None, approved=approved, masked=hidden)


def approve(
    database: Database,
    scheme_cache: SchemeCache,
    actor: Actor,
    customer_id: int,
    request: ApprovalRequest,
    *,
    today: date,
    now: datetime,
) -> Credit:
    """Store terms and a limit that the actor approves; earlier approvals stay on record.

    Raises NotFound for a customer whose credit is not the actor's to decide, NotReady when the newest assessment is
    older than 120 days, BadInput without a reason or without a limit or terms that are proposed or given.
    """
    with database.write(lock=LOCK) as session:
        customer = access.customer_for(session, actor, Act.APPROVE_CREDIT, customer_id, NOT_YOUR_CREDIT)
        put(session, scheme_cache, actor, customer, request, today=today, now=now)
        return _credit(session, scheme_cache, customer, today)


def put(
    session: Session,
    scheme_cache: SchemeCache,
    actor: Actor,
    customer: CustomerRow,
    request: ApprovalRequest,
    *,
    today: date,
    now: datetime,
) -> None:
    """Store an approval in the caller's transaction, which holds `LOCK`. Raises what `decidable` raises."""
    wanted = decidable(session, scheme_cache, customer, request, today)
    assessed = wanted.credit
    newest = assessments.newest(session, customer.id, Purpose.CREDIT)[0]
    session.add(
        CreditApproval(
            customer_id=customer.id,
            assessed_on=assessed.assessed_on,
            grade=assessed.grade,
            scheme_version_id=newest[0].scheme_version_id or newest[1].scheme_version_id,
            proposed_limit=assessed.limit,
            proposed_terms=assessed.terms_days,
            approved_limit=wanted.limit,
            approved_terms=wanted.terms_days,
            currency=assessed.currency,
            reason=request.reason.strip(),
            approved_by=actor.name,
            approved_on=today,
            approved_at=now,
        )
    )
    session.flush()
    figures.set_limit(session, customer.id, wanted.limit, assessed.currency)
    held = assessed.approved[0] if assessed.approved else None
    actor.record(
        session,
        AuditAction.CREDIT_APPROVED,
        ObjectKind.CUSTOMER,
        customer.id,
        before={"limit": held.limit, "terms": held.terms_days} if held else None,
        after={
            "limit": wanted.limit,
            "terms": wanted.terms_days,
            "proposed_limit": assessed.limit,
            "proposed_terms": assessed.terms_days,
            "grade": assessed.grade,
            "currency": assessed.currency,
        },
    )


def to_limit(text: str) -> Decimal:
    """The limit that somebody wrote. Raises BadInput, also where a comma or dot may be read in two ways."""
    if _AMOUNT.fullmatch(text):
        return Decimal(text.replace(",", ""))
    msgid = N_("%(text)s is not an amount. Write it as 250000.")
    if _SEPARATED.fullmatch(text):
        msgid = N_("It is not clear which amount %(text)s is. Write it as 250000 or 250000.50.")
    raise BadInput(msgid, text=text).of("limit")


def decidable(
    session: Session, scheme_cache: SchemeCache, customer: CustomerRow, request: ApprovalRequest, today: date
) -> Decidable:
    """The limit and terms that an approval would store.

    Raises NotReady without an assessment of the last 120 days, BadInput without a reason or for limits and terms that
    cannot be.
    """
    found = valid_credit(session, scheme_cache, customer, today)
    limit, terms = _decide(request, found)
    return Decidable(credit=found, limit=limit, terms_days=terms)


def valid_credit(session: Session, scheme_cache: SchemeCache, customer: CustomerRow, today: date) -> Credit:
    """A customer's credit, for who has a right to it. Raises NotReady without an assessment of the last 120 days."""
    found = _credit(session, scheme_cache, customer, today)
    if not found.valid:
        raise NotReady(
            N_(
                "The newest credit assessment of %(name)s is as of %(day)s, older than %(days)s days."
                " Assess again first: tierbot grade --purpose credit"
            ),
            name=customer.name,
            day=found.assessed_on,
            days=VALID_DAYS,
        )
    return found


def _decide(request: ApprovalRequest, present: Credit) -> tuple[Decimal, int]:
    if not request.reason.strip():
        raise BadInput(N_("Say why: an approval needs a reason."))
    limit = present.limit if request.limit is None else request.limit
    terms = present.terms_days if request.terms_days is None else request.terms_days
    if limit is None or terms is None:
        raise BadInput(
            N_("The grade %(grade)s of %(name)s proposes no limit and terms. Give both, a limit and terms."),
            grade=present.grade,
            name=present.name,
        ).of("limit")
    if not limit.is_finite() or not 0 <= limit < Decimal(10) ** 14:
        raise BadInput(
            N_("The limit %(limit)s is not possible; give an amount of 0 or more."), limit=limit
        ).of("limit")
    if not 0 <= terms <= MOST_TERMS:
        msgid = N_("The terms in days cannot be %(days)s; give 0 to %(most)s.")
        raise BadInput(msgid, days=terms, most=MOST_TERMS).of("terms")
    return limit.quantize(_PLACES), terms


def _credit(session: Session, scheme_cache: SchemeCache, customer: CustomerRow, today: date) -> Credit:
    newest = assessments.newest(session, customer.id, Purpose.CREDIT)
    if not newest and customer.record_type != Purpose.ACCOUNT:
        raise NotReady(
            N_("%(name)s is a prospect. Credit is assessed for accounts: from the first order on."),
            name=customer.name,
        )
    if not newest:
        raise NotReady(
            N_("%(name)s has no credit assessment yet. Make one: tierbot grade --scheme credit_assessment"),
            name=customer.name,
        )
    row, run = newest[0]
    if row.scheme_version_id is None:
        raise NotReady(
            N_("No credit scheme in force applies to %(name)s. See which there are: tierbot scheme list"),
            name=customer.name,
        )
    scheme = scheme_cache.scheme(session, row.scheme_version_id)
    purchases, net_worth, measured, zone = _known(row.inputs, scheme)
    if measured is not None and measured < run.as_of - timedelta(days=STATEMENT_DAYS):
        net_worth = None
    proposal = propose(scheme, row.tier, purchases, net_worth)
    exposure, overdue = _owed(session, customer.id, today)
    valid_until = run.as_of + timedelta(days=VALID_DAYS)
    return Credit(
        code=customer.code,
        name=customer.name,
        grade=row.tier,
        score=row.score,
        assessed_on=run.as_of,
        valid_until=valid_until,
        valid=valid_until >= today,
        capped_by=row.capped_by,
        z_zone=zone,
        scheme=scheme.scheme,
        scheme_version=scheme.version,
        currency=scheme.currency,
        terms_days=proposal.terms_days if proposal else None,
        limit=proposal.limit if proposal else None,
        behaviour_only=bool(proposal and proposal.behaviour_only),
        lacking=proposal.lacking if proposal else (),
        avg_monthly_purchases=purchases,
        net_worth=net_worth,
        exposure=exposure,
        overdue=overdue,
        approved=tuple(map(_approved, credit.approvals(session, customer.id))),
    )


def _owed(session: Session, customer_id: int, today: date) -> tuple[Decimal, Decimal]:
    """(open invoices, the part past due) at the end of a day, net of credit notes."""
    rows = invoices.invoice_aggregates(
        session, as_of=today, start=window_start(today, 12), customer_ids=[customer_id]
    )
    exposure, overdue = rows[0][1:3] if rows else (0, 0)
    return Decimal(str(exposure)).quantize(_PLACES), Decimal(str(overdue)).quantize(_PLACES)


def _known(inputs: bytes, scheme: Scheme) -> tuple[Decimal | None, Decimal | None, date | None, str | None]:
    """(average monthly purchases, net worth and its day, zone) from stored inputs."""
    columns = unpack([inputs], scheme)
    cells = {name: column[0] for name, column in columns.items()}
    purchases, net_worth = (_money(cells.get(name)) for name in LIMIT_FIELDS)
    day = cells.get("net_worth@date")
    return purchases, net_worth, None if day is None else day.item(), cells.get(ZONE)


def _money(value: Any) -> Decimal | None:
    """An amount from a number column; None for a scheme that has it as a word."""
    if not isinstance(value, float) or not math.isfinite(value):
        return None
    return Decimal(str(float(value))).quantize(_PLACES)


def _approved(row: CreditApproval) -> Approved:
    same = (
        "approved_on",
        "approved_by",
        "proposed_limit",
        "proposed_terms",
        "grade",
        "assessed_on",
        "reason",
    )
    own = {name: getattr(row, name) for name in same}
    return Approved(limit=row.approved_limit, terms_days=row.approved_terms, **own)
