"""Survey scores from files: each once with its contact, on a scale that the file or an answer says, never a guess."""

from pathlib import Path

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import CUSTOMERS, Book

STORED = (
    "SELECT s.external_id, s.score, s.scale, s.value, a.happened_on, a.note, a.kind"
    " FROM survey_score s JOIN activity a ON a.id = s.activity_id ORDER BY s.id"
)
FACTS = "SELECT customer_id, measured_on, value FROM fact WHERE superseded_at IS NULL ORDER BY customer_id, measured_on"
HEAD = "id,customer,date,score,scale,contact,note\n"


@pytest.fixture
def firm(book: Book) -> Book:
    book.bring("customers", CUSTOMERS)
    return book


@pytest.mark.parametrize(
    ("header", "score", "scale"),
    [
        ("response id,customer,survey date,score,scale,respondent,comments", "8", "1 to 10"),
        ("问卷编号,客户编号,调查日期,满意度评分,量表,答复人,意见建议", "8", "十分制"),
        (
            "Umfragenummer,Kundennummer,Befragt am,Bewertung,Skala,Beantwortet von,Anmerkung",
            "8,0",
            "10er-Skala",
        ),
    ],
    ids=["English", "Chinese", "German"],
)
def test_headers_and_words_are_known_in_three_languages(
    firm: Book, header: str, score: str, scale: str
) -> None:
    firm.bring("contact-persons", "customer,name\nC1,Li Ming\n")
    firm.bring("surveys", f'{header}\nS1,C1,2026-02-02,"{score}",{scale},Li Ming,Quick help\n')
    assert firm.rows(STORED) == [("S1", "8", "1-10", "4.11", "2026-02-02", "Quick help", "survey")]
    assert firm.rows("SELECT contact_person_id FROM survey_score") == [(1,)]
    assert firm.rows(FACTS) == [(1, "2026-02-02", "4.11")]


@on_sqlite
def test_a_score_without_a_scale_is_asked_about_and_the_answer_is_remembered(firm: Book) -> None:
    file = "id,customer,date,score\nS1,C1,2026-02-02,8\n"
    asked = firm.ask("surveys", file)
    assert list(asked) == ["survey-scale"]
    assert "--scale 1-5|1-10|nps|percent" in asked["survey-scale"]
    assert firm.rows(STORED) == []
    firm.bring("surveys", file, kind_options={"scale": "nps"})
    assert firm.rows("SELECT scale, value FROM survey_score") == [("nps", "4.2")]
    firm.bring("surveys", file.replace("S1", "S2"))
    assert firm.rows("SELECT scale FROM survey_score") == [("nps",), ("nps",)]


@on_sqlite
@pytest.mark.parametrize(
    ("score", "scale", "reason"),
    [
        ("6", "1-5", "6 is not between 1 and 5"),
        ("good", "1-5", "is not a score"),
        ("8/10", "1-10", "is not a score"),
        ("5%", "1-5", "is a percentage, and its scale is 1-5"),
        ("4", "smileys", "is not one of"),
    ],
)
def test_what_is_no_score_of_the_scale_is_refused(firm: Book, score: str, scale: str, reason: str) -> None:
    report = firm.bring("surveys", f"{HEAD}S1,C1,2026-02-02,5,1-5,,\nS2,C1,2026-02-02,{score},{scale},,\n")
    assert reason in report.first_rejects[0].reason
    assert firm.rows("SELECT external_id FROM survey_score") == [("S1",)]


@on_sqlite
def test_a_percentage_is_read_with_its_sign(firm: Book) -> None:
    firm.bring("surveys", f"{HEAD}S1,C1,2026-02-02,80%,percent,,\n")
    assert firm.rows("SELECT score, value FROM survey_score") == [("80", "4.2")]


@on_sqlite
@pytest.mark.parametrize("name", ["Nobody", "Li Ming"], ids=["unknown", "twice"])
def test_who_answered_is_never_guessed(firm: Book, name: str) -> None:
    firm.bring("contact-persons", "id,customer,name\nP1,C1,Li Ming\nP2,C1,Li Ming\n")
    report = firm.bring("surveys", f"{HEAD}S1,C1,2026-02-02,5,1-5,{name},\n")
    assert [one.type.name for one in report.findings] == ["survey-contact"]
    assert firm.rows("SELECT contact_person_id FROM survey_score") == [(None,)]


@on_sqlite
def test_a_low_score_is_followed_up_until_a_corrected_file_says_better(firm: Book) -> None:
    low = "SELECT follow_up_from IS NOT NULL, follow_up_until > follow_up_from FROM survey_score"
    file = f"{HEAD}S1,C1,2026-06-01,1,1-5,,\n"
    firm.bring("surveys", file)
    assert firm.rows(low) == [(1, 1)]
    assert firm.bring("surveys", f"{file}S2,C2,2026-06-01,4,1-5,,\n").changed == 0
    firm.bring("surveys", file.replace(",1,1-5", ",5,1-5"))
    assert firm.rows(f"{low} WHERE external_id = 'S1'") == [(0, None)]


@on_sqlite
def test_the_firms_own_scales_count(firm: Book, tmp_path: Path) -> None:
    own = tmp_path / "scales.yaml"
    own.write_text(
        "indicator: {least: 0, most: 100}\ndays: {default: 4}\nscales:\n"
        "  - {id: smileys, name: {en: Smileys, zh: 表情}, least: 1, most: 3, low: 1}\n",
        encoding="utf-8",
    )
    firm.bring("surveys", f"{HEAD}S1,C1,2026-02-02,2,表情,,\n", survey_scales=own)
    assert firm.rows("SELECT scale, value FROM survey_score") == [("smileys", "50")]


@on_sqlite
def test_who_answered_may_be_taken_out_of_the_book_again(firm: Book) -> None:
    people = firm.bring("contact-persons", "customer,name\nC1,Li Ming\n")
    firm.bring("surveys", f"{HEAD}S1,C1,2026-02-02,5,1-5,Li Ming,\n")
    firm.undo(people.batch_id or 0)
    assert firm.rows("SELECT score, contact_person_id FROM survey_score") == [("5", None)]


def test_a_score_that_goes_to_another_customer_leaves_its_contact_person(firm: Book) -> None:
    firm.bring("contact-persons", "customer,name\nC1,Li Ming\n")
    firm.bring("surveys", f"{HEAD}S1,C1,2026-02-02,8,1-10,Li Ming,\n")
    again = firm.bring("surveys", f"{HEAD}S1,C2,2026-02-02,8,1-10,,\n", accepted=("survey-id-reused",))
    assert firm.rows("SELECT customer_id, contact_person_id FROM survey_score") == [(2, None)]
    firm.undo(again.batch_id)
    assert firm.rows("SELECT customer_id, contact_person_id FROM survey_score") == [(1, 1)]
