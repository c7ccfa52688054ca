"""A survey score counts the same whichever way it came in, and the customer is graded again either way."""

from pathlib import Path

import pytest
from sqlmodel import select

from bot.services.access import Actor
from bot.services.care import surveys
from bot.services.care.surveys import SurveyAnswer
from bot.services.imports import ImportOptions, import_file, undo
from bot.wording.actions import Pointer
from db.book.facts import Fact
from db.engine import Database
from db.processes import InboundKey
from tests import factories
from tests.services.book import rules
from tests.services.grade.test_complaints import CLOCK, found, regrade
from tests.services.grade.test_runs import NOW, TODAY, grade, tier_of

SCHEME = factories.PLAIN_SCHEME.replace(
    "{id: service, name: {en: Service, zh: 服务}, weight: 100, score: {fn: points, knots: [[0, 0], [100, 100]]}}",
    "{id: satisfaction, name: {en: Satisfaction, zh: 满意度}, weight: 100, score: {fn: scale, min: 1, max: 5}}",
)
ACTOR: Actor = factories.operator("test")
assert "satisfaction" in SCHEME


@pytest.fixture
def twins(database: Database) -> tuple[int, int]:
    """Two customers of whom the same is known, graded A."""
    with database.write() as session:
        factories.scheme(session, SCHEME)
        both = factories.customer(session, "ACME"), factories.customer(session, "Birch", code="C2")
        for customer in both:
            factories.fact(session, customer, "quality", 75)
            factories.fact(session, customer, "satisfaction", 4)
    grade(database, None)
    assert [tier_of(database, customer).tier for customer in both] == ["A", "A"]
    return both


def chat(database: Database, customer: int, score: str, scale: str, number: int = 1) -> int:
    return surveys.record_score(
        database,
        ACTOR,
        SurveyAnswer(score=score, scale=scale, answered_on=TODAY),
        meant=customer,
        source="slack",
        external_id=f"view:{number}",
        rules=rules(),
        now=NOW,
    ).score_id


def bring(database: Database, folder: Path, *rows: str) -> int:
    path = folder / "surveys.csv"
    path.write_text("id,customer,date,score,scale\n" + "\n".join(rows) + "\n")
    return (
        import_file(
            database,
            kind="surveys",
            path=path,
            clock=CLOCK,
            actor=ACTOR,
            options=ImportOptions(),
            rejects_dir=folder,
        ).batch_id
        or 0
    )


def take_back(database: Database, score_id: int) -> None:
    request = InboundKey(team_id="", kind="command", key=str(score_id))
    surveys.undo(database, ACTOR, Pointer(id=score_id, version=1), rules=rules(), now=NOW, request=request)


def test_the_grading_after_a_score_from_chat_equals_that_after_the_same_by_import(
    database: Database, twins: tuple[int, int], tmp_path: Path
) -> None:
    typed, file = twins
    # 2 on 1-10 is 1 + 4 x 1/9 = 1.44, and 50 % is 1 + 4 x 0.5 = 3: their mean is 2.22.
    numbers = [chat(database, typed, "2", "1-10"), chat(database, typed, "50", "percent", 2)]
    batch = bring(database, tmp_path, f"S1,C2,{TODAY},2,1-10", f"S2,C2,{TODAY},50,percent")
    regrade(database)
    assert found(database, typed) == found(database, file)
    assert values(database, typed) == values(database, file) == ["2.22"]
    assert tier_of(database, typed).score == pytest.approx(0.6 * 75 + 0.4 * 100 * (2.22 - 1) / 4)
    for number in numbers:
        take_back(database, number)
    undo(database, batch, clock=CLOCK, actor=ACTOR)
    grade(database, TODAY)
    assert found(database, typed) == found(database, file)
    assert tier_of(database, typed).tier == "A"


def values(database: Database, customer: int) -> list[str]:
    """The facts of surveys that hold now, in order of their days."""
    with database.read() as session:
        holds = Fact.customer_id == customer, Fact.source == "survey-scores", Fact.superseded_at.is_(None)  # type: ignore[union-attr]
        return [one.value for one in session.exec(select(Fact).where(*holds).order_by(Fact.measured_on))]


def test_scores_of_one_day_count_with_their_mean_whatever_is_taken_back_first(
    database: Database, twins: tuple[int, int], tmp_path: Path
) -> None:
    _, customer = twins
    first = bring(database, tmp_path, f"S1,C2,{TODAY},5,1-5")
    number = chat(database, customer, "1", "1-5")
    assert values(database, customer) == ["3"]
    second = bring(database, tmp_path, f"S1,C2,{TODAY},4,1-5", f"S2,C2,{TODAY},4,1-5")
    assert values(database, customer) == ["3"]
    undo(database, second, clock=CLOCK, actor=ACTOR)
    assert values(database, customer) == ["3"]
    undo(database, first, clock=CLOCK, actor=ACTOR)
    assert values(database, customer) == ["1"]
    take_back(database, number)
    assert values(database, customer) == []


def test_a_corrected_file_moves_the_fact_to_the_other_day(
    database: Database, twins: tuple[int, int], tmp_path: Path
) -> None:
    _, customer = twins
    first = bring(database, tmp_path, f"S1,C2,{TODAY},5,1-5")
    other = bring(database, tmp_path, "S1,C2,2026-01-02,2,1-5")
    assert values(database, customer) == ["2"]
    undo(database, other, clock=CLOCK, actor=ACTOR)
    assert values(database, customer) == ["5"]
    undo(database, first, clock=CLOCK, actor=ACTOR)
    assert values(database, customer) == []
