"""The Home tab in the local Slack: what it shows, what its presses do, and who gets nothing but a sentence."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.clock import SystemClock
from bot.demo.workspace import View, Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.demo.workspace.limits.blocks import check_view
from bot.services.care.schedule import plan_customers
from bot.slack import blocks
from bot.slack.manifest import EVENTS
from bot.slack.pressed import home_tab
from bot.wording.actions import Action
from db.audit import AuditEntry
from db.book import people, personal_settings
from db.book.people import Absence, Deputy, Person, Team
from db.care.touches import StepKind, Touch, TouchState
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.slack.office import ANNA, NEWCOMER, Office, eventually

pytestmark = on_sqlite


@pytest.fixture(params=["socket", "http"])
def office(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Office]:
    yield from started(database, tmp_path, request.param)


@pytest.fixture
def socket_office(database: Database, tmp_path: Path) -> Iterator[Office]:
    yield from started(database, tmp_path, "socket")


def started(database: Database, folder: Path, way: str) -> Iterator[Office]:
    with Workspace(
        users=PEOPLE, channels=CHANNELS, events=EVENTS, ack_seconds=20, monotonic=lambda: 0.0
    ) as workspace:
        office = Office(workspace=workspace, database=database, folder=folder, way=way)
        office.open()
        office.start()
        try:
            yield office
        finally:
            office.close()


def changed_after(office: Office, before: View | None, user: str = ANNA) -> View:
    """A person's tab once it has been published again."""

    def published() -> View | None:
        view = office.workspace.home_of(user)
        return view if view is not None and (before is None or view.hash != before.hash) else None

    view: View = eventually(published, "the tab")
    return view


def opened(office: Office, user: str = ANNA) -> View:
    """A person's tab after they have opened it."""
    before = office.workspace.home_of(user)
    office.workspace.open_home(user)
    return changed_after(office, before, user)


def text(view: View) -> str:
    return json.dumps(view.spec, ensure_ascii=False)


def due_step(office: Office) -> int:
    """A revisit of Globex that is due; its number."""
    with office.database.write() as session:
        now = SystemClock().now()
        plan_customers(session, office.bots[0].tierbot.rules, [office.globex], now)
        theirs = select(Touch).where(Touch.customer_id == office.globex, Touch.kind == StepKind.REVISIT)
        touch = session.exec(theirs).one()
        touch.due_on = touch.latest_on = now.date() - timedelta(days=3)
        assert touch.id is not None
        return touch.id


def control(view: View, touch_id: int, *actions: Action) -> tuple[str, str]:
    """The action and the value of what can be pressed below a step; of a menu its first choice."""
    for block in view.blocks:
        for one in block.get("elements", ()):
            value = one["options"][0]["value"] if "options" in one else one.get("value")
            if one.get("action_id") in map(str, actions) and blocks.decode(value).id == touch_id:
                return one["action_id"], value
    raise AssertionError(f"none of {actions} for {touch_id}")


def state_of(office: Office, touch_id: int) -> str:
    with office.database.read() as session:
        return session.get_one(Touch, touch_id).state


def anna(office: Office) -> Person:
    with office.database.read() as session:
        found = people.by_email(session, "anna@example.com")
        assert found is not None
        return found


def submit(office: Office, button: Action, values: dict[str, Any]) -> View:
    """Open a form of the settings from the tab and send it; the tab as it is published then."""
    before = office.workspace.home_of(ANNA) or opened(office)
    assert office.workspace.click(ANNA, before, str(button)).ok
    form = office.form()
    before = office.workspace.home_of(ANNA)
    outcome = office.workspace.submit_view(ANNA, form, values)
    assert outcome.ok, outcome
    return changed_after(office, before)


def test_an_opened_tab_shows_the_own_customers_and_those_asked_about_last(office: Office) -> None:
    view = opened(office)
    assert "My customers" in text(view)
    office.bots[0].tierbot.bounds.store()
    assert '"tierbot_open.0"' in text(opened(office))  # ACME, which the first answer of the office was about
    check_view({name: value for name, value in view.spec.items() if name != "id"})


def test_a_step_is_done_once_by_its_button_and_can_be_taken_back_there(office: Office) -> None:
    touch = due_step(office)
    view = opened(office)
    done, value = control(view, touch, Action.DONE, Action.DONE_AS)
    for _ in range(2):  # a double click
        assert office.workspace.click(ANNA, view, done, value).ok
    after = eventually(
        lambda: (found := office.workspace.home_of(ANNA)) and str(Action.UNDO) in text(found) and found,
        "Undo on the tab",
    )
    office.finish_work()
    assert state_of(office, touch) == TouchState.DONE
    office.workspace.views.clear(ANNA)  # the sentence that somebody was faster
    assert office.workspace.click(ANNA, after, str(Action.UNDO)).ok
    eventually(lambda: state_of(office, touch) != TouchState.DONE, "the step to be open again")


def test_a_form_that_a_row_opens_changes_the_tab(office: Office) -> None:
    touch = due_step(office)
    view = opened(office)
    _, first = control(view, touch, Action.ROW_MENU)
    later = first.replace("snooze_1", "snooze_until")
    assert office.workspace.click(ANNA, view, str(Action.ROW_MENU), later).ok
    form = office.form()
    assert office.workspace.submit_view(ANNA, form, {}).ok
    eventually(lambda: str(Action.UNDO) in text(office.workspace.home_of(ANNA)), "Undo on the tab")
    assert state_of(office, touch) == TouchState.SNOOZED


def test_the_search_answers_like_tier_in_a_view_on_top(office: Office) -> None:
    view = opened(office)
    assert office.workspace.click(ANNA, view, str(Action.HOME_SEARCH), "ACME").ok
    card = office.view_with("ACME · ")
    assert str(Action.SHARE) not in str(card.spec)  # there is no channel here
    assert office.workspace.click(ANNA, card, str(Action.WHY)).ok
    assert office.view_with("Why this tier").previous_id == card.id  # the way back


def test_a_customer_of_the_tab_opens_on_top_of_it(office: Office) -> None:
    view = opened(office)
    (menu,) = [
        one
        for block in view.blocks
        for one in block.get("elements", ())
        if one.get("action_id") == str(Action.OPEN)
    ]
    assert office.workspace.click(ANNA, view, str(Action.OPEN), menu["options"][0]["value"]).ok
    assert office.view_with("ACME · ")


def test_who_was_switched_off_gets_a_sentence_and_nothing_else(office: Office) -> None:
    opened(office)
    with office.database.write() as session:
        session.merge(anna(office)).active = False
    view = opened(office)
    assert [block["type"] for block in view.blocks] == ["section"]
    assert "switched off" in text(view)
    assert "ACME" not in text(view)


def test_a_guest_gets_a_sentence_and_nothing_else(office: Office) -> None:
    guest = next(user for user in PEOPLE if user.id == NEWCOMER)
    office.workspace.state.put_user(replace(guest, is_restricted=True))
    view = opened(office, NEWCOMER)
    assert [block["type"] for block in view.blocks] == ["section"]
    assert "Guests" in text(view)


def test_a_press_in_an_old_tab_asks_for_rights_again(office: Office) -> None:
    touch = due_step(office)
    view = opened(office)
    with office.database.write() as session:
        session.merge(anna(office)).active = False
    done, value = control(view, touch, Action.DONE, Action.DONE_AS)
    assert office.workspace.click(ANNA, view, done, value).ok
    after = changed_after(office, view)
    assert "Globex" not in text(after)
    assert state_of(office, touch) != TouchState.DONE


def test_a_tab_that_changed_meanwhile_is_composed_again(socket_office: Office) -> None:
    office = socket_office
    view = opened(office)
    with office.database.write() as session:
        session.merge(anna(office)).language = "zh"
    deps = office.bots[0].tierbot.deps
    deps.homes.of(ANNA).hash = "of.another"
    home_tab.publish(deps, office.bots[0].front.app.client, ANNA)
    after = office.workspace.home_of(ANNA)
    assert after is not None
    assert after.hash != view.hash
    assert "我的客户" in text(after)
    assert deps.homes.of(ANNA).hash == after.hash


def test_the_messages_tab_publishes_nothing(socket_office: Office) -> None:
    socket_office.workspace.open_home(ANNA, "messages")
    socket_office.finish_work()
    assert socket_office.workspace.home_of(ANNA) is None


def test_language_and_time_zone_are_saved_with_who_changed_them(office: Office) -> None:
    after = submit(office, Action.SET_LANGUAGE, {"language": "zh", "timezone": "Asia/Shanghai"})
    assert (anna(office).language, anna(office).timezone) == ("zh", "Asia/Shanghai")
    assert "我的设置" in text(after)
    changed = office.stored(AuditEntry)[-1]
    assert (changed.action, changed.door) == ("person_changed", "slack")
    assert '"zh"' in changed.after


def test_a_time_zone_that_there_is_not_stays_in_its_form(socket_office: Office) -> None:
    office = socket_office
    assert office.workspace.click(ANNA, opened(office), str(Action.SET_LANGUAGE)).ok
    outcome = office.workspace.submit_view(ANNA, office.form(), {"timezone": "Asia/Schanghai"})
    assert "Asia/Shanghai" in outcome.errors["timezone"]
    assert anna(office).timezone != "Asia/Schanghai"


def test_the_hour_of_the_digest_counts_for_its_person_only(socket_office: Office) -> None:
    office = socket_office
    submit(office, Action.SET_DIGEST, {"at": "07:30"})
    from bot.services.care.working_people import working_times

    with office.database.read() as session:
        times = working_times(session, None, office.bots[0].tierbot.rules.times, SystemClock().now())
        own = anna(office).id or 0
    assert f"{times[own].remind_at:%H:%M}" == "07:30"
    assert {f"{one.remind_at:%H:%M}" for number, one in times.items() if number != own} == {"09:00"}


def test_alerts_that_are_not_wanted_are_stored(socket_office: Office) -> None:
    office = socket_office
    submit(office, Action.SET_ALERTS, {"alerts": ["weekly"]})
    with office.database.read() as session:
        assert personal_settings.of(session, anna(office).id or 0).muted == "tier_changes"


def test_working_hours_days_off_and_a_deputy_are_those_of_the_commands(socket_office: Office) -> None:
    office = socket_office
    with office.database.write() as session:
        factories.person(session, "Omar")
        omar = people.by_email(session, "omar@example.com")
        assert omar is not None
        omar.slack_user_id = "U0OMAR"
    submit(office, Action.SET_HOURS, {"from": "08:00", "until": "16:30"})
    assert (anna(office).works_from, anna(office).works_until) == ("08:00", "16:30")
    first = date(2030, 5, 6)
    submit(office, Action.SET_AWAY, {"first": str(first), "last": str(first + timedelta(days=4))})
    (away,) = office.stored(Absence)
    assert (away.first_day, away.last_day) == (first, first + timedelta(days=4))
    submit(
        office,
        Action.SET_DEPUTY,
        {"person": "U0OMAR", "first": str(first), "last": str(first + timedelta(days=4))},
    )
    (deputy,) = office.stored(Deputy)
    assert deputy.person_id == anna(office).id
    submit(office, Action.SET_DEPUTY, {})
    assert office.stored(Deputy) == []


def test_a_lead_sees_the_team_and_what_is_overdue_in_it(socket_office: Office) -> None:
    office = socket_office
    due_step(office)
    with office.database.write() as session:
        lead = factories.person(session, "Omar")
        person = session.get_one(Person, lead)
        person.slack_user_id, person.role = "U0OMAR", "team_lead"
        team = factories.team(session, "Sales", lead_id=lead)
        session.get_one(Person, anna(office).id).team_id = team
        assert session.get_one(Team, team).lead_id == lead
    view = opened(office, "U0OMAR")
    assert "1 care step is over its limit" in text(view)
    assert f"<@{ANNA}> · 2 customers · 1 overdue" in text(view)
    assert office.workspace.click("U0OMAR", view, str(Action.HOME_CAPACITY)).ok
    assert office.view_with("h of care", "U0OMAR")
    assert "My team" not in text(opened(office))  # Anna leads none


def test_an_admin_sees_the_installation(socket_office: Office) -> None:
    office = socket_office
    with office.database.write() as session:
        session.merge(anna(office)).role = "admin"
    view = opened(office)
    for title in ("The installation", "Health", "Newest imports", "Schemes"):
        assert title in text(view)
    assert office.workspace.click(ANNA, view, str(Action.HOME_HEALTH)).ok
    assert office.view_with("python 3")
