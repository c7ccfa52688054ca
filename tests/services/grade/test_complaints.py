"""A complaint counts the same whichever way it came in, and the customer is graded again either way."""

from pathlib import Path

import pytest

from bot.clock import FixedClock
from bot.services.access import Actor
from bot.services.care import complaints
from bot.services.care.complaints import Report
from bot.services.grade import regrades
from bot.services.imports import ImportOptions, import_file, undo
from bot.services.schemes.store import SchemeCache
from bot.wording.actions import Pointer
from db.engine import Database
from db.graded import due_regrades
from db.processes import InboundKey
from tests import factories
from tests.services.book import SETTINGS, rules
from tests.services.grade.test_runs import NOW, TODAY, grade, listener, tier_of

SCHEME = factories.PLAIN_SCHEME.replace(
    "{id: service, name: {en: Service, zh: 服务}, weight: 100, score: {fn: points, knots: [[0, 0], [100, 100]]}}",
    "{id: complaint_points, name: {en: Complaints, zh: 投诉}, weight: 100,"
    " score: {fn: points, knots: [[0, 100], [1, 0]]}}",
).replace("dimensions:\n", "constants: {event_half_life_days: 180}\ndimensions:\n", 1)
CLOCK = FixedClock(NOW)


def regrade(database: Database) -> None:
    for step in (regrades.regrade_touched, regrades.regrade_marked):
        step(database, SchemeCache(), today=TODAY, now=NOW, notify=listener([]))


def found(database: Database, customer: int) -> tuple[object, ...]:
    row = tier_of(database, customer)
    return row.tier, row.score, row.inputs


@pytest.fixture
def twins(database: Database) -> tuple[int, int]:
    """Two customers of whom the same is known, graded A."""
    with database.write() as session:
        factories.scheme(session, SCHEME)
        both = factories.customer(session, "ACME"), factories.customer(session, "Birch", code="C2")
        for customer in both:
            factories.fact(session, customer, "quality", 75)
    grade(database, None)
    assert [tier_of(database, customer).tier for customer in both] == ["A", "A"]
    return both


def test_the_grading_after_a_complaint_from_chat_equals_that_after_the_same_by_import(
    database: Database, twins: tuple[int, int], tmp_path: Path
) -> None:
    chat, file = twins
    actor: Actor = factories.operator("test")
    acted = complaints.record_complaint(
        database,
        actor,
        Report(kind="quality", reported_on=TODAY, what="The pumps leak."),
        meant=chat,
        source="slack",
        external_id="view:1",
        rules=rules(),
        settings=SETTINGS,
        now=NOW,
    )
    path = tmp_path / "complaints.csv"
    path.write_text(f"id,customer,date,kind,what\nK1,C2,{TODAY},quality,The pumps leak.\n")
    batch = import_file(
        database,
        kind="complaints",
        path=path,
        clock=CLOCK,
        actor=actor,
        options=ImportOptions(),
        rejects_dir=tmp_path,
    ).batch_id
    regrade(database)
    assert found(database, chat) == found(database, file)
    assert tier_of(database, chat).tier != "A"
    complaints.undo(
        database,
        actor,
        Pointer(id=acted.complaint_id, version=1),
        rules=rules(),
        now=NOW,
        request=InboundKey(team_id="", kind="command", key="1"),
    )
    undo(database, batch or 0, clock=CLOCK, actor=actor)
    grade(database, TODAY)
    assert found(database, chat) == found(database, file)
    assert tier_of(database, chat).score == 75.0


def test_a_mark_that_is_written_again_while_a_customer_is_graded_stays(
    database: Database, twins: tuple[int, int]
) -> None:
    with database.write() as session:
        due_regrades.mark(session, twins[0], NOW)
        before = due_regrades.marked(session)
        due_regrades.mark(session, twins[0], NOW.replace(minute=1))
        due_regrades.unmark(session, before)
        assert set(due_regrades.marked(session)) == {twins[0]}
    regrade(database)
    with database.read() as session:
        assert due_regrades.marked(session) == {}
