"""Proposals in Slack: made from a card, decided by who is asked, each once, and every message says what became of them."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlmodel import col, select, update

from bot import jobs
from bot.clock import SystemClock
from bot.demo.workspace import StoredMessage, View
from bot.services.proposals import telling
from bot.slack import deferred
from bot.slack.pressed import home_tab
from bot.wording.actions import Action
from db.book.customers import Customer
from db.book.people import Person, Team
from db.care.records.proposals import CustomerProposal, ProposalMessage
from db.graded.credit import CreditApproval
from db.graded.overrides import Override
from db.outbox.messages import OutboxMessage
from db.processes import InboundRequest
from tests import factories
from tests.services.reports.test_credit import CREDIT_SCHEME
from tests.slack.office import ANNA, PATIENCE, Office, eventually, opened_office, words

OMAR, GRACE = "U0OMAR", "U0GRACE"
APPROVE, DECLINE, WITHDRAW = map(
    str, (Action.APPROVE_PROPOSAL, Action.DECLINE_PROPOSAL, Action.WITHDRAW_PROPOSAL)
)
RULES = "override: {allowed: true, needs: [reason, approver, expires_on], max_days: 30}\n"


@pytest.fixture(scope="module")
def opened(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Omar leads Anna's team; Grace is of finance."""
    with opened_office(migrated, tmp_path_factory.mktemp("office")) as office:
        with office.database.write() as session:
            text = factories.PLAIN_SCHEME.replace("version: 1", "version: 2") + RULES
            factories.scheme(session, text, effective_from=date(2026, 1, 2))
            team = factories.team(session, "East")
            omar = factories.person(session, "Omar", role="team_lead", team_id=team)
            factories.person(session, "Grace", role="finance")
            session.get_one(Team, team).lead_id = omar
            session.exec(update(Person).where(col(Person.name) == "Anna").values(team_id=team))
            acme = session.scalars(select(col(Customer.id)).where(col(Customer.name) == "ACME")).one() or 0
            factories.graded(session, {acme: "B"}, as_of=date(2026, 3, 31), text=text)
            factories.graded(session, {acme: "B"}, as_of=day(), purpose="credit", text=CREDIT_SCHEME)
        yield office


@pytest.fixture
def office(opened: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    yield opened
    opened.tidy(
        *(ProposalMessage, CustomerProposal, Override, CreditApproval, InboundRequest, OutboxMessage),
        users=(ANNA, OMAR, GRACE),
    )


def day(after: int = 0) -> date:
    return SystemClock().now().date() + timedelta(days=after)


GIVEN = {"tier": "A", "until": day(20).isoformat(), "reason": "They *grow* <fast>."}


def form(office: Office, action: Action = Action.PROPOSE_TIER) -> View:
    assert office.choose_more(ANNA, office.card(), action).ok
    return office.form()


def deliver(office: Office) -> None:
    """What the worker does each second, until everything is sent: to one place no more than one message a second."""
    bot = office.bots[0].tierbot

    def is_sent() -> bool:
        jobs.deliver(bot)
        return all(row.state == "sent" for row in office.stored(OutboxMessage))

    eventually(is_sent, "the messages")
    office.redraw()


def direct(office: Office, user: str) -> list[StoredMessage]:
    """The direct messages to somebody."""
    return list(office.workspace.messages(office.workspace.dm(user), user))


def asked(office: Office, user: str = OMAR) -> StoredMessage:
    """The message by which Omar is asked about a tier that Anna proposes."""
    assert office.workspace.submit_view(ANNA, form(office), GIVEN).ok
    deliver(office)
    found = direct(office, user)[-1]
    assert APPROVE in str(found.blocks)
    return found


def says(office: Office, message: StoredMessage, what: str, user: str = OMAR) -> None:
    eventually(lambda: any(m.ts == message.ts and what in words(m) for m in direct(office, user)), what)


def is_told(office: Office, user: str, what: str) -> bool:
    return what in words(direct(office, user)[-1])


def test_a_tier_goes_from_the_card_over_the_lead_into_force_and_everybody_reads_it(office: Office) -> None:
    message = asked(office)
    assert "It is sent to those who may decide" in str(office.workspace.view_of(ANNA))
    assert "They" in words(message)
    assert "<fast>" not in words(message)
    assert office.workspace.click(OMAR, message, APPROVE).ok
    says(office, message, "Approved by <@U0OMAR>")
    (override,) = office.stored(Override)
    assert (override.tier, override.set_by, override.approver) == ("A", "Anna", "Omar")
    deliver(office)
    assert is_told(office, ANNA, "Approved by <@U0OMAR>")
    assert APPROVE not in str(direct(office, OMAR)[-1].blocks)


def test_a_press_that_comes_twice_has_one_effect(office: Office) -> None:
    message = asked(office)
    for _ in range(2):
        assert office.workspace.click(OMAR, message, APPROVE).ok
    office.finish_work()
    says(office, message, "Approved by <@U0OMAR>")
    assert len(office.stored(Override)) == 1
    deliver(office)
    assert [row.recipient for row in office.stored(OutboxMessage)].count(1) == 1  # Anna


def test_a_decline_asks_why_and_the_proposer_reads_it(office: Office) -> None:
    message = asked(office)
    assert office.workspace.click(OMAR, message, DECLINE).ok
    opened = office.form(OMAR)
    assert "ACME" in str(opened.spec)
    assert office.workspace.submit_view(OMAR, opened, {"reason": "Not this year."}).ok
    says(office, message, "Declined by <@U0OMAR>: Not this year.")
    deliver(office)
    assert is_told(office, ANNA, "Declined by <@U0OMAR>: Not this year.")
    assert office.stored(Override) == []


def test_who_is_slower_reads_what_was_decided(office: Office) -> None:
    message = asked(office)
    with office.database.write() as session:
        session.exec(
            update(CustomerProposal).values(state="declined", decided_by="Ada", answer="No.", version=2)
        )
    assert office.workspace.click(OMAR, message, APPROVE).ok
    eventually(lambda: any("This proposal is over" in words(m) for m in direct(office, OMAR)), "the refusal")
    assert office.stored(Override) == []


def test_who_proposed_it_withdraws_it_in_the_view_that_says_so(office: Office) -> None:
    message = asked(office)
    assert office.workspace.click(ANNA, office.view_with(WITHDRAW), WITHDRAW).ok
    eventually(lambda: "Withdrawn by" in str(office.workspace.view_of(ANNA)), "the end")
    deliver(office)
    says(office, message, "Withdrawn by <@U0ANNA>")


def test_the_home_tab_has_what_waits_with_its_buttons(office: Office) -> None:
    asked(office)
    deps = office.bots[0].tierbot.deps
    shown = {user: str(home_tab.composed(deps, user)) for user in (OMAR, ANNA, GRACE)}
    assert {user for user, text in shown.items() if APPROVE in text and DECLINE in text} == {OMAR}
    assert {user for user, text in shown.items() if WITHDRAW in text} == {ANNA}


def test_credit_is_proposed_from_the_card_and_decided_by_finance(office: Office) -> None:
    values = {"limit": "1,500", "terms": "45", "reason": "First year."}
    assert office.workspace.submit_view(ANNA, form(office, Action.PROPOSE_CREDIT), values).ok
    deliver(office)
    message = direct(office, GRACE)[-1]
    assert "EUR 1,500" in words(message)
    assert office.workspace.click(GRACE, message, APPROVE).ok
    says(office, message, "Approved by <@U0GRACE>", GRACE)
    (approval,) = office.stored(CreditApproval)
    assert (approval.approved_limit, approval.approved_terms, approval.approved_by) == (1500, 45, "Grace")


@pytest.mark.parametrize(
    ("action", "values", "where", "sentence"),
    [
        (Action.PROPOSE_TIER, GIVEN | {"until": day(90).isoformat()}, "until", "at most 30 days"),
        (Action.PROPOSE_TIER, GIVEN | {"until": "2020-01-01"}, "until", "is over"),
        (Action.PROPOSE_CREDIT, {"reason": "First year."}, "limit", "proposes no limit"),
        (Action.PROPOSE_CREDIT, {"limit": "much", "reason": "First year."}, "limit", "is not an amount"),
        (Action.PROPOSE_CREDIT, {"limit": "250000,50", "reason": "First year."}, "limit", "is not clear"),
    ],
)
def test_what_could_not_be_approved_is_said_below_its_input(
    office: Office, action: Action, values: dict[str, str], where: str, sentence: str
) -> None:
    refused = office.workspace.submit_view(ANNA, form(office, action), values)
    assert sentence in refused.errors[where]
    assert office.stored(CustomerProposal) == []


def test_a_second_proposal_is_refused_before_anything_is_typed(office: Office) -> None:
    asked(office)
    assert office.choose_more(ANNA, office.card(), Action.PROPOSE_TIER).ok
    eventually(lambda: "waits for a decision" in str(office.workspace.view_of(ANNA)), "the refusal")


def test_a_form_whose_answer_is_lost_proposes_once(office: Office) -> None:
    opened, (bot,) = form(office), office.bots
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr(office.workspace.socket_mode, "_ack_seconds", 0.3)
        gone.setattr(bot.way.keeper, "send", lambda connection, text: None)  # type: ignore[union-attr]
        assert office.workspace.submit_view(ANNA, opened, GIVEN).error
        eventually(lambda: len(office.stored(CustomerProposal)) == 1, "the proposal")
    assert office.workspace.submit_view(ANNA, opened, GIVEN).ok
    assert "was sent before" in str(office.workspace.view_of(ANNA))
    assert (len(office.stored(CustomerProposal)), len(office.stored(OutboxMessage))) == (1, 1)


def test_what_cannot_be_stored_stays_in_the_form_and_counts_once_when_it_is_sent_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = form(office)

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch, structlog.testing.capture_logs():
        patch.setattr(telling, "ask", broken)
        refused = office.workspace.submit_view(ANNA, opened, GIVEN)
    assert "reference" in refused.errors["reason"]
    assert office.stored(CustomerProposal) == []
    assert office.workspace.submit_view(ANNA, opened, GIVEN).ok
    assert len(office.stored(CustomerProposal)) == 1


def test_a_form_that_meets_a_held_lock_keeps_what_was_typed(office: Office) -> None:
    opened = form(office)
    with office.bots[0].tierbot.database.writer.connect() as connection:  # nothing waits longer than this
        connection.exec_driver_sql("PRAGMA busy_timeout = 20")
    with office.locked():
        refused = office.workspace.submit_view(ANNA, opened, GIVEN)
    assert "busy" in refused.errors["reason"]
    assert office.workspace.submit_view(ANNA, opened, GIVEN).ok
    assert len(office.stored(CustomerProposal)) == 1
