"""The proposals that wait for somebody's decision, or that somebody made: in the Home tab and on the command line."""

from dataclasses import replace

from sqlmodel import Session

from bot.services import access
from bot.services.access import Actor
from bot.services.care.complaints.rows import clipped
from bot.services.proposals import subject
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from bot.wording.ask.proposals import ProposalRow, WaitingProposals
from db.book import customers
from db.book.customers import CustomerRow
from db.care.records import proposals
from db.care.records.proposals import CustomerProposal

MOST_SHOWN = 5  # in a message, so that there is room for each


def rows_for(
    session: Session, scheme_cache: SchemeCache, actor: Actor, settings: Settings, *, ended: bool = False
) -> list[ProposalRow]:
    """The proposals about customers that an actor may see, and their own, with what they may do about each."""
    return [
        subject.row_of(session, scheme_cache, one, customer, settings, reader=actor)
        for one, customer in _seen(session, actor, ended=ended)
    ]


def waiting(
    session: Session, scheme_cache: SchemeCache, actor: Actor, settings: Settings
) -> WaitingProposals | None:
    """What waits for the actor, and what they wait for themselves; None where there is nothing."""
    to_decide, own = [], []
    for one, customer in _seen(session, actor, ended=False):
        if subject.is_for(actor, one, customer, settings):
            to_decide.append((one, customer))
        elif subject.is_own(actor, one):
            own.append((one, customer))
    found = to_decide + own
    rows = [
        subject.row_of(session, scheme_cache, one, customer, settings, reader=actor)
        for one, customer in found[:MOST_SHOWN]
    ]
    return message_of(rows, more=len(found) - len(rows)) if rows else None


def message_of(rows: list[ProposalRow], *, more: int = 0, reminds: bool = False) -> WaitingProposals:
    """A message with the first of these rows."""
    return WaitingProposals(
        rows=tuple(replace(row, reason=clipped(row.reason) or "") for row in rows[:MOST_SHOWN]),
        more=more + len(rows[MOST_SHOWN:]),
        reminds=reminds,
    )


def _seen(session: Session, actor: Actor, *, ended: bool) -> list[tuple[CustomerProposal, CustomerRow]]:
    """The proposals about the customers of those whose customers an actor may see, and the actor's own."""
    found = []
    owners, own = access.visible_owners(session, actor), actor.who.person_id
    for one in proposals.listed(session, owners, ended=ended, proposer_id=own):
        customer = customers.get_row(session, one.customer_id)
        if customer is not None:
            found.append((one, customer))
    return found
