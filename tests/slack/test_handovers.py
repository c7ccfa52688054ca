"""Handing a customer over in Slack: by a form of the card's menu, once; told to both; refused; and taken back."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select, update

from bot import jobs
from bot.clock import SystemClock
from bot.demo.workspace import View
from bot.slack import deferred
from bot.wording.actions import Action
from db.audit import AuditEntry
from db.book import customers
from db.book.by_hand.handovers import Handover
from db.book.customers import Customer, Ownership
from db.book.people import Person
from db.outbox.messages import OutboxMessage
from db.processes import InboundRequest
from tests import factories
from tests.slack.office import ANNA, PATIENCE, Office, eventually, opened_office, words

JULIA = "U0JULIA"
UNDO = str(Action.UNDO_HANDOVER)
TODAY = SystemClock().now().date()
GIVEN = {"person": JULIA, "day": TODAY.isoformat(), "note": "They want *two* lines, <soon>."}


@pytest.fixture(scope="module")
def opened(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(migrated, tmp_path_factory.mktemp("office")) as office:
        with office.database.write() as session:
            factories.person(session, "Julia")
        yield office


@pytest.fixture
def office(opened: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    yield opened
    opened.tidy(Handover, InboundRequest, OutboxMessage, users=(ANNA, JULIA))
    with opened.database.write() as session:
        anna = session.exec(select(Person.id).where(Person.name == "Anna")).one()
        session.execute(update(Ownership).values(person_id=anna))
        for later in session.exec(select(Ownership).where(col(Ownership.starts_on) >= TODAY)):
            session.delete(later)
        session.flush()
        session.execute(update(Ownership).values(ends_on=None))


def owner(office: Office) -> str | None:
    with office.database.read() as session:
        acme = session.exec(select(Customer.id).where(Customer.name == "ACME")).one() or 0
        row = customers.get_row(session, acme)
    return row.owner_name if row else None


def form(office: Office) -> View:
    assert office.choose_more(ANNA, office.card(), Action.HAND_OVER).ok
    return office.form()


def front(office: Office) -> View:
    """The view that Anna has in front of her."""
    view = office.workspace.view_of(ANNA)
    assert view is not None
    return view


def said(office: Office) -> str:
    return str(office.workspace.view_of(ANNA))


def test_the_form_hands_the_customer_over_and_the_new_account_manager_reads_what_is_open(
    office: Office,
) -> None:
    opened = form(office)
    assert "Open care steps:" in str(opened.spec)
    assert office.workspace.submit_view(ANNA, opened, GIVEN).ok
    assert "looks after" in said(office)
    assert owner(office) == "Julia"
    jobs.deliver(office.bots[0].tierbot)
    (message,) = office.workspace.messages(office.workspace.dm(JULIA))
    assert "ACME is yours now" in words(message)
    assert "&lt;soon&gt;" in words(message), "what was typed is no markup"
    assert office.workspace.click(JULIA, message, str(Action.OPEN)).ok
    eventually(lambda: office.said_to(JULIA, office.workspace.dm(JULIA)), "the card")
    assert [
        m for m in office.workspace.messages(office.workspace.dm(ANNA), ANNA) if "handed over" in words(m)
    ] == []


def test_undo_brings_the_customer_back_once_and_tells_the_new_one(office: Office) -> None:
    assert office.workspace.submit_view(ANNA, form(office), GIVEN).ok
    eventually(lambda: told(office, "is yours now"), "the message")
    assert office.workspace.click(ANNA, front(office), UNDO).ok
    eventually(lambda: "as before" in said(office), "the end")
    assert owner(office) == "Anna"
    assert UNDO not in said(office)
    actions = [one.action for one in office.stored(AuditEntry) if "hand" in one.action]
    assert actions[-2:] == ["customer_handed_over", "handover_taken_back"]
    eventually(lambda: told(office, "has taken back"), "the second message")


def told(office: Office, what: str) -> bool:
    """Whether Julia's newest message says this, once the outbox was delivered."""
    jobs.deliver(office.bots[0].tierbot)
    messages = office.workspace.messages(office.workspace.dm(JULIA))
    return bool(messages) and what in words(messages[-1])


def test_after_ten_minutes_it_stays(office: Office) -> None:
    assert office.workspace.submit_view(ANNA, form(office), GIVEN).ok
    with office.database.write() as session:
        session.execute(update(Handover).values(done_at=SystemClock().now() - timedelta(minutes=11)))
    assert office.workspace.click(ANNA, front(office), UNDO).ok
    eventually(lambda: "they are over" in f"{said(office)}{private(office)}", "the refusal")
    assert owner(office) == "Julia"


def private(office: Office) -> list[str]:
    return [words(one) for one in office.workspace.messages(office.workspace.dm(ANNA), ANNA)]


def test_a_form_whose_answer_is_lost_hands_over_once_and_says_so(office: Office) -> None:
    """As when the process ends between the commit and the acknowledgement; by then it is no longer Anna's."""
    opened, (bot,) = form(office), office.bots
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr(office.workspace.socket_mode, "_ack_seconds", 0.3)
        gone.setattr(bot.way.keeper, "send", lambda connection, text: None)  # type: ignore[union-attr]
        assert office.workspace.submit_view(ANNA, opened, GIVEN).error
        eventually(lambda: owner(office) == "Julia", "the handover")
    assert office.workspace.submit_view(ANNA, opened, GIVEN).ok
    assert "nothing has been added" in said(office)
    assert len(office.stored(Handover)) == 1


def test_while_the_database_is_locked_nothing_typed_is_lost(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = form(office)
    monkeypatch.setattr(deferred, "FORM_SECONDS", 0.3)
    with office.locked():
        assert office.workspace.submit_view(ANNA, opened, GIVEN).errors, "the form stays, with what to do"
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    assert owner(office) == "Anna"
    assert office.workspace.submit_view(ANNA, opened, GIVEN).ok
    assert owner(office) == "Julia"


@pytest.mark.parametrize(
    ("values", "where", "sentence"),
    [
        ({"day": "2020-01-01"}, "day", "Choose today or a later day"),
        ({"person": ANNA}, "person", "looks after this customer already"),
        ({"person": "U0OMAR"}, "person", "does not know this person"),
    ],
)
def test_what_cannot_be_is_said_below_its_input(
    office: Office, values: dict[str, str], where: str, sentence: str
) -> None:
    refused = office.workspace.submit_view(ANNA, form(office), GIVEN | values)
    assert sentence in refused.errors[where]
    assert owner(office) == "Anna"


def test_a_planned_one_is_shown_in_place_of_the_form_and_taken_back_there(office: Office) -> None:
    day = (TODAY + timedelta(days=7)).isoformat()
    assert office.workspace.submit_view(ANNA, form(office), GIVEN | {"day": day}).ok
    assert owner(office) == "Anna"
    assert office.choose_more(ANNA, office.card(), Action.HAND_OVER).ok
    view = office.view_with("It can be taken back until then")
    assert office.workspace.click(ANNA, view, UNDO).ok
    eventually(lambda: "as before" in said(office), "the end")
    assert "submit" in form(office).spec


def test_the_form_opens_only_for_those_who_may_hand_over(office: Office) -> None:
    """A card of Anna's, pressed by a colleague who may not see the customer."""
    card = office.card()
    shown = office.post({"text": "ACME", "blocks": [one for one in card.blocks if one["type"] == "actions"]})
    assert office.choose_more(JULIA, shown, Action.HAND_OVER).ok
    eventually(lambda: "no such customer" in str(office.workspace.view_of(JULIA)), "the refusal")


def test_who_has_lost_the_customer_meanwhile_hands_nothing_over(office: Office) -> None:
    opened = form(office)
    with office.database.write() as session:
        julia = session.exec(select(Person.id).where(Person.name == "Julia")).one()
        session.execute(update(Ownership).values(person_id=julia))
    assert office.workspace.submit_view(ANNA, opened, GIVEN).errors
    assert office.stored(Handover) == []
