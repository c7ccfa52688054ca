"""The story of a first day, with the Procfile's processes, over Socket Mode and signed HTTP, on either database."""

import os
import re
import signal
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from bot.clock import SystemClock, local_instant
from bot.demo.workspace import StoredMessage
from bot.demo.workspace.default_team import GENERAL, GRACE_CHEN, MANAGERS
from bot.services.care.working_time import WorkingTime
from bot.services.schemes.store import last_cadence_day
from bot.wording import catalogue
from tests.conftest import BOTH
from tests.e2e.stage import (
    ANNA,
    BERLIN,
    BEST_OF_LIN,
    GUEST,
    LIN,
    STRANGER,
    Books,
    Row,
    Stage,
    actions,
    alert_states,
    current,
    digest_rows,
    due_days,
    outbox_of_care,
    shown,
    staged,
    text_of,
)

WAYS = ("socket", "http")
GERMAN = WorkingTime(zone=BERLIN, place="DE")


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    return Books(folder=tmp_path_factory.mktemp("books"))


# `make story` tells it all in four pairs. `make test` tells it once, and its beginning, its crash and its end on the other
# database in the other way.
PAIRS = [f"{kind}-{way}" for kind in BOTH for way in WAYS]
ALL = os.environ.get("STORY") == "all"
told_once = pytest.mark.parametrize("stage", PAIRS if ALL else ["sqlite-socket"], indirect=True)
told_twice = pytest.mark.parametrize(
    "stage", PAIRS if ALL else ["sqlite-socket", "postgresql-http"], indirect=True
)


@pytest.fixture(scope="module")
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, books: Books
) -> Iterator[Stage]:
    kind, way = request.param.split("-")
    server = request.getfixturevalue("postgres_server") if kind == "postgresql" else None
    with staged(tmp_path_factory.mktemp("story"), books, kind, way, server) as stage:
        yield stage


@told_twice
def test_anna_asks_about_acme_and_reads_why(stage: Stage) -> None:
    stage.start_bots()
    card = stage.ask(ANNA, "ACME")
    assert "ACME · Important (B)" in text_of(card)
    assert "orders through" in text_of(card)
    assert f"<@{ANNA}>" in text_of(card)
    assert actions(card) == [
        *("tierbot_why", "tierbot_share", "tierbot_log_visit", "tierbot_more"),
    ]
    stage.open_view(ANNA, card, "tierbot_why", "ACME")
    stage.workspace.close_view(ANNA, stage.view_of(ANNA))


@told_once
def test_what_is_shared_with_the_channel_has_no_figures(stage: Stage) -> None:
    stage.start_bots()
    card = stage.ask(ANNA, "acme")
    stage.press(ANNA, card, "tierbot_share")
    (preview,) = stage.wait(
        lambda: [
            m
            for m in stage.workspace.messages(card.channel, ANNA)
            if m.ts == card.ts and "tierbot_post" in actions(m)
        ],
        "the preview",
    )
    stage.press(ANNA, preview, "tierbot_post")
    (shared,) = stage.wait(
        lambda: [m for m in stage.workspace.messages(GENERAL.id) if "ACME" in text_of(m)],
        "the shared card",
    )
    assert "ACME · Important (B)" in text_of(shared)
    assert f"Shared by <@{ANNA}>" in text_of(shared)
    figures = text_of(shared).replace(shown(last_cadence_day("month_end", stage.today)), "")
    figures = re.sub(r"\b[A-Z]+-?[0-9]+\b", "", figures.replace(f"<@{ANNA}>", ""))  # the customer's code
    assert not any(character.isdigit() for character in figures)


@told_once
def test_a_logged_visit_restarts_the_clock(stage: Stage) -> None:
    stage.start_bots()
    form = stage.open_view(ANNA, stage.ask(ANNA, "ACME"), "tierbot_log_visit")
    today = SystemClock().now().astimezone(BERLIN).date()
    tomorrow = today + timedelta(days=1)
    late = stage.workspace.submit_view(ANNA, form, {"day": tomorrow.isoformat(), "note": "Line 3 runs."})
    assert late.errors == {"day": "The day lies in the future. Choose today or an earlier day."}
    kept = stage.workspace.submit_view(ANNA, form, {"day": today.isoformat(), "note": "Line 3 runs."})
    assert kept.ok
    assert shown(today) in text_of(stage.view_of(ANNA, "*ACME*"))
    # Tier B: a revisit every 60 days.
    assert due_days(stage.tierbot, "C-0001", "revisit") == [today + timedelta(days=60)]


@told_once
def test_tier_without_a_name_lists_ones_own_customers(stage: Stage) -> None:
    stage.start_bots()
    mine = stage.ask(ANNA, "")
    assert "Your customers" in text_of(mine)
    assert "Worst news first" in text_of(mine)
    assert BEST_OF_LIN not in text_of(mine)
    theirs = stage.ask(LIN, "")
    assert catalogue.gettext("zh")("Your customers") in text_of(theirs)
    assert "重要客户（B类）" in text_of(theirs)


@told_once
def test_strangers_and_guests_are_refused_with_what_to_do(stage: Stage) -> None:
    stage.start_bots()
    stranger = text_of(stage.ask(STRANGER.id, "ACME"))
    assert "does not know sam.stone@example.com yet" in stranger
    assert "Ask your admin" in stranger
    guest = text_of(stage.ask(GUEST.id, "ACME"))
    assert "Guests" in guest
    assert "Important" not in stranger + guest


@told_once
def test_another_account_managers_customer_is_not_found(stage: Stage) -> None:
    stage.start_bots()
    for query in ("C-0002", BEST_OF_LIN):
        answer = stage.ask(ANNA, query)
        assert query in text_of(answer)  # quoted, in the same sentence as for a name that nobody has
        assert text_of(answer).splitlines()[0] == text_of(stage.ask(ANNA, "Nobody")).splitlines()[0].replace(
            "Nobody", query
        )
        assert "tierbot_why" not in actions(answer)
    assert BEST_OF_LIN in text_of(stage.ask(LIN, "C-0002"))
    assert BEST_OF_LIN in text_of(stage.ask(GRACE_CHEN.id, "C-0002"))
    # A button of Lin's card is a pointer, not a permission: the refusal takes the place of the card.
    card = stage.ask(LIN, "C-0002")
    assert stage.press_as_seen(ANNA, card, "tierbot_why").ok
    stage.wait(lambda: stage.messages_about(GENERAL.id, "There is no such customer", LIN), "the refusal")
    open_view = stage.workspace.view_of(ANNA)
    assert open_view is None or BEST_OF_LIN not in text_of(open_view)


@told_once
def test_new_orders_lift_acme_and_the_managers_get_one_alert(stage: Stage) -> None:
    stage.start_bots()
    stage.import_orders("acme_wins")
    (alert,) = stage.wait(lambda: stage.messages_about(MANAGERS.id, "*ACME*"), "the alert")
    assert "Important (B) → *Strategic (A)*" in alert
    assert f"Account manager: <@{ANNA}>" in alert
    stage.tierbot.manage("grade")  # all others, by what has come in since the last month end
    stage.wait(lambda: alert_states(stage.tierbot) == {"sent"}, "every alert being sent")
    everything = stage.workspace.messages(MANAGERS.id)
    assert stage.messages_about(MANAGERS.id, "*ACME*") == [alert]
    again = stage.tierbot.manage("grade")
    assert "0 customers changed tier, 0 messages" in again
    stage.wait(lambda: alert_states(stage.tierbot) == {"sent"}, "every alert being sent")
    assert stage.workspace.messages(MANAGERS.id) == everything
    assert "Strategic (A)" in text_of(stage.ask(ANNA, "ACME"))


@told_twice
def test_killed_and_started_again_it_answers_and_repeats_nothing(stage: Stage) -> None:
    for bot in stage.start_bots():
        assert bot.stop(signal.SIGKILL) == -signal.SIGKILL
    stage.workspace.wait_for(lambda: not stage.reachable, 90)
    said_before = stage.workspace.messages(MANAGERS.id)
    assert stage.workspace.command(ANNA, GENERAL.id, "/tier", "ACME").error == "dispatch_failed"
    stage.import_orders("big_return")  # no process is there to read them
    assert stage.workspace.messages(MANAGERS.id) == said_before
    stage.roles = (
        ("all",) if stage.tierbot.settings["TIERBOT_DATABASE_URL"].startswith("sqlite") else stage.roles
    )
    stage.start_bots()
    stage.wait(lambda: stage.messages_about(MANAGERS.id, f"*{BEST_OF_LIN}*"), "the alert")
    assert "ACME" in text_of(stage.ask(ANNA, "ACME"))
    stage.wait(lambda: alert_states(stage.tierbot) == {"sent"}, "every alert being sent")
    assert len(stage.messages_about(MANAGERS.id, f"*{BEST_OF_LIN}*")) == 1
    assert stage.workspace.messages(MANAGERS.id)[: len(said_before)] == said_before


# After all tests that grade as of today: the next mornings may be in another month.
@told_once
def test_a_digest_comes_once_a_morning_and_its_rows_can_be_done_undone_and_put_off(stage: Stage) -> None:
    stage.start_bots()
    stage.wait(lambda: due_days(stage.tierbot, "C-0001", "revisit"), "the care plan")
    now = SystemClock().now()
    day = GERMAN.next_working_day(now.astimezone(BERLIN).date() + timedelta(days=1))
    at = local_instant(day, 9, 5, BERLIN).isoformat()
    # Cron and a colleague run it at the same moment, while the bot is running.
    ticks = [stage.tierbot.begin("tick", "--at", at) for _ in range(2)]
    for done in [stage.tierbot.finish(tick) for tick in ticks]:
        assert done.code == 0, done.err

    def digests_of(day: date) -> list[StoredMessage]:
        """On a working day there is one of today too, because a complaint is open."""
        return [one for one in stage.digests(ANNA) if f"Your customers on {shown(day)}" in one.text]

    digests = stage.wait(lambda: digests_of(day), "the digest")
    assert len(digests) == 1, outbox_of_care(stage.tierbot)
    (digest,) = digests
    found = digest_rows(digest)
    assert len({row.title for row in found}) == len(found) >= 3
    assert len([row for row in found if "due " not in row.text]) <= 8  # the plan's at_most_per_day

    # A revisit: what it was is chosen, and recorded as that contact. Undo takes it back.
    first = next(row for row in found if "tierbot_done_as" in row.elements)
    stage.choose(ANNA, digest, first, "tierbot_done_as", "call")
    done_digest = stage.becomes(ANNA, digest, f"Done by <@{ANNA}> (Call)")
    (undoable,) = (row for row in digest_rows(done_digest) if row.title == first.title)
    assert set(undoable.elements) == {"tierbot_undo"}
    stage.choose(ANNA, digest, first, "tierbot_done_as", "visit")  # again, in an old copy
    dm = stage.workspace.dm(ANNA)
    stage.wait(
        lambda: stage.messages_about(dm, "Somebody has dealt with this reminder already.", ANNA),
        "the sentence",
    )
    stage.press_as_seen(ANNA, done_digest, "tierbot_undo", undoable.block_id)
    again = stage.wait(lambda: open_row(stage, digest, first.title), "the row as before")

    # Snoozed for three days, it is in that morning's digest again.
    stage.choose(ANNA, current(stage, ANNA, digest), again, "tierbot_row_menu", "snooze_3")
    today = SystemClock().now().astimezone(BERLIN).date()
    until = GERMAN.next_working_day(today + timedelta(days=3))
    stage.becomes(ANNA, digest, f"Snoozed by <@{ANNA}> until {shown(until)}")
    later = max(until, GERMAN.next_working_day(day + timedelta(days=1)))  # across a weekend both are one day
    stage.tierbot.manage("tick", "--at", local_instant(later, 9, 6, BERLIN).isoformat())
    # The running bot may be the one that sends it, a moment after the command has ended.
    (next_one,) = stage.wait(lambda: digests_of(later), "the next digest")
    assert first.title in [row.title for row in digest_rows(next_one)]


def open_row(stage: Stage, digest: StoredMessage, title: str) -> Row | None:
    """The row of a digest as it is now, if it is to be done."""
    (found,) = (row for row in digest_rows(current(stage, ANNA, digest)) if row.title == title)
    return found if "tierbot_row_menu" in found.elements else None


@told_twice
def test_the_processes_stop_on_sigterm_without_an_error(stage: Stage) -> None:
    for bot in stage.start_bots():
        assert bot.stop(signal.SIGTERM, seconds=30) == 0
        assert "Traceback" not in bot.output()
        assert "Warning" not in bot.output()
