"""An activity that did not take place is no contact, and a row that stands for several is not one."""

import pytest

from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite


def activities(column: str, *cells: str) -> str:
    """A call on each of the first days of May, with a cell of another column."""
    rows = (f"C1,2026-05-{day:02},call,{cell}\n" for day, cell in enumerate(cells, 1))
    return f"customer,date,kind,{column}\n" + "".join(rows)


def days(book: Book) -> list[str]:
    return [day for (day,) in book.rows("SELECT happened_on FROM activity ORDER BY happened_on")]


@pytest.mark.parametrize(
    ("column", "held", "not_held"),
    [
        ("outcome", "Connected", "No answer"),
        ("Outcome", "Interested", "Left voicemail"),
        ("result", "Reached", "Busy"),
        ("Call result", "Answered", "Wrong number"),
        ("disposition", "Spoke", "No show"),
        ("Result", "Met", "Cancelled"),
        ("Outcome", "Call back", "Rescheduled"),
        ("结果", "已接通", "未接通"),
        ("通话结果", "已沟通", "无人接听"),
        ("拜访结果", "有意向", "客户不在"),
        ("接通情况", "接通", "空号"),
        ("Ergebnis", "erreicht", "nicht erreicht"),
        ("Ergebnis", "gesprochen", "Mailbox"),
        ("remark", "fine", "No answer"),
        ("completed", "yes", "no"),
        ("completed", "yes", ""),
        ("Completed", "x", ""),
        ("done", "1", "0"),
        ("Completed on", "2026-05-01", ""),
        ("completion date", "2026-05-01 10:30", ""),
        ("是否完成", "是", "否"),
        ("完成", "已完成", "未完成"),
        ("完成时间", "2026-05-01 10:30", ""),
        ("erledigt am", "01.05.2026", ""),
        ("connected", "yes", "no"),
        ("Status", "Completed", "Planned"),
        ("Status", "Held", "Open"),
        ("状态", "已完成", "待办"),
        ("Anrufstatus", "erreicht", "besetzt"),
    ],
)
def test_what_did_not_take_place_is_asked_about_and_left_out_as_the_question_says(
    filled: Book, column: str, held: str, not_held: str
) -> None:
    content = activities(column, held, not_held, held)
    asked = filled.ask("activities", content)
    assert asked.keys() == {"status-column"}
    assert f"{not_held or '(empty)'} 1 (line 3)" in asked["status-column"]
    quoted = f'"{column}"' if " " in column else column
    word = f'"{not_held}"' if " " in not_held else not_held
    assert f"--skip {quoted}={word} (" in asked["status-column"]
    filled.bring("activities", content, skip=(f"{column}={not_held}",))
    assert days(filled) == ["2026-05-01", "2026-05-03"]
    later = content.replace("2026-05", "2026-04")
    assert filled.bring("activities", later).skipped == 1  # remembered
    filled.bring(
        "activities", content.replace("2026-05", "2026-03"), forget=True, accepted=("status-column",)
    )
    assert len(days(filled)) == 2 + 2 + 3


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("outcome", ["Connected", "Interested", "Not interested"]),
        ("结果", ["已接通", "有意向", "满意"]),
        ("Result", ["", "", ""]),
        ("completed", ["yes", "yes", "true"]),
        ("completed", ["", "", ""]),
        ("Completed on", ["2026-05-01", "2026-05-02", "2026-05-03"]),
        ("result", ["Talked about the new plant and the price list", "Wants samples of three items", "-"]),
        ("count", ["1", "1", ""]),
        ("quantity", ["1.0", "1", "1"]),
        ("minutes", ["30", "45", "10"]),
    ],
)
def test_what_took_place_once_is_nothing_to_ask(filled: Book, column: str, cells: list[str]) -> None:
    report = filled.bring("activities", activities(column, *cells))
    assert (report.accepted, report.findings) == (3, ())


def test_an_unknown_outcome_is_asked_about(filled: Book) -> None:
    content = activities("outcome", "Connected", "XY", "Connected")
    assert "XY 1 (line 3)" in filled.ask("activities", content)["status-column"]


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        *(("count", "3"), ("Count", "2.0"), ("number of visits", "12"), ("calls", "4"), ("times", "0")),
        *(("次数", "3"), ("拜访次数", "2"), ("数量", "5"), ("Anzahl", "3"), ("Anzahl Besuche", "2")),
    ],
)
def test_a_row_that_stands_for_several_activities_is_asked_about(
    filled: Book, column: str, cell: str
) -> None:
    content = activities(column, "1", cell, "1")
    asked = filled.ask("activities", content)
    assert asked.keys() == {"several-in-a-row"}
    assert f"The column '{column}'" in asked["several-in-a-row"]
    assert f"Rows that do not stand for one: 1 (line 3: {cell})" in asked["several-in-a-row"]
    filled.bring("activities", content, accepted=("several-in-a-row",))
    assert len(days(filled)) == 3
