"""The customer profile in Slack: the list on a card, in full for who may, the form, and Undo."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from bot.demo.workspace import View
from bot.slack import blocks, deferred
from bot.wording.actions import Action, Pointer
from db.audit import AuditEntry
from db.book.customers import Customer
from db.book.traits import Trait
from db.processes import InboundRequest
from tests import factories
from tests.slack.office import ANNA, PATIENCE, Office, opened_office

FULL, CHANGE, UNDO = map(str, (Action.PROFILE_IN_FULL, Action.CHANGE_PROFILE, Action.UNDO_PROFILE))
OMAR = "U0OMAR"
LONG_AGO = date(2026, 1, 5)


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
    opened.tidy(Trait, InboundRequest, users=(ANNA, OMAR))


def know(office: Office, **values: str) -> None:
    with office.database.write() as session:
        acme = session.exec(select(Customer.id).where(Customer.name == "ACME")).one() or 0
        for field, value in values.items():
            known = {"as_of": LONG_AGO, "source": "crm", "recorded_at": factories.AT - timedelta(days=400)}
            session.add(Trait(customer_id=acme, field=field, value=value, **known))


def open_list(office: Office, text: str = "ACME", user: str = ANNA) -> View:
    assert office.choose_more(user, office.card(user), Action.PROFILE).ok
    return office.view_with(text, user)


def open_form(office: Office) -> View:
    assert office.workspace.click(ANNA, open_list(office), CHANGE).ok
    return office.view_with("tierbot_profile_form")


def known(office: Office) -> list[tuple[str, str]]:
    with office.database.read() as session:
        rows = session.exec(select(Trait).where(col(Trait.superseded_at).is_(None)).order_by(col(Trait.id)))
        return [(row.field, row.value) for row in rows]


def audited(office: Office, action: str) -> list[AuditEntry]:
    with office.database.read() as session:
        return list(session.exec(select(AuditEntry).where(AuditEntry.action == action)))


def test_a_profile_is_entered_changed_and_taken_back(office: Office) -> None:
    know(office, needs="seals", loyalty="low", web_visits="7")
    given: dict[str, Any] = {
        "trait_needs": "seals\nspare parts", "trait_benefits": ["price", "quality"], "trait_loyalty": "-",
        "trait_occupation": "", "trait_web_visits": "7",
    }  # fmt: skip
    assert office.workspace.submit_view(ANNA, open_form(office), given).ok
    saved = office.view_with("Saved in the profile of *ACME*")
    assert "Removed: Brand loyalty" in str(saved.spec)
    after = [
        *(("needs", "seals"), ("web_visits", "7"), ("needs", "spare parts")),
        *(("benefits", "price"), ("benefits", "quality")),
    ]
    assert sorted(known(office)) == sorted(after)
    assert office.workspace.click(ANNA, saved, UNDO).ok
    office.view_with("Taken back for *ACME*")
    assert known(office) == [("needs", "seals"), ("loyalty", "low"), ("web_visits", "7")]
    assert office.workspace.close_view(ANNA, office.view_with("Taken back")).ok
    assert "as of Jan 5, 2026, from crm" in str(office.view_with("Brand loyalty").spec)  # the list below


def test_a_form_whose_answer_is_lost_counts_once(office: Office) -> None:
    """As when the process ends between the commit and the acknowledgement."""
    form, (bot,) = open_form(office), office.bots
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr(office.workspace.socket_mode, "_ack_seconds", 1.0)
        gone.setattr(bot.way.keeper, "send", lambda connection, text: None)  # type: ignore[union-attr]
        assert office.workspace.submit_view(ANNA, form, {"trait_needs": "seals"}).error
    assert office.workspace.submit_view(ANNA, form, {"trait_needs": "seals"}).ok
    office.view_with("was saved before")
    assert known(office) == [("needs", "seals")]


def test_wrong_values_are_named_below_their_inputs_and_the_form_stays(office: Office) -> None:
    form = open_form(office)
    given = {"trait_web_visits": "many", "trait_needs": "x" * 300}
    refused = office.workspace.submit_view(ANNA, form, given)
    assert refused.errors == {
        "trait_web_visits": "'many' is not a number; write it as 1234.5",
        "trait_needs": "has 300 characters; at most 200 are taken",
    }
    future = office.workspace.submit_view(ANNA, form, {"trait_needs": "seals", "day": "2099-01-01"})
    assert "lies in the future" in future.errors["day"]
    assert known(office) == []
    assert office.workspace.submit_view(ANNA, form, {"trait_needs": "seals"}).ok
    assert known(office) == [("needs", "seals")]


def test_a_change_that_somebody_else_was_faster_with_is_refused(office: Office) -> None:
    form = open_form(office)
    know(office, needs="seals")
    refused = office.workspace.submit_view(ANNA, form, {"trait_needs": "pumps"})
    assert "Somebody has changed this customer profile meanwhile" in str(refused.errors)
    assert known(office) == [("needs", "seals")]


def test_the_list_has_masks_and_in_full_is_recorded(office: Office) -> None:
    know(office, needs="seals", occupation="a secret trade")
    view = open_list(office, "seals")
    assert "secret" not in str(view.spec)
    before = len(audited(office, "personal_shown"))
    assert office.workspace.click(ANNA, view, FULL).ok
    assert "a secret trade" in str(office.view_with("Only you see this").spec)
    assert len(audited(office, "personal_shown")) == before + 1


def test_who_only_sees_a_customer_gets_no_buttons(office: Office) -> None:
    know(office, needs="seals", occupation="a secret trade")
    buttons = str(open_list(office, "seals", user=OMAR).spec)
    assert (CHANGE in buttons, FULL in buttons) == (False, False)


def test_the_card_has_one_line_of_the_fields_that_the_firm_wants_there(office: Office) -> None:
    know(office, needs="seals", occupation="a secret trade", loyalty="low")
    with office.database.write() as session:
        acme = session.exec(select(Customer.id).where(Customer.name == "ACME")).one() or 0
        for value in ("pumps", "belts", "bolts & <nuts>"):
            known = {"as_of": LONG_AGO, "source": "crm", "recorded_at": factories.AT}
            session.add(Trait(customer_id=acme, field="needs", value=value, **known))
    card = str(office.card(ANNA).blocks)
    assert "*Needs* seals, pumps, and belts +1" in card
    assert "secret" not in card
    assert "Brand loyalty" not in card


def test_the_form_says_when_the_database_is_busy_and_keeps_what_was_typed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = open_form(office)
    with office.locked():
        monkeypatch.setattr(deferred, "FORM_SECONDS", 0.1)
        busy = office.workspace.submit_view(ANNA, form, {"trait_needs": "seals"})
        assert "Nothing of this has been saved" in str(busy.errors)
    monkeypatch.setattr(deferred, "FORM_SECONDS", PATIENCE)
    assert known(office) == []
    assert office.workspace.submit_view(ANNA, form, {"trait_needs": "seals"}).ok
    assert known(office) == [("needs", "seals")]


def test_what_was_saved_is_saved_when_slack_does_not_update_the_list_below(office: Office) -> None:
    form = open_form(office)
    office.workspace.faults.switch("server_error", methods=["views.update"], count=9)
    assert office.workspace.submit_view(ANNA, form, {"trait_needs": "seals"}).ok
    assert "Saved in the profile of *ACME*" in str(office.view_with("Saved in the profile").spec)
    assert known(office) == [("needs", "seals")]


FORGED: dict[str, dict[str, Any]] = {
    "a value that is not offered": {"trait_loyalty": {"selected_option": {"value": "extreme"}}},
    "several that are not offered": {"trait_benefits": {"selected_options": [{"value": "beauty"}]}},
    "no list": {"trait_benefits": {"selected_options": "price"}},
    "no options": {"trait_benefits": {"selected_options": [1]}},
    "no day": {"day": {"selected_date": None}, "trait_needs": {"value": "seals"}},
    "another type": {"day": {"selected_date": 7}, "trait_needs": {"value": ["a", "list"]}},
}


@pytest.mark.parametrize("values", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("state", ["0", None])
def test_a_forged_form_changes_nothing(office: Office, values: dict[str, Any], state: str | None) -> None:
    with office.database.read() as session:
        acme = session.exec(select(Customer.id).where(Customer.name == "ACME")).one() or 0
    inputs = {"day": {"selected_date": "2026-01-05"}, **values}
    view = {
        "type": "modal", "id": f"V{state}{str(values)[:40]}", "callback_id": Action.PROFILE_FORM,
        "private_metadata": blocks.encode(Pointer(id=acme, choice=state)),
        "blocks": [{"type": "input", "block_id": name} for name in inputs],
        "state": {"values": {name: {name: value} for name, value in inputs.items()}},
    }  # fmt: skip
    sent = {"type": "view_submission", "team": {"id": "T0LOCAL"}, "user": {"id": ANNA}, "view": view}
    answer = office.deliver("interactive", {**sent, "trigger_id": str(view["id"])})
    assert answer["response_action"] == "errors"
    assert "went wrong" not in str(answer)
    assert known(office) == []
