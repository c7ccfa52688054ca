"""A message of Slack logged as a contact: of which customer, on which day, with its text as the note, once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from bot.errors import BadInput
from bot.services.access import Actor
from bot.services.ask.questions.customer.visible import named_in
from bot.services.care.answers import check_contact, log_contact
from bot.services.care.answers.contacts import SOURCE, logged_before
from bot.services.care.schedule import CareRules
from bot.wording.actions import Pointer
from bot.wording.messages import VisitLogged
from db.book import customers, facts
from db.book.customers import CustomerRow
from db.engine import Database


@dataclass(frozen=True, kw_only=True)
class MessagePlace:
    """Where a message is: it has one such place, whoever logs it."""

    channel: str
    ts: str

    @property
    def contact_id(self) -> str:
        """The id of the contact that it is logged as."""
        return f"message:{self.channel}:{self.ts}"


@dataclass(frozen=True, kw_only=True)
class MessageToLog:
    """What the form is filled with: the customer that the text certainly names, and what was logged before."""

    customer: CustomerRow | None
    logged: VisitLogged | None


@dataclass(frozen=True, kw_only=True)
class MessageContact:
    """What a form says of a message."""

    place: MessagePlace
    kind: str
    happened_on: date
    note: str | None


@dataclass(frozen=True, kw_only=True)
class LoggedMessage:
    """What has become of it."""

    message: VisitLogged


def to_log(
    session: Session, rules: CareRules, actor: Actor, place: MessagePlace, text: str, now: datetime
) -> MessageToLog:
    """What the form of a message says. Raises Conflict for one that was logged for a customer not to be seen."""
    known = facts.activity(session, SOURCE, place.contact_id)
    logged = logged_before(session, rules, actor, known, now) if known is not None else None
    return MessageToLog(customer=_named(session, actor, text), logged=logged)


def log_message(
    database: Database,
    actor: Actor,
    contact: MessageContact,
    *,
    meant: Pointer,
    rules: CareRules,
    now: datetime,
    before_commit: Callable[[], None] = lambda: None,
) -> LoggedMessage:
    """Record the contact of a message. One that was logged before, by anybody, records nothing and says so.

    Raises BadInput, Hidden, NotAllowed and Conflict.
    """
    try:
        check_contact(actor, contact.kind, contact.happened_on, now)
    except BadInput as error:
        raise error.of("day") from None
    logged = log_contact(
        database,
        actor,
        meant=meant,
        kind=contact.kind,
        happened_on=contact.happened_on,
        note=contact.note,
        form_id=contact.place.contact_id,
        rules=rules,
        now=now,
        once=True,
        before_commit=before_commit,
    )
    return LoggedMessage(message=logged)


def _named(session: Session, actor: Actor, text: str) -> CustomerRow | None:
    """The one customer of whom a whole name or code stands in a text, among those that the actor may see."""
    ids = named_in(session, actor, text)
    return customers.get_row(session, ids[0]) if len(ids) == 1 else None
