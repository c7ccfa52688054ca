"""Who is asked to decide about a proposal: the lead of the account manager's team, or finance; without one, admins."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from bot.services.proposals import subject
from bot.settings import Settings
from db.book import deputies, people
from db.book.customers import CustomerRow
from db.book.people import Person, PersonRole
from db.care.records.proposals import CustomerProposal, ProposalKind


def asked(
    session: Session, found: CustomerProposal, customer: CustomerRow, settings: Settings, now: datetime
) -> list[Person]:
    """The people who are asked; also those who cannot be reached in Slack, who decide by command."""
    nearest = _of_role(session, found, customer)
    return _able(session, nearest, found, customer, settings, now) or admins(
        session, found, customer, settings, now
    )


def reminded(
    session: Session, found: CustomerProposal, customer: CustomerRow, settings: Settings, now: datetime
) -> list[tuple[Person, datetime]]:
    """The people who are asked, and from half of the time on the admins, with since when."""
    nearest = asked(session, found, customer, settings, now)
    since = [(person, found.asked_at) for person in nearest]
    if found.escalated_at is None:
        return since
    known = {person.id for person in nearest}
    others = admins(session, found, customer, settings, now)
    return since + [(person, found.escalated_at) for person in others if person.id not in known]


def admins(
    session: Session, found: CustomerProposal, customer: CustomerRow, settings: Settings, now: datetime
) -> list[Person]:
    """The admins who may decide."""
    everybody = people.with_roles(session, [PersonRole.ADMIN])
    everybody += [one for email in settings.admins if (one := people.by_email(session, email)) is not None]
    return _able(session, everybody, found, customer, settings, now)


def _of_role(session: Session, found: CustomerProposal, customer: CustomerRow) -> list[Person]:
    """Those whose part it is: the leads of the account manager's team, or finance."""
    if found.kind == ProposalKind.CREDIT:
        return people.with_roles(session, [PersonRole.FINANCE])
    team = people.team(session, customer.owner_team_id)
    if team is None:
        return []
    leads = [one for one in people.with_roles(session, [PersonRole.TEAM_LEAD]) if one.team_id == team.id]
    lead = people.get(session, team.lead_id)
    return [lead, *leads] if lead is not None else leads


def _able(
    session: Session,
    wanted: Iterable[Person],
    found: CustomerProposal,
    customer: CustomerRow,
    settings: Settings,
    now: datetime,
) -> list[Person]:
    """Those of these people, and of who acts for them now, who may decide."""
    ids = dict.fromkeys(person.id or 0 for person in wanted)
    acting = [pair.deputy_id for pair in deputies.acting(session, now) if pair.person_id in ids]
    known = people.get_many(session, [*ids, *acting])
    return [
        known[one]
        for one in dict.fromkeys([*ids, *acting])
        if _may(session, one, found, customer, settings, now)
    ]


def _may(
    session: Session,
    person_id: int,
    found: CustomerProposal,
    customer: CustomerRow,
    settings: Settings,
    now: datetime,
) -> bool:
    actor = subject.reader_of(session, person_id, settings, now)
    return actor is not None and subject.is_for(actor, found, customer, settings)
