"""What a handover is about: what is given, who may take it, what is open with the customer, and how it is answered."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from bot.errors import N_, BadInput
from bot.services import access
from bot.services.access import Act, Actor, OwnedBy
from bot.services.care.answers.reassignment import colleague
from bot.services.care.answers.steps import UNDO
from bot.settings import Settings
from bot.wording.actions import Pointer
from bot.wording.ask.handovers import HandoverSaved, OpenWork
from db.book import people
from db.book.by_hand import handovers
from db.book.by_hand.handovers import Handover, HandoverState
from db.book.customers import Customer, CustomerRow
from db.book.people import PersonRow
from db.care import touches
from db.care.records import complaints, promises

LONGEST = 2_000  # characters of a note
FURTHEST = timedelta(days=366)
GONE = N_("This handover is no longer there, or not for you.")


@dataclass(frozen=True, kw_only=True)
class GivenHandover:
    """What a person enters: to whom (a Slack user or an e-mail address), from which day (None: today), and a note."""

    to: str
    starts_on: date | None = None
    note: str | None = None

    def checked(self, today: date) -> "GivenHandover":
        """The same with its day. Raises BadInput."""
        day, note = self.starts_on or today, (self.note or "").strip() or None
        if not today <= day <= today + FURTHEST:
            raise BadInput(N_("Choose today or a later day, within a year.")).of("day")
        if note is not None and len(note) > LONGEST:
            raise BadInput(N_("Write at most %(most)s characters."), most=f"{LONGEST:,}").of("note")
        return GivenHandover(to=self.to, starts_on=day, note=note)


@dataclass(frozen=True, kw_only=True)
class HandoverAct:
    """What handing over, or taking it back, has made of it."""

    message: HandoverSaved
    handover_id: int


@dataclass(frozen=True, kw_only=True)
class ToHandOver:
    """What the form says: the customer, what is open with it, and a handover that is planned already."""

    name: str
    code: str
    work: OpenWork
    planned: HandoverSaved | None


def to_hand_over(session: Session, actor: Actor, meant: int | Pointer, now: datetime) -> ToHandOver:
    """What the form says. Raises Hidden and NotAllowed."""
    customer = access.customer_for(session, actor, Act.HAND_OVER, meant)
    planned = handovers.planned(session, customer.id)
    return ToHandOver(
        name=customer.name,
        code=customer.code,
        work=open_work(session, customer.id),
        planned=said(session, planned, customer, now, "planned") if planned is not None else None,
    )


def open_work(session: Session, customer_id: int) -> OpenWork:
    """How much is open with a customer."""
    complained, promised = (part.open_count(session, customer_id) for part in (complaints, promises))
    return OpenWork(
        steps=len(touches.open_touches(session, [customer_id])),
        complaints=complained.number if complained else 0,
        promises=promised.number if promised else 0,
    )


def receiver(session: Session, to: str, settings: Settings, now: datetime) -> PersonRow:
    """The person who is to look after a customer, by Slack user or e-mail address. Raises BadInput."""
    try:
        person = colleague(session, to, settings, now)
    except BadInput as error:
        raise error.of("person") from None
    require_owner(person, settings)
    return person


def require_owner(person: PersonRow, settings: Settings) -> None:
    """Raise BadInput unless somebody may look after customers."""
    theirs = OwnedBy(person.id, person.team_id)
    if not access.actor_of(person, settings).reaches(Act.LOG_CONTACT, theirs):
        raise BadInput(
            N_("%(name)s has no role that looks after customers. Choose somebody else, or ask your admin."),
            name=person.name,
        ).of("person")


def said(
    session: Session, found: Handover, customer: Customer | CustomerRow, now: datetime, act: str
) -> HandoverSaved:
    """What is answered about a handover."""
    to, former = people.get(session, found.to_id), people.get(session, found.from_id)
    recent = found.done_at is not None and now - found.done_at <= UNDO
    is_over = act in ("taken_back", "lapsed")
    return HandoverSaved(
        handover_id=found.id or 0,
        customer_id=customer.id or 0,
        name=customer.name,
        code=customer.code,
        act=act,
        to=access.mentioned(to),
        former=access.mentioned(former),
        starts_on=found.starts_on,
        work=open_work(session, found.customer_id),
        told=to is not None and to.slack_user_id is not None,
        may_undo=not is_over and (recent or found.state == HandoverState.PLANNED),
    )
