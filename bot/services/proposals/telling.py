"""Messages about proposals: to those who are asked, and when it is over to all who were asked and to who made it."""

import json
from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from bot.services.delivery import kinds, outbox
from bot.services.proposals import subject
from bot.services.recipients import Place
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from bot.wording import messages
from bot.wording.ask.proposals import ProposalNotice, ProposalRow, WaitingProposals
from db.book import people
from db.book.customers import CustomerRow
from db.book.people import Person
from db.care import redraws
from db.care.records import proposals
from db.care.records.proposals import CustomerProposal, ProposalState


def ask(
    session: Session,
    scheme_cache: SchemeCache,
    found: CustomerProposal,
    customer: CustomerRow,
    readers: Iterable[Person],
    settings: Settings,
    now: datetime,
    *,
    act: str = "asked",
) -> int:
    """Ask people to decide, each in a message of their own; how many can be reached in Slack."""
    row = subject.row_of(session, scheme_cache, found, customer, settings, may_decide=True)
    count = 0
    for person in readers:
        if person.slack_user_id is None:
            continue
        number = _write(session, person, ProposalNotice(row=row, act=act), found, settings, now, act)
        proposals.link(session, number, [row.proposal_id])
        count += 1
    return count


def settle(
    session: Session,
    scheme_cache: SchemeCache,
    found: CustomerProposal,
    customer: CustomerRow,
    settings: Settings,
    now: datetime,
) -> None:
    """Say in every message that shows a proposal what has become of it, and tell who made it.

    That nobody has decided is told to those who were asked as well.
    """
    _rewrite(session, subject.row_of(session, scheme_cache, found, customer, settings))
    told = {found.proposer_id} - {found.decider_id, None}
    if found.state == ProposalState.EXPIRED:
        told |= proposals.readers_of(session, found.id or 0)
    persons = people.get_many(session, [one for one in told if one is not None])
    for number, person in persons.items():
        reader = subject.reader_of(session, number, settings, now)
        if reader is not None and person.slack_user_id is not None:
            row = subject.row_of(session, scheme_cache, found, customer, settings, reader=reader)
            _write(session, person, ProposalNotice(row=row, act="told"), found, settings, now, "told")


def reopen(
    session: Session,
    scheme_cache: SchemeCache,
    found: CustomerProposal,
    customer: CustomerRow,
    settings: Settings,
) -> int:
    """Say in the messages that show a proposal that it waits again; how many said something else."""
    return _rewrite(
        session, subject.row_of(session, scheme_cache, found, customer, settings, may_decide=True)
    )


def _rewrite(session: Session, row: ProposalRow) -> int:
    """Store in the messages that show a proposal what has become of it; a worker draws those that are in Slack."""
    changed = []
    for number, body in proposals.messages_of(session, row.proposal_id):
        try:
            stored = json.loads(body)
            message = messages.load(stored)
        except (ValueError, KeyError):  # its text is kept no longer
            continue
        if isinstance(message, ProposalNotice | WaitingProposals) and message.showing(row) != message:
            proposals.rewrite(session, number, *outbox.body_of(message.showing(row), stored.get("language")))
            changed.append(number)
    redraws.mark_messages(session, changed)
    return len(changed)


def _write(
    session: Session,
    person: Person,
    message: ProposalNotice,
    found: CustomerProposal,
    settings: Settings,
    now: datetime,
    what: str,
) -> int:
    return outbox.enqueue(
        session,
        kind=kinds.PROPOSAL,
        place=Place(person_id=person.id),
        message=message,
        language=person.language or settings.language,
        dedupe_key=f"proposal:{found.id}:{what}:{found.version}:{person.id}",
        now=now,
    )
