"""Gifts in Slack: recorded by a form that shows what is left, refused over a limit, once however often it is sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.dates import format_date
from sqlmodel import col, select, update

from bot.clock import SystemClock
from bot.demo.workspace import View
from bot.slack import deferred
from bot.wording.actions import Action
from db.book.contact_people import ContactPerson
from db.book.customers import Customer
from db.book.facts import Activity
from db.book.people import Person
from db.care.records.gifts import Gift
from db.processes import InboundRequest
from tests import factories
from tests.slack.office import ANNA, PATIENCE, Office, eventually, opened_office, words

UNDO = str(Action.UNDO_GIFT)
TODAY = SystemClock().now().date()
GIFT = {"what": "Green tea", "value": "150", "currency": "CNY", "day": TODAY.isoformat()}


@pytest.fixture(scope="module")
def opened(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(migrated, tmp_path_factory.mktemp("office")) as office:
        with office.database.write() as session:
            acme = session.exec(select(Customer.id).where(Customer.name == "ACME")).one()
            factories.contact_person(session, acme or 0, "Wu Lei", interests="Tea")
        yield office


@pytest.fixture
def office(opened: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    yield opened
    opened.tidy(Gift, Activity, InboundRequest)
    with opened.database.write() as session:
        session.exec(update(Customer).values(customer_type=None))
        as_before = {"role": "account_manager", "language": "en"}
        session.exec(update(Person).where(col(Person.name) == "Anna").values(as_before))


def given(office: Office, *values: int) -> None:
    with office.database.write() as session:
        acme = session.exec(select(Customer.id).where(Customer.name == "ACME")).one()
        for value in values:
            factories.gift(session, acme or 0, TODAY, value)


def form(office: Office) -> View:
    assert office.choose_more(ANNA, office.card(), Action.GIFT).ok
    return office.form()


def test_every_line_above_the_inputs_is_shown_whole(office: Office) -> None:
    given(office, 10, 20, 30)
    sections = [one["text"]["text"] for one in form(office).spec["blocks"] if one["type"] == "section"]
    (last,) = [one for one in sections if one.startswith("Last gifts:")]
    assert len(last.splitlines()) == 4
    assert len(next(one for one in sections if one.startswith("One gift:")).splitlines()) == 2
    assert [one for one in sections if one.endswith("…")] == []


def test_the_form_shows_what_is_left_the_last_gifts_and_suggestions_and_records_one(office: Office) -> None:
    given(office, 300)
    shown = form(office)
    text = str(shown.spec)
    assert f"For this customer in {TODAY.year}: CNY 700 of CNY 1,000 left" in text  # of tier B
    above = [block["text"]["text"] for block in shown.spec["blocks"] if block["type"] == "section"]
    assert f"Last gifts:\n• {format_date(TODAY, 'medium', 'en')} · Tea · CNY 300" in above
    assert "Suggested:\n• Wu Lei: A card written by hand (CNY 20)" in above
    assert "A tin of good tea" not in text  # tea was given
    person = str(office.stored(ContactPerson)[0].id)
    assert office.workspace.submit_view(ANNA, shown, GIFT | {"person": person, "occasion": "birthday"}).ok
    said = str(office.workspace.view_of(ANNA))
    assert "Recorded: Green tea (CNY 150)" in said
    assert "Given to Wu Lei" in said
    # Of the contact person; of the customer 550.
    assert f"CNY 450 is left in {TODAY.year}" in said
    gift = office.stored(Gift)[-1]
    assert (gift.what, gift.value, gift.occasion, gift.source) == ("Green tea", 150, "birthday", "slack")


@pytest.mark.parametrize(
    ("values", "where", "sentence"),
    [
        (
            {"value": "301"},
            "value",
            "A gift to ACME may be worth CNY 300 at most, and this one is worth CNY 301; ask",
        ),
        ({"value": "a lot"}, "value", "Write the value as an amount above 0"),
        ({"value": "1,50"}, "value", "Write the value as an amount above 0"),
        ({"currency": "EUR"}, "value", "the firm has no currency"),
        ({"day": "2099-01-01"}, "day", "The day lies in the future."),
        ({"what": "   "}, "what", "Write what was given"),
    ],
)
def test_what_cannot_be_is_said_below_its_input_and_the_form_stays(
    office: Office, values: dict[str, str], where: str, sentence: str
) -> None:
    refused = office.workspace.submit_view(ANNA, form(office), GIFT | values)
    assert sentence in refused.errors[where]
    assert office.stored(Gift) == []


def test_where_gifts_are_forbidden_the_form_warns_and_refuses(office: Office) -> None:
    with office.database.write() as session:
        session.exec(update(Customer).values(customer_type="government"))
    shown = form(office)
    warning = "Gifts to this customer are not allowed (no gifts to the public sector)"
    assert f":warning: {warning}" in str(shown.spec)
    assert "reason" not in str([block.get("block_id") for block in shown.spec["blocks"]])
    refused = office.workspace.submit_view(ANNA, shown, GIFT)
    assert "Gifts to ACME are not allowed" in refused.errors["value"]


def test_a_chinese_reader_reads_the_form_and_the_refusal_in_chinese(office: Office) -> None:
    with office.database.write() as session:
        session.exec(update(Person).where(col(Person.name) == "Anna").values(language="zh"))
    given(office, 300)
    above = str(form(office).spec)
    assert f"• {format_date(TODAY, 'medium', 'zh')} · Tea · CNY 300" in above
    assert "• Wu Lei：手写贺卡（CNY 20）" in above
    office.workspace.views.clear(ANNA)
    with office.database.write() as session:
        session.exec(update(Customer).values(customer_type="government"))
    shown = form(office)
    assert "不得向公共部门送礼" in str(shown.spec)
    refused = office.workspace.submit_view(ANNA, shown, GIFT)
    assert "不得向公共部门送礼" in refused.errors["value"]


def test_who_may_allow_it_gives_the_reason_in_the_same_form(office: Office) -> None:
    with office.database.write() as session:
        session.exec(update(Person).where(col(Person.name) == "Anna").values(role="admin"))
    shown = form(office)
    refused = office.workspace.submit_view(ANNA, shown, GIFT | {"value": "900"})
    assert "you may record it all the same: give the reason" in refused.errors["reason"]
    values = GIFT | {"value": "900", "reason": "Ten years with us"}
    assert office.workspace.submit_view(ANNA, shown, values).ok
    (gift,) = office.stored(Gift)
    assert (gift.state, gift.reason) == ("allowed", "Ten years with us")


def test_a_form_whose_answer_is_lost_is_one_gift(office: Office) -> None:
    shown, (bot,) = form(office), office.bots
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr(office.workspace.socket_mode, "_ack_seconds", 0.3)
        gone.setattr(bot.way.keeper, "send", lambda connection, text: None)  # type: ignore[union-attr]
        assert office.workspace.submit_view(ANNA, shown, GIFT).error
    assert office.workspace.submit_view(ANNA, shown, GIFT).ok
    assert "was recorded before" in str(office.workspace.view_of(ANNA))
    assert (len(office.stored(Gift)), len(office.stored(Activity))) == (1, 1)


def test_while_the_database_is_locked_the_form_stays_with_what_was_typed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = form(office)
    monkeypatch.setattr(deferred, "FORM_SECONDS", 0.3)
    with office.locked():
        assert "Nothing of this has been saved" in str(office.workspace.submit_view(ANNA, shown, GIFT))
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    assert office.workspace.submit_view(ANNA, shown, GIFT).ok
    assert len(office.stored(Gift)) == 1


def test_undo_in_the_form_takes_gift_and_contact_back(office: Office) -> None:
    assert office.workspace.submit_view(ANNA, form(office), GIFT).ok
    assert office.workspace.click(ANNA, office.workspace.view_of(ANNA), UNDO).ok
    eventually(lambda: "counts no more" in str(office.workspace.view_of(ANNA)), "the end")
    assert (office.stored(Gift), office.stored(Activity)) == ([], [])


def test_the_form_opens_only_for_those_who_may_record_one(office: Office) -> None:
    card = office.card()
    with office.database.write() as session:
        if session.exec(select(Person).where(Person.name == "Julia")).first() is None:
            factories.person(session, "Julia")
    shown = office.post({"text": "ACME", "blocks": [one for one in card.blocks if one["type"] == "actions"]})
    assert office.choose_more("U0JULIA", shown, Action.GIFT).ok
    eventually(
        lambda: "no such customer" in str([words(m) for m in office.said_to("U0JULIA")]), "the refusal"
    )
