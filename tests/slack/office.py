"""The real Bolt app over a real database, talking to the local workspace in either way; as many processes as wanted."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from slack_sdk import WebClient
from sqlalchemy import make_url
from sqlmodel import Session, col, delete, select

from bot import jobs
from bot.app import Tierbot, build
from bot.clock import SystemClock
from bot.demo.workspace import StoredMessage, View, Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.services.care.schedule import plan_customers
from bot.services.delivery import kinds, outbox
from bot.services.recipients import Place
from bot.settings import Settings
from bot.slack import blocks
from bot.slack.deferred import WRITERS
from bot.slack.gateway import web_client
from bot.slack.server import Front, HttpListener, SocketModeConnection, connect, front, listen
from bot.slack.transport.http_mode import PATH
from bot.wording.actions import Action, Pointer
from bot.wording.care.digest import CareDigest
from db.care import touches
from db.engine import Database, open_database
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.e2e.processes import wait_until

PATIENCE = 20.0  # seconds: what is slow in these tests is the machine
ANNA, NEWCOMER, ROOM = "U0ANNA", "U0LINWEI", "C0GENERAL"
SECRET = "local-signing-secret"


@dataclass(kw_only=True)
class Bot:
    """One process' worth."""

    tierbot: Tierbot
    front: Front
    way: HttpListener | SocketModeConnection


@dataclass(kw_only=True)
class Office:
    """A workspace, a database with ACME and Globex in Anna's book, and the bots that answer."""

    workspace: Workspace
    database: Database
    folder: Path
    way: str
    globex: int = 0
    bots: list[Bot] = field(default_factory=list)
    settings: dict[str, object] = field(default_factory=dict)

    def open(self) -> None:
        with self.database.write() as session:
            anna = factories.person(session, "Anna")
            factories.person(session, "Lin.Wei", slack=False)
            acme = factories.customer(session, "ACME", owner_id=anna)
            self.globex = factories.customer(session, "Globex", owner_id=anna)
            factories.graded(session, {acme: "B", self.globex: "A"}, as_of=date(2026, 2, 28))

    def start(self) -> Bot:
        settings = Settings(
            _env_file=None,
            TIERBOT_DATA_DIR=self.folder,
            TIERBOT_DATABASE_URL=self.database.url,
            SLACK_BOT_TOKEN="xoxb-local",
            SLACK_APP_TOKEN="xapp-local",
            SLACK_SIGNING_SECRET=SECRET,
            SLACK_API_URL=self.workspace.api_url,
            **self.settings,
        )
        tierbot = build(settings)
        slack = front(tierbot.deps, web_client(settings), lambda: "0badcafe")
        way: HttpListener | SocketModeConnection
        if self.way == "http":
            way = listen(slack.app, tierbot.deps, settings.signing_secrets, "127.0.0.1", 0)
            self.workspace.deliver_by_http(f"http://127.0.0.1:{way.server.port}{PATH}")
        else:
            way = connect(slack.app, tierbot.deps)
            self.workspace.wait_for_app(len(self.bots) + 1)
        bot = Bot(tierbot=tierbot, front=slack, way=way)
        self.bots.append(bot)
        # The first answer compiles templates and schemes, as `tierbot run` does before it connects.
        there = self.workspace.dm(ANNA)
        wait_until(lambda: self.workspace.command(ANNA, there, "/tier", "ACME").ok, "a first answer", 60)
        return bot

    def close(self) -> None:
        for bot in self.bots:
            bot.way.close()
            bot.front.deferred.close(5)
            bot.tierbot.close()

    def deliver(self, kind: str, payload: dict[str, Any], *, accepts_payload: bool = True) -> Any:
        """Hand a payload over as Slack does; the acknowledgement, or NotConnected or NotAcknowledged."""
        route = self.workspace.interactions.delivery
        return self.workspace.run(route.deliver(kind, payload, accepts_payload=accepts_payload))

    def said_to(self, user: str, channel: str = ROOM) -> list[StoredMessage]:
        return [m for m in self.workspace.messages(channel, user) if m.only_for == user]

    def said_to_all(self, channel: str = ROOM) -> list[StoredMessage]:
        return [m for m in self.workspace.messages(channel) if m.only_for is None]

    def card(self, user: str = ANNA) -> StoredMessage:
        assert self.workspace.command(user, ROOM, "/tier", "ACME").ok
        return self.said_to(user)[-1]

    def choose_more(self, user: str, card: StoredMessage, action: Action) -> Any:
        """Choose something in the menu *More…* of a card; a view of before is closed, which may show the same."""
        self.workspace.views.clear(user)
        controls = [one for block in card.blocks for one in block.get("elements", ())]
        (menu,) = [one for one in controls if one.get("action_id") == str(Action.MORE)]
        (value,) = [o["value"] for o in menu["options"] if blocks.decode(o["value"]).choice == str(action)]
        return self.workspace.click(user, card, str(Action.MORE), value)

    def form(self, user: str = ANNA) -> View:
        """The form in front, once it has taken the place of the view to wait in."""

        def shown() -> View | None:
            found: View | None = self.workspace.view_of(user)
            return found if found is not None and "callback_id" in found.spec else None

        made: View = eventually(shown, "the form")
        return made

    def view_with(self, text: str, user: str = ANNA) -> View:
        """The view in front, once it shows a text."""

        def found() -> View | None:
            view = self.workspace.view_of(user)
            return view if view is not None and text in str(view.spec) else None

        view: View = eventually(found, f"a view with {text}")
        return view

    def stored(self, table: Any) -> list[Any]:
        """The rows of a table in their order."""
        with self.database.read() as session:
            return list(session.exec(select(table).order_by(col(table.id))))

    def finish_work(self) -> None:
        """Wait until all that was pressed is done."""
        running = self.bots[0].front.deferred
        eventually(
            lambda: not running.reads.unfinished and not running.writes.unfinished, "the end of all work"
        )

    def send_digest(
        self, session: Session, message: CareDigest, to: tuple[str, int] = (ANNA, 1)
    ) -> tuple[StoredMessage, int]:
        """Post a digest to a person's direct messages; the message, and its row in the outbox as delivery leaves it."""
        user, person = to
        payload = blocks.payload(self.bots[0].tierbot.deps.renderer, message, "en")
        sent = self.post(payload, self.workspace.dm(user))
        number = outbox.enqueue(
            session, kind=kinds.DIGEST, place=Place(person_id=person), message=message, language="en",
            dedupe_key=f"digest:{sent.ts}", now=SystemClock().now(),
        )  # fmt: skip
        row = session.get_one(OutboxMessage, number)
        row.state, row.slack_channel, row.slack_ts = "sent", sent.channel, sent.ts
        return sent, number

    def tidy(self, *tables: Any, users: tuple[str, ...] = (ANNA,)) -> None:
        """End what a test began: its work, faults, views and wrong guesses, and the rows of these tables."""
        self.finish_work()
        self.workspace.faults.clear()
        for user in users:
            self.workspace.views.clear(user)
        self.bots[0].tierbot.bounds._askers.clear()
        with self.database.write() as session:
            for table in tables:
                session.exec(delete(table))

    def preview(self, user: str = ANNA) -> StoredMessage:
        """A new card, and what it has become after a press on *Share*: the question whether to post it."""
        card = self.card(user)
        assert self.workspace.click(user, card, str(Action.SHARE)).ok
        eventually(lambda: str(Action.POST) in str(self.now(card).blocks), "the preview")
        return self.now(card)

    def reminder(self) -> StoredMessage:
        """A reminder of a planned touch of Globex, as it is in a channel: no contact with ACME closes it."""
        with self.database.write() as session:
            now = SystemClock().now()
            plan_customers(session, self.bots[0].tierbot.rules, [self.globex], now)
            touch = touches.open_touches(session, [self.globex])[0]
            pointer = blocks.encode(Pointer(id=touch.id or 0, version=touch.version))
        buttons = [
            {
                "type": "button",
                "action_id": str(action),
                "value": pointer,
                "text": {"type": "plain_text", "text": "."},
            }
            for action in (Action.DONE, Action.SNOOZE)
        ]
        return self.post({"text": "Revisit Globex", "blocks": [{"type": "actions", "elements": buttons}]})

    def redraw(self) -> int:
        """What the worker does each second besides: it draws the messages whose steps have changed."""
        return jobs.redraw(self.bots[0].tierbot)

    def post(self, content: dict[str, Any], channel: str = ROOM) -> StoredMessage:
        """A message of the bot in a channel."""
        client = WebClient("xoxb-local", base_url=self.workspace.api_url)
        posted = client.chat_postMessage(channel=channel, **content)
        return next(m for m in self.workspace.messages(channel) if m.ts == posted["ts"])

    def now(self, message: StoredMessage) -> StoredMessage:
        return next(m for m in self.workspace.messages(ROOM, ANNA) if m.ts == message.ts)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Somebody else writes: SQLite's writer lock, or on PostgreSQL every row that counts."""
        if self.database.is_sqlite:
            holder = sqlite3.connect(str(make_url(self.database.url).database), isolation_level=None)
            holder.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                holder.execute("ROLLBACK")
                holder.close()
        else:
            with self.database.writer.begin() as connection:
                connection.exec_driver_sql("LOCK TABLE inbox, touch, person, activity IN EXCLUSIVE MODE")
                yield

    @contextmanager
    def busy(self) -> Iterator[threading.Event]:
        """Every writing thread of the first bot is taken up; the event says that they have been let go."""
        going_on = threading.Event()
        started = threading.Barrier(WRITERS + 1)

        def hang() -> None:
            started.wait(10)
            going_on.wait(30)

        for number in range(WRITERS):
            self.bots[0].front.deferred.writes.put(hang, f"U{number}")
        started.wait(10)
        try:
            yield going_on
        finally:
            going_on.set()


@contextmanager
def opened_office(migrated: Path, folder: Path) -> Iterator[Office]:
    """An office over Socket Mode with a database of its own, the same people and channels as in the demo."""
    shutil.copy(migrated, folder / "office.db")
    database = open_database(f"sqlite:///{folder / 'office.db'}")
    with Workspace(users=PEOPLE, channels=CHANNELS, ack_seconds=PATIENCE, monotonic=lambda: 0.0) as workspace:
        office = Office(workspace=workspace, database=database, folder=folder, way="socket")
        office.open()
        office.start()
        try:
            yield office
        finally:
            office.close()
            database.close()


def words(message: StoredMessage) -> str:
    return f"{message.text} {message.blocks}"


def eventually(found: Any, what: str) -> Any:
    return wait_until(found, what, 20)
