"""Proposals that wait: reminded of each working morning, passed on to admins, and over when nobody decides."""

from datetime import timedelta

import pytest

from bot.clock import FixedClock
from bot.errors import Conflict
from bot.services.imports import join_customers, undo
from bot.wording.ask.proposals import ProposalNotice, WaitingProposals
from db.book.customers import Customer
from db.care.records import proposals
from db.engine import Database
from tests import factories
from tests.recorded import recorded
from tests.services.proposals.desk import Desk


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def reminders(desk: Desk, name: str = "Olga") -> list[WaitingProposals]:
    return [one for one in desk.told(name) if isinstance(one, WaitingProposals)]


def test_who_may_decide_is_reminded_in_the_next_working_morning_once(desk: Desk) -> None:
    desk.propose()
    assert (desk.follow(hours(3)), reminders(desk)) == (0, [])
    assert desk.follow(hours(21)) == 0  # eight o'clock: before the morning message
    assert (desk.follow(hours(2)), desk.follow(hours(1))) == (1, 0)
    (reminder,) = reminders(desk)
    assert [row.name for row in reminder.rows] == ["ACME"]
    assert reminder.rows[0].may_decide
    desk.follow(1)
    assert len(reminders(desk)) == 2


def test_nobody_is_reminded_at_the_weekend_or_at_night(desk: Desk) -> None:
    desk.now += timedelta(days=3)  # Friday
    desk.propose()
    assert (desk.follow(1 + hours(2)), desk.follow(1)) == (0, 0)
    assert desk.follow(hours(16)) == 0  # two o'clock on Monday
    assert desk.follow(hours(8)) == 1
    assert len(reminders(desk)) == 1


def test_a_reminder_shows_what_was_decided_since(desk: Desk) -> None:
    first, second = desk.propose(), desk.propose_credit("Olga")
    desk.follow(1 + hours(2))
    assert len(reminders(desk)) == len(reminders(desk, "Finn")) == 1
    desk.approve("Olga", first)
    (reminder,) = reminders(desk)
    assert [row.state for row in reminder.rows] == ["approved"]
    assert reminders(desk, "Finn")[0].rows[0].is_open
    desk.withdraw("Olga", second)
    assert (desk.follow(1), len(reminders(desk))) == (0, 1)


def test_admins_are_asked_as_well_when_half_of_the_time_is_over(desk: Desk) -> None:
    act = desk.propose()
    desk.follow(6)
    assert desk.told("Ada") == []
    desk.follow(1)
    desk.follow()
    (asked,) = desk.told("Ada")
    assert isinstance(asked, ProposalNotice)
    assert (asked.act, asked.row.may_decide) == ("escalated", True)
    desk.approve("Ada", act)
    assert desk.overrides()[0].approver == "Ada"


def test_admins_who_were_asked_are_reminded_in_the_mornings_after_that(desk: Desk) -> None:
    desk.propose()
    desk.follow(7 + hours(2))
    assert reminders(desk, "Ada") == []
    desk.follow(1)
    (reminder,) = reminders(desk, "Ada")
    assert [(row.name, row.may_decide) for row in reminder.rows] == [("ACME", True)]


def test_what_nobody_decides_about_expires_and_both_sides_are_told_once(desk: Desk) -> None:
    act = desk.propose()
    desk.follow(desk.settings.proposal_days)
    desk.follow()
    assert (desk.stored().state, desk.overrides()) == ("expired", [])
    for name in ("Anna", "Olga"):
        ends = [one for one in desk.told(name) if isinstance(one, ProposalNotice) and one.act == "told"]
        assert [one.row.state for one in ends] == ["expired"]
    assert [row.actor for row in recorded(desk.database, "proposal_expired")] == ["tierbot"]
    with pytest.raises(Conflict, match="This proposal is over"):
        desk.approve("Olga", act)


def test_what_has_expired_is_not_decided_before_the_job_has_seen_it_either(desk: Desk) -> None:
    act = desk.propose()
    desk.now += timedelta(days=desk.settings.proposal_days)
    with pytest.raises(Conflict, match="This proposal is over"):
        desk.approve("Olga", act)
    assert desk.overrides() == []


def test_what_a_join_ends_is_told_and_waits_again_in_its_messages_when_that_is_undone(desk: Desk) -> None:
    act = desk.propose()
    with desk.database.write() as session:
        factories.customer(session, "Main", code="MAIN", owner_id=desk.ids["Dee"])
        code = session.get_one(Customer, desk.acme).code
    clock = FixedClock(desk.now)
    joined = join_customers(desk.database, code, "MAIN", clock=clock, actor=factories.operator())
    assert (desk.follow(), desk.follow()) == (1, 0)
    (asked,), (told,) = desk.told("Olga"), desk.told("Anna")
    assert isinstance(asked, ProposalNotice)
    assert isinstance(told, ProposalNotice)
    assert [(one.row.state, one.row.choices) for one in (asked, told)] == [("withdrawn", ())] * 2
    assert joined.batch_id is not None
    undo(desk.database, joined.batch_id, clock=clock, actor=factories.operator())
    assert (desk.follow(), desk.follow()) == (1, 0)
    (again,) = desk.told("Olga")
    assert isinstance(again, ProposalNotice)
    assert again.row.is_open
    assert again.row.may_decide
    assert desk.approve("Olga", act).message.row.state == "approved"
    assert len(desk.told("Anna")) == 2


def test_what_has_expired_stands_in_nobodys_way_before_the_job_has_seen_it(desk: Desk) -> None:
    first = desk.propose()
    desk.now += timedelta(days=desk.settings.proposal_days)
    second = desk.propose(until=desk.now.date() + timedelta(days=9))
    assert second.message.act == "made"
    with desk.database.read() as session:
        states = [one.state for one in proposals.listed(session, None, ended=True)]
    assert states == ["expired", "waiting"]
    ends = [one for one in desk.told("Anna") if isinstance(one, ProposalNotice) and one.act == "told"]
    assert [(one.row.proposal_id, one.row.state) for one in ends] == [(first.proposal_id, "expired")]


def hours(count: float) -> float:
    return count / 24
