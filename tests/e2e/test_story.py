"""The story of a first day, with the Procfile's processes, over Socket Mode and signed HTTP, on either database."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.clock import SystemClock, local_instant
from bot.demo.workspace import StoredMessage
from bot.demo.workspace.default_team import GENERAL, GRACE_CHEN, MANAGERS
from bot.services.care.schedule import workday
from bot.services.schemes.store import last_cadence_day
from bot.wording import catalogue
from tests.conftest import BOTH
from tests.e2e.processes import wait_until
from tests.e2e.stage import (
    ANNA,
    BERLIN,
    GUEST,
    LIN,
    LINS_PRIDE,
    STRANGER,
    Books,
    Stage,
    actions,
    alert_states,
    due_days,
    reminder_rows,
    said,
    shown,
    staged,
)

WAYS = ("socket", "http")


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    return Books(folder=tmp_path_factory.mktemp("books"))


# `make test` tells it once on each database and once in each way, `make story` in all four pairs.
PAIRS = [f"{kind}-{way}" for kind in BOTH for way in WAYS]
TOLD = PAIRS if os.environ.get("STORY") == "all" else ["sqlite-socket", "postgresql-http"]


@pytest.fixture(scope="module", params=TOLD)
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, books: Books
) -> Iterator[Stage]:
    kind, way = request.param.split("-")
    server = request.getfixturevalue("postgres_server") if kind == "postgresql" else None
    with staged(tmp_path_factory.mktemp("story"), books, kind, way, server) as stage:
        yield stage


def test_anna_asks_about_acme_and_reads_why(stage: Stage) -> None:
    stage.answers()
    card = stage.ask(ANNA, "ACME")
    assert "ACME · Important (B)" in said(card)
    assert "orders through" in said(card)
    assert f"<@{ANNA}>" in said(card)
    assert actions(card) == ["tierbot_why", "tierbot_share", "tierbot_log_visit"]
    stage.press(ANNA, card, "tierbot_why")
    stage.view_of(ANNA, "ACME")
    stage.workspace.close_view(ANNA, stage.view_of(ANNA))


def test_what_is_shared_with_the_channel_has_no_figures(stage: Stage) -> None:
    stage.answers()
    stage.press(ANNA, stage.ask(ANNA, "acme"), "tierbot_share")
    (shared,) = wait_until(
        lambda: [m for m in stage.workspace.messages(GENERAL.id) if "ACME" in said(m)], "the shared card", 30
    )
    assert "ACME · Important (B)" in said(shared)
    assert f"Shared by <@{ANNA}>" in said(shared)
    figures = said(shared).replace(shown(last_cadence_day("month_end", stage.today)), "")
    assert not any(character.isdigit() for character in figures.replace(f"<@{ANNA}>", ""))


def test_a_logged_visit_restarts_the_clock(stage: Stage) -> None:
    stage.answers()
    stage.press(ANNA, stage.ask(ANNA, "ACME"), "tierbot_log_visit")
    form = stage.view_of(ANNA)
    today = SystemClock().now().astimezone(BERLIN).date()
    tomorrow = today + timedelta(days=1)
    late = stage.workspace.submit_view(ANNA, form, {"day": tomorrow.isoformat(), "note": "Line 3 runs."})
    assert late.errors == {"day": "The day lies in the future. Choose today or an earlier day."}
    kept = stage.workspace.submit_view(ANNA, form, {"day": today.isoformat(), "note": "Line 3 runs."})
    assert kept.ok
    assert shown(today) in said(stage.view_of(ANNA, "*ACME*"))
    # Tier B: a revisit every 60 days.
    assert due_days(stage.tierbot, "C-0001", "revisit") == [today + timedelta(days=60)]


def test_tier_alone_lists_ones_own_customers(stage: Stage) -> None:
    stage.answers()
    mine = stage.ask(ANNA, "")
    assert "Your customers" in said(mine)
    assert "Worst news first" in said(mine)
    assert LINS_PRIDE not in said(mine)
    theirs = stage.ask(LIN, "")
    assert catalogue.gettext("zh")("Your customers") in said(theirs)
    assert "重要客户（B类）" in said(theirs)


def test_strangers_and_guests_are_refused_with_what_to_do(stage: Stage) -> None:
    stage.answers()
    stranger = said(stage.ask(STRANGER.id, "ACME"))
    assert "does not know sam.stone@example.com yet" in stranger
    assert "Ask your admin" in stranger
    guest = said(stage.ask(GUEST.id, "ACME"))
    assert "Guests" in guest
    assert "Important" not in stranger + guest


def test_another_account_managers_customer_is_not_found(stage: Stage) -> None:
    stage.answers()
    for query in ("C-0002", LINS_PRIDE):
        answer = stage.ask(ANNA, query)
        assert query in said(
            answer
        )  # as the question it was, in the same words as for a name that nobody has
        assert said(answer).splitlines()[0] == said(stage.ask(ANNA, "Nobody")).splitlines()[0].replace(
            "Nobody", query
        )
        assert "tierbot_why" not in actions(answer)
    assert LINS_PRIDE in said(stage.ask(LIN, "C-0002"))
    assert LINS_PRIDE in said(stage.ask(GRACE_CHEN.id, "C-0002"))
    # A button of Lin's card is a pointer, not a permission.
    card = stage.ask(LIN, "C-0002")
    assert stage.press_as_seen(ANNA, card, "tierbot_why").ok
    wait_until(lambda: stage.told(GENERAL.id, "There is no such customer", ANNA), "the refusal", 30)
    open_view = stage.workspace.view_of(ANNA)
    assert open_view is None or LINS_PRIDE not in said(open_view)


def test_new_orders_lift_acme_and_the_managers_hear_it_once(stage: Stage) -> None:
    stage.answers()
    stage.bring_orders("acme_wins")
    (alert,) = wait_until(lambda: stage.told(MANAGERS.id, "*ACME*"), "the alert", 90)
    assert "Important (B) → *Strategic (A)*" in alert
    assert f"Account manager: <@{ANNA}>" in alert
    stage.tierbot.manage("grade")  # all others, by what has come in since the last month end
    wait_until(lambda: alert_states(stage.tierbot) == {"sent"}, "every alert being sent", 20)
    everything = stage.workspace.messages(MANAGERS.id)
    assert stage.told(MANAGERS.id, "*ACME*") == [alert]
    again = stage.tierbot.manage("grade")
    assert "0 customers changed tier, 0 messages" in again
    wait_until(lambda: alert_states(stage.tierbot) == {"sent"}, "every alert being sent", 20)
    assert stage.workspace.messages(MANAGERS.id) == everything
    assert "Strategic (A)" in said(stage.ask(ANNA, "ACME"))


def test_killed_and_started_again_it_answers_and_says_nothing_twice(stage: Stage) -> None:
    for bot in stage.answers():
        assert bot.stop(signal.SIGKILL) == -signal.SIGKILL
    stage.workspace.wait_for(lambda: not stage.takes_calls, 20)
    said_before = stage.workspace.messages(MANAGERS.id)
    assert stage.workspace.command(ANNA, GENERAL.id, "/tier", "ACME").error == "dispatch_failed"
    stage.bring_orders("big_return")  # nobody is there to look at them
    assert stage.workspace.messages(MANAGERS.id) == said_before
    stage.roles = (
        ("all",) if stage.tierbot.settings["TIERBOT_DATABASE_URL"].startswith("sqlite") else stage.roles
    )
    stage.answers()
    wait_until(lambda: stage.told(MANAGERS.id, f"*{LINS_PRIDE}*"), "the alert", 90)
    assert "ACME" in said(stage.ask(ANNA, "ACME"))
    wait_until(lambda: alert_states(stage.tierbot) == {"sent"}, "every alert being sent", 20)
    assert len(stage.told(MANAGERS.id, f"*{LINS_PRIDE}*")) == 1
    assert stage.workspace.messages(MANAGERS.id)[: len(said_before)] == said_before


# After everything that is graded as of today: the mornings to come may lie beyond the end of a month.
def test_a_reminder_comes_once_and_can_be_done_or_put_off(stage: Stage) -> None:
    stage.answers()
    wait_until(lambda: due_days(stage.tierbot, "C-0001", "revisit"), "the care plan", 40)
    assert stage.reminders(ANNA) == []
    now = SystemClock().now()
    day = workday(now.astimezone(BERLIN).date() + timedelta(days=1))
    at = local_instant(day, 9, 5, BERLIN).isoformat()
    # Cron and a colleague at the same moment, while the bot is running.
    ticks = [stage.tierbot.begin("tick", "--at", at) for _ in range(2)]
    for done in [stage.tierbot.finish(tick) for tick in ticks]:
        assert done.code == 0, done.err
    reminders = stage.reminders(ANNA)
    told = Counter(said(reminder) for reminder in reminders)
    assert set(told.values()) == {1}, told
    assert 2 <= len(told) <= 8, reminder_rows(stage.tierbot)  # no more than the plan's at_most_per_day

    first, second = reminders[0], reminders[1]
    stage.press(ANNA, second, "tierbot_done")
    assert actions(stage.becomes(ANNA, second, f"Done by <@{ANNA}>")) == []
    stage.press_as_seen(ANNA, second, "tierbot_done")
    dm = stage.workspace.dm(ANNA)
    wait_until(
        lambda: stage.told(dm, "Somebody has dealt with this reminder already.", ANNA), "the sentence", 20
    )

    stage.press(ANNA, first, "tierbot_snooze")
    today = SystemClock().now().astimezone(BERLIN).date()
    until = workday(today + timedelta(days=3))
    stage.becomes(ANNA, first, f"Snoozed by <@{ANNA}> until {shown(until)}")
    before = {m.ts for m in stage.reminders(ANNA)}
    later = local_instant(max(until, day), 9, 6, BERLIN)
    if until <= day:  # across a weekend both fall on the same morning
        later += timedelta(minutes=1)
    stage.tierbot.manage("tick", "--at", later.isoformat())

    # The running bot may be the one that sends it, a moment after the command has ended.
    def back() -> list[StoredMessage]:
        return [m for m in stage.reminders(ANNA) if m.ts not in before and said(m) == said(first)]

    wait_until(back, "the snoozed reminder", 20)
    assert len(back()) == 1


def test_told_to_stop_the_processes_end_without_complaint(stage: Stage) -> None:
    for bot in stage.answers():
        assert bot.stop(signal.SIGTERM, seconds=30) == 0
        assert "Traceback" not in bot.words()
        assert "Warning" not in bot.words()
