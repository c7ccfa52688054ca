"""The figures of an alert are those that the gradings before and after it stored; a channel sees no sensitive one."""

import json
import random
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from sqlmodel import col, select

from bot.cli.output import presentation
from bot.wording.messages import OwnTierChanged, TierChanged, load
from bot.wording.rendering import Renderer
from db.engine import Database
from db.graded import assessments
from db.graded.changes import StoredTierChange
from db.graded.runs import Assessment
from db.outbox.messages import OutboxMessage
from grading.engine.inputs import unpack
from tests import factories
from tests.conftest import on_sqlite
from tests.services.test_alerts import FEBRUARY, JANUARY, MARCH, Office

OWNERS, EACH = 30, 5
APRIL = date(2026, 4, 30)
SCHEME = factories.scheme_text(
    {
        "net_revenue_12m": "unit: EUR, sensitive: false, score: {fn: points, knots: [[0, 0], [90000, 100]]}",
        "quality": "score: {fn: points, knots: [[0, 0], [100, 100]]}",
        "overdue_days": "sensitive: false, score: {fn: points, knots: [[0, 100], [90, 0]]}",
        "mood": "score: {fn: map, values: {good: 100, fair: 50, bad: 0}}",
    }
).replace("version: 1", "version: 2")
SENSITIVE = {"quality", "mood"}
MONTHS = {
    JANUARY: date(2026, 1, 9),
    FEBRUARY: date(2026, 2, 9),
    MARCH: date(2026, 3, 9),
    APRIL: date(2026, 4, 9),
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """One message about a change, with the stored inputs before and after it."""

    message: TierChanged | OwnTierChanged
    body: str
    before: dict[str, Any]
    after: dict[str, Any]


def live(office: Office, seed: int) -> None:
    """150 customers of 30 owners, each with a channel, graded four times; most facts and orders are of one month."""
    rng = random.Random(seed)
    with office.database.write() as session:
        factories.scheme(session, SCHEME, effective_from=date(2020, 1, 2))
        owners = [
            factories.person(session, f"P{n}", team_id=factories.team(session, f"T{n}", channel=f"#t{n}"))
            for n in range(OWNERS)
        ]
        customers = [
            factories.customer(session, f"C{n}", owner_id=owners[n % OWNERS]) for n in range(OWNERS * EACH)
        ]
    for day, month in MONTHS.items():
        with office.database.write() as session:
            for customer in customers:
                if rng.random() < 0.5:
                    factories.order(session, customer, month, rng.randrange(-9_000, 60_000))
                for field, value in (
                    ("quality", round(rng.uniform(0, 100), 2)),
                    ("overdue_days", rng.randrange(120)),
                    ("mood", rng.choice(["good", "fair", "bad"])),
                ):
                    if rng.random() < 0.6:
                        factories.fact(session, customer, field, value, month)
        office.grade(day)
        assert office.grade(day).told == 0


def told(office: Office) -> list[Told]:
    """Every message about a single change."""
    found = []
    with office.database.read() as session:
        rows = session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id))).all()
        changes = {
            (change.customer_id, change.as_of): change.run_id
            for change in session.exec(select(StoredTierChange))
        }
        for row in rows:
            message = load(json.loads(row.body_json))
            assert isinstance(message, TierChanged | OwnTierChanged)
            past = assessments.history(session, message.customer_id, "account")
            place = next(
                n for n, (_, run) in enumerate(past) if run.id == changes[message.customer_id, message.as_of]
            )
            before, after = (inputs(office, past[n][0]) for n in (place - 1, place))
            found.append(Told(message=message, body=row.body_json, before=before, after=after))
    return found


def inputs(office: Office, row: Assessment) -> dict[str, Any]:
    with office.database.read() as session:
        scheme = office.scheme_cache.scheme(session, row.scheme_version_id or 0)
    return {
        name: None if column[0] is None or column[0] != column[0] else column.tolist()[0]
        for name, column in unpack([row.inputs], scheme).items()
    }


@on_sqlite
@pytest.mark.parametrize("seed", [1])
def test_the_figures_of_an_alert_are_the_stored_ones(database: Database, seed: int) -> None:
    office = Office(database)
    live(office, seed)
    messages = told(office)
    own = [one for one in messages if isinstance(one.message, OwnTierChanged)]
    channel = [one for one in messages if isinstance(one.message, TierChanged)]
    assert len(own) == len(channel) == len(office.changes()) >= 100
    assert len({row.dedupe_key for row in office.outbox()}) == 2 * len(channel)
    renderer, shown = Renderer(), 0
    for one in messages:
        figures = one.message.figures
        assert 0 < len(figures) <= 3
        words = presentation.as_text(renderer.slots(one.message, "en", mentions=False))
        for figure in figures:
            field = figure.names.en
            assert figure.better == one.message.up
            if isinstance(one.message, OwnTierChanged) or field not in SENSITIVE:
                assert figure.shown
                assert (figure.before, figure.after) == (one.before.get(field), one.after.get(field))
                assert figure.before != figure.after
                assert f"{field}: " in words
                shown += 1
            else:
                assert (figure.shown, figure.before, figure.after) == (False, None, None)
                direction = "Better" if figure.better else "Worse"
                (line,) = [line for line in words.splitlines() if line.startswith(f"{direction}: ")]
                assert field in line.removeprefix(f"{direction}: ").split(" · ")
    assert shown >= 100
    for one in channel:
        for field in SENSITIVE & {"quality"}:
            assert str(one.after.get(field)) not in one.body
