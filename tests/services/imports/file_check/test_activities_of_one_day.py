"""Activities of one day that differ in their time are several; the same file again changes nothing."""

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

HEADER = "customer,date,kind,note\n"
CASE = (
    HEADER + "C1,2026-01-05 10:00,call,price talk\nC1,2026-01-05 14:00,call,price talk\n"
    "C1,2026-01-05 16:30,call,price talk\nC1,2026-01-06,visit,\nC1,2026-01-06,visit,\n"
)


def kinds(book: Book) -> list[tuple[str, int]]:
    rows = book.rows("SELECT kind, count(*) FROM activity GROUP BY kind ORDER BY kind")
    return [(kind, count) for kind, count in rows]


def test_three_calls_at_their_times_and_two_equal_visits_are_three_calls_and_a_visit(filled: Book) -> None:
    report = filled.bring("activities", CASE)
    assert (report.created, report.unchanged, report.rejected) == (4, 1, 0)
    assert kinds(filled) == [("call", 3), ("visit", 1)]
    assert [finding.text() for finding in report.findings] == [
        "Activities with the same contents as an earlier row count once: 1 (line 6). If they are several, the file"
        " needs a column with their times or ids."
    ]
    again = filled.bring("activities", CASE)
    assert (again.created, again.changed, again.unchanged) == (0, 0, 5)
    assert kinds(filled) == [("call", 3), ("visit", 1)]


@pytest.mark.parametrize(
    ("rows", "calls"),
    [
        ("C1,2026-01-05T10:00:00,call,\nC1,2026-01-05T10:00:01,call,\n", 2),
        ("C1,2026-01-05 10:00,call,\nC1,2026-01-05 10:00:00,call,\n", 1),
        ("C1,2026-01-05 2:30 PM,call,\nC1,2026-01-05 14:30,call,\n", 1),
        ("C1,2026-01-05 12:00 AM,call,\nC1,2026-01-05,call,\n", 1),
        ("C1,2026-01-05 9:00 AM,call,\nC1,2026-01-05 9:00 PM,call,\n", 2),
        ("C1,2026年1月5日 上午9:00,call,\nC1,2026年1月5日 下午9:00,call,\n", 2),
        ("C1,2026/1/5 09:05,call,\nC1,2026-01-05 9:05,call,\n", 1),
        ("C1,20260105100000,call,\nC1,20260105140000,call,\n", 2),
        ("C1,2026-01-05 00:00:00,call,\nC1,2026-01-05,call,\n", 1),
        ("C1,2026-01-05 10:00,call,\nC2,2026-01-05 10:00,call,\n", 2),
        ("C1,2026-01-05 10:00,call,first\nC1,2026-01-05 10:00,call,second\n", 2),
        ("C1,2026-01-05,call,\nC1,2026-01-05 10:00,call,\nC1,2026-01-05 14:00,call,\n", 3),
    ],
)
@on_sqlite
def test_a_time_tells_two_calls_apart_however_it_is_written(filled: Book, rows: str, calls: int) -> None:
    report = filled.bring("activities", HEADER + rows)
    assert (report.created, report.rejected) == (calls, 0)
    assert kinds(filled) == [("call", calls)]
    assert filled.bring("activities", HEADER + rows).created == 0


@on_sqlite
def test_a_time_may_stand_in_its_own_column(filled: Book) -> None:
    content = (
        "customer,date,time,kind\nC1,2026-01-05,10:00,call\nC1,2026-01-05,14:00,call\nC1,2026-01-05,,call\n"
    )
    assert filled.bring("activities", content).created == 3
    same = HEADER + "C1,2026-01-05 10:00,call,\nC1,2026-01-05 14:00,call,\n"
    assert filled.bring("activities", same).created == 0
    wrong = "customer,date,time,kind\nC1,2026-01-05,soon,call\n"
    assert "is not a time" in filled.bring("activities", wrong).first_rejects[0].reason


def test_activities_from_before_their_times_counted_do_not_double(filled: Book) -> None:
    """A file without times, then the same calls with theirs: the first time is the call that the book has."""
    untimed = HEADER + "C1,2026-01-05,call,price talk\nC1,2026-01-06,visit,\n"
    assert filled.bring("activities", untimed).created == 2
    report = filled.bring("activities", CASE)
    assert (report.created, report.changed) == (2, 0)
    assert kinds(filled) == [("call", 3), ("visit", 1)]
    again = CASE.replace("10:00", "X").replace("16:30", "10:00").replace("X", "16:30")
    for content in (CASE, again, untimed, CASE):
        assert filled.bring("activities", content).created == 0
    assert kinds(filled) == [("call", 3), ("visit", 1)]


def test_files_without_times_keep_the_ids_that_they_had(filled: Book) -> None:
    filled.bring("activities", HEADER + "C1,2026-01-05,call,no answer\n", accepted=("remark-column",))
    assert filled.rows("SELECT external_id FROM activity") == [("row-9c63c3dc86246c4b3eb34029",)]


def test_an_id_of_the_file_is_stronger_than_a_time(filled: Book) -> None:
    content = "id,customer,date,kind\nA1,C1,2026-01-05 10:00,call\nA1,C1,2026-01-05 14:00,call\n"
    report = filled.bring("activities", content)
    assert (report.created, report.unchanged) == (1, 1)


def test_activities_come_again_after_a_join_as_the_same(filled: Book) -> None:
    rows = "C1,2026-01-05 10:00,call,\nC1,2026-01-07,visit,\nC2,2026-01-07,visit,\n"
    filled.bring("activities", HEADER + "C1,2026-01-05,call,\n")
    filled.bring("activities", HEADER + rows)
    filled.bring("joins", "customer,into\nC1,C2\n")
    assert kinds(filled) == [("call", 1), ("visit", 2)]
    more = rows + "C1,2026-01-05 14:00,call,\nC2,2026-01-08,visit,\n"
    assert filled.bring("activities", HEADER + more).created == 2
    assert filled.bring("activities", HEADER + more).created == 0
    assert kinds(filled) == [("call", 2), ("visit", 3)]
