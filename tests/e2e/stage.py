"""What the story runs on: a workspace, a graded book, and the bot's processes."""

import json
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from sqlalchemy import URL, text

from bot.clock import SystemClock
from bot.demo.book.files import write_book
from bot.demo.book.stories import write_new_orders
from bot.demo.history import SNAPSHOTS
from bot.demo.workspace import Outcome, StoredMessage, User, View, Workspace
from bot.demo.workspace.default_team import (
    ANNA_SCHMIDT,
    CHANNELS,
    GENERAL,
    GRACE_CHEN,
    LIN_WEI,
    OMAR_HADDAD,
    PEOPLE,
)
from bot.services.schemes.store import last_cadence_day
from bot.wording.catalogue import LOCALES
from db.engine import open_database
from tests import postgres
from tests.e2e.processes import Found, Running, Tierbot, wait_until

CUSTOMERS = 60
# Seconds; a message that a killed process was sending waits for its lease and its settle time, which are 105 s.
PATIENCE = 300.0
HANGING = "The jobs have stopped ticking"
STRANGER = User(id="U0STRANGER", name="sam.stone", real_name="Sam Stone", email="sam.stone@example.com")
GUEST = replace(ANNA_SCHMIDT, id="U0GUEST", email="guest@example.org", is_restricted=True)
ANNA, LIN, OMAR = ANNA_SCHMIDT.id, LIN_WEI.id, OMAR_HADDAD.id
BERLIN = ZoneInfo("Europe/Berlin")
BEST_OF_LIN = "苏州澜岳精密机械股份有限公司"
# As in the Procfile; PostgreSQL allows any number of workers.
ROLES = {"sqlite": ("web", "worker"), "postgresql": ("web", "worker", "worker")}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A step in a digest: its words, and what can be pressed below them."""

    text: str
    block_id: str
    elements: dict[str, dict[str, Any]]

    @property
    def title(self) -> str:
        """The customer and the step; a row may begin with the title of its section."""
        return next(line for line in self.text.splitlines() if re.search(r"C-\d{4} · ", line))


@dataclass(kw_only=True)
class Stage:
    """A workspace, a graded book in a database, and the bot's processes."""

    workspace: Workspace
    tierbot: Tierbot
    today: date
    roles: tuple[str, ...]
    port: int | None  # of the request URL; None in Socket Mode
    bots: list[Running] = field(default_factory=list)

    def start_bots(self) -> list[Running]:
        """The bot's processes, started if they are not running."""
        if not self.bots or not all(bot.alive for bot in self.bots):
            self._assert_none_died()
            self.bots = [self.tierbot.keep_running("run", "--role", role) for role in self.roles]
            self.wait(lambda: self.reachable, "the bot's connection")
        return self.bots

    def wait(self, found: Callable[[], Found | None], what: str) -> Found:
        """Poll until something is true and return it; no process of the bot may end meanwhile."""

        def found_while_alive() -> Found | None:
            self._supervise()
            self._assert_none_died()
            return found()

        try:
            return wait_until(found_while_alive, what, PATIENCE)
        except AssertionError:
            for bot in self.bots:
                print(bot.log, bot.output(), sep="\n")
            raise

    def _supervise(self) -> None:
        """Start a process again that has ended itself because its jobs hung: this machine may have stood still."""
        for number, bot in enumerate(self.bots):
            if not (bot.alive or bot.is_stopped) and HANGING in bot.output():
                self.bots[number] = self.tierbot.keep_running("run", "--role", self.roles[number])

    def _assert_none_died(self) -> None:
        """A process that a test has stopped is expected to be dead."""
        died = [bot.output() for bot in self.bots if not (bot.alive or bot.is_stopped)]
        assert not died, "\n".join(died)

    @property
    def reachable(self) -> bool:
        """Whether payloads reach a process of the bot."""
        if self.port is None:
            return bool(self.workspace.socket_mode.connected)
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def ask(self, user: str, text: str, channel: str = GENERAL.id) -> StoredMessage:
        """Type /tier and return the one answer."""
        before = {message.ts for message in self.workspace.messages(channel, user)}

        def new() -> list[StoredMessage]:
            return [m for m in self.workspace.messages(channel, user) if m.ts not in before]

        outcome = self.workspace.command(user, channel, "/tier", text)
        assert outcome.ok, outcome
        (answer,) = self.wait(new, "an answer")
        assert answer.is_ephemeral, "answers are private"
        if "just being registered" in str(answer.blocks):  # by the other process, at this moment
            return self.ask(user, text, channel)
        return answer

    def press(self, user: str, message: StoredMessage, action: str) -> Outcome:
        """Press a button; its effect may come after the acknowledgement."""
        outcome = self.workspace.click(user, message, action)
        assert outcome.ok, outcome
        return outcome

    def choose(self, user: str, message: StoredMessage, row: Row, action: str, choice: str) -> None:
        """Choose from a menu of a row of a digest, as it was when the message was read."""
        menu = row.elements[action]
        (value,) = (o["value"] for o in menu["options"] if json.loads(o["value"])["do"] == choice)
        act = self.workspace.interactions.act
        assert self.workspace.run(act(user, message, action, block_id=row.block_id, value=value)).ok

    def press_as_seen(
        self, user: str, message: StoredMessage, action: str, block_id: str | None = None
    ) -> Outcome:
        """Press a button of an old copy of a message, even if the message has changed since."""
        return self.workspace.run(self.workspace.interactions.act(user, message, action, block_id=block_id))

    def view_of(self, user: str, content: str = "") -> View:
        """The view a person has open, once it has this content."""

        def opened() -> View | None:
            view = self.workspace.view_of(user)
            return view if view is not None and content in text_of(view) else None

        view = self.wait(opened, f"a view with {content}")
        assert view is not None
        return view

    def open_view(self, user: str, message: StoredMessage, action: str, content: str = "") -> View:
        """Press a button that opens a view. On a busy machine Slack's three seconds pass: then it is pressed again."""
        too_long = "It took too long to open"

        def refused() -> int:
            return sum(too_long in text_of(m) for m in self.workspace.messages(message.channel, user))

        def opened() -> View | int | None:
            view = self.workspace.view_of(user)
            return view if view is not None and content in text_of(view) else refused() - before or None

        for _ in range(5):
            before = refused()
            self.press(user, message, action)
            if isinstance(found := self.wait(opened, f"a view with {content}"), View):
                return found
        raise AssertionError(f"{action} opened no view in five attempts")

    def becomes(self, user: str, message: StoredMessage, content: str) -> StoredMessage:
        """A message, once it has this content."""

        def changed() -> StoredMessage | None:
            found = current(self, user, message)
            return found if content in text_of(found) else None

        found = self.wait(changed, f"a message with {content}")
        assert found is not None
        return found

    def messages_about(self, channel: str, name: str, viewer: str | None = None) -> list[str]:
        """The texts of a channel's messages that name a customer."""
        return [text_of(m) for m in self.workspace.messages(channel, viewer) if name in text_of(m)]

    def digests(self, user: str) -> list[StoredMessage]:
        """The morning digests that a person has got."""
        messages = self.workspace.messages(self.workspace.dm(user))
        return [message for message in messages if text_of(message).startswith("Your customers on ")]

    def import_orders(self, story: str) -> None:
        """Import new orders; within a minute a worker grades the customers in them again."""
        path = write_new_orders(
            self.tierbot.folder / "book", today=self.today, seed=1, story=story, customers=CUSTOMERS
        )
        self.tierbot.manage("import", "orders", str(path), "--source", "demo", "--strict")


def text_of(message: StoredMessage | View) -> str:
    """All texts of a message or view."""

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


def actions(message: StoredMessage) -> list[str]:
    return [e["action_id"] for block in message.blocks for e in block.get("elements", []) if "action_id" in e]


def shown(day: date) -> str:
    return format_date(day, "medium", locale=LOCALES["en"])


def rows(tierbot: Tierbot, query: str, **values: str) -> list[tuple[str, ...]]:
    """The rows of a query, read by the test itself."""
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


def digest_rows(message: StoredMessage) -> list[Row]:
    """The rows of a digest that have buttons, from the first to the last."""
    return [
        Row(
            text=text["text"]["text"],
            block_id=below["block_id"],
            elements={element["action_id"]: element for element in below["elements"]},
        )
        for text, below in pairwise(message.blocks)
        if (text["type"], below["type"]) == ("section", "actions")
    ]


def outbox_of_care(tierbot: Tierbot) -> list[tuple[str, ...]]:
    """The digests in the outbox, shown when there are too many."""
    return rows(
        tierbot, "SELECT id, address, dedupe_key, created_at, attempt FROM outbox WHERE kind = 'care_digest'"
    )


def current(stage: Stage, user: str, message: StoredMessage) -> StoredMessage:
    (found,) = [m for m in stage.workspace.messages(message.channel, user) if m.ts == message.ts]
    return found


@dataclass(kw_only=True)
class Books:
    """A graded book in a database of each kind, made once by the command line and copied for each stage."""

    folder: Path
    # The machine's date, because the bot under test reads the machine's clock.
    today: date = field(default_factory=lambda: SystemClock().now().date())
    filled: set[str] = field(default_factory=set)

    def sqlite(self, path: Path) -> str:
        """The URL of a copy."""
        file = self.folder / "filled.db"
        if not file.exists():
            self._fill(f"sqlite:///{file}")
        shutil.copy(file, path)
        return f"sqlite:///{path}"

    @contextmanager
    def postgresql(self, server: URL) -> Iterator[str]:
        """The URL of a copy, which is dropped at the end."""
        name = f"tierbot_story_{os.getpid()}"
        if name not in self.filled:
            with postgres.connected(server) as connection:
                connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
            # Kept for the next stage; it is removed with the server.
            self._fill(postgres.text_of(server.set(database=name)))
            self.filled.add(name)
        with postgres.new_database(server, template=name) as url:
            yield postgres.text_of(url)

    def _fill(self, url: str) -> None:
        """Import the book and store snapshots of past month ends, so that tiers are old enough to move."""
        tierbot = Tierbot(folder=self.folder, settings={"TIERBOT_DATABASE_URL": url})
        book = write_book(self.folder / "book", today=self.today, customers=CUSTOMERS)
        newest = oldest = last_cadence_day("month_end", self.today)
        for _ in range(SNAPSHOTS - 1):
            oldest = last_cadence_day("month_end", oldest)
        graded = tierbot.manage_all(
            ["db", "upgrade"],
            *(["import", path.stem, str(path), "--source", "demo", "--strict"] for path in book.files),
            [
                "grade",
                "--scheme",
                "b2b_accounts",
                "--replay",
                oldest.isoformat(),
                newest.isoformat(),
                "--keep",
            ],
        )
        assert f"{SNAPSHOTS} snapshots are stored, from {oldest} to {newest}." in graded


@contextmanager
def staged(folder: Path, books: Books, kind: str, way: str, server: URL | None) -> Iterator[Stage]:
    """A stage on one kind of database, with Socket Mode or HTTP."""
    with ExitStack() as stack:
        workspace = stack.enter_context(Workspace(users=(*PEOPLE, STRANGER, GUEST), channels=CHANNELS))
        url = (
            books.sqlite(folder / "tierbot.db")
            if server is None
            else stack.enter_context(books.postgresql(server))
        )
        settings = {
            "SLACK_API_URL": workspace.api_url,
            "TIERBOT_DATABASE_URL": url,
            "SLACK_BOT_TOKEN": "xoxb-local",
            "TIERBOT_ADMINS": str(GRACE_CHEN.email),
            "TIERBOT_HEALTH_PORT": "0",
        }
        port = free_port() if way == "http" else None
        if port is None:
            settings["SLACK_APP_TOKEN"] = "xapp-local"
        else:
            settings |= {"SLACK_SIGNING_SECRET": "local-signing-secret", "TIERBOT_PORT": str(port)}
            workspace.deliver_by_http(f"http://127.0.0.1:{port}/slack/events")
        tierbot = Tierbot(folder=folder, settings=settings)
        stack.callback(tierbot.end_all)
        yield Stage(workspace=workspace, tierbot=tierbot, today=books.today, roles=ROLES[kind], port=port)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
