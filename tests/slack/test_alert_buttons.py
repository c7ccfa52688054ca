"""Whoever reads an alert and may see the customer opens its card, in their own language; the others learn who may."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import update

from bot.demo.workspace import Workspace
from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.slack import blocks
from bot.wording.actions import Action
from bot.wording.messages import OwnTierChanged, TierChanged
from bot.wording.parts import TierPart
from bot.wording.rendering import Renderer
from db.book.customers import Ownership
from db.engine import Database
from tests import factories
from tests.conftest import on_sqlite
from tests.slack.office import ANNA, ROOM, Office, eventually, words

pytestmark = on_sqlite
FEBRUARY = date(2026, 2, 28)
OMAR, GRACE, LIN = "U0OMAR", "U0GRACE", "U0LINWEI"
B, A = (TierPart(id=tier, rank=rank) for tier, rank in (("B", 1), ("A", 0)))


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Iterator[Office]:
    with Workspace(users=PEOPLE, channels=CHANNELS, ack_seconds=20.0, monotonic=lambda: 0.0) as workspace:
        office = Office(workspace=workspace, database=database, folder=tmp_path, way="socket")
        with database.write() as session:
            omar = factories.person(session, "Omar", role="team_lead", language="zh")
            team = factories.team(session, "Key Accounts", lead_id=omar)
            anna = factories.person(session, "Anna", team_id=team, language="zh")
            factories.person(session, "Grace", role="admin", language="en")
            lin = factories.person(session, "LinWei", language="zh", team_id=factories.team(session, "East"))
            office.globex = factories.customer(session, "Globex", owner_id=anna, code="G")
            acme = factories.customer(session, "ACME", owner_id=anna)
            factories.customer(session, "Of others", owner_id=lin)
            factories.graded(session, {office.globex: "A", acme: "A"}, as_of=FEBRUARY)
        office.start()
        try:
            yield office
        finally:
            office.close()


def move(kind: type[TierChanged] | type[OwnTierChanged], customer: int) -> TierChanged | OwnTierChanged:
    fields: dict[str, Any] = {"owner": None} if kind is TierChanged else {}
    return kind(
        customer_id=customer, version=1, name="Globex", code="G", before=B, after=A, up=True, score_before=60.0,
        score_after=75.0, capped_by=None, held=False, parts=(), as_of=FEBRUARY, **fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("user", "said"),
    [
        (ANNA, "Globex：重点"),
        (OMAR, "Globex：重点"),
        (GRACE, "Globex: Key"),
        (LIN, "客户经理、其团队主管和管理员可以查看"),
    ],
)
def test_show_the_card_answers_each_reader_in_their_language(office: Office, user: str, said: str) -> None:
    alert = office.post(blocks.payload(Renderer(), move(TierChanged, office.globex), "en"))
    assert office.workspace.click(user, alert, str(Action.OPEN)).ok
    answer = words(eventually(lambda: office.said_to(user), "the answer")[-1])
    assert said in answer
    assert ("Globex" in answer) == (user != LIN)


def test_a_card_that_does_not_exist_is_refused_with_the_same_words(office: Office) -> None:
    answers: list[str] = []
    for customer in (office.globex, 987_654):
        alert = office.post(blocks.payload(Renderer(), move(TierChanged, customer), "en"))
        assert office.workspace.click(LIN, alert, str(Action.OPEN)).ok
        count = len(answers) + 1
        answers.append(eventually(lambda count=count: office.said_to(LIN)[count - 1 :], "the answer")[0].text)
    assert answers[0] == answers[1]


def test_the_owner_explains_and_logs_a_visit_from_their_message(office: Office) -> None:
    alert = office.post(blocks.payload(Renderer(), move(OwnTierChanged, office.globex), "zh"))
    assert office.workspace.click(ANNA, alert, str(Action.WHY)).ok
    assert "Globex" in str(eventually(lambda: office.workspace.view_of(ANNA), "why"))
    office.workspace.close_view(ANNA, office.workspace.view_of(ANNA))  # type: ignore[arg-type]
    assert office.workspace.click(ANNA, alert, str(Action.LOG_VISIT)).ok
    assert "记录拜访" in str(eventually(lambda: office.workspace.view_of(ANNA), "the form"))


@pytest.mark.parametrize("where", ["only for her", "direct message", "channel"])
@pytest.mark.parametrize("action", [Action.WHY, Action.LOG_VISIT])
def test_what_somebody_may_no_longer_see_disappears_from_where_only_they_read(
    office: Office, where: str, action: Action
) -> None:
    channel = office.workspace.dm(ANNA) if where == "direct message" else ROOM
    if where == "only for her":
        assert office.workspace.command(ANNA, ROOM, "/tier", "G").ok
        shown = eventually(lambda: office.said_to(ANNA), "the card")[-1]
    else:
        shown = office.post(blocks.payload(Renderer(), move(OwnTierChanged, office.globex), "en"), channel)
    with office.database.write() as session:
        session.exec(update(Ownership).values(person_id=4))
    assert office.workspace.click(ANNA, shown, str(action)).ok

    def now() -> str:
        found = [m for m in office.workspace.messages(channel, ANNA) if m.ts == shown.ts]
        return words(found[0]) if found else ""

    if where == "channel":
        assert eventually(lambda: office.said_to(ANNA), "the answer")
        assert "Globex" in now()
    else:
        eventually(lambda: "Globex" not in now(), "the refusal in its place")
    assert office.workspace.view_of(ANNA) is None


def test_the_form_of_a_visit_opens_only_for_those_who_may_log_one(office: Office) -> None:
    alert = office.post(blocks.payload(Renderer(), move(OwnTierChanged, office.globex), "en"))
    assert office.workspace.click(LIN, alert, str(Action.LOG_VISIT)).ok
    answer = words(eventually(lambda: office.said_to(LIN), "the answer")[-1])
    assert "客户" in answer
    assert "Globex" not in answer
    assert office.workspace.view_of(LIN) is None
