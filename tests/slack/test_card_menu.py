"""The menu of a customer's card, pressed in the local workspace."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.slack import blocks
from bot.wording.actions import Action
from bot.wording.messages import TierCard
from tests.slack.office import ANNA, Office, eventually, opened_office


@pytest.fixture(scope="module")
def office(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(migrated, tmp_path_factory.mktemp("office")) as office:
        yield office


def opens(office: Office, what: str) -> None:
    eventually(lambda: what in str(office.workspace.view_of(ANNA)), what)


OPENS = {
    Action.NOTES: "No note has been written yet",
    Action.COMPLAINT: "tierbot_complaint_form",
    Action.GIFT: "tierbot_gift_form",
    Action.PROMISE: "tierbot_promise_form",
    Action.SURVEY: "tierbot_survey_form",
    Action.CONTACTS: "tierbot_add_contact",
    Action.PROFILE: "tierbot_change_profile",
    Action.HAND_OVER: "tierbot_hand_over_form",
}


ANSWERED = {Action.BRIEF}  # with a message; tests/slack/test_brief.py
PROPOSED = {Action.PROPOSE_TIER, Action.PROPOSE_CREDIT}  # tests/slack/test_proposals.py


def test_each_choice_has_its_case_here() -> None:
    assert set(OPENS) | ANSWERED | PROPOSED == set(TierCard.in_menu)


def test_where_nothing_can_be_proposed_it_is_not_offered(office: Office) -> None:
    """The scheme of this book allows no override, and credit is not assessed."""
    offered = str(office.card().blocks)
    assert not {action for action in PROPOSED if str(action) in offered}


@pytest.mark.parametrize("action", OPENS, ids=str)
def test_a_choice_opens_what_it_names(office: Office, action: Action) -> None:
    assert office.choose_more(ANNA, office.card(), action).ok
    opens(office, OPENS[action])


@pytest.mark.parametrize("action", OPENS, ids=str)
def test_the_buttons_of_earlier_cards_still_work(office: Office, action: Action) -> None:
    (menu,) = [one for one in office.card().blocks[-1]["elements"] if one["action_id"] == str(Action.MORE)]
    button = {
        "type": "button",
        "action_id": str(action),
        "text": blocks.plain("As before", 20),
        "value": next(o["value"] for o in menu["options"] if blocks.decode(o["value"]).choice == str(action)),
    }
    old = office.post({"text": "ACME", "blocks": [{"type": "actions", "elements": [button]}]})
    assert office.workspace.click(ANNA, old, str(action)).ok
    opens(office, OPENS[action])
