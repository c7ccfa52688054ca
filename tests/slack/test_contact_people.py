"""Contact people in Slack: the list on a card, in full for who may, and the form, which counts once and keeps what was typed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from bot.demo.workspace import View
from bot.slack import deferred
from bot.wording.actions import Action
from db.audit import AuditEntry
from db.book.contact_people import BY_HAND, ContactPerson
from db.book.customers import Customer
from db.book.people import Person
from db.processes import InboundRequest
from tests import factories
from tests.slack.office import ANNA, PATIENCE, ROOM, Office, eventually, opened_office

FULL, ADD, CHANGE = map(str, (Action.CONTACTS_IN_FULL, Action.ADD_CONTACT, Action.CHANGE_CONTACT))
OMAR = "U0OMAR"


@pytest.fixture(scope="module")
def opened(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(migrated, tmp_path_factory.mktemp("office")) as office:
        with office.database.write() as session:
            factories.person(session, "Omar", role="sales_ops")
        yield office


@pytest.fixture
def office(opened: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    yield opened
    opened.tidy(ContactPerson, InboundRequest, users=(ANNA, OMAR))


def enter(office: Office, **values: Any) -> None:
    with office.database.write() as session:
        acme = session.exec(select(Customer.id).where(Customer.name == "ACME")).one()
        session.add(ContactPerson(customer_id=acme or 0, source=BY_HAND, **values))


def open_list(office: Office, text: str = "ACME", user: str = ANNA) -> View:
    assert office.choose_more(user, office.card(user), Action.CONTACTS).ok
    return office.view_with(text, user)


def open_form(office: Office, action: str = ADD) -> View:
    assert office.workspace.click(ANNA, open_list(office), action).ok
    return office.view_with("tierbot_contact_form")


def people(office: Office) -> list[ContactPerson]:
    with office.database.read() as session:
        return list(session.exec(select(ContactPerson).order_by(col(ContactPerson.id))))


def audited(office: Office, action: str) -> list[AuditEntry]:
    with office.database.read() as session:
        return list(session.exec(select(AuditEntry).where(AuditEntry.action == action)))


def test_a_contact_person_is_entered_with_a_lunar_birthday_and_the_rule_is_said(office: Office) -> None:
    form = open_form(office)
    given = {
        "name": "Li Ming", "role": "Purchasing", "birthday": "农历八月三十", "language": "中文", "country": "China",
        "zone": "Asia/Shanghai", "channel": "wechat", "greetings": "birthday", "do_not_contact": ["do_not_contact"],
        "interests": "tea", "note": "Has two children",
    }  # fmt: skip
    assert office.workspace.submit_view(ANNA, form, given).ok
    saved = office.view_with("Saved: *Li Ming*")
    assert "Where that month has 29 days it is kept on the 29th." in str(saved.spec)
    (person,) = people(office)
    stored = {name: getattr(person, name) for name in given}
    assert stored == given | {
        "birthday": "lunar --08-30", "language": "zh", "country": "CN", "do_not_contact": True,
    }  # fmt: skip
    assert office.workspace.close_view(ANNA, saved).ok
    assert "Li Ming" in str(office.view_with("Li Ming").spec)  # the list below was updated


def test_a_form_whose_answer_is_lost_adds_one_person(office: Office) -> None:
    """As when the process ends between the commit and the acknowledgement."""
    form, (bot,) = open_form(office), office.bots
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr(office.workspace.socket_mode, "_ack_seconds", 1.0)
        gone.setattr(bot.way.keeper, "send", lambda connection, text: None)  # type: ignore[union-attr]
        assert office.workspace.submit_view(ANNA, form, {"name": "Li Ming"}).error
    assert office.workspace.submit_view(ANNA, form, {"name": "Li Ming"}).ok
    office.view_with("recorded before")
    assert [person.name for person in people(office)] == ["Li Ming"]


def test_wrong_values_are_named_below_their_inputs_and_nothing_is_stored(office: Office) -> None:
    form = open_form(office)
    wrong = {
        "name": "Li Ming", "email": "li", "phone": "x", "birthday": "8/3", "zone": "Asia/Shangai", "country": "Atlantis",
        "language": "klingonish", "culture": "Narnia",
    }  # fmt: skip
    refused = office.workspace.submit_view(ANNA, form, wrong)
    assert refused.errors.keys() == wrong.keys() - {"name"}
    assert "did you mean Asia/Shanghai?" in refused.errors["zone"]
    assert "write 03-08 or 08-03" in refused.errors["birthday"]
    assert people(office) == []
    assert office.workspace.submit_view(ANNA, form, {"name": "Li Ming"}).ok
    assert len(people(office)) == 1


def test_the_name_of_somebody_there_already_is_refused_and_the_form_stays(office: Office) -> None:
    enter(office, name="Li Ming")
    refused = office.workspace.submit_view(ANNA, open_form(office), {"name": "li  ming"})
    assert "ACME has a contact person Li Ming already" in str(refused.errors)
    assert len(people(office)) == 1


def test_the_list_has_masks_and_in_full_is_recorded(office: Office) -> None:
    enter(
        office,
        name="Li Ming",
        phone="+49 170 7391826",
        email="li@acme.example",
        birthday="1985-03-08",
        note="secret",
    )
    view = str(open_list(office, "Li Ming").spec)
    assert [part for part in ("7391826", "li@acme", "1985-", "March", "secret") if part in view] == []
    before = len(audited(office, "personal_shown"))
    assert office.workspace.click(ANNA, open_list(office, "Li Ming"), FULL).ok
    full = str(office.view_with("Only you see this").spec)
    assert [part for part in ("7391826", "li@acme", "1985-03-08", "secret") if part not in full] == []
    assert len(audited(office, "personal_shown")) == before + 1


def test_a_change_that_somebody_else_was_faster_with_is_refused(office: Office) -> None:
    enter(office, name="Li Ming", role="Purchasing", birthday="--02-29")
    form = open_form(office, CHANGE)
    assert "In years without February 29 it is kept on February 28." in str(form.spec)
    with office.database.write() as session:
        session.exec(select(ContactPerson)).one().role = "Director"
    refused = office.workspace.submit_view(ANNA, form, {"role": "Buyer"})
    assert "was changed meanwhile" in str(refused.errors)
    assert people(office)[0].role == "Director"
    office.workspace.views.clear(ANNA)
    assert office.workspace.submit_view(ANNA, open_form(office, CHANGE), {"role": "Buyer", "birthday": ""}).ok
    (person,) = people(office)
    assert (person.role, person.birthday, person.greetings) == ("Buyer", None, "all")
    assert audited(office, "contact_person_changed")[-1].after is not None


def test_who_only_sees_a_customer_gets_no_buttons_to_change(office: Office) -> None:
    enter(office, name="Li Ming")
    buttons = str(open_list(office, "Li Ming", user=OMAR).spec)
    assert (ADD in buttons, CHANGE in buttons, FULL in buttons) == (True, False, False)


def test_who_lost_the_right_meanwhile_gets_no_form(office: Office) -> None:
    view = open_list(office, user=OMAR)
    with office.database.write() as session:
        session.exec(select(Person).where(Person.name == "Omar")).one().role = "finance"
    assert office.workspace.click(OMAR, view, ADD).ok
    assert "tierbot_contact_form" not in str(office.view_with("this is for its account manager", OMAR).spec)


def test_where_slack_fails_while_the_list_loads_the_person_is_told(office: Office) -> None:
    card = office.card()
    office.workspace.faults.switch("server_error", methods=["views.update"], count=9)
    assert office.choose_more(ANNA, card, Action.CONTACTS).ok
    eventually(
        lambda: any("Slack has trouble" in m.text for m in office.workspace.messages(ROOM, ANNA)),
        "the reason",
    )
