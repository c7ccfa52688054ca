"""People who leave the workspace: Slack takes a post to them without a word, so they are looked up before it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import jobs
from bot.app import Tierbot, build
from bot.clock import SystemClock
from bot.demo.workspace import Workspace
from bot.demo.workspace.default_team import ANNA_SCHMIDT, CHANNELS, OMAR_HADDAD, PEOPLE
from bot.services.delivery import outbox
from bot.services.recipients import Place
from bot.settings import Settings
from bot.wording.message_base import Message
from bot.wording.messages import OwnTierChanged, Problem
from bot.wording.parts import TierPart
from db.book.people import Person, Team
from db.engine import Database
from db.graded.changes import OWN_ALERT
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.conftest import on_sqlite

pytestmark = on_sqlite
LONG_AGO = timedelta(hours=2)


@dataclass
class Firm:
    """Anna owns ACME; Omar leads her team. Slack was asked about both two hours ago."""

    workspace: Workspace
    bot: Tierbot
    anna: int
    acme: int

    def tell_anna(self, kind: str, message: Message) -> int:
        with self.bot.database.write() as session:
            return outbox.enqueue(
                session,
                kind=kind,
                place=Place(person_id=self.anna),
                message=message,
                language="en",
                dedupe_key=kind,
                now=SystemClock().now(),
            )

    def deliver(self) -> None:
        for _ in range(3):
            jobs.deliver(self.bot)

    def read_by(self, user_id: str) -> int:
        return len(self.workspace.messages(self.workspace.dm(user_id)))

    def row(self, outbox_id: int) -> OutboxMessage:
        with self.bot.database.read() as session:
            return session.get_one(OutboxMessage, outbox_id)

    def change(self, **values: Any) -> None:
        """Change Anna's account in Slack."""
        self.workspace.state.put_user(replace(self.workspace.state.user(ANNA_SCHMIDT.id), **values))


@pytest.fixture
def firm(database: Database, tmp_path: Path) -> Iterator[Firm]:
    with Workspace(users=PEOPLE, channels=CHANNELS) as workspace:
        settings = Settings(
            _env_file=None,
            TIERBOT_DATA_DIR=tmp_path,
            TIERBOT_DATABASE_URL=database.url,
            SLACK_BOT_TOKEN="xoxb-local",
            SLACK_API_URL=workspace.api_url,
        )
        with database.write() as session:
            team = factories.team(session)
            omar = factories.person(session, "Omar", role="team_lead", team_id=team)
            anna = factories.person(session, "Anna", team_id=team)
            session.get_one(Team, team).lead_id = omar
            for person_id, user in ((omar, OMAR_HADDAD), (anna, ANNA_SCHMIDT)):
                person = session.get_one(Person, person_id)
                person.email, person.slack_user_id = user.email or "", user.id
                person.slack_checked_at = SystemClock().now() - LONG_AGO
            acme = factories.customer(session, "ACME", owner_id=anna)
        bot = build(settings)
        yield Firm(workspace=workspace, bot=bot, anna=anna, acme=acme)
        bot.close()


def alert(firm: Firm) -> OwnTierChanged:
    return OwnTierChanged(
        customer_id=firm.acme, version=1, name="ACME", code="C-1", before=TierPart(id="B"), after=TierPart(id="A"),
        up=True, score_before=50.0, score_after=80.0, capped_by=None, held=False, parts=(), as_of=date(2026, 3, 1),
    )  # fmt: skip


def test_slack_takes_a_post_to_somebody_who_has_left(firm: Firm) -> None:
    firm.change(deleted=True)
    client = firm.bot.gateway._posting
    assert client.chat_postMessage(channel=ANNA_SCHMIDT.id, text="x")["ok"]


@pytest.mark.parametrize(
    "gone", [{"deleted": True}, {"is_restricted": True}, {"team_id": "T0OTHER"}], ids=str
)
def test_the_lead_hears_what_an_owner_who_left_would_have_heard(firm: Firm, gone: dict[str, Any]) -> None:
    firm.change(**gone)
    outbox_id = firm.tell_anna(OWN_ALERT, alert(firm))
    firm.deliver()
    assert (firm.read_by(ANNA_SCHMIDT.id), firm.read_by(OMAR_HADDAD.id)) == (0, 1)
    assert (firm.row(outbox_id).state, firm.row(outbox_id).address) == ("sent", "person:1")
    (read,) = firm.workspace.messages(firm.workspace.dm(OMAR_HADDAD.id))
    assert "Your team's customer *ACME*" in str(read.blocks)


def test_what_was_only_for_somebody_who_left_is_dead_with_the_reason(firm: Firm) -> None:
    firm.change(deleted=True)
    outbox_id = firm.tell_anna("note", Problem(text="only for you"))
    firm.deliver()
    assert firm.read_by(ANNA_SCHMIDT.id) == 0
    assert (firm.row(outbox_id).state, firm.row(outbox_id).error_class) == ("dead", "left")


def test_a_new_account_of_the_same_person_gets_what_was_for_the_old_one(firm: Firm) -> None:
    firm.change(deleted=True)
    firm.workspace.state.put_user(replace(ANNA_SCHMIDT, id="U0ANNANEW"))
    firm.tell_anna(OWN_ALERT, alert(firm))
    firm.deliver()
    assert [firm.read_by(user) for user in (ANNA_SCHMIDT.id, "U0ANNANEW", OMAR_HADDAD.id)] == [0, 1, 0]


def test_while_slack_does_not_say_who_somebody_is_what_it_said_last_counts(firm: Firm) -> None:
    firm.workspace.faults.switch("error", code="internal_error", methods=["users.info"])
    firm.tell_anna(OWN_ALERT, alert(firm))
    firm.deliver()
    assert firm.read_by(ANNA_SCHMIDT.id) == 1


def test_nobody_is_looked_up_who_was_a_short_time_ago(firm: Firm) -> None:
    with firm.bot.database.write() as session:
        session.get_one(Person, firm.anna).slack_checked_at = SystemClock().now()
    firm.workspace.faults.switch("error", code="internal_error", methods=["users.info"])
    firm.tell_anna(OWN_ALERT, alert(firm))
    firm.deliver()
    assert firm.read_by(ANNA_SCHMIDT.id) == 1
    assert firm.workspace.faults.struck["error"] == 0
