"""Overrides: a person's tier instead of the computed one, with a reason and an end."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlmodel import Session

from bot.errors import N_, BadInput, Conflict, NotAllowed, NotFound
from bot.services import access
from bot.services.access import Act, Actor, Owned
from bot.services.grade import scheme_choice
from bot.services.grade.regrades import regrade
from bot.services.grade.runs import Notify
from bot.services.schemes import store
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from db.audit import AuditAction, AuditActor, ObjectKind
from db.book import people
from db.book.customers import Customer, CustomerRow
from db.engine import Database
from db.graded import overrides
from db.graded.overrides import Override
from grading.scheme.model import Scheme

LOCK = "override"  # of those who set or end some
NOT_ALLOWED = N_("The scheme %(scheme)s does not allow overrides.")
NOT_YOUR_TIER = N_("There is no such customer whose tier you may decide.")


@dataclass(frozen=True, kw_only=True)
class OverrideRequest:
    """The override that somebody asks for."""

    tier: str
    reason: str
    approver: str | None = None  # e-mail address
    expires_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Decided:
    """An override as people see it."""

    id: int
    code: str
    name: str
    purpose: str
    tier: str
    reason: str
    approver: str | None
    approved_alone: bool
    set_by: str
    starts_on: date
    expires_on: date | None
    ended_at: datetime | None
    ended_by: str | None
    end_reason: str | None


def set_override(
    database: Database,
    scheme_cache: SchemeCache,
    actor: Actor,
    customer_id: int,
    request: OverrideRequest,
    *,
    settings: Settings,
    today: date,
    now: datetime,
    notify: Notify | None,
) -> Decided:
    """Replace the computed tier by a person's, from today on, and notify of the change.

    The computed tier is still kept, and an active cap still applies. Raises BadInput for what the scheme does not allow
    or asks for, Conflict while another override holds, NotFound for a customer that is not the actor's, and what
    `approver_of` raises.
    """
    given = (request.approver or "").strip() or None
    request = replace(request, reason=request.reason.strip(), approver=given)
    with database.write(lock=LOCK) as session:
        customer = access.customer_for(session, actor, Act.OVERRIDE, customer_id, NOT_YOUR_TIER)
        check(session, scheme_cache, customer, request, today)
        approver = None
        if request.approver is not None:
            approver = approver_of(session, request.approver, actor, customer, settings, now)
        row = put(session, actor, customer, request, approver, set_by=actor.who, today=today, now=now)
    regrade(
        database, scheme_cache, [customer.id], for_purpose=row.purpose, today=today, now=now, notify=notify
    )
    return _decided(row, customer)


def put(
    session: Session,
    actor: Actor,
    customer: CustomerRow,
    request: OverrideRequest,
    approver: Actor | None,
    *,
    set_by: AuditActor,
    today: date,
    now: datetime,
) -> Override:
    """Store an override that was checked, in the caller's transaction, which holds `LOCK`; the caller grades again.

    `actor` is who does it now, `set_by` who wanted it.
    """
    alone = approver is not None and approver.who.person_id == set_by.person_id
    row = Override(
        customer_id=customer.id,
        purpose=customer.record_type,
        tier=request.tier,
        reason=request.reason,
        approver=approver.name if approver else None,
        approver_id=approver.who.person_id if approver else None,
        approved_alone=alone,
        set_by=set_by.name,
        set_at=now,
        starts_on=today,
        expires_on=request.expires_on,
    )
    session.add(row)
    session.flush()
    after = {"tier": row.tier, "until": row.expires_on, "approver": row.approver_id}
    _record(session, actor, AuditAction.OVERRIDE_SET, row, after | ({"alone": True} if alone else {}))
    return row


def scheme_for(session: Session, scheme_cache: SchemeCache, customer: CustomerRow, today: date) -> Scheme:
    """The scheme that gives a customer its tier. Raises BadInput without one."""
    rules = store.in_force(session, scheme_cache, customer.record_type, today)
    scheme = scheme_choice.scheme_of(session, rules, customer.id)
    if scheme is None:
        raise BadInput(
            N_("No scheme in force applies to %(name)s, so there is no tier to set."), name=customer.name
        )
    return scheme


def check(
    session: Session,
    scheme_cache: SchemeCache,
    customer: CustomerRow,
    request: OverrideRequest,
    today: date,
    *,
    to_approve: bool = False,
) -> None:
    """Raise BadInput for what the scheme does not allow or asks for, Conflict while another override holds.

    `to_approve`: somebody else decides about it, who is its approver then.
    """
    _check(request, scheme_for(session, scheme_cache, customer, today), today, to_approve=to_approve)
    refuse_another(session, customer)


def refuse_another(session: Session, customer: CustomerRow) -> None:
    """Raise Conflict while an override of a customer holds."""
    present = overrides.open_override(session, customer.id, customer.record_type)
    if present is not None:
        raise Conflict(
            N_("%(name)s has an override to %(tier)s already. End it first: tierbot override end %(code)s"),
            name=customer.name,
            tier=present.tier,
            code=customer.code,
        )


def end_override(
    database: Database,
    scheme_cache: SchemeCache,
    actor: Actor,
    customer_id: int,
    *,
    reason: str,
    today: date,
    now: datetime,
    notify: Notify | None,
) -> Decided:
    """End an override, so that the computed tier counts again. Raises NotFound when there is none."""
    with database.write(lock=LOCK) as session:
        customer = access.customer_for(session, actor, Act.OVERRIDE, customer_id, NOT_YOUR_TIER)
        row = overrides.open_override(session, customer.id, customer.record_type)
        if row is None:
            raise NotFound(N_("%(name)s has no override."), name=customer.name)
        row.ended_at, row.ended_by, row.end_reason = now, actor.name, reason.strip() or None
        session.add(row)
        _record(
            session, actor, AuditAction.OVERRIDE_ENDED, row, None, {"tier": row.tier, "until": row.expires_on}
        )
    regrade(
        database, scheme_cache, [customer.id], for_purpose=row.purpose, today=today, now=now, notify=notify
    )
    return _decided(row, customer)


def approver_of(
    session: Session, email: str, proposer: Actor, customer: Owned, settings: Settings, now: datetime
) -> Actor:
    """The person who approved an override: one of the book who may set it, and not who proposes it.

    Who may only as the proposer's deputy may not.
    Raises BadInput for somebody who is not in the book or has left, NotAllowed without the right, and for the
    proposer, unless the setting says that the firm has only one person with the right.
    """
    person = people.row_by_email(session, email, now)
    if person is None or not person.is_present:
        raise BadInput(
            N_(
                "--approver %(email)s: no active person of the book has this e-mail address. Name somebody who may set"
                " this customer's tier."
            ),
            email=email,
        )
    approver = access.actor_of(person, settings)
    # Nobody makes somebody their deputy to have a decision of their own approved.
    others = tuple(one for one in approver.absent if one.person_id != proposer.person_id)
    approver = replace(approver, absent=others)
    if not access.can(approver, Act.OVERRIDE, customer):
        raise NotAllowed(
            N_("--approver %(email)s: this person may not set this customer's tier. Name somebody who may."),
            email=email,
        )
    if approver.person_id == proposer.person_id and settings.single_approver == "no":
        raise NotAllowed(
            N_(
                "--approver %(email)s: nobody approves their own decision. Name somebody else who may set this"
                " customer's tier; a firm without one sets TIERBOT_SINGLE_APPROVER to yes."
            ),
            email=email,
        )
    return approver


def list_overrides(database: Database, actor: Actor, *, ended: bool = False) -> list[Decided]:
    """The overrides of the customers an actor may see, those that end first on top."""
    with database.read() as session:
        rows = overrides.listed(session, access.visible_owners(session, actor), ended=ended)
        return [_decided(row, customer) for row, customer in rows]


def _record(
    session: Session,
    actor: Actor,
    action: AuditAction,
    row: Override,
    after: Mapping[str, object] | None,
    before: Mapping[str, object] | None = None,
) -> None:
    actor.record(
        session,
        action,
        ObjectKind.CUSTOMER,
        row.customer_id,
        before=before,
        after=after,
    )


def _check(request: OverrideRequest, scheme: Scheme, today: date, *, to_approve: bool) -> None:
    rules = scheme.override
    if rules is None or not rules.allowed:
        raise BadInput(NOT_ALLOWED, scheme=scheme.scheme)
    tiers = [tier.id for tier in scheme.tiers]
    if request.tier not in tiers:
        raise BadInput(
            N_("There is no tier %(tier)s; the scheme %(scheme)s has %(tiers)s."),
            tier=request.tier,
            scheme=scheme.scheme,
            tiers=", ".join(tiers),
        )
    approver = to_approve or request.approver
    given = {"reason": request.reason, "approver": approver, "expires_on": request.expires_on}
    options = {"reason": "--reason", "approver": "--approver", "expires_on": "--until"}
    lacking = [need for need in ("reason", *rules.needs) if not given[need]]
    if lacking:
        raise BadInput(
            N_("An override under the scheme %(scheme)s needs %(needs)s."),
            scheme=scheme.scheme,
            needs=", ".join(dict.fromkeys(options[need] for need in lacking)),
        )
    if request.expires_on is not None and request.expires_on < today:
        msgid = N_("The last day %(day)s is over; name a day from today on.")
        raise BadInput(msgid, day=request.expires_on).of("until")
    if rules.max_days is not None:
        latest = today + timedelta(days=rules.max_days)
        if request.expires_on is None or request.expires_on > latest:
            raise BadInput(
                N_("An override holds for at most %(days)s days here: until %(latest)s or earlier."),
                days=rules.max_days,
                latest=latest,
            ).of("until")


def _decided(row: Override, customer: Customer | CustomerRow) -> Decided:
    own = {name: getattr(row, name) for name in Decided.__dataclass_fields__ if name not in ("code", "name")}
    return Decided(code=customer.code, name=customer.name, **own)
