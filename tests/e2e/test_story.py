"""The story of a first day, with `tierbot run` as a process of its own, over Socket Mode, on either database."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_date
from sqlalchemy import text

from bot import words
from bot.clock import SystemClock, local_instant
from bot.demo.book import write_book, write_new_orders
from bot.demo.workspace import Message, Outcome, User, View, Workspace
from bot.demo.workspace.default_team import (
    ANNA_SCHMIDT,
    CHANNELS,
    GENERAL,
    GRACE_CHEN,
    LIN_WEI,
    MANAGERS,
    OMAR_HADDAD,
    PEOPLE,
)
from bot.services.care import workday
from bot.services.schemes import last_cadence_day
from bot.words import LOCALES
from db.engine import open_database
from tests import postgres
from tests.conftest import BOTH
from tests.e2e.processes import Running, Tierbot, wait_until

CUSTOMERS = 60
STRANGER = User(id="U0STRANGER", name="sam.stone", real_name="Sam Stone", email="sam.stone@example.com")
GUEST = replace(ANNA_SCHMIDT, id="U0GUEST", email="guest@example.org", is_restricted=True)
ANNA, LIN, OMAR = ANNA_SCHMIDT.id, LIN_WEI.id, OMAR_HADDAD.id
BERLIN = ZoneInfo("Europe/Berlin")
LINS_PRIDE = "苏州澜岳精密机械股份有限公司"


@dataclass(kw_only=True)
class Stage:
    """A workspace, a graded book in a database file, and the bot that runs over it."""

    workspace: Workspace
    tierbot: Tierbot
    today: date
    bot: Running | None = None

    def answers(self) -> Running:
        """The running bot, started if it is not."""
        if self.bot is None or not self.bot.alive:
            self.bot = self.tierbot.keep_running("run")
            bot = self.bot
            wait_until(
                lambda: self.workspace.socket_mode.connected or not bot.alive, "the bot's connection", 60
            )
            assert bot.alive, bot.words()
        return self.bot

    def ask(self, user: str, text: str, channel: str = GENERAL.id) -> Message:
        """Type /tier and read the one answer that comes."""
        before = {message.ts for message in self.workspace.messages(channel, user)}
        outcome = self.workspace.command(user, channel, "/tier", text)
        assert outcome.ok, outcome
        (answer,) = [m for m in self.workspace.messages(channel, user) if m.ts not in before]
        assert answer.is_ephemeral, "answers are private"
        return answer

    def press(self, user: str, message: Message, action: str) -> Outcome:
        outcome = self.workspace.click(user, message, action)
        assert outcome.ok, outcome
        return outcome

    def press_as_seen(self, user: str, message: Message, action: str) -> Outcome:
        """Press a button of a message as it was seen, whatever it has become since."""
        loop = self.workspace._loop
        assert loop is not None
        work = self.workspace.interactions.act(user, message, action)
        return asyncio.run_coroutine_threadsafe(work, loop).result(15)

    def view_of(self, user: str) -> View:
        view = self.workspace.view_of(user)
        assert view is not None
        return view

    def told(self, channel: str, name: str, viewer: str | None = None) -> list[str]:
        """What was said about a customer in a channel."""
        return [said(m) for m in self.workspace.messages(channel, viewer) if name in said(m)]

    def reminders(self, user: str) -> list[Message]:
        messages = self.workspace.messages(self.workspace.dm(user))
        return [message for message in messages if "tierbot_done" in actions(message)]

    def bring_orders(self, story: str) -> None:
        """Import new orders and grade the book again, as of yesterday."""
        path = write_new_orders(
            self.tierbot.folder / "book", today=self.today, seed=1, story=story, customers=CUSTOMERS
        )
        self.tierbot.manage("import", "orders", str(path), "--source", "demo", "--strict")
        self.tierbot.manage("grade")


def said(message: Message | View) -> str:
    """Every word of a message."""

    def texts(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            for key, inner in value.items():
                if key == "text" and isinstance(inner, str):
                    yield inner
                elif key not in ("value", "action_id"):
                    yield from texts(inner)
        elif isinstance(value, list | tuple):
            for inner in value:
                yield from texts(inner)

    return "\n".join(texts(message.blocks))


def actions(message: Message) -> list[str]:
    return [e["action_id"] for block in message.blocks for e in block.get("elements", []) if "action_id" in e]


def shown(day: date) -> str:
    return format_date(day, "medium", locale=LOCALES["en"])


def rows(tierbot: Tierbot, query: str, **values: str) -> list[tuple[str, ...]]:
    """A look into the database from outside."""
    database = open_database(tierbot.settings["TIERBOT_DATABASE_URL"])
    with database.read() as session:
        found = [tuple(row) for row in session.execute(text(query), values)]
    database.close()
    return found


def due_days(tierbot: Tierbot, code: str, step: str) -> list[date]:
    """The open due days of a customer's care step."""
    query = (
        "SELECT due_on FROM touch JOIN customer ON customer.id = touch.customer_id"
        " WHERE code = :code AND step = :step AND state IN ('planned', 'reminded', 'snoozed')"
    )
    return [date.fromisoformat(str(day)) for (day,) in rows(tierbot, query, code=code, step=step)]


def alert_states(tierbot: Tierbot) -> set[str]:
    return {
        state for (state,) in rows(tierbot, "SELECT DISTINCT state FROM outbox WHERE kind = 'tier_change'")
    }


@pytest.fixture(scope="module", params=BOTH)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("story")
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{folder / 'data' / 'tierbot.db'}"
        else:
            server = request.getfixturevalue("postgres_server")
            url = postgres.text_of(stack.enter_context(postgres.new_database(server)))
        yield from staged(folder, url)


def staged(folder: Path, url: str) -> Iterator[Stage]:
    # Tied to the machine's day, because the bot under test reads the machine's clock.
    today = SystemClock().now().date()
    with Workspace(users=(*PEOPLE, STRANGER, GUEST), channels=CHANNELS) as workspace:
        tierbot = Tierbot(
            folder=folder,
            settings={
                "SLACK_API_URL": workspace.api_url,
                "TIERBOT_DATABASE_URL": url,
                "SLACK_BOT_TOKEN": "xoxb-local",
                "SLACK_APP_TOKEN": "xapp-local",
                "TIERBOT_ADMINS": str(GRACE_CHEN.email),
            },
        )
        try:
            fill(tierbot, today)
            stage = Stage(workspace=workspace, tierbot=tierbot, today=today)
            yield stage
        finally:
            tierbot.end_all()


def fill(tierbot: Tierbot, today: date) -> None:
    """Bring the book in and grade it as of the last month end, all through the command line."""
    book = write_book(tierbot.folder / "book", today=today, customers=CUSTOMERS)
    tierbot.manage("db", "upgrade")
    for path in book.files:
        tierbot.manage("import", path.stem, str(path), "--source", "demo", "--strict")
    month_end = last_cadence_day("month_end", today)
    graded = tierbot.manage("grade", "--scheme", "b2b_accounts", "--as-of", month_end.isoformat())
    assert f"{CUSTOMERS} customers" in graded
    assert "nobody was alerted" in graded


def test_anna_asks_about_acme_and_reads_why(stage: Stage) -> None:
    stage.answers()
    card = stage.ask(ANNA, "ACME")
    assert "ACME · Important (B)" in said(card)
    assert "orders through" in said(card)
    assert f"<@{ANNA}>" in said(card)
    assert actions(card) == ["tierbot_why", "tierbot_share", "tierbot_log_visit"]
    stage.press(ANNA, card, "tierbot_why")
    why = said(stage.view_of(ANNA))
    assert "ACME" in why
    stage.workspace.close_view(ANNA, stage.view_of(ANNA))


def test_what_is_shared_with_the_channel_has_no_figures(stage: Stage) -> None:
    stage.answers()
    stage.press(ANNA, stage.ask(ANNA, "acme"), "tierbot_share")
    (shared,) = [m for m in stage.workspace.messages(GENERAL.id) if "ACME" in said(m)]
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
    written = said(stage.view_of(ANNA))
    assert "*ACME*" in written
    assert shown(today) in written
    # Tier B: a revisit every 60 days.
    assert due_days(stage.tierbot, "C-0001", "revisit") == [today + timedelta(days=60)]


def test_tier_alone_lists_ones_own_customers(stage: Stage) -> None:
    stage.answers()
    mine = stage.ask(ANNA, "")
    assert "Your customers" in said(mine)
    assert "Worst news first" in said(mine)
    assert LINS_PRIDE not in said(mine)
    theirs = stage.ask(LIN, "")
    assert words.gettext("zh")("Your customers") in said(theirs)
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
    outcome = stage.press_as_seen(ANNA, card, "tierbot_why")
    assert outcome.ok
    assert stage.workspace.view_of(ANNA) is None or LINS_PRIDE not in said(stage.view_of(ANNA))


def test_new_orders_lift_acme_and_the_managers_hear_it_once(stage: Stage) -> None:
    stage.answers()
    stage.bring_orders("acme_wins")
    alerts = wait_until(lambda: stage.told(MANAGERS.id, "*ACME*"), "the alert", 20)
    (alert,) = alerts
    assert "Important (B) → *Strategic (A)*" in alert
    assert f"Account manager: <@{ANNA}>" in alert
    wait_until(lambda: alert_states(stage.tierbot) == {"sent"}, "every alert being sent", 10)
    everything = stage.workspace.messages(MANAGERS.id)
    again = stage.tierbot.manage("grade")
    assert "0 customers changed tier, 0 messages" in again
    wait_until(lambda: alert_states(stage.tierbot) == {"sent"}, "every alert being sent", 10)
    assert stage.workspace.messages(MANAGERS.id) == everything
    assert "Strategic (A)" in said(stage.ask(ANNA, "ACME"))


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
    assert 2 <= len(reminders) <= 8  # no more than the plan's at_most_per_day
    assert len({said(reminder) for reminder in reminders}) == len(reminders)

    first, second = reminders[0], reminders[1]
    stage.press(ANNA, second, "tierbot_done")
    assert f"Done by <@{ANNA}>" in said(current(stage, ANNA, second))
    assert actions(current(stage, ANNA, second)) == []
    stage.press_as_seen(ANNA, second, "tierbot_done")
    dm = stage.workspace.dm(ANNA)
    wait_until(
        lambda: stage.told(dm, "Somebody has dealt with this reminder already.", ANNA), "the sentence", 5
    )

    stage.press(ANNA, first, "tierbot_snooze")
    today = SystemClock().now().astimezone(BERLIN).date()
    until = workday(today + timedelta(days=3))
    assert f"Snoozed by <@{ANNA}> until {shown(until)}" in said(current(stage, ANNA, first))
    before = {m.ts for m in stage.reminders(ANNA)}
    later = local_instant(max(until, day), 9, 6, BERLIN)
    if until <= day:  # across a weekend both fall on the same morning
        later += timedelta(minutes=1)
    stage.tierbot.manage("tick", "--at", later.isoformat())
    back = [m for m in stage.reminders(ANNA) if m.ts not in before and said(m) == said(first)]
    assert len(back) == 1


def current(stage: Stage, user: str, message: Message) -> Message:
    (found,) = [m for m in stage.workspace.messages(message.channel, user) if m.ts == message.ts]
    return found


def test_killed_and_started_again_it_answers_and_says_nothing_twice(stage: Stage) -> None:
    bot = stage.answers()
    assert bot.stop(signal.SIGKILL) == -signal.SIGKILL
    stage.workspace.wait_for(lambda: not stage.workspace.socket_mode.connected, 20)
    said_before = stage.workspace.messages(MANAGERS.id)
    assert stage.workspace.command(ANNA, GENERAL.id, "/tier", "ACME").error == "dispatch_failed"
    stage.bring_orders("big_return")  # nobody is there to send the alert
    assert stage.workspace.messages(MANAGERS.id) == said_before
    bot = stage.answers()
    wait_until(lambda: stage.told(MANAGERS.id, f"*{LINS_PRIDE}*"), "the alert", 20)
    assert "ACME" in said(stage.ask(ANNA, "ACME"))
    wait_until(lambda: alert_states(stage.tierbot) == {"sent"}, "every alert being sent", 10)
    assert len(stage.told(MANAGERS.id, f"*{LINS_PRIDE}*")) == 1
    assert stage.workspace.messages(MANAGERS.id)[: len(said_before)] == said_before

    assert bot.stop(signal.SIGTERM, seconds=10) == 0
    assert "Traceback" not in bot.words()
    assert "Warning" not in bot.words()
