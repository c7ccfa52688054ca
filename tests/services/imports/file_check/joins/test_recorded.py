"""What people recorded about two customers goes with a join, counts as one customer's, and comes back with its undo."""

from datetime import date, time
from zoneinfo import ZoneInfo

from bot.services.care import surveys
from bot.services.care.plan_file import load_plan
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.schedule import CareRules
from bot.services.care.surveys import SurveyAnswer
from tests import factories
from tests.services.imports.conftest import Book
from tests.services.imports.file_check.joins.conftest import customer_id, join, state

RULES = CareRules(plans=CarePlans((load_plan(None),)), zone=ZoneInfo("UTC"), remind_at=time(9))
SURVEYS = "id,customer,date,score,scale\n"
DAY = "2026-03-02"
FACTS = (
    "SELECT customer_id, value FROM fact WHERE field = 'satisfaction' AND superseded_at IS NULL ORDER BY 1"
)


def both(book: Book) -> tuple[int, int]:
    return customer_id(book, "001A", "Basalt GmbH"), customer_id(book, "10001", "Basalt GmbH")


def record(book: Book, score: str, meant: int, number: str) -> None:
    surveys.record_score(
        book.database,
        factories.operator("mia@example.com"),
        SurveyAnswer(score=score, scale="1-5", answered_on=date(2026, 3, 2)),
        meant=meant,
        source="tierbot",
        external_id=number,
        rules=RULES,
        now=book.clock.now(),
    )


def test_a_join_is_taken_back_with_everything_that_people_recorded(two: Book) -> None:
    for source, code in (("crm", "001A"), ("erp", "10001")):
        two.bring("complaints", f"id,customer,date,kind\nK1,{code},2026-01-06,quality\n", source=source)
        two.bring(
            "gifts",
            f"id,customer,date,what,value\nG1,{code},2026-01-07,Tea,80\n",
            source=source,
            currency="CNY",
        )
        two.bring("surveys", f"{SURVEYS}S1,{code},{DAY},4,1-5\n", source=source)
        two.bring("customer-profiles", f"customer,loyalty\n{code},high\n", source=source)
        two.bring("contact-persons", f"customer,name\n{code},Wang Li\n", source=source)
    with two.database.write() as session:
        for one in both(two):
            factories.promise(session, one, date(2026, 3, 6))
            factories.complaint(session, one, date(2026, 3, 6))
            factories.gift(session, one, date(2026, 3, 6))
    before = state(two)
    done = join(two)
    assert state(two) != before
    two.undo(done.batch_id)
    assert state(two) == before


def test_scores_of_one_day_count_with_their_mean_after_a_join(two: Book) -> None:
    one, other = both(two)
    for source, code, score in (("crm", "001A", 2), ("erp", "10001", 4)):
        two.bring("surveys", f"{SURVEYS}S1,{code},{DAY},{score},1-5\n", source=source)
    before = two.rows(FACTS)
    done = join(two)
    assert two.rows(FACTS) == [(other, "3")]
    two.undo(done.batch_id)
    assert two.rows(FACTS) == before
    assert set(before) == {(one, "2"), (other, "4")}


def test_a_score_that_was_corrected_after_a_join_counts_where_it_is_after_the_undo(two: Book) -> None:
    one, other = both(two)
    record(two, "2", one, "mine")
    done = join(two)
    record(two, "5", other, "mine")
    assert two.rows(FACTS) == [(other, "5")]
    two.undo(done.batch_id)
    assert two.rows("SELECT customer_id, value FROM survey_score") == [(one, "5")]
    assert two.rows(FACTS) == [(one, "5")]


def test_a_score_that_counted_in_a_mean_after_a_join_is_corrected_and_the_join_undone(two: Book) -> None:
    one, other = both(two)
    record(two, "2", one, "mine")
    record(two, "4", other, "other")
    done = join(two)
    record(two, "5", other, "mine")
    assert two.rows(FACTS) == [(other, "4.5")]
    two.undo(done.batch_id)
    assert set(two.rows(FACTS)) == {(one, "5"), (other, "4")}


def test_after_the_undo_nobody_is_named_who_is_a_contact_person_of_the_other_customer(two: Book) -> None:
    one, other = both(two)
    with two.database.write() as session:
        theirs, own = (factories.contact_person(session, customer) for customer in (one, other))
    done = join(two)
    with two.database.write() as session:
        for person in (theirs, own):
            factories.gift(session, other, date(2026, 3, 6), contact_person_id=person)
            factories.survey_score(session, other, date(2026, 3, 6), contact_person_id=person)
    two.undo(done.batch_id)
    for table in ("gift", "survey_score"):
        assert two.rows(f"SELECT contact_person_id FROM {table} ORDER BY id") == [(None,), (own,)]  # noqa: S608 - constants


def test_what_an_undo_gives_back_to_a_joined_customer_goes_to_the_one_that_stays(two: Book) -> None:
    _one, other = both(two)
    two.bring("surveys", f"{SURVEYS}S1,001A,{DAY},4,1-5\n", source="crm")
    moved = two.bring(
        "surveys", f"{SURVEYS}S1,10002,{DAY},4,1-5\n", source="crm", accepted=("survey-id-reused",)
    )
    join(two)
    two.undo(moved.batch_id)
    assert two.rows("SELECT customer_id FROM survey_score") == [(other,)]
    assert two.rows("SELECT customer_id FROM activity WHERE kind = 'survey'") == [(other,)]
    assert two.rows(FACTS) == [(other, "4")]
