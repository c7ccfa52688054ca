"""Proposals: who makes them, who is asked, who may decide, and that an approval has its effect once."""

import threading
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import col, update

from bot.errors import BadInput, BotError, Conflict, Hidden, NotAllowed
from bot.services import proposals
from bot.services.delivery import rights
from bot.services.grade import overrides
from bot.services.grade.overrides import OverrideRequest
from bot.services.proposals import waiting
from bot.services.recipients import FirmDefaults
from bot.services.reports import credit
from bot.wording.actions import Action, Pointer
from bot.wording.ask.proposals import ProposalNotice
from db.book.customers import Ownership
from db.book.people import Person
from db.care.records.proposals import CustomerProposal, ProposalKind
from db.engine import Database
from db.outbox import claims
from db.processes import Repeated
from tests.recorded import recorded
from tests.services.book import Book
from tests.services.proposals.desk import ALONE, UNTIL, Desk

MADE = ("proposal_made", "proposal_approved", "proposal_declined", "proposal_withdrawn", "override_set")


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def test_an_approved_tier_holds_and_names_who_proposed_and_who_approved_it(desk: Desk) -> None:
    act = desk.propose()
    assert (desk.overrides(), desk.tier()) == ([], "B")
    done = desk.approve("Olga", act)
    (override,) = desk.overrides()
    assert (override.tier, override.reason, override.expires_on) == ("A", "strategic", UNTIL)
    assert (override.set_by, override.approver, override.approver_id) == ("Anna", "Olga", desk.ids["Olga"])
    assert (override.approved_alone, desk.stored().approved_alone) == (False, False)
    desk.regrade()
    assert desk.tier() == "A"
    assert (done.message.row.state, done.message.row.by.name) == ("approved", "Anna")


def test_what_is_done_about_a_proposal_is_in_the_audit_with_who_made_it(desk: Desk) -> None:
    desk.approve("Olga", desk.propose())
    anna, olga = (f"person:{desk.ids[name]}" for name in ("Anna", "Olga"))
    rows = recorded(desk.database, *MADE)
    assert [(row.actor, row.action) for row in rows] == [
        (anna, "proposal_made"),
        (olga, "override_set"),
        (olga, "proposal_approved"),
    ]
    assert f'"proposer":{desk.ids["Anna"]}' in (rows[-1].after or "")


def test_those_who_may_decide_are_asked_and_the_proposer_is_told(desk: Desk) -> None:
    act = desk.propose()
    assert [(name, message.act) for name, message in desk.sent()] == [("Olga", "asked")]
    asked = desk.told("Olga")[0]
    assert set(asked.targets()) == {Action.APPROVE_PROPOSAL, Action.DECLINE_PROPOSAL, Action.OPEN}
    desk.decline("Olga", act, "not this year")
    (settled,), (told,) = desk.told("Olga"), desk.told("Anna")
    assert set(settled.targets()) == {Action.OPEN}
    for message in (settled, told):
        assert isinstance(message, ProposalNotice)
        assert (message.row.state, message.row.answer) == ("declined", "not this year")
    assert desk.overrides() == []


def test_messages_in_slack_are_drawn_again_once_somebody_has_decided(desk: Desk) -> None:
    act = desk.propose()
    book = Book(desk.database)
    book.stand()
    desk.approve("Ada", act)
    (drawn,) = book.redrawn()
    assert isinstance(drawn, ProposalNotice)
    assert (drawn.row.state, drawn.row.decided_by and drawn.row.decided_by.name) == ("approved", "Ada")


def test_a_message_is_not_drawn_again_for_who_may_see_the_customer_no_more(desk: Desk) -> None:
    act = desk.propose()
    book = Book(desk.database)
    book.stand()
    with desk.database.write() as session:
        session.exec(update(Person).where(col(Person.name) == "Olga").values(role="viewer", team_id=None))
    desk.approve("Ada", act)
    assert book.redrawn() == []


@pytest.mark.parametrize("name", ["Olga", "Ada"])
def test_nobody_decides_about_their_own_proposal(desk: Desk, name: str) -> None:
    act = desk.propose(name)
    for decide in (desk.approve, desk.decline):
        with pytest.raises(NotAllowed, match="Nobody decides about their own proposal"):
            decide(name, act)
    assert (desk.overrides(), desk.stored().state) == ([], "waiting")
    (asked,) = {reader for reader, _ in desk.sent()}
    assert asked == ("Ada" if name == "Olga" else "Olga")


def test_a_firm_with_one_approver_says_so_and_each_such_approval_is_marked(desk: Desk) -> None:
    desk.settings = ALONE
    act = desk.propose("Ada")
    done = desk.approve("Ada", act)
    (override,) = desk.overrides()
    assert (override.approved_alone, desk.stored().approved_alone, done.message.row.alone) == (True,) * 3
    rows = recorded(desk.database, "override_set", "proposal_approved")
    assert all('"alone":true' in (row.after or "") for row in rows)


def test_where_nobody_else_may_decide_nothing_is_proposed(desk: Desk) -> None:
    with desk.database.write() as session:
        session.exec(update(Person).where(col(Person.name) == "Ada").values(active=False))
    with pytest.raises(Conflict, match="Nobody but you may decide"):
        desk.propose("Olga")
    assert desk.sent() == []


def test_who_may_decide_only_as_the_deputy_of_the_proposer_does_not(desk: Desk) -> None:
    desk.name_deputy("Olga", "Dee")
    act = desk.propose("Olga")
    with pytest.raises(NotAllowed, match="Only the lead"):
        desk.approve("Dee", act)
    assert "Dee" not in {reader for reader, _ in desk.sent()}


def test_the_deputy_of_the_lead_is_asked_and_may_decide(desk: Desk) -> None:
    desk.name_deputy("Olga", "Dee")
    act = desk.propose("Anna")
    assert {reader for reader, _ in desk.sent()} == {"Olga", "Dee"}
    desk.approve("Dee", act)
    assert desk.overrides()[0].approver == "Dee"


@pytest.mark.parametrize("name", ["Anna", "Finn"])
def test_who_has_not_the_right_does_not_decide(desk: Desk, name: str) -> None:
    act = desk.propose("Ada")
    for decide in (desk.approve, desk.decline):
        with pytest.raises(NotAllowed, match="Only the lead of the account manager's team"):
            decide(name, act)


def test_for_who_may_not_see_the_customer_there_is_no_proposal(desk: Desk) -> None:
    act = desk.propose()
    for decide in (desk.approve, desk.decline, desk.withdraw):
        with pytest.raises(Hidden):
            decide("Dee", act)
    kind = ProposalKind.OVERRIDE
    with pytest.raises(Hidden), desk.database.read() as session:
        proposals.to_propose(session, desk.cache, desk.actor("Dee"), desk.acme, kind, UNTIL, desk.now)


def give(desk: Desk, name: str) -> None:
    """Make somebody the account manager of the customer."""
    with desk.database.write() as session:
        theirs = col(Ownership.customer_id) == desk.acme
        session.exec(update(Ownership).where(theirs).values(person_id=desk.ids[name]))
        session.exec(update(Person).where(col(Person.name) == name).values(role="account_manager"))


def test_who_made_a_proposal_keeps_sight_of_it_when_the_customer_is_somebody_elses(desk: Desk) -> None:
    act = desk.propose_credit()
    give(desk, "Dee")
    with desk.database.read() as session:
        views = [
            waiting.waiting(session, desk.cache, desk.actor(name), desk.settings) for name in ("Anna", "Dee")
        ]
    assert views[1] is None
    assert views[0] is not None
    (row,) = views[0].rows
    assert (row.choices, row.limit) == ((Action.WITHDRAW_PROPOSAL,), "•••")
    with pytest.raises(NotAllowed, match="Only the person who made a proposal"):
        desk.withdraw("Dee", act)
    assert desk.withdraw("Anna", act).message.row.state == "withdrawn"


def test_who_made_a_proposal_hears_no_present_tier_of_somebody_elses_customer(desk: Desk) -> None:
    desk.propose()
    seen = []
    for step in (lambda: None, lambda: give(desk, "Dee")):
        step()
        with desk.database.read() as session:
            found = waiting.waiting(session, desk.cache, desk.actor("Anna"), desk.settings)
        assert found is not None
        seen.append((found.rows[0].tier is not None, found.rows[0].present is not None))
    assert seen == [(True, True), (True, False)]


def test_who_made_a_proposal_is_told_its_outcome_without_what_they_may_not_see(desk: Desk) -> None:
    act = desk.propose_credit()
    give(desk, "Dee")
    desk.decline("Finn", act)
    (told,) = desk.told("Anna")
    assert isinstance(told, ProposalNotice)
    assert (told.row.state, told.row.limit) == ("declined", "•••")
    with desk.database.write() as session:
        due = claims.due(session, now=desk.now, limit=9)
        rows = [row for row in due if row.recipient == desk.ids["Anna"]]
        assert rights.hold_back(session, rows, FirmDefaults(), desk.now) == rows != []


def test_a_decision_is_taken_once(desk: Desk) -> None:
    act, key = desk.propose(), desk.press()
    desk.approve("Olga", act, request=key)
    with pytest.raises(Repeated):
        desk.approve("Olga", act, request=key)
    for decide in (desk.approve, desk.decline, lambda name, it: desk.withdraw("Anna", it)):
        with pytest.raises(Conflict, match="This proposal is over"):
            decide("Ada", act)
    assert len(desk.overrides()) == 1
    assert len(recorded(desk.database, "proposal_approved")) == 1


def test_two_who_decide_at_the_same_moment_decide_once(desk: Desk) -> None:
    act, start = desk.propose(), threading.Barrier(2)
    refused: list[BotError] = []

    def approve(name: str) -> None:
        start.wait(10)
        try:
            desk.approve(name, act)
        except BotError as error:
            refused.append(error)

    threads = [threading.Thread(target=approve, args=(name,)) for name in ("Olga", "Ada")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [type(error) for error in refused] == [Conflict]
    assert len(desk.overrides()) == 1


def test_what_the_facts_of_now_do_not_allow_is_refused_and_goes_on_waiting(desk: Desk) -> None:
    act = desk.propose()
    overrides.set_override(
        desk.database,
        desk.cache,
        desk.actor("Olga"),
        desk.acme,
        OverrideRequest(tier="C", reason="audit", approver="ada@example.com", expires_on=UNTIL),
        settings=desk.settings,
        today=desk.now.date(),
        now=desk.now,
        notify=None,
    )
    with pytest.raises(Conflict, match="has an override to C already"):
        desk.approve("Olga", act)
    assert ([one.tier for one in desk.overrides()], desk.stored().state) == (["C"], "waiting")
    assert desk.told("Anna") == []


def test_a_last_day_that_is_over_is_refused_at_the_decision(desk: Desk) -> None:
    act = desk.propose(until=desk.now.date())
    desk.now += timedelta(days=1)
    with pytest.raises(BadInput, match="is over"):
        desk.approve("Olga", act)
    assert desk.overrides() == []


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"tier": "S"}, "There is no tier S"),
        ({"until": date(2026, 4, 6)}, "is over"),
        ({"until": date(2026, 6, 1)}, "at most 30 days"),
        ({"until": None}, "needs --until"),
    ],
)
def test_what_could_not_be_approved_is_not_proposed(desk: Desk, asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        desk.propose(**asked)
    assert desk.sent() == []


def test_a_proposal_and_a_decline_need_a_reason(desk: Desk) -> None:
    act = desk.propose()
    with pytest.raises(BadInput, match="Write 3 to 2,000 characters"):
        desk.decline("Olga", act, " ")
    assert desk.stored().state == "waiting"


def test_of_a_kind_one_proposal_waits_and_the_next_may_be_made_when_it_is_over(desk: Desk) -> None:
    first = desk.propose()
    with pytest.raises(Conflict, match="a proposal by Anna that waits"):
        desk.propose("Ada")
    desk.propose_credit()
    desk.withdraw("Anna", first)
    assert desk.propose("Ada").message.act == "made"


def test_only_who_made_a_proposal_withdraws_it(desk: Desk) -> None:
    act = desk.propose()
    with pytest.raises(NotAllowed, match="Only the person who made a proposal"):
        desk.withdraw("Ada", act)
    assert desk.withdraw("Anna", act).message.row.state == "withdrawn"
    (asked,) = desk.told("Olga")
    assert asked.row.state == "withdrawn"  # type: ignore[attr-defined]
    assert desk.told("Anna") == []


def test_a_form_that_is_sent_again_proposes_once(desk: Desk) -> None:
    key = desk.press()
    first, again = desk.propose(request=key), desk.propose(request=key)
    assert (first.message.act, again.message.act) == ("made", "repeated")
    assert first.proposal_id == again.proposal_id == desk.stored().id
    assert len(desk.sent()) == 1


def test_credit_is_asked_of_finance_and_approved_as_it_was_proposed(desk: Desk) -> None:
    act = desk.propose_credit()
    assert [(name, message.row.limit) for name, message in desk.sent()] == [("Finn", "EUR 250,000.50")]
    with pytest.raises(NotAllowed, match="Only finance and admins"):
        desk.approve("Olga", act)
    desk.approve("Finn", act)
    (approval,) = desk.approvals()
    assert (approval.approved_limit, approval.approved_terms) == (Decimal("250000.5"), 45)
    assert (approval.approved_by, approval.reason) == ("Finn", "grows")
    shown = credit.show(desk.database, desk.cache, desk.actor("Finn"), desk.acme, today=desk.now.date())
    assert shown.approved[0].limit == Decimal("250000.5")


def test_a_limit_is_shown_to_who_decides_and_who_asked_and_to_nobody_else(desk: Desk) -> None:
    act = desk.propose_credit()
    limits = {}
    for name in ("Anna", "Olga", "Finn", "Ada"):
        found = proposals.current(
            desk.database, desk.cache, desk.actor(name), Pointer(id=act.proposal_id), settings=desk.settings
        )
        limits[name] = found.message.row.limit
    shown = "EUR 250,000.50"
    assert limits == {"Anna": shown, "Olga": "•••", "Finn": shown, "Ada": shown}


def test_who_may_not_see_limits_proposes_none(desk: Desk) -> None:
    with desk.database.write() as session:
        session.exec(update(Person).where(col(Person.name) == "Dee").values(role="sales_ops"))
    with pytest.raises(NotAllowed, match="You may not see the credit limit"):
        desk.propose_credit("Dee")
    assert desk.propose("Dee").message.act == "made"


def test_a_limit_in_a_currency_of_before_is_not_approved(desk: Desk) -> None:
    act = desk.propose_credit()
    with desk.database.write() as session:
        session.exec(update(CustomerProposal).values(currency="USD"))
    with pytest.raises(Conflict, match="assessed in EUR now"):
        desk.approve("Finn", act)
    assert desk.approvals() == []


def test_what_waits_for_somebody_is_listed_with_what_they_may_do(desk: Desk) -> None:
    desk.propose()
    found = {}
    for name in ("Anna", "Olga", "Ada", "Finn", "Dee"):
        with desk.database.read() as session:
            shown = waiting.waiting(session, desk.cache, desk.actor(name), desk.settings)
        found[name] = None if shown is None else shown.rows[0].choices
    decide = (Action.APPROVE_PROPOSAL, Action.DECLINE_PROPOSAL)
    assert found == {
        "Anna": (Action.WITHDRAW_PROPOSAL,),
        "Olga": decide,
        "Ada": decide,
        "Finn": None,
        "Dee": None,
    }


def test_nothing_is_stored_or_told_where_the_form_was_given_up(desk: Desk) -> None:
    def give_up() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        desk.propose(before_commit=give_up)
    assert desk.sent() == []
    act = desk.propose()
    with pytest.raises(ZeroDivisionError):
        desk.approve("Olga", act, before_commit=give_up)
    assert (desk.overrides(), desk.stored().state) == ([], "waiting")


def test_a_lead_whose_team_has_the_customer_no_more_does_not_decide(desk: Desk) -> None:
    act = desk.propose()
    with desk.database.write() as session:
        session.exec(update(Ownership).values(person_id=desk.ids["Ada"]))
    with pytest.raises(Hidden):
        desk.approve("Olga", act)
    assert desk.overrides() == []


def test_the_list_has_only_customers_that_its_reader_may_see(desk: Desk) -> None:
    desk.propose()
    found = {}
    for name in ("Anna", "Olga", "Finn", "Dee"):
        with desk.database.read() as session:
            rows = waiting.rows_for(session, desk.cache, desk.actor(name), desk.settings, ended=True)
        found[name] = [row.name for row in rows]
    assert found == {"Anna": ["ACME"], "Olga": ["ACME"], "Finn": ["ACME"], "Dee": []}
